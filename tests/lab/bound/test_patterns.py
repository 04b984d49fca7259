"""What a bound laser measures, and its patterns: they go on by themselves, until they must not."""

from __future__ import annotations

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import (
    InvalidArgumentsError,
    NoResponseError,
    OutcomeUnknownError,
    PositionError,
)
from pychron_comms.interfaces import Position, Severity
from pychron_comms.lab.hardware import hardware_from_config
from tests.lab.bound.test_laser import INSTRUMENT, LASER, LaserCase
from tests.lab.test_hardware import NoLock

MEASURED = """
[item.pyrometer]
kind = "sensor"
[item.pyrometer.read.value]
send = "T?"
take = "{value:.1f}"
unit = "C"
maximum = 3000
words = { "LOW" = "below its range" }
[item.meter]
kind = "sensor"
[item.meter.read.value]
send = "W?"
take = "{value:.2f}"
unit = "W"
"""

PATTERNS = """
[patterns]
simulated = 10.0
line = { offsets = [1.0, 0.0, -1.0, 0.0], pause = 1.0 }
rim = { offsets = [0.0, 24.5], pause = 2.0, duration = 7.0 }
"""


_INTERLOCKS = INSTRUMENT[
    INSTRUMENT.index("[item.laser.read.interlocks]") : INSTRUMENT.index("[item.axis]")
]


class PatternCase(LaserCase):
    text = INSTRUMENT.replace(_INTERLOCKS, "") + MEASURED
    laser_text = 'pyrometer = "it.pyrometer"\npower_meter = "it.meter"\n' + LASER + PATTERNS

    def setUp(self) -> None:
        super().setUp()
        self.done("set_xy", 2.0, 0.0)
        self.sent()

    def moves(self) -> list[str]:
        """Where the first axis, or the second, was sent, and what was stopped."""
        return [each for each in self.sent() if "?" not in each and not each.endswith(" 0.000")]

    def set_moving(self, word: str) -> None:
        self.simulated.put(self.description.items["axis"], {"axis": 1}, "moving", word)


class MeasuredTests(PatternCase):
    def test_what_is_bound_is_asked(self) -> None:
        sensor = self.description.items["pyrometer"]
        self.simulated.put(sensor, {}, "value", 900.4)
        self.assertEqual(self.done("get_pyrometer_temperature"), 900.4)
        self.assertEqual(self.told("temperature"), 900.4)
        self.simulated.put(self.description.items["meter"], {}, "value", 4.25)
        self.assertEqual(self.done("read_laser_power"), 4.25)
        self.assertEqual(self.told("power"), 4.25)

    def test_what_is_no_value_is_none(self) -> None:
        sensor = self.description.items["pyrometer"]
        for value in ("below its range", 3000.1):
            self.simulated.put(sensor, {}, "value", value)
            self.refused(NoResponseError, "get_pyrometer_temperature")
            reading = next(each for each in self.laser.readings() if each.path == "temperature")
            self.assertEqual((reading.value, reading.severity), (None, Severity.INVALID))


class PatternTests(PatternCase):
    def test_once_around_and_back(self) -> None:
        self.assertEqual(self.done("get_pattern_names"), ["line", "rim"])
        self.done("execute_pattern", "line", None)
        self.assertIs(self.done("is_patterning"), True)
        self.assertEqual(self.told("pattern"), "line")
        self.pump(5.0)
        self.assertIs(self.done("is_patterning"), False)
        self.assertEqual(self.moves(), ["M1 3.000", "M1 1.000", "M1 2.000"])
        self.assertEqual((self.told("pattern"), self.told("error")), ("", ""))

    def test_for_its_time_or_another(self) -> None:
        for duration, rounds in ((None, 4), (3.0, 2)):
            self.done("execute_pattern", "rim", duration)
            self.pump(20.0)
            self.assertIs(self.done("is_patterning"), False)
            self.assertEqual(self.moves().count("M2 24.500"), rounds)
            self.assertEqual(self.done("get_position"), Position(2.0, 0.0, 0.0))

    def test_the_next_place_is_for_a_stage_that_stands(self) -> None:
        self.set_moving("moving")
        self.done("execute_pattern", "line", None)
        self.pump(5.0)
        self.assertEqual(self.moves(), ["M1 3.000"])
        self.set_moving("still")
        self.pump(2.0)
        self.assertEqual(self.moves()[0], "M1 1.000")

    def test_abort_stops_the_stage_at_once(self) -> None:
        self.done("execute_pattern", "line", None)
        begun = self.begun("stop_pattern")
        self.assertIs(self.done("is_patterning"), False)
        self.successResultOf(begun)
        self.pump(10.0)
        self.assertEqual(self.moves(), ["M1 3.000", "S1", "S2"])

    def test_abort_goes_before_a_move_that_waits_and_takes_it_away(self) -> None:
        self.done("execute_pattern", "line", None)
        self.clock.advance(0.1)
        self.wire.silent = True
        reading = self.begun("get_position")
        self.pump(0.2)
        again = self.begun("execute_pattern", "line", None)
        aborted = self.begun("stop_pattern")
        # As soon as the question that is under way has had its time.
        self.pump(1.0)
        self.assertIn(b"S1\n", self.wire.sent)
        self.wire.silent = False
        self.pump(30.0)
        self.failureResultOf(again, PositionError, NoResponseError)
        reading.addErrback(lambda failure: failure.trap(NoResponseError))
        aborted.addErrback(lambda failure: failure.trap(OutcomeUnknownError))
        sent = [data.decode().strip() for data in self.wire.sent]
        self.assertFalse([each for each in sent[sent.index("S1") :] if each.startswith("M1 ")])
        self.assertIs(self.done("is_patterning"), False)

    def test_an_abort_that_was_not_heard_is_one_the_next_time(self) -> None:
        self.done("execute_pattern", "line", None)
        self.wire.silent = True
        self.refused(OutcomeUnknownError, "stop_pattern")
        self.wire.silent = False
        self.pump(10.0)
        self.sent()
        self.done("stop_pattern")
        self.assertEqual(self.moves(), ["S1", "S2"])
        self.done("stop_pattern")
        self.assertEqual(self.moves(), [])

    def test_what_else_ends_it(self) -> None:
        for method, *arguments in (
            ("stop_drive",),
            ("disable",),
            ("set_xy", 5.0, 5.0),
            ("set_drive_home",),
            ("execute_pattern", "rim", 0.0),
        ):
            with self.subTest(method):
                self.done("set_xy", 2.0, 0.0)
                self.done("execute_pattern", "line", None)
                self.done(method, *arguments)
                self.pump(10.0)
                self.assertIs(self.done("is_patterning"), False)
                self.assertNotIn("M1 1.000", self.moves())

    def test_what_is_refused_ends_nothing(self) -> None:
        self.set_moving("moving")
        self.done("execute_pattern", "line", None)
        self.refused(PositionError, "set_xy", 26.0, 0.0)
        self.refused(InvalidArgumentsError, "execute_pattern", "lin", None)
        self.assertIs(self.done("is_patterning"), True)
        self.done("stop_pattern")

    def test_a_place_out_of_reach_moves_nothing(self) -> None:
        self.done("set_xy", 0.0, 1.0)
        self.sent()
        self.refused(PositionError, "execute_pattern", "rim", None)
        self.assertEqual(self.moves(), [])
        self.assertIs(self.done("is_patterning"), False)

    def test_a_stage_that_is_lost_ends_it_and_it_is_said(self) -> None:
        self.done("execute_pattern", "line", None)
        self.bus.disconnected("unplugged")
        self.pump(2.0)
        self.assertIs(self.done("is_patterning"), False)
        self.bus.connected(self.wire)
        self.pump(10.0)
        self.assertIn("pattern line ended", str(self.done("get_error")))
        self.assertIn("pattern line ended", str(self.told("error")))
        self.done("execute_pattern", "line", 0.0)
        self.assertIsNone(self.done("get_error"))


LAB = """
[instrument.board]
description = "fusions-logic-board"
link = "tcp://10.0.0.12:5025"
[instrument.esp]
description = "newport-esp"
link = "tcp://10.0.0.13:5025"
[instrument.pyro]
description = "impac-pyrometer"
link = "tcp://10.0.0.14:5025"
[laser.co2]
instrument = "board.laser"
pyrometer = "pyro.pyrometer"
[laser.co2.axes]
x = "esp.axis(1)"
y = "esp.axis(2)"
[laser.co2.patterns.line]
offsets = [1.0, 0.0]
"""


class FileTests(SynchronousTestCase):
    def hardware(self, text: str) -> None:
        table = Table.parse(text, "lab.toml")
        hardware_from_config(table, MemoryReactorClock(), NoLock())
        table.finish()

    def test_mistakes(self) -> None:
        self.hardware(LAB)
        for old, new, told in (
            ('"pyro.pyrometer"', '"esp.axis(3)"', "for this"),
            ('pyrometer = "pyro', 'power_meter = "pyro', "expected a sensor in W, not in C"),
            ('y = "esp', 'z = "esp', "a stage with the axes x and y"),
            ("[1.0, 0.0]", "[1.0]", "x1, y1, x2, y2"),
            ("[1.0, 0.0]", "[1.0, 0.0]\npuase = 1", "did you mean pause"),
        ):
            with self.subTest(new):
                self.assertIn(old, LAB)
                text = LAB.replace(old, new, 1)
                error = str(self.assertRaises(ConfigError, self.hardware, text))
                self.assertIn(told, error)
                self.assertRegex(error, r"^lab\.toml:\d+: ")
