"""A laser that is an instrument, on a wire that a test can silence."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import (
    DisableError,
    EnableError,
    InvalidArgumentsError,
    InvalidMotorError,
    InvalidSampleHolderError,
    LogicBoardCommunicationError,
    NoResponseError,
    OutcomeUnknownError,
    PositionError,
    SetpointError,
)
from pychron_comms.instruments.bound_item import BoundItem
from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.instrument import Instrument
from pychron_comms.instruments.simulated import SimulatedInstrument
from pychron_comms.interfaces import IForetells, ILaserManager, IShowsState, Position
from pychron_comms.lab.bound.bare_laser import BareLaser
from pychron_comms.lab.bound.config import bound_laser_from_config
from pychron_comms.lab.bound.laser import BoundLaser
from pychron_comms.lab.hardware import hardware_from_config
from tests.instruments.case import SimulatedWire, described
from tests.lab.test_hardware import NoLock

INSTRUMENT = """
title = "A laser and its stage"
source = "this test"

[wire]
link = "tcp://127.0.0.1:5025"
line = "<LF>"
first_byte = 1.0
late = 3.0

[item.laser]
kind = "laser"

[item.laser.do.enable]
send = "ON"
take = "OK"

[item.laser.do.disable]
send = "OFF"
take = "OK"

[item.laser.do.power]
send = "P {value:.1f}"
take = "OK"
unit = "W"
minimum = 0
maximum = 40

[item.laser.read.state]
send = "ON?"
take = "{value}"
words = { "0" = "off", "1" = "on" }

[item.laser.read.power]
send = "P?"
take = "{value:.1f}"
unit = "W"

[item.laser.read.interlocks]
send = "I?"
take = "{value:d}"
bits = { 0 = "door", 1 = "coolant" }
simulated = ""

[item.axis]
kind = "drive"
parameter.axis = { minimum = 1, maximum = 4 }

[item.axis.do.move]
send = "M{axis:d} {value:.3f}"
take = "OK"
minimum = -25
maximum = 25
verify = {}

[item.axis.do.stop]
send = "S{axis:d}"
take = "OK"

[item.axis.do.home]
send = "H{axis:d}"
take = "OK"
verify = {}

[item.axis.read.position]
send = "M{axis:d}?"
take = "{value:.3f}"

[item.axis.read.moving]
send = "B{axis:d}?"
take = "{value}"
words = { "0" = "still", "1" = "moving" }
"""

LASER = """
instrument = "it.laser"
calibration = { percent = [0, 50, 100], watts = [0.0, 4.0, 20.0] }
axes = { x = "it.axis(1)", y = "it.axis(2)" }
motors = { beam = "it.axis(4)", zoom = { maximum = 100.0 } }
positions = { home = [1.0, 2.0], far = [30.0, 2.0] }
[holders.pair]
pitch = 4.0
rows = [2]
"""

#: The same without anything that shows whether it is on.
BLIND = (
    INSTRUMENT.replace("[item.laser.read.state]", "[item.other.read.value]")
    .replace("[item.laser.read.power]", "[item.third.read.value]")
    .replace("[item.other", '[item.other]\nkind = "sensor"\n[item.other')
    .replace("[item.third", '[item.third]\nkind = "sensor"\n[item.third')
)


class LaserCase(SynchronousTestCase):
    text = INSTRUMENT
    laser_text = LASER

    def setUp(self) -> None:
        self.clock = Clock()
        self.description = described(self.text)
        self.simulated = SimulatedInstrument(self.description)
        self.bus = Bus(self.description.wire, self.clock)
        self.instrument = Instrument("it", self.description, {}, self.bus, self.clock)
        self.wire = SimulatedWire(self.bus, self.simulated, self.clock)
        table = Table.parse(self.laser_text, "lab.toml")
        self.laser: Any = bound_laser_from_config("co2", table, self.bind)
        table.finish()
        self.bus.connected(self.wire)

    def bind(self, table: Table, key: str, kinds: object) -> BoundItem:
        name, _, words = table.text(key).removeprefix("it.").partition("(")
        values = {"axis": int(words.rstrip(")"))} if words else {}
        return BoundItem(self.instrument, self.description.items[name], values)

    def pump(self, seconds: float = 0.5) -> None:
        self.clock.pump([0.05] * round(seconds / 0.05))

    def begun(self, method: str, *arguments: object) -> Deferred[Any]:
        return maybeDeferred(getattr(self.laser, method), *arguments).addCallback(_awaited)

    def done(self, method: str, *arguments: object) -> Any:
        begun = self.begun(method, *arguments)
        self.pump()
        return self.successResultOf(begun)

    def refused(self, error: type[Exception], method: str, *arguments: object) -> str:
        begun = self.begun(method, *arguments)
        self.pump(30.0)
        return str(self.failureResultOf(begun, error).value)

    def told(self, path: str) -> object:
        return next(each.value for each in self.laser.readings() if each.path == path)

    def sent(self) -> list[str]:
        sent, self.wire.sent = self.wire.sent, []
        return [data.decode().strip() for data in sent]

    def put(self, item: str, name: str, value: str) -> None:
        self.simulated.put(self.description.items[item], {}, name, value)


def _awaited(value: object) -> object:
    return Deferred.fromCoroutine(value) if hasattr(value, "send") else value  # type: ignore[arg-type]


class LightTests(LaserCase):
    def test_it_is_what_lasers_promise(self) -> None:
        for laser in (self.laser, BareLaser()):
            verifyObject(ILaserManager, laser)
        for interface in (IForetells, IShowsState):
            verifyObject(interface, self.laser)

    def test_a_round(self) -> None:
        self.done("enable")
        self.assertIs(self.done("is_enabled"), True)
        self.done("set_laser_power", 25.0)
        self.assertEqual(self.done("get_achieved_output"), 25.0)
        self.assertEqual((self.told("enabled"), self.told("output")), (True, 25.0))
        self.done("disable")
        self.assertIs(self.done("is_enabled"), False)
        self.assertEqual(self.done("get_achieved_output"), 0.0)
        self.assertEqual(
            [each for each in self.sent() if "?" not in each], ["ON", "P 10.0", "OFF", "P 0.0"]
        )

    def test_watts_by_the_calibration(self) -> None:
        self.done("enable")
        self.done("set_laser_output", 4.0, "watts")
        self.assertIn("P 20.0", self.sent())
        self.assertEqual(self.done("get_achieved_output"), 4.0)
        self.refused(SetpointError, "set_laser_output", 21.0, "watts")
        self.refused(InvalidArgumentsError, "set_laser_output", 500.0, "temp")
        self.refused(InvalidArgumentsError, "set_laser_output", 101.0, "percent")
        self.assertNotIn("P", "".join(each for each in self.sent() if "?" not in each))

    def test_no_power_while_it_is_not_known_to_be_enabled(self) -> None:
        self.refused(EnableError, "set_laser_power", 10.0)
        self.assertEqual(self.sent(), ["ON?"])
        self.done("set_laser_power", 0.0)
        self.assertEqual(self.sent(), ["P 0.0", "P?"])

    def test_an_open_interlock(self) -> None:
        self.put("laser", "interlocks", "door, coolant")
        begun = self.begun("enable")
        self.pump()
        self.assertIn("door, coolant", str(self.failureResultOf(begun, EnableError).value))
        self.assertEqual(self.sent(), ["I?"])
        self.assertIn("door", str(self.done("get_error")))

    def test_what_it_says_does_not_count_where_it_shows_otherwise(self) -> None:
        self.simulated.put = lambda *what: None  # type: ignore[method-assign]
        self.refused(EnableError, "enable")

    def test_a_disable_that_does_nothing(self) -> None:
        self.done("enable")
        self.simulated.put = lambda *what: None  # type: ignore[method-assign]
        self.refused(DisableError, "disable")

    def test_one_that_hangs(self) -> None:
        self.done("enable")
        self.wire.silent = True
        self.refused(NoResponseError, "is_enabled")
        self.refused(OutcomeUnknownError, "disable")
        self.assertGreaterEqual(self.sent().count("OFF"), 2)
        self.refused(LogicBoardCommunicationError, "enable")
        self.bus.disconnected("unplugged")
        self.refused(LogicBoardCommunicationError, "disable")
        self.assertIn("logic board", str(self.done("get_error")))

    def test_disable_goes_first_and_what_waits_to_give_light_is_not_sent(self) -> None:
        self.done("enable")
        self.sent()
        asking = self.begun("get_achieved_output")
        power = self.begun("set_laser_power", 50.0)
        again = self.begun("enable")
        dark = self.begun("disable")
        self.pump(2.0)
        self.successResultOf(dark)
        self.successResultOf(asking)
        self.failureResultOf(power, EnableError, SetpointError)
        self.failureResultOf(again, EnableError)
        sent = [each for each in self.sent() if "?" not in each]
        self.assertEqual(sent, ["OFF", "P 0.0"])

    def test_what_it_has_not_is_refused(self) -> None:
        self.refused(NoResponseError, "get_pyrometer_temperature")
        self.refused(NoResponseError, "read_laser_power")
        self.refused(NoResponseError, "take_snapshot", "a", "jpg")
        self.refused(InvalidArgumentsError, "execute_pattern", "p", None)
        self.assertIs(self.done("is_patterning"), False)
        self.done("stop_pattern")


class BlindTests(LaserCase):
    """Nothing shows whether it is on."""

    text = BLIND

    def test_it_is_what_it_was_told(self) -> None:
        self.refused(NoResponseError, "is_enabled")
        self.done("enable")
        self.assertIs(self.done("is_enabled"), True)
        self.done("set_laser_power", 50.0)
        self.assertEqual(self.done("get_achieved_output"), 50.0)
        self.done("disable")
        self.assertIs(self.done("is_enabled"), False)

    def test_what_was_sent_and_not_answered_is_unknown(self) -> None:
        self.done("enable")
        self.wire.silent = True
        self.refused(OutcomeUnknownError, "disable")
        self.wire.silent = False
        self.refused(NoResponseError, "is_enabled")
        self.refused(EnableError, "set_laser_power", 10.0)

    def test_one_that_comes_again_may_have_been_switched_off(self) -> None:
        self.done("enable")
        self.bus.disconnected("unplugged")
        self.refused(NoResponseError, "is_enabled")
        self.bus.connected(self.wire)
        self.refused(NoResponseError, "is_enabled")
        self.refused(EnableError, "set_laser_power", 10.0)
        self.assertIsNone(self.told("enabled"))


class StageTests(LaserCase):
    def test_it_moves(self) -> None:
        self.done("set_xy", 1.0, -2.0)
        self.assertEqual(self.done("get_position"), Position(1.0, -2.0, 0.0))
        self.assertEqual(self.told("position"), [1.0, -2.0])
        self.done("go_to_hole", 2, True)
        self.assertEqual(self.done("get_position"), Position(2.0, 0.0, 0.0))
        self.done("go_to_named_position", "home")
        self.assertEqual(self.done("get_position"), Position(1.0, 2.0, 0.0))
        self.done("set_drive_home")
        self.assertEqual(self.done("get_position"), Position(0.0, 0.0, 0.0))
        self.assertIs(self.done("is_moving", ""), False)
        self.assertIs(self.told("moving"), False)

    def test_what_one_axis_does_not_take_moves_none(self) -> None:
        for method, *arguments in (
            ("set_xy", 1.0, 26.0),
            ("set_axis", "z", 1.0),
            ("go_to_hole", 3, False),
            ("go_to_named_position", "far"),
            ("go_to_named_position", "hom"),
            ("go_to_point", "p1"),
        ):
            with self.subTest(method):
                self.refused(PositionError, method, *arguments)
        self.refused(InvalidSampleHolderError, "set_sample_holder", "pear")
        self.assertEqual(self.sent(), [])

    def test_a_stop_goes_to_all_axes(self) -> None:
        self.done("stop_drive")
        self.assertEqual(self.sent(), ["S1", "S2"])
        self.wire.silent = True
        self.refused(OutcomeUnknownError, "stop_drive")
        self.assertLessEqual({"S1", "S2"}, set(self.sent()))

    def test_motors(self) -> None:
        self.assertIs(self.done("set_motor", "beam", 3.0), True)
        self.assertEqual(self.done("get_beam_diameter"), 3.0)
        self.assertIs(self.done("is_motor_moving", "beam"), False)
        self.done("set_motor_lock", "beam", True)
        self.assertIs(self.done("set_beam_diameter", 4.0), False)
        self.refused(InvalidMotorError, "set_motor", "zoom", 1.0)
        self.assertIsNone(self.done("get_zoom"))
        self.assertRaises(PositionError, self.laser.foretell, "set_motor", "beam", 26.0)


class NoStageTests(LaserCase):
    laser_text = 'instrument = "it.laser"\nrange = [5, 25]'

    def test_it_has_none(self) -> None:
        self.refused(PositionError, "get_position")
        self.refused(PositionError, "go_to_hole", 1, False)
        self.done("stop_drive")
        self.assertIs(self.done("is_moving", ""), False)

    def test_its_range(self) -> None:
        self.done("enable")
        self.done("set_laser_power", 50.0)
        self.assertIn("P 15.0", self.sent())
        self.done("set_laser_power", 0.0)
        self.assertIn("P 5.0", self.sent())


LAB = """
[instrument.board]
description = "fusions-logic-board"
link = "tcp://10.0.0.12:5025"
[laser.co2]
instrument = "board.laser"
"""


class FileTests(SynchronousTestCase):
    def hardware(self, text: str) -> Any:
        table = Table.parse(text, "lab.toml")
        hardware = hardware_from_config(table, MemoryReactorClock(), NoLock())
        table.finish()
        return hardware

    def test_one_line_binds_it(self) -> None:
        hardware = self.hardware(LAB)
        laser = hardware.manager("co2")
        self.assertIsInstance(laser, BoundLaser)
        self.assertEqual(hardware.making_safe(), [(laser, laser.disable)])

    def test_so_over_the_simulated_one(self) -> None:
        simulated = "[laser.co2.stage]\nx = [-1.0, 1.0]\n[laser.co2.motors.beam]\nmaximum = 6.0\n"
        self.assertIsInstance(self.hardware(LAB + simulated).manager("co2"), BoundLaser)

    def test_mistakes(self) -> None:
        for old, new, told in (
            ("board.laser", "board.lasr", "did you mean laser"),
            ('"board.laser"', '"board.laser"\nrange = [1, 1]', "at 0 and at 100 percent"),
            ('"board.laser"', '"board.laser"\naxes = { x = "board.laser" }', "for this"),
            ('"board.laser"', '"board.laser"\npowr = 1', "no such key"),
            ('"board.laser"', '"board.laser"\nrange = [0, 101]', "range: 101 must be at most 100"),
        ):
            with self.subTest(new):
                error = self.assertRaises(ConfigError, self.hardware, LAB.replace(old, new))
                self.assertIn(told, str(error))
