"""Hardware by name, and put together from a configuration."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides, implementer
from zope.interface.verify import verifyObject

from pychron_comms import errors
from pychron_comms.config.table import ConfigError, Table
from pychron_comms.interfaces import (
    IChiller,
    IDevice,
    IHardware,
    ILaserManager,
    IPneumatics,
    IRunReport,
    ISystemLock,
)
from pychron_comms.lab.hardware import Hardware, hardware_from_config
from pychron_comms.processor.settings import default_laboratory
from tests.config.table_case import without_line

ME = "10.0.0.1"


@implementer(ISystemLock)
class NoLock:
    def lock(self, sender: str) -> None:
        raise NotImplementedError

    def unlock(self, sender: str) -> None:
        raise NotImplementedError


@implementer(IDevice)
class OwnDevice:
    def __init__(self, name: str = "own", *, port: int = 1) -> None:
        if port < 1:
            raise ValueError("port must be 1 or more")
        self.name = name
        self.port = port

    def get(self) -> int:
        return self.port

    def set(self, value: str, sender: str) -> None:
        raise NotImplementedError


@implementer(IRunReport)
class OwnReport:
    def start_run(self, text: str, sender: str) -> None: ...

    def complete_run(self, text: str, sender: str) -> None: ...

    def start_mult_runs(self, text: str, sender: str) -> None: ...

    def complete_mult_runs(self, text: str, sender: str) -> None: ...


class FakeLaser:
    """Says what its ``disable`` is told to."""

    def __init__(self, result: Any) -> None:
        self.result = result
        self.disabled = 0

    def disable(self) -> Any:
        self.disabled += 1
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def fake_laser(result: Any = None) -> FakeLaser:
    laser = FakeLaser(result)
    directlyProvides(laser, ILaserManager)
    return laser


class HardwareTests(SynchronousTestCase):
    def test_it_is_hardware(self) -> None:
        lock = NoLock()
        hardware = Hardware({}, {}, lock)
        self.assertTrue(verifyObject(IHardware, hardware))
        self.assertIs(hardware.safeguards, lock)

    def test_managers_and_devices_by_name(self) -> None:
        manager, device = object(), OwnDevice()
        hardware = Hardware({"co2": manager}, {"own": device}, NoLock())
        self.assertIs(hardware.manager("co2"), manager)
        self.assertIs(hardware.device("own"), device)
        self.assertIs(hardware.device_providing(IDevice), device)

    def test_what_is_not_there(self) -> None:
        hardware = Hardware({}, {"own": OwnDevice()}, NoLock())
        for ask, line in (
            (lambda: hardware.manager("co2"), "ERROR 007 : manager unavaliable: co2"),
            (lambda: hardware.device("x"), "ERROR 008 : device x not connected"),
            (
                lambda: hardware.device_providing(IChiller),
                "ERROR 008 : device chiller not connected",
            ),
        ):
            with self.assertRaises(errors.CommandError) as caught:
                ask()
            self.assertEqual(errors.error_line(caught.exception), line)

    def test_every_laser_is_made_safe_by_disabling_it(self) -> None:
        lasers = [fake_laser(), fake_laser()]
        hardware = Hardware({"co2": lasers[0], "uv": lasers[1], "runs": object()}, {}, NoLock())
        hardware.start()
        for _, action in hardware.making_safe():
            action()
        self.assertEqual([laser.disabled for laser in lasers], [1, 1])


class DefaultLaboratoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        table = default_laboratory()
        self.hardware = hardware_from_config(table, self.clock, NoLock())
        table.pass_over("processor")
        table.finish()
        self.line = self.hardware.manager("extraction_line")

    def line_of(self, error: type[errors.CommandError], name: str) -> None:
        self.assertRaises(error, self.line.open_valve, name, ME)

    def test_valves(self) -> None:
        names = [valve.name for valve in self.line.valves()]
        self.assertEqual(names, ["A", "B", "C", "D", "E", "F", "G", "H", "V"])

    def test_what_its_comments_say_of_the_valves(self) -> None:
        for name in "AV":
            moving = self.line.open_valve(name, ME)
            self.clock.advance(0.15)
            self.successResultOf(moving)
        self.line_of(errors.ValveSoftwareLockError, "E")
        self.line_of(errors.LeasedError, "F")
        self.line_of(errors.ValveActuationError, "G")
        self.line.open_valve("C", ME)
        self.line_of(errors.ValveActuationError, "D")

    def test_a_shot(self) -> None:
        for method in (self.line.open_valve, self.line.close_valve):
            method("H", ME)
            self.clock.advance(0.15)
        self.assertEqual(self.line.get_pipette_count("P1"), 1)

    def test_pumping_shows_at_the_gauges(self) -> None:
        self.clock.advance(100)
        before = self.hardware.device("gc").get_pressure("IG")
        self.line.open_valve("V", ME)
        self.clock.advance(60)
        self.assertLess(self.hardware.device("gc").get_pressure("IG"), before)

    def test_devices(self) -> None:
        self.assertEqual(self.hardware.device("FooFlag").get(), 0)
        self.assertEqual(self.hardware.device("PumpTimeFlag").get(), 0)
        self.assertEqual(self.hardware.device("lab_temperature").get(), 21.5)
        self.assertEqual(self.hardware.device("message").get(), "none")
        self.assertEqual(self.hardware.device_providing(IChiller).name, "chiller")
        self.assertEqual(self.hardware.device_providing(IPneumatics).name, "pneu_tcp")

    def test_scripts_and_runs(self) -> None:
        self.assertEqual(self.hardware.manager("scripts").execute_script("evacuate"), "evacuate-1")
        self.assertTrue(IRunReport.providedBy(self.hardware.manager("runs")))

    def test_the_lasers_of_every_type(self) -> None:
        for name in ("co2", "diode", "synrad", "uv"):
            self.assertTrue(ILaserManager.providedBy(self.hardware.manager(name)))


LINE = """
[[extraction_line.volume]]
name = "bone"
litres = 1.0
pressure = 1e-8
[[extraction_line.volume]]
name = "turbo"
litres = 1.0
pressure = 1e-8
pump = { base = 1e-8, time_constant = 2.0 }
[[extraction_line.valve]]
name = "A"
joins = ["bone", "turbo"]
[[extraction_line.valve]]
name = "B"
"""


class ConfigTestCase(SynchronousTestCase):
    def hardware(self, text: str) -> Hardware:
        table = Table.parse(text, "lab.toml")
        hardware = hardware_from_config(table, Clock(), NoLock())
        table.finish()
        return hardware

    def wrong(self, text: str, message: str) -> None:
        with self.assertRaises(ConfigError) as caught:
            self.hardware(text)
        said = without_line(str(caught.exception))
        self.assertTrue(said.startswith(f"lab.toml: {message}"), said)


class ConfigTests(ConfigTestCase):
    def test_an_empty_laboratory_has_runs_and_scripts(self) -> None:
        hardware = self.hardware("")
        self.assertTrue(IRunReport.providedBy(hardware.manager("runs")))
        self.assertRaises(
            errors.InvalidPyScriptError, hardware.manager("scripts").execute_script, ""
        )
        self.assertRaises(errors.ManagerUnavailableError, hardware.manager, "extraction_line")

    def test_the_smallest_line(self) -> None:
        line = self.hardware(LINE).manager("extraction_line")
        self.assertEqual([valve.name for valve in line.valves()], ["A", "B"])

    def test_the_same_seed_gives_the_same_readings(self) -> None:
        gauge = LINE + '[[device]]\nname = "gc"\nkind = "gauges"\ngauges = { IG = "bone" }\n'
        other = '[[device]]\nname = "p"\nkind = "pneumatics"\npressure = 80.0\n'
        readings = [
            self.hardware(text).device("gc").get()
            for text in (gauge, gauge + other, f"seed = 0\n{gauge}", f"seed = 7\n{gauge}")
        ]
        self.assertEqual(readings[0], readings[1])
        self.assertEqual(readings[0], readings[2])
        self.assertNotEqual(readings[0], readings[3])

    def test_wrong_volumes(self) -> None:
        volume = '[[extraction_line.volume]]\nname = "bone"\nlitres = {}\npressure = 0\n'
        self.wrong(volume.format(0), "extraction_line.volume[0].litres: expected a number")
        self.wrong(volume.format(1) * 2, "extraction_line.volume[1].name: expected a name that")

    def test_wrong_valves(self) -> None:
        for text, message in (
            ('name = "A"', "name: expected a name that no other has, got 'A'"),
            ('name = ""', "name: expected a name that no other has"),
            ('name = "MS-1"', "name: expected letters, digits and _"),
            ('name = "FooFlag"', "name: expected letters, digits and _, not ending in Flag"),
            ('name = "C"\ntravel = 0.3', "travel: expected less than 0.3 s, got 0.3"),
            ('name = "C"\njoins = ["bone"]', "joins: expected two of the volumes bone, turbo"),
            ('name = "C"\njoins = ["bone", "x"]', "joins: expected two of the volumes bone"),
            (
                'name = "C"\njoins = ["bnoe", "turbo"]',
                "joins: expected two of the volumes bone, turbo, got ['bnoe', 'turbo']; "
                "did you mean bone?",
            ),
            (
                'name = "C"\ninterlocks = ["a"]',
                "interlocks: expected other valves, of A, B, C, got ['a']; did you mean A?",
            ),
            ('name = "C"\njoins = ["bone", "bone"]', "joins: expected two of the volumes bone"),
            ('name = "C"\ninterlocks = ["X"]', "interlocks: expected other valves, of A, B, C"),
            ('name = "C"\ninterlocks = ["C"]', "interlocks: expected other valves"),
        ):
            self.wrong(
                f"{LINE}[[extraction_line.valve]]\n{text}", f"extraction_line.valve[2].{message}"
            )

    def test_interlocks_that_are_both_open(self) -> None:
        valves = '{}open = true\n[[extraction_line.valve]]\nname = "C"\nopen = true\n{}'
        self.wrong(
            valves.format(LINE, 'interlocks = ["B"]'),
            "extraction_line.valve[2].open: expected false, since its interlock B is open too",
        )
        self.hardware(valves.format(LINE, 'interlocks = ["A"]'))

    def test_wrong_pipettes(self) -> None:
        pipette = '[[extraction_line.pipette]]\nname = "P"\nvalve = "{}"\n'
        self.wrong(
            LINE + pipette.format("X"), "extraction_line.pipette[0].valve: expected one of A, B"
        )
        self.wrong(
            LINE + pipette.format("A") * 2, "extraction_line.pipette[1].name: expected a name"
        )

    def test_wrong_groups(self) -> None:
        self.wrong(
            LINE + '[extraction_line.groups]\ng = ["A", "X"]',
            "extraction_line.groups.g: expected valves, of A, B",
        )
        self.wrong(
            '[extraction_line.groups]\ng = ["A"]',
            "extraction_line.groups.g: expected valves, of which there are none",
        )

    def test_wrong_devices(self) -> None:
        device = '[[device]]\nname = "d"\nkind = "{}"\n{}'
        flag = device.format("flag", "")
        self.wrong(flag * 2, "device[1].name: expected a name that no other device has")
        for kind, text, message in (
            ("valve", "", "kind: expected one of number, text, gauges, chiller"),
            ("number", "value = 3\nmaximum = 2", "value: expected a number, at most 2, got 3"),
            ("text", "value = 3", "value: expected a text"),
            ("chiller", "setpoint = 50", "setpoint: expected a number from 5 to 40"),
            ("gauges", "", "gauges: expected a volume for each gauge, at least one"),
            ("gauges", 'gauges = { IG = "bone" }', "gauges.IG: expected one of "),
            ("flag", "value = 1", "value: no such key is known"),
        ):
            self.wrong(device.format(kind, text), f"device[0].{message}")

    def test_wrong_scripts(self) -> None:
        script = '[[script]]\nname = "s"\nduration = 1\n'
        self.wrong(script * 2, "script[1].name: expected a name that no other script has")


class CustomManagerTests(ConfigTestCase):
    def test_a_device_of_the_laboratorys_own(self) -> None:
        text = '[manager.own]\nclass = "tests.lab.test_hardware:OwnDevice"\nport = 7\nname = "x"'
        device = self.hardware(text).device("own")
        self.assertEqual((device.name, device.get()), ("x", 7))

    def test_a_manager_in_place_of_a_built_in_one(self) -> None:
        hardware = self.hardware('[manager.runs]\nclass = "tests.lab.test_hardware:OwnReport"')
        self.assertIsInstance(hardware.manager("runs"), OwnReport)

    def test_a_name_that_is_taken(self) -> None:
        own = '[manager.{}]\nclass = "tests.lab.test_hardware:OwnDevice"\n'
        flag = '[[device]]\nname = "d"\nkind = "flag"\n'
        message = "manager.{0}.class: expected no second manager or device named {0}"
        self.wrong(LINE + own.format("extraction_line"), message.format("extraction_line"))
        self.wrong(flag + own.format("d"), message.format("d"))

    def test_wrong_classes(self) -> None:
        for name, message in (
            ("tests.lab.test_hardware", 'expected "package.module:Class", got '),
            ("tests.lab.test_hardware:Nothing", "expected a class that can be imported ("),
            ("no_such_package.module:Class", "expected a class that can be imported ("),
            ("tests.lab.test_hardware:NoLock", "expected a class that provides one of IExtr"),
            ("tests.lab.test_hardware:LINE", "expected a class that provides one of IExtr"),
        ):
            self.wrong(f'[manager.m]\nclass = "{name}"', f"manager.m.class: {message}")

    def test_wrong_keys(self) -> None:
        own = '[manager.m]\nclass = "tests.lab.test_hardware:OwnDevice"\n'
        message = "manager.m.class: expected a class that takes the keys beside it "
        self.wrong(own + "nope = 1", message + "(TypeError(")
        self.wrong(own + "port = 0", message + "(ValueError('port must be 1 or more'))")
