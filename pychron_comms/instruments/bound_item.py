"""A thing in an instrument of the laboratory, a valve or a gauge: asked, told, and watched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from pychron_comms.errors import NotOwnerError
from pychron_comms.instruments.description import Item, Reading, Verb, Verify
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.instrument import TROUBLE, Instrument
from pychron_comms.instruments.jobs import NotAskedError, WithdrawnError
from pychron_comms.instruments.kinds import GIVEN
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import NoAnswerError, RefusedError, Told, interpreted
from pychron_comms.interfaces import IFence

#: Seconds between two looks whether a verb has done what it should.
LOOK_AGAIN = 0.1

#: How often what makes safe may be sent where its description does not say.
REPEAT = 3

#: A reading is stale that was last obtained longer ago than so many of its periods.
PERIODS = 3


class NotDoneError(Exception):
    """A verb was refused, or its part is not where it was told to be."""


class UnprovenError(Exception):
    """A verb was sent, and nothing shows whether it was done."""


class Obtained(NamedTuple):
    """What a reading last said, and when, in seconds of the clock."""

    told: Told
    at: float


class BoundItem:
    """A valve, a gauge, a loop of one instrument."""

    _log = Logger()

    def __init__(
        self,
        instrument: Instrument,
        item: Item,
        values: Mapping[str, Value],
        fence: IFence | None = None,
    ) -> None:
        self.item = item
        self.instrument = instrument
        #: Called with the name of each reading and what it said.
        self.listeners: list[Callable[[str, Told], None]] = []
        #: What each reading last said; a reading that has not yet been asked is not there.
        self.obtained: dict[str, Obtained] = {}
        self._values = dict(values)
        self._fence = fence
        self._clock = instrument.clock
        self._polls: dict[str, IDelayedCall] = {}
        self._made_safe = 0
        #: Readings that the log says have no value.
        self._missing: set[str] = set()

    @property
    def made_safe(self) -> int:
        """How often it was made safe: what goes on by itself ends where this is another."""
        return self._made_safe

    @property
    def is_ours(self) -> bool:
        """Whether this process may make it safe: another may own it."""
        try:
            if self._fence is not None:
                self._fence.check(True)
        except NotOwnerError:
            return False
        return True

    @property
    def is_watched(self) -> bool:
        """Whether it is asked again and again: from start to stop."""
        return bool(self._polls)

    @property
    def name(self) -> str:
        """For a person."""
        own = [str(self._values[each]) for each in self.item.parameters if each in self._values]
        return f"{self.instrument.name}.{self.item.name}({', '.join(own)})"

    async def read(self, name: str) -> Told:
        """Ask for a reading now. Errors: TROUBLE."""
        reading = self.item.readings[name]
        try:
            fields = await self.instrument.ask(reading.exchange, self._values, shared=True)
            told = interpreted(reading, fields)
        except TROUBLE as error:
            self._keep(name, Told(None, str(error)))
            raise
        self._keep(name, told)
        return told

    def latest(self, name: str) -> Told:
        """What a reading last said, unless that is too long ago."""
        if name not in self.obtained:
            return Told(None, self.instrument.trouble or "not yet asked")
        told, at = self.obtained[name]
        old = self._clock.seconds() - at
        if told.value is not None and old > max(5.0, PERIODS * self.item.readings[name].every):
            return Told(None, f"last obtained {old:.0f} s ago")
        return told

    async def do(self, name: str, value: Value | None = None, *, safe: bool = False) -> None:
        """Do it, once; what makes safe up to ``repeat`` times. With a ``verify`` it has then been
        seen to be done.

        ``safe``: with this value it makes safe too. What waits for the wire when the same thing is
        made safe is not sent any more.

        Errors: ValueError for a value beyond its limits, before anything is sent; NotAskedError,
        and nothing was sent; NotDoneError; UnprovenError; 217 where another process owns it.
        """
        verb = self.item.verbs[name]
        values = self._values if value is None else {**self._values, "value": value}
        check_limits(verb, value)
        if safe and not verb.safe:
            verb = replace(verb, safe=True, repeat=REPEAT)
        trouble = await self._sent(verb, values)
        if verb.verify is not None:
            await self._verified(verb, verb.verify, value, trouble)
        elif trouble:
            raise UnprovenError(trouble)

    def start(self) -> None:
        """Begin to ask for each reading, again and again."""
        for name in self.item.readings:
            self._polls[name] = self._clock.callLater(0, self._poll, name)

    def stop(self) -> None:
        """End that, and what goes on by itself."""
        self._made_safe += 1
        polls, self._polls = self._polls, {}
        for call in polls.values():
            if call.active():
                call.cancel()

    def _poll(self, name: str) -> None:
        Deferred.fromCoroutine(self._polled(name))

    async def _polled(self, name: str) -> None:
        # What it is is kept, and told of the state.
        if not self.instrument.rests:
            with suppress(*TROUBLE):
                await self.read(name)
        if name in self._polls:
            every = self.item.readings[name].every
            self._polls[name] = self._clock.callLater(every, self._poll, name)

    def _keep(self, name: str, told: Told) -> None:
        # That there is no connection is said once for all that is on it.
        if told.value is None and not self.instrument.trouble and name not in self._missing:
            self._missing.add(name)
            self._log.warn(
                "{name}, {reading}: {why}", name=self.name, reading=name, why=told.reason
            )
        elif told.value is not None and name in self._missing:
            self._missing.remove(name)
            self._log.info("{name}, {reading}: it answers again", name=self.name, reading=name)
        self.obtained[name] = Obtained(told, self._clock.seconds())
        for each in self.listeners:
            each(name, told)

    async def _sent(self, verb: Verb, values: Mapping[str, Value]) -> str:
        """Why nothing shows that it was done; empty where its answer does."""
        left = verb.repeat
        self._made_safe += verb.safe
        before, trouble = self._made_safe, ""
        while True:
            left -= 1
            if self._fence is not None:
                # Ramps and safe states act by themselves, and pass no queue that would ask it.
                self._fence.check(verb.safe)
            try:
                await self.instrument.ask(
                    verb.exchange,
                    values,
                    urgent=verb.safe,
                    still=lambda: verb.safe or before == self._made_safe,
                )
            except WithdrawnError as error:
                raise NotDoneError(str(error)) from None
            except RefusedError as error:
                if not left:
                    raise NotDoneError(str(error)) from None
            except NotAskedError:
                if not left and trouble:
                    return trouble
                if not left or not verb.safe:
                    raise
            except (NoAnswerError, GarbledError) as error:
                trouble = str(error)
                if not left:
                    return trouble
            else:
                return ""

    async def _verified(
        self, verb: Verb, verify: Verify, value: Value | None, trouble: str
    ) -> None:
        effect = self.item.kind.effects[verb.name][verify.reading]
        wanted: Value | None = value if effect == GIVEN else effect
        reading = self.item.readings[verify.reading]
        late = self._clock.seconds() + verify.seconds
        while True:
            unproven = trouble
            seen: Told | None = None
            try:
                seen = await self.read(verify.reading)
            except TROUBLE as error:
                unproven = f"{trouble}; {error}" if trouble else str(error)
            if seen is not None and is_so(reading, seen, wanted, verify.within):
                return
            if self._clock.seconds() >= late:
                if seen is None or seen.value is None:
                    raise UnprovenError(unproven or (seen.reason if seen else ""))
                raise NotDoneError(f"it is {seen.value}")
            await _pause(self._clock, LOOK_AGAIN)


def check_limits(verb: Verb, value: Value | None) -> None:
    """ValueError for a value that the verb's limits do not allow."""
    if value is None or isinstance(value, str):
        return
    if verb.minimum is not None and value < verb.minimum:
        raise ValueError(f"must be at least {verb.minimum:g}")
    if verb.maximum is not None and value > verb.maximum:
        raise ValueError(f"must be at most {verb.maximum:g}")


def is_so(reading: Reading, seen: Told, wanted: Value | None, within: float) -> bool:
    """Whether what was seen is what was wanted, as near as ``within``."""
    value = seen.value
    if isinstance(value, str) or value is None:
        return str(value) == str(wanted)
    return wanted is not None and abs(float(value) - float(wanted)) <= within


async def _pause(clock: IReactorTime, seconds: float) -> None:
    try:
        await deferLater(clock, seconds)
    except CancelledError:
        raise UnprovenError("nobody waits for it any more") from None
