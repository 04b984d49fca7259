"""Drawn histories of a wire: no answer is ever taken for that to another question."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.jobs import NotAskedError
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import NoAnswerError
from tests import properties
from tests.instruments.case import described

_TEXT = """
title = "Nine counters"
source = "this test"
[wire]
link = "tcp://127.0.0.1:5025"
line = "<LF>"
first_byte = 1.0
between_bytes = 0.1
late = 3.0
[item.counter]
kind = "sensor"
parameter.number = { minimum = 1, maximum = 9 }
[item.counter.read.value]
send = "V? {number:d}"
take = "{value:d}"
"""

#: Each answer tells which counter it is of, and the how manyth answer it is.
_COUNTER = 1_000_000


class Fate(NamedTuple):
    """Of an answer: when it comes, how often at once, and where it is cut by a pause."""

    seconds: float
    times: int
    cut: int
    pause: float


class Way(Enum):
    """A line is kept. A socket ends, with what is under way on it; behind a converter what is under
    way comes by the next one."""

    LINE = "line"
    SOCKET = "socket"
    CONVERTER = "converter"


class Step(NamedTuple):
    """One who asks, and what passes until the next one does. ``cut``: the connection ends then."""

    number: int
    urgent: bool
    shared: bool
    pause: float
    cut: bool


_FATES = st.builds(
    Fate,
    st.sampled_from([0.01, 0.05, 0.9, 1.05, 1.9]),
    st.sampled_from([1, 1, 1, 1, 0, 2]),
    st.sampled_from([0, 0, 1, 4, 7]),
    st.sampled_from([0.01, 0.05, 0.2, 1.0]),
)
_STEPS = st.builds(
    Step,
    st.integers(1, 9),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0.0, 0.1, 1.0, 2.0, 2.5]),
    st.sampled_from([False, False, False, True]),
)


class _Counters:
    """An instrument, and the way to it."""

    def __init__(self, bus: Bus, clock: Clock, fates: list[Fate], way: Way) -> None:
        self.bus = bus
        self.answers = 0
        self._clock = clock
        self._fates = fates
        self._way = way
        self._connections = 0
        self._is_connected = False
        self._connect()

    def write(self, data: bytes) -> None:
        for line in data.splitlines():
            self.answers += 1
            number = _COUNTER * int(line.removeprefix(b"V? ")) + self.answers
            self._answer(b"%d\n" % number, self._fates[self.answers % len(self._fates)])

    def reset(self) -> None:
        if self._way is not Way.LINE and self._is_connected:
            self._connections += 1
            self._is_connected = False
            self.bus.disconnected("reset")
            self._clock.callLater(0.1, self._connect)

    def _connect(self) -> None:
        self._is_connected = True
        self.bus.connected(self)

    def _answer(self, answer: bytes, fate: Fate) -> None:
        cut = fate.cut if fate.times == 1 else 0
        parts = [answer[:cut], answer[cut:]] if cut else [answer * fate.times]
        for index, part in enumerate(parts):
            self._clock.callLater(
                fate.seconds + index * fate.pause, self._came, part, self._connections
            )

    def _came(self, data: bytes, connection: int) -> None:
        is_there = connection == self._connections or self._way is Way.CONVERTER
        if data and is_there and self._is_connected:
            self.bus.received(data)


class HistoryTests(SynchronousTestCase):
    @properties.holds_in(150)
    @given(
        st.lists(_STEPS, min_size=4, max_size=20),
        st.lists(_FATES, min_size=1, max_size=7),
        st.sampled_from(Way),
    )
    def test_an_answer_is_of_the_question_that_was_asked(
        self, steps: list[Step], fates: list[Fate], way: Way
    ) -> None:
        clock = Clock()
        description = described(_TEXT)
        bus = Bus(description.wire, clock)
        counters = _Counters(bus, clock, fates, way)
        exchange = description.items["counter"].readings["value"].exchange
        told: list[Deferred[None]] = []
        for step in steps:
            before = counters.answers
            asked = bus.ask(
                exchange, {"number": step.number}, urgent=step.urgent, shared=step.shared
            )
            told.append(asked.addCallback(self.check, step.number, before))
            told[-1].addErrback(
                lambda failure: failure.trap(NoAnswerError, GarbledError, NotAskedError) and None
            )
            if step.cut:
                counters.reset()
            clock.pump([0.05] * round(step.pause / 0.05))
        clock.pump([0.05] * 800)
        for each in told:
            self.successResultOf(each)

    def check(self, fields: dict[str, object], number: int, before: int) -> None:
        """It is of that counter, and was made since it was asked for."""
        value = int(str(fields["value"]))
        self.assertEqual(value // _COUNTER, number)
        self.assertGreater(value % _COUNTER, before)
