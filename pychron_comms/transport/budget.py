"""What one computer's clients may cost together, so that a flood harms only its sender."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from pychron_comms.config.table import Table
from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.read_shares import Share

_MIB = 1 << 20

#: Bytes of unfinished and waiting lines that each connection may have beside its host's budget.
FREE = 4096

#: Hosts that have a budget each; further ones share one.
HOSTS = 4096


@dataclass(frozen=True, kw_only=True)
class BudgetLimits:
    """Of one host: ``commands`` under work, bytes of ``unread`` replies and of ``kept`` lines."""

    commands: int = 256
    unread: int = 16 * _MIB
    kept: int = 16 * _MIB


class HostBudget:
    """What the connections of one host cost now."""

    __slots__ = ("_limits", "commands", "kept", "most", "reads", "unread", "users", "waiting")

    def __init__(self, limits: BudgetLimits) -> None:
        self._limits = limits
        #: Commands that may be under work.
        self.most = limits.commands
        #: Commands under work; bytes of replies that are left unread; bytes of lines that wait.
        self.commands = 0
        self.unread = 0
        self.kept = 0
        #: Connections; and what is left of their share of reading.
        self.users = 0
        self.reads = Share()
        #: Who waits for room for one more command: to be called, and tell whether it is used.
        self.waiting: deque[Callable[[], bool]] = deque()

    @property
    def owes_too_much(self) -> bool:
        """Whether more is left unread than may be."""
        return self.unread > self._limits.unread

    @property
    def keeps_too_much(self) -> bool:
        """Whether more waits to be worked off, or to be finished, than may."""
        return self.kept > self._limits.kept

    def call_next(self) -> None:
        """Call who waits longest for room, if there is any."""
        while self.waiting and self.commands < self.most:
            if self.waiting.popleft()():
                break


class Account:
    """What one connection adds to its host's budget, until it is closed."""

    __slots__ = ("_budgets", "_name", "_unread", "host", "kept")

    def __init__(self, budgets: Budgets, name: str) -> None:
        self._budgets = budgets
        self._name = name
        #: Bytes that wait here beside the free ones.
        self.kept = 0
        self._unread = 0
        self.host = budgets.enter(name)

    def owe(self, size: int) -> bool:
        """So many bytes more are left unread; whether that is too much."""
        self._unread += size
        self.host.unread += size
        return self.host.owes_too_much

    def settle(self) -> None:
        """All has been read."""
        self.host.unread -= self._unread
        self._unread = 0

    def keep(self, size: int) -> bool:
        """So many bytes wait, of which a few are free; whether that is too much."""
        size = max(size - FREE, 0)
        if size == self.kept:
            return False
        self.host.kept += size - self.kept
        self.kept = size
        return size > 0 and self.host.keeps_too_much

    def close(self) -> None:
        """The connection is gone. Its commands may be under work still."""
        self.host.unread -= self._unread
        self.host.kept -= self.kept
        self._unread = self.kept = 0
        self._budgets.leave(self._name)


class Budgets:
    """Those of all hosts that a process has to do with."""

    def __init__(self, limits: BudgetLimits, metrics: Metrics) -> None:
        self._limits = limits
        self._hosts: dict[str, HostBudget] = {}
        self._others = HostBudget(limits)
        self._dropped = metrics.counter(
            "pychron_comms_budget_dropped_total",
            "Connections dropped because their computer left too much unread or unfinished.",
        )
        metrics.gauge("pychron_comms_hosts", "Computers that have connections.", self.hosts)

    def hosts(self) -> int:
        """How many have connections, or commands under work."""
        return len(self._hosts)

    def enter(self, name: str) -> HostBudget:
        """For one more connection of that host, which must ``leave``."""
        host = self._hosts.get(name)
        if host is None:
            if len(self._hosts) >= HOSTS:
                self._clear_up()
            if len(self._hosts) >= HOSTS:
                return self._others
            host = self._hosts[name] = HostBudget(self._limits)
        host.users += 1
        return host

    def leave(self, name: str) -> None:
        """One of its connections has ended."""
        host = self._hosts.get(name)
        if host is not None:
            host.users -= 1
            if not (host.users or host.commands):
                del self._hosts[name]

    def count_dropped(self) -> None:
        """A connection was dropped for what its host costs."""
        self._dropped.value += 1

    def _clear_up(self) -> None:
        gone = [name for name, host in self._hosts.items() if not (host.users or host.commands)]
        for name in gone:
            del self._hosts[name]


def read_budget(table: Table) -> BudgetLimits:
    """From the table ``[server.budget]``. Raises ConfigError."""
    default = BudgetLimits()
    return BudgetLimits(
        commands=table.integer("commands", default.commands, minimum=1),
        unread=table.integer("unread", default.unread, minimum=_MIB),
        kept=table.integer("kept", default.kept, minimum=_MIB),
    )
