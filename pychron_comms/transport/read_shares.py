"""How many connections of one computer are read in a turn of the reactor while others have some."""

from __future__ import annotations

from typing import Any
from weakref import WeakValueDictionary, ref

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper

#: Connections of one host that are read in a turn, or found ended.
READS = 32

# Of these, how many are taken without a look at the turn: where few are, it may be another one.
_FEW = READS // 2


class _Host:
    """What is left of its share in this turn.

    Where it ``is_crowded`` those that were read in this ``round`` wait until all have been:
    ``left_out`` says that some have not.
    """

    __slots__ = ("__weakref__", "is_crowded", "left", "left_out", "round")

    def __init__(self) -> None:
        self.left = READS
        self.is_crowded = self.left_out = False
        self.round = 0


class ReadShares:
    """Those of all hosts that have connections.

    A host with hundreds that all have something to say, or end together, has a few of them read in
    each turn, each as often as the others. One that is alone has as many as it likes.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._hosts: WeakValueDictionary[str, _Host] = WeakValueDictionary()
        self._busy: set[_Host] = set()
        self._renewal: IDelayedCall | None = None

    def share(self, transport: Any, name: str) -> None:
        """Read a connection of that host for its share from now on."""
        while isinstance(transport, ProtocolWrapper):
            transport = transport.transport
        if isinstance(transport, Connection):
            host = self._hosts.get(name)
            if host is None:
                host = self._hosts[name] = _Host()
            setattr(transport, "doRead", _Reading(self, host, transport))  # noqa: B010

    def may_read(self, host: _Host, last: int) -> bool:
        """Whether one more may be, that was read in that round last, of a host that had many."""
        self._busy.add(host)
        if self._renewal is None:
            self._renewal = self._clock.callLater(0, self._renew)
        waits = host.is_crowded and last == host.round
        if (host.left > 0 and not waits) or len(self._hosts) < 2:
            return True
        host.is_crowded = True
        host.left_out = host.left_out or last != host.round
        return False

    def _renew(self) -> None:
        self._renewal = None
        busy, self._busy = self._busy, set()
        for host in busy:
            host.left = READS
            if not host.left_out:
                host.round += 1
                host.is_crowded = False
            host.left_out = False


class _Reading:
    """A connection's ``doRead``; it is asked again as long as there is something to be read."""

    __slots__ = ("_connection", "_host", "_round", "_shares")

    def __init__(self, shares: ReadShares, host: _Host, connection: Connection) -> None:
        self._shares = shares
        self._host = host
        # It keeps this one, and would be kept by it.
        self._connection = ref(connection)
        self._round = -1

    def __call__(self) -> Any:
        host, connection = self._host, self._connection()
        many = host.is_crowded or host.left <= _FEW
        if connection is None or (many and not self._shares.may_read(host, self._round)):
            return None
        host.left -= 1
        self._round = host.round
        return Connection.doRead(connection)
