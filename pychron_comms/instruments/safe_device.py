"""A device of an instrument that has a safe state, and causes that bring it there."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger
from zope.interface import implementer

from pychron_comms.config.table import Table
from pychron_comms.errors import CommandError
from pychron_comms.instruments.bound_item import (
    BoundItem,
    NotDoneError,
    UnprovenError,
    check_limits,
)
from pychron_comms.instruments.description import Item
from pychron_comms.instruments.device import InstrumentDevice
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.jobs import NotAskedError
from pychron_comms.instruments.talk import Told
from pychron_comms.interfaces import ISafeOnStop

STOP, SILENT = "stop", "silent"

#: Seconds after which what could not be made safe is tried again.
AGAIN = 5.0


@dataclass(frozen=True, kw_only=True)
class SafeState:
    """``to`` is a value or a verb. It is brought there when a lease on it lapses and, where they
    are causes, at the stop of its processor, and after ``silent`` seconds without a value."""

    to: Value
    on_stop: bool
    silent: float | None


def read_safe_state(table: Table, item: Item) -> SafeState | None:
    """The keys ``safe``, ``safe_when`` and ``silent`` of a device. Raises ConfigError."""
    if "safe" not in table:
        return None
    to = _safe_value(table, item)
    causes = table.texts("safe_when", [STOP])
    for each in causes:
        if each not in {STOP, SILENT}:
            raise table.error("safe_when", f"some of {STOP}, {SILENT}", (STOP, SILENT))
    silent = table.number("silent", 60.0, minimum=1, maximum=86400) if SILENT in causes else None
    return SafeState(to=to, on_stop=STOP in causes, silent=silent)


def _safe_value(table: Table, item: Item) -> Value:
    to: Value = table.scalar("safe")
    known = sorted(item.kind.safe & item.verbs.keys())
    name = next(iter(item.kind.sets & item.verbs.keys()), None)
    if not known and name is None:
        text = f"a {item.kind_name} has no safe state: nothing that it does makes safe"
        raise table.mistake("safe", text)
    if isinstance(to, str):
        if to not in known:
            expected = f"a value, or one of {', '.join(known)}" if known else "a value"
            raise table.error("safe", expected, known)
        return to
    if name is None:
        raise table.mistake("safe", f"a {item.kind_name} is not set to a value")
    try:
        check_limits(item.verbs[name], to)
    except ValueError as error:
        raise table.mistake("safe", f"{to:g} {error}") from None
    return to


@implementer(ISafeOnStop)
class SafeDevice(InstrumentDevice):
    """Is made safe for its causes; until that is done it is tried again and again."""

    _log = Logger()

    def __init__(self, name: str, item: BoundItem, state: SafeState) -> None:
        super().__init__(name, item)
        self.state = state
        self.safe_on_stop = state.on_stop
        self._clock = item.instrument.clock
        self._heard = False
        self._silent_since: float | None = None
        self._seen_to = False
        if state.silent is not None:
            item.listeners.append(self._listen)

    async def make_safe(self, target: str) -> None:
        """Bring it to its safe state, past all that waits. Errors: as of ``set``."""
        await self.carried_out(self._make_safe(), f"safe state of {self.name}")

    async def _make_safe(self) -> None:
        if isinstance(self.state.to, str):
            await self.item.do(self.state.to)
        else:
            await self.item.do(self.sets, self.state.to, safe=True)

    def _listen(self, reading: str, told: Told) -> None:
        """It must have been heard once: what never was may stand as somebody has set it."""
        if reading != self.read_by:
            return
        if told.value is not None:
            self._heard, self._silent_since, self._seen_to = True, None, False
            return
        now = self._clock.seconds()
        if self._silent_since is None:
            self._silent_since = now
        assert self.state.silent is not None
        is_due = self._heard and now - self._silent_since >= self.state.silent
        # Whoever owns it later finds it silent as well, and sees to it then.
        if is_due and not self._seen_to and self.item.is_ours:
            self._seen_to = True
            Deferred.fromCoroutine(self._silenced(told.reason))

    async def _silenced(self, why: str) -> None:
        self._log.warn(
            "{name} is made safe: silent for {seconds:g} s ({why})",
            name=self.name,
            seconds=self.state.silent,
            why=why,
        )
        while self.item.is_watched:
            try:
                await self._make_safe()
            except NotAskedError:
                # It has waited for a connection; so that it is the first to be sent, it waits on.
                await deferLater(self._clock, 0)
            except (NotDoneError, UnprovenError):
                await deferLater(self._clock, AGAIN)
            except CommandError as error:
                self._log.warn("{name} is not made safe: {why}", name=self.name, why=error)
                self._seen_to = False
                return
            else:
                self._log.info("{name} is safe", name=self.name)
                return
