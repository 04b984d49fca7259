"""One set of hardware, a broker, two processors and two servers; every fault is a method."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from twisted.internet.task import Clock
from twisted.python.failure import Failure

from pychron_comms.errors import NotOwnerError, error_line
from pychron_comms.wire.context import RequestContext
from tests.faults.model.bench import SAFE, Bench, Laboratory, Run, Script, Told
from tests.faults.model.keeping import code_of
from tests.faults.model.processes import Process, QuickClock, advance
from tests.faults.model.words import REQUEST_TYPE
from tests.faults.takeovers.broker import ModelBroker
from tests.faults.takeovers.members import Processor, Server
from tests.faults.takeovers.wires import SILENCE, Wire

#: How far each clock is before the model's, in seconds.
_AHEAD = (0.0, 3600.0, -3600.0, 12.5)

#: Codes of what has not been begun, and of what nobody knows.
NOT_BEGUN = {11, 202, 203, 210, 214, 217}
UNKNOWN = 201

#: Seconds that somebody who has named his command waits before he asks again, each time more, and
#: how often he asks.
AGAIN = 0.7
ASKS = 12

#: Seconds in which a command must begin that names no deadline.
LONGEST = 30.0


class Wish(NamedTuple):
    """What a client wants done. ``key``: it has a name, and is asked for until it is told."""

    word: str
    device: str
    script: Script
    within: float | None
    key: bool


class Ask(NamedTuple):
    """That it was asked at a moment; nobody wants it begun after ``until``."""

    at: float
    until: float


class Unit:
    """A command, and what became of it. ``asks``: how often its client asks for it at most."""

    def __init__(self, number: str, wish: Wish, asks: int = ASKS) -> None:
        self.number = number
        self.wish = wish
        self._most = asks
        self.asks: list[Ask] = []
        self.replies: list[str] = []

    @property
    def is_settled(self) -> bool:
        """Whether its client asks no more."""
        if not self.replies:
            return False
        is_told = code_of(self.replies[-1]) not in {*NOT_BEGUN, UNKNOWN}
        return is_told or not self.wish.key or len(self.asks) >= self._most

    def __repr__(self) -> str:
        return f"{self.number} {self.wish} {self.asks[-3:]} {self.replies[-3:]}"


class WatchedLaboratory(Laboratory):
    """Says of what it is told in that moment."""

    def __init__(self, clock: Clock, heard: Callable[[Told], None]) -> None:
        super().__init__(clock, lambda: 0)
        self._heard = heard

    def do(self, bench: Bench, word: str, device: str, number: str) -> str | Run:
        before = len(self.told)
        try:
            return super().do(bench, word, device, number)
        finally:
            for told in self.told[before:]:
                self._heard(told)


class World:
    """``faults`` counts what was done to it."""

    def __init__(self) -> None:
        self.clock = QuickClock()
        self.broker = ModelBroker(self.clock)
        self.laboratory = WatchedLaboratory(self.clock, self._told)
        self.faults: Counter[str] = Counter()
        self.units: list[Unit] = []
        self._starts = itertools.count()
        self._asks = itertools.count(1)
        #: When the log was deleted last before all had read it.
        self.log_lost_at = 0.0
        #: When it was deleted at all, and when each processor was started.
        self.log_deletions: list[float] = []
        self.started: dict[Process, float] = {}
        #: When each processor was first able to act, in the order of the ownerships.
        self.takeovers: list[tuple[float, str]] = []
        #: What the hardware was told by one that did not own it.
        self.trespasses: list[Told] = []
        #: As ``takeovers``, where another was still able to.
        self.rivals: list[tuple[float, str]] = []
        self.processors = [self._start_processor(0)]
        advance(self.clock, 0.5)
        self.processors.append(self._start_processor(1))
        self.servers = [self._start_server(number) for number in range(2)]
        advance(self.clock, 6.0)

    # -- what happens

    def ask(self, server: int, wish: Wish) -> None:
        unit = Unit(f"n{len(self.units)}", wish)
        self.units.append(unit)
        self.laboratory.scripts[unit.number] = wish.script
        self._send(server, unit)

    def ask_again(self, server: int, unit: Unit) -> None:
        """Its client wants to know once more."""
        self._send(server, unit)

    def pass_time(self, seconds: float) -> None:
        advance(self.clock, seconds)

    def await_replies(self, seconds: float) -> None:
        """What was asked has so long to be answered."""
        advance(self.clock, seconds)

    def kill(self, number: int, down: float) -> None:
        """A processor dies; it is started again."""
        processor = self.processors[number]
        if processor.process.alive:
            self.faults["killed"] += 1
            processor.process.kill()
            self.clock.callLater(down, self._restart, number)

    def freeze(self, number: int, seconds: float) -> None:
        """A processor stands still, and goes on later."""
        process = self.processors[number].process
        if not process.alive or process.still:
            return
        self.faults["frozen past its lease" if seconds > 3 else "frozen"] += 1
        process.stand_still(seconds)
        if seconds > SILENCE:
            self.clock.callLater(SILENCE, self._given_up, process)

    def cut(self, who: int, seconds: float) -> None:
        """Nothing passes between the broker and a processor, or a server."""
        self.faults["cut"] += 1
        for wire in self._wires(who):
            wire.stall(seconds)
        self._member(who).endpoint.stalled_until = self.clock.seconds() + seconds

    def cut_one(self, who: int, seconds: float) -> None:
        """Nothing passes by one of its two connections."""
        self.faults["one connection cut"] += 1
        for wire in self._wires(who)[:1]:
            wire.stall(seconds)

    def close(self, who: int) -> None:
        """The broker's operator closes the connections of one."""
        self.faults["closed by the broker"] += 1
        for wire in self._wires(who):
            wire.given_up()

    def restart_broker(self, down: float) -> None:
        if self.broker.is_up:
            self.faults["broker killed"] += 1
            self.broker.kill()
            self.clock.callLater(down, self.broker.start)

    def alarm(self, seconds: float) -> None:
        if not self.broker.alarm and self.broker.is_up:
            self.faults["alarm"] += 1
            self.broker.raise_alarm("memory")
            self.clock.callLater(seconds, self.broker.raise_alarm, "")

    def delete(self, queue: str) -> None:
        self.faults[f"queue {queue} deleted"] += 1
        if queue == "memory":
            self.log_deletions.append(self.clock.seconds())
        if queue == "memory" and not all(map(self._hears, range(len(self.processors)))):
            self.log_lost_at = self.clock.seconds()
        self.broker.delete(f"pychron.line.{queue}")

    def make_anew(self, queue: str) -> None:
        self.faults[f"queue {queue} made anew"] += 1
        self.broker.make_anew(f"pychron.line.{queue}")

    def slow_disk(self, lag: float, seconds: float) -> None:
        """What the broker must write takes so long: it confirms late, and forgets late."""
        self.faults["slow disk"] += 1
        self.broker.lag = lag
        self.clock.callLater(seconds, setattr, self.broker, "lag", 0.005)

    def kill_server(self, number: int) -> None:
        self.faults["server killed"] += 1
        self.servers[number].process.kill()
        self.servers[number] = self._start_server(number)

    def settle(self) -> None:
        """Nothing more goes wrong, and all clients are told what they want to know."""
        for _ in range(100):
            advance(self.clock, 5.0)
            if all(unit.is_settled and len(unit.replies) == len(unit.asks) for unit in self.units):
                break

    # -- what is known

    @property
    def alive(self) -> list[Processor]:
        return [each for each in self.processors if each.process.alive]

    def owners(self) -> list[Processor]:
        """Who might act now, if only to make safe."""
        return [each for each in self.alive if _passes(each)]

    # -- parts

    def _member(self, who: int) -> Processor | Server:
        members: list[Processor | Server] = [*self.processors, *self.servers]
        return members[who]

    def _wires(self, who: int) -> list[Wire]:
        process = self._member(who).process
        return [each for each in self.broker.wires if each.process is process]

    def _hears(self, number: int) -> bool:
        """Whether that processor gets what the broker has for it."""
        now, wires = self.clock.seconds(), self._wires(number)
        return (
            self.broker.is_up
            and not self.processors[number].process.still
            and len(wires) == 2
            and all(wire.down.stalled_until <= now for wire in wires)
        )

    def _given_up(self, process: Process) -> None:
        if process.alive and process.still:
            for wire in [each for each in self.broker.wires if each.process is process]:
                wire.given_up()

    def _start_processor(self, number: int) -> Processor:
        process = Process(self.clock, f"processor {number}")
        self.started[process] = self.clock.seconds()
        return Processor(
            process,
            self.broker,
            self.laboratory,
            ahead=_AHEAD[next(self._starts) % len(_AHEAD)],
            owned=self._owned,
            ended=lambda: self._ended(number, process),
        )

    def _ended(self, number: int, process: Process) -> None:
        """It ends by itself, and is started again."""
        if process.alive:
            process.kill()
            self.clock.callLater(0.5, self._restart, number)

    def _restart(self, number: int) -> None:
        if not self.processors[number].process.alive:
            self.processors[number] = self._start_processor(number)

    def _start_server(self, number: int) -> Server:
        process = Process(self.clock, f"server {number}")
        return Server(process, self.broker, ahead=_AHEAD[-1 - number])

    def _owned(self, owner: Processor) -> None:
        if any(each is not owner for each in self.owners()):
            self.rivals.append((self.clock.seconds(), owner.fence.epoch))
        if not self.takeovers or self.takeovers[-1][1] != owner.fence.epoch:
            self.takeovers.append((self.clock.seconds(), owner.fence.epoch))

    def _told(self, told: Told) -> None:
        owner = next((each for each in self.owners() if each.process is told.process), None)
        if owner is None or not (told.word in SAFE or owner.fence.is_open):
            self.trespasses.append(told)

    def _send(self, server: int, unit: Unit) -> None:
        wish, now = unit.wish, self.clock.seconds()
        unit.asks.append(Ask(now, now + (LONGEST if wish.within is None else wish.within)))
        context = RequestContext(
            within=wish.within,
            key=unit.number if wish.key else "",
            ask="" if wish.key else f"c.{next(self._asks)}",
            safe=wish.word == "Calm",
        )
        asked = self.servers[server]
        response = asked.repeater.get_response(
            REQUEST_TYPE, f"{wish.word} {wish.device} {unit.number}", "10.0.0.1", context
        )
        told: list[str] = []

        def answered(reply: str) -> None:
            if not told:
                told.append(reply)
                unit.replies.append(reply)
                if context.ask and asked.process.alive:
                    asked.repeater.reply_taken(context.ask)
                if not unit.is_settled:
                    self.clock.callLater(AGAIN * len(unit.asks), self._send, 1 - server, unit)

        response.addErrback(_line).addCallback(answered)
        # A client hears that its server is dead.
        asked.process.own(Mourner(self.clock.callLater, answered))


class Mourner:
    """Tells a client that its server has died."""

    def __init__(self, later: Callable[..., object], answered: Callable[[str], None]) -> None:
        self._later = later
        self._answered = answered

    def die(self) -> None:
        self._later(0, self._answered, "ERROR 201 : its server is dead")


def _passes(processor: Processor) -> bool:
    try:
        processor.fence.check(safe=True)
    except NotOwnerError:
        return False
    return True


def _line(failure: Failure) -> str:
    assert isinstance(failure.value, Exception)
    return error_line(failure.value, "")
