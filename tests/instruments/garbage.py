"""What bytes that are not as they should be may come to: one of the named errors, or a value that
the instrument could have said. Shared by the unit tests and the fuzz target."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

from twisted.internet.task import Clock

from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.checking import defaults
from pychron_comms.instruments.description import Description, Exchange, Item, Reading
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.library import named_description, ready
from pychron_comms.instruments.modbus.frames import rtu_frames
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.simulators import Simulator, simulator
from pychron_comms.instruments.speaking import spoken
from pychron_comms.instruments.talk import (
    Fields,
    NoAnswerError,
    RefusedError,
    Told,
    interpreted,
)

#: What is done to an answer: its bytes, and which of the exchange's answers it is. The pieces come
#: one after the other.
Spoil = Callable[[bytes, int], Sequence[bytes]]

#: What a question may end with when its answer was spoiled.
NAMED = (GarbledError, NoAnswerError, RefusedError)

#: Seconds between two pieces, and after which every question must have ended.
_APART = 0.01
_LONG = 120.0


class Question(NamedTuple):
    """A reading of a description, with values of the parameters that it names."""

    description: Description
    item: Item
    reading: Reading
    values: dict[str, Value]

    @property
    def place(self) -> str:
        """For a person."""
        return f"{self.description.name}, {self.item.name}.{self.reading.name}"

    @property
    def is_checked(self) -> bool:
        """Whether its answer bears a checksum."""
        exchange = self.reading.exchange
        if not isinstance(exchange, Exchange):
            return True
        take = exchange.take
        takes = [step.take.text for step in self.description.wire.steps]
        return any("{check" in text for text in [take.text if take else "", *takes])

    @property
    def line(self) -> bytes:
        """What ends its last answer."""
        steps = self.description.wire.steps
        return steps[-1].ends.line if steps else b""

    @property
    def answers(self) -> int:
        """How many come in the whole exchange."""
        exchange = self.reading.exchange
        if not isinstance(exchange, Exchange):
            return 1
        first, count = exchange.first, len(self.description.wire.steps)
        while first is not None:
            count += first.take is not None
            first = first.first
        return count

    @property
    def truths(self) -> list[Value]:
        """What its instrument may be: all words, all codes, and what its examples give."""
        reading = self.reading
        words = [*reading.words.values(), *reading.status.values()]
        examples = [each.gives for each in reading.tests if each.gives is not None]
        return list(dict.fromkeys([reading.simulated, *words, *examples]))

    def told(self, truth: Value, spoil: Spoil) -> Told:
        """What is told of an instrument that is ``truth``, and whose answers are spoiled.

        Errors: NAMED, and no others.
        """
        clock = Clock()
        if self.description.wire.frames is None:
            bus, instrument = Bus(self.description.wire, clock), simulator(self.description)
        else:
            bus = Bus(spoken(self.description.wire, "modbus+rtu:///dev/ttyUSB0"), clock)
            instrument = simulator(self.description, rtu_frames(of_the_unit=True))
        instrument.put(self.item, self.values, self.reading.name, truth)
        bus.connected(_Spoiled(bus, instrument, clock, spoil))
        ended: list[object] = []
        bus.ask(self.reading.exchange, self.values).addBoth(ended.append)
        clock.pump([_APART] * 4)
        while not ended:
            clock.advance(clock.calls[0].getTime() - clock.seconds())
            assert clock.seconds() < _LONG, self.place
        return interpreted(self.reading, _fields(ended[0]))


class _Spoiled:
    """A connection to a simulated instrument."""

    def __init__(self, bus: Bus, instrument: Simulator, clock: Clock, spoil: Spoil) -> None:
        self._bus = bus
        self._clock = clock
        self._spoil = spoil
        self._connection = instrument.connection()
        self._count = 0
        self._pieces: deque[bytes] = deque()

    def write(self, data: bytes) -> None:
        idle = not self._pieces
        for answer in self._connection.received(data):
            self._pieces.extend(self._spoil(answer, self._count))
            self._count += 1
        if idle and self._pieces:
            self._clock.callLater(_APART, self._next)

    def _next(self) -> None:
        piece = self._pieces.popleft()
        if self._pieces:
            self._clock.callLater(_APART, self._next)
        self._bus.received(piece)

    def reset(self) -> None:
        self._connection.silence()


def _fields(ended: object) -> Fields:
    if isinstance(ended, dict):
        return ended
    ended.raiseException()  # type: ignore[attr-defined]
    raise AssertionError


def values_of(item: Item) -> dict[str, Value]:
    """Some that its parameters can be."""
    least = {
        name: parameter.choices[0] if parameter.choices else int(parameter.minimum or 1)
        for name, parameter in item.parameters.items()
    }
    return defaults(item, least)


@cache
def questions() -> list[Question]:
    """Every reading of every ready description."""
    return [each for name in ready() for each in _of_description(named_description(name))]


def _of_description(description: Description) -> Iterator[Question]:
    for item in description.items.values():
        for reading in item.readings.values():
            values = values_of(item)
            if reading.tests:
                values |= reading.tests[0].values
            yield Question(description, item, reading, values)


def unspoiled(data: bytes, count: int) -> list[bytes]:
    return [data]


def check(question: Question, truth: Value, spoil: Spoil) -> Told | None:
    """What is told of a spoiled answer, None where it is refused.

    AssertionError for a value that its instrument could not have said; any other error is a bug.
    """
    try:
        told = question.told(truth, spoil)
    except NAMED:
        return None
    _assert_sayable(question, told)
    return told


def check_changed(question: Question, truth: Value, at: int, change: int) -> None:
    """One byte of the last answer is another: with a checksum there is no other value for it."""
    last = question.answers - 1

    def spoil(data: bytes, count: int) -> list[bytes]:
        spoiled = bytearray(data)
        if count == last:
            spoiled[at % len(data)] ^= change
        return [bytes(spoiled)]

    told = check(question, truth, spoil)
    if told is not None and question.is_checked:
        assert told == question.told(truth, unspoiled), (question.place, truth, at, change, told)


def check_doubled(question: Question, truth: Value, where: int) -> None:
    """One answer comes twice: it is refused, or it is the true one."""

    def spoil(data: bytes, count: int) -> list[bytes]:
        return [data * 2] if count == where % question.answers else [data]

    told = check(question, truth, spoil)
    if told is not None:
        assert told == question.told(truth, unspoiled), (question.place, truth, told)


def _assert_sayable(question: Question, told: Told) -> None:
    reading, place = question.reading, question.place
    if told.value is None:
        assert told.reason, place
        return
    if reading.is_state:
        assert told.value in reading.words.values(), (place, told)
    if not isinstance(told.value, str):
        assert math.isfinite(float(told.value)), (place, told)
        assert reading.minimum is None or told.value >= reading.minimum, (place, told)
        assert reading.maximum is None or told.value <= reading.maximum, (place, told)
    # An instrument of this value says it so, and in no other way.
    again = question.told(told.value, unspoiled)
    assert again.value is not None, (place, told, again)
    assert question.told(again.value, unspoiled) == again, (place, told, again)
