"""What came to a gate, in which order, and what was answered: held against the hardware later."""

from __future__ import annotations

from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.qtegra.answers import CARRIER
from pychron_comms.wire.context import PLAIN, RequestContext
from tests.faults.model.bench import MOVES, Laboratory, Told
from tests.faults.model.processes import Process


class Arrival(NamedTuple):
    """That a command came to a gate: its place among all, when its asker's time is over, and when
    its own: what it holds is held no longer.
    """

    order: int
    at: float
    until: float
    held_until: float


class SafeAsk(NamedTuple):
    """That what makes safe came to the gate of a process."""

    number: str
    device: str
    key: str
    process: Process
    arrival: Arrival


class SafeReply(NamedTuple):
    """That it was answered with success, after so many acts of the hardware."""

    ask: SafeAsk
    acts: int


class Wish(NamedTuple):
    """That a command which acts came to a gate, after so many acts; ``joins``: it ran already."""

    number: str
    device: str
    key: str
    acts: int
    joins: bool


class Fulfilled(NamedTuple):
    """That it was answered with success, after so many acts."""

    wish: Wish
    acts: int


class Witness:
    """Stands at the gates of all processors, one after the other, and sees the hardware."""

    def __init__(self, clock: Clock, laboratory: Laboratory) -> None:
        self._clock = clock
        self._laboratory = laboratory
        self._arrivals: dict[tuple[str, Process], list[Arrival]] = {}
        self._arrived = 0
        self.safe_asks: list[SafeAsk] = []
        self.safe_replies: list[SafeReply] = []
        self.fulfilled: list[Fulfilled] = []

    def asked(self, data: str, context: RequestContext, process: Process) -> Wish | SafeAsk | None:
        """It comes to a gate. None for what is not followed further."""
        word, _, rest = data.removeprefix(f"{CARRIER} ").partition(" ")
        device, _, number = rest.lower().partition(" ")
        if not number.startswith("n"):
            return None
        arrival = self._arrive(word, number, context, process)
        if word == "Look" or arrival is None:
            return self._wish(device, number, context) if word in MOVES else None
        if word == "Calm":
            return SafeAsk(number, device, context.key, process, arrival)
        return self._wish(device, number, context)

    def taken(self, asked: Wish | SafeAsk) -> None:
        """The gate has not refused it at once."""
        if isinstance(asked, SafeAsk):
            self.safe_asks.append(asked)

    def answered(self, reply: str, asked: Wish | SafeAsk) -> str:
        """It was answered with success."""
        acts = len(self._laboratory.acts)
        if isinstance(asked, SafeAsk):
            self.safe_replies.append(SafeReply(asked, acts))
        else:
            self.fulfilled.append(Fulfilled(asked, acts))
        return reply

    def arrival_of(self, told: Told) -> Arrival:
        """The last one before its manager was told of it."""
        arrivals = self._arrivals_before(told)
        if told.word != "Calm":
            return arrivals[-1]
        # Of what makes safe, none is dropped: each is told of in its turn, and perhaps again.
        same = [
            each
            for each in self._laboratory.told
            if each.number == told.number and each.process is told.process
        ]
        place = next(index for index, each in enumerate(same) if each is told)
        return arrivals[min(place, len(arrivals) - 1)]

    def last_arrival_of(self, told: Told) -> Arrival:
        """The same, also of what makes safe, where an earlier one of it was refused."""
        return self._arrivals_before(told)[-1]

    def _arrivals_before(self, told: Told) -> list[Arrival]:
        return [each for each in self._arrivals[told.number, told.process] if each.at <= told.at]

    def first_came(self, told: Told) -> float:
        """When it first came to the gate of the process that was told of it."""
        return self._arrivals[told.number, told.process][0].at

    def _arrive(
        self, word: str, number: str, context: RequestContext, process: Process
    ) -> Arrival | None:
        """None for what is no new command."""
        known = self._arrivals.setdefault((number, process), [])
        # Asked again without a key, or to read, it is a new one.
        if known and context.key and word != "Look":
            return None
        self._arrived += 1
        now = self._clock.seconds()
        own = 2.0 if word == "Nudge" else 5.0
        seconds = own if context.within is None else min(own, context.within)
        known.append(Arrival(self._arrived, now, now + seconds, now + own))
        return known[-1]

    def _wish(self, device: str, number: str, context: RequestContext) -> Wish:
        now = self._clock.seconds()
        runs = (run for run in self._laboratory.runs if run.told.number == number)
        # What ends in this moment may not be known to have ended.
        joins = any(run.until >= now for run in runs)
        return Wish(number, device, context.key, len(self._laboratory.acts), joins)


class WatchedGate:
    """A gate, before which the witness stands."""

    def __init__(self, gate: RemoteHardwareManager, witness: Witness, process: Process) -> None:
        self._gate = gate
        self._witness = witness
        self._process = process

    def __getattr__(self, name: str) -> Any:
        return getattr(self._gate, name)

    def process_server_request(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> str | Deferred[str]:
        asked = self._witness.asked(data, context, self._process)
        response = self._gate.process_server_request(request_type, data, sender, context)
        if asked is None:
            return response
        self._witness.taken(asked)
        if isinstance(response, str):
            return self._witness.answered(response, asked)
        return response.addCallback(self._witness.answered, asked)
