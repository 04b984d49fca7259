"""What a laboratory's file binds its parts to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import InvalidArgumentsError
from pychron_comms.instruments.device import InstrumentDevice, InstrumentGauges
from pychron_comms.interfaces import (
    IExtractionLineManager,
    IGaugeController,
    IHardware,
    IMakesSafe,
    Severity,
)
from pychron_comms.lab.hardware import Hardware, hardware_from_config
from tests.instruments.case import SWITCH
from tests.lab.test_hardware import NoLock

LAB = """
[instrument.becker]
description = "agilent-34970a"
link = "tcp://10.0.0.12:5025"

[instrument.bone]
description = "mks-937b"
link = "tcp://10.0.0.13:4001"
address = 1

[[extraction_line.valve]]
name = "A"
instrument = "becker.valve(103)"

[[extraction_line.valve]]
name = "B"
interlocks = ["A"]

[[device]]
name = "gc"
kind = "gauges"
gauges = { IG = "bone.gauge(1)", CG1 = "bone.gauge(2)" }
"""


FURNACE = """
[instrument.pid]
description = "eurotherm-bisynch"
[[device]]
name = "furnace"
kind = "instrument"
instrument = "pid.loop"
"""


class BindingTests(SynchronousTestCase):
    def hardware(self, text: str = LAB) -> Hardware:
        return hardware_from_config(Table.parse(text, "lab.toml"), MemoryReactorClock(), NoLock())

    def mistake(self, old: str, new: str) -> str:
        self.assertIn(old, LAB)
        return str(self.assertRaises(ConfigError, self.hardware, LAB.replace(old, new)))

    def test_parts_are_bound(self) -> None:
        hardware = self.hardware()
        verifyObject(IHardware, hardware)
        verifyObject(IGaugeController, hardware.device("gc"))
        self.assertIsInstance(hardware.device("gc"), InstrumentGauges)
        line: Any = hardware.manager("extraction_line")
        verifyObject(IExtractionLineManager, line)
        self.assertEqual([valve.open for valve in line.valves()], [None, False])

    def test_a_valve_that_is_not_known_to_be_closed_is_an_interlock(self) -> None:
        line: Any = self.hardware().manager("extraction_line")
        with self.assertRaisesRegex(Exception, "Valve B failed to actuate open"):
            line.open_valve("B", "10.0.0.5")

    def test_nor_does_one_open_past_it_of_which_nothing_is_known_itself(self) -> None:
        text = LAB.replace('name = "A"', 'name = "A"\ninterlocks = ["B"]')
        text = text.replace('interlocks = ["A"]', "open = true")
        line: Any = self.hardware(text).manager("extraction_line")
        self.assertEqual([valve.open for valve in line.valves()], [None, True])
        for act in (line.open_valve, lambda *each: line.foretell_move("A", True, "10.0.0.5")):
            with self.assertRaisesRegex(Exception, "Valve A failed to actuate open"):
                act("A", "10.0.0.5")

    def test_the_state_says_what_is_not_known(self) -> None:
        line: Any = self.hardware().manager("extraction_line")
        (reading,) = line.readings()
        self.assertEqual((reading.path, reading.value), ("valve/A", None))
        self.assertIs(reading.severity, Severity.INVALID)

    def test_each_instrument_says_whether_it_answers(self) -> None:
        told = {each.path: each for each in self.hardware().readings()}
        self.assertEqual(list(told), ["instrument/becker", "instrument/bone"])
        becker = told["instrument/becker"]
        self.assertEqual((becker.value, becker.reason), (False, "not connected yet"))
        self.assertEqual(becker.details["link"], "tcp://10.0.0.12:5025")
        self.assertEqual(list(self.hardware("seed = 1").readings()), [])

    def test_a_visa_name_is_the_same_place_as_its_link(self) -> None:
        old = "tcp://10.0.0.13:4001"
        self.assertIn(
            "instrument becker is there, of another kind",
            self.mistake(old, "TCPIP0::10.0.0.12::5025::SOCKET"),
        )
        self.assertIn("GPIB-to-LAN adapter", self.mistake(old, "GPIB0::12::INSTR"))

    def test_a_description_is_beside_the_laboratorys_file(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir(parents=True)
        (folder / "switch.toml").write_text(SWITCH, "utf-8")
        lab = folder / "lab.toml"
        lab.write_text(
            '[instrument.box]\ndescription = "switch.toml"\n[[extraction_line.valve]]\n'
            'name = "A"\ninstrument = "box.valve(3)"\n'
        )
        hardware = hardware_from_config(Table.load(lab), MemoryReactorClock(), NoLock())
        line: Any = hardware.manager("extraction_line")
        self.assertEqual(line.valve_names, ["A"])

    def test_one_place_has_one_link(self) -> None:
        """Two instruments at one port, by links that are spelled otherwise, would open it twice."""
        text = """
[instrument.one]
description = "omega-iseries"
link = "serial:///dev/ttyUSB0"
[instrument.two]
description = "omega-iseries"
link = "serial:///dev/ttyUSB0?baud=19200"
"""
        error = str(self.assertRaises(ConfigError, self.hardware, text))
        self.assertRegex(error, r"^lab.toml:7: instrument.two.link: ")
        self.assertIn("instrument one is there already, by serial:///dev/ttyUSB0", error)
        said = self.mistake("tcp://10.0.0.13:4001", "telnet://10.0.0.12:5025")
        self.assertIn("instrument becker is there already, by tcp://10.0.0.12:5025", said)

    def test_a_port_by_another_name_is_the_same_place(self) -> None:
        device = Path(self.mktemp())
        device.mkdir(parents=True)
        (device / "ttyUSB0").touch()
        (device / "by-id").symlink_to((device / "ttyUSB0").absolute())
        links = [f"serial://{(device / name).absolute()}" for name in ("ttyUSB0", "by-id")]
        for one, two in (links, ("serial:///com3", "serial:///COM3")):
            text = (
                f'[instrument.one]\ndescription = "omega-iseries"\nlink = "{one}"\n'
                f'[instrument.two]\ndescription = "omega-iseries"\nlink = "{two}"\n'
            )
            error = str(self.assertRaises(ConfigError, self.hardware, text))
            self.assertIn("instrument one is there already", error)

    def test_on_modbus_several_kinds_share_a_wire(self) -> None:
        """A PLC has valves and gauges; two makers' controllers are on one RS-485."""
        link = 'link = "modbus+rtu:///dev/ttyUSB0?baud=9600"\n'
        shared = (
            f'[instrument.hot]\ndescription = "watlow-ezzone"\n{link}'
            f'[instrument.cold]\ndescription = "eurotherm-modbus"\nunit = 2\n{link}'
        )
        self.hardware(shared)
        twice = f'[instrument.again]\ndescription = "watlow-ezzone"\n{link}'
        error = self.assertRaises(ConfigError, self.hardware, shared + twice)
        self.assertIn("instrument hot is there already", str(error))

    def test_two_of_several_kinds_are_not_at_one_relay(self) -> None:
        """What they are told is the same bytes."""
        link = 'link = "modbus+tcp://10.0.0.20"\n'
        text = (
            f'[instrument.one]\ndescription = "modbus-valves"\n{link}'
            f'[instrument.two]\ndescription = "modbus-coils"\n{link}%s\n'
            '[[extraction_line.valve]]\nname = "A"\ninstrument = "one.valve(3)"\n'
            '[[extraction_line.valve]]\nname = "B"\ninstrument = "two.valve(%d)"\n'
        )
        self.hardware(text % ("", 4))
        self.hardware(text % ("unit = 2", 3))
        error = str(self.assertRaises(ConfigError, self.hardware, text % ("", 3)))
        self.assertRegex(error, r"^lab.toml:13: extraction_line.valve\[1\].instrument: two.valve")
        self.assertIn("is moved by what moves extraction_line.valve[0].instrument", error)

    def test_a_device_is_bound(self) -> None:
        text = """
[instrument.pid]
description = "eurotherm-bisynch"
unit = 2
[[device]]
name = "furnace"
kind = "instrument"
instrument = "pid.loop"
"""
        self.assertIsInstance(self.hardware(text).device("furnace"), InstrumentDevice)

    def furnace(self, *keys: str) -> Hardware:
        table = Table.parse("\n".join((FURNACE, *keys)), "lab.toml")
        hardware = hardware_from_config(table, MemoryReactorClock(), NoLock())
        table.finish()
        return hardware

    def test_a_laboratory_is_narrower_than_its_instrument(self) -> None:
        hardware = self.furnace("maximum = 1200", "ramp = 50", "step = 300")
        device: Any = hardware.device("furnace")
        self.assertEqual(device.converted("1200"), 1200)
        self.assertRaises(InvalidArgumentsError, device.converted, "1201")
        self.assertEqual(device.item.item.verbs["set"].ramp, 50)
        self.assertEqual(hardware.making_safe(), [])

    def test_and_never_wider(self) -> None:
        for keys, said in (
            (["maximum = 1700"], "maximum: 1700 is beyond the instrument's own, 1600"),
            (["minimum = -1"], "minimum: -1 is beyond the instrument's own, 0"),
            (["minimum = 50", "maximum = 40"], "maximum: 40 is below the minimum, 50"),
            (["maximum = 1200.06"], "maximum: 1200.06 is sent as 1200.1, which is beyond it"),
            (["safe = 1601"], "safe: 1601 must be at most 1600"),
            (["maximum = 500", "safe = 501"], "safe: 501 must be at most 500"),
            (['safe = "of"'], "did you mean off?"),
            (["safe = 0", 'safe_when = ["stopp"]'], "did you mean stop?"),
            (["silent = 5"], "silent: no such key is known"),
        ):
            with self.subTest(keys):
                error = str(self.assertRaises(ConfigError, self.furnace, *keys))
                self.assertRegex(error, r"^lab.toml:\d+: device\[0\]\.")
                self.assertIn(said, error)

    def test_what_can_make_nothing_safe_has_no_safe_state(self) -> None:
        pump = FURNACE.replace("eurotherm-bisynch", "agilent-4uhv")
        pump = pump.replace("pid.loop", "pid.pump(1)")
        for safe in ('safe = "stop"', "safe = 0"):
            table = Table.parse(pump + safe, "lab.toml")
            error = self.assertRaises(
                ConfigError, hardware_from_config, table, MemoryReactorClock(), NoLock()
            )
            self.assertIn("safe: a pump has no safe state: nothing that it does", str(error))

    def test_a_safe_state_is_for_the_stop_and_for_leases(self) -> None:
        hardware = self.furnace("safe = 20", 'safe_when = ["stop", "silent"]', "silent = 30")
        ((device, _),) = hardware.making_safe()
        self.assertIs(device, hardware.device("furnace"))
        self.assertTrue(IMakesSafe.providedBy(device))
        self.assertEqual(self.furnace("safe = 20", "safe_when = []").making_safe(), [])

    def test_mistakes_name_the_nearest(self) -> None:
        for old, new, said in (
            (
                "becker.valve(103)",
                "beker.valve(103)",
                "no instrument 'beker'; did you mean",
            ),
            ("becker.valve(103)", "becker.valv(103)", "no 'valv' for this; did you mean valve?"),
            ("becker.valve(103)", "becker.valve", "valve takes these parameters: channel"),
            (
                "becker.valve(103)",
                "becker.valve(99)",
                "a number from 101 to 320, got '99'",
            ),
            ("becker.valve(103)", "bone.gauge(3)", "bone has no 'gauge' for this"),
            ("becker.valve(103)", "becker", "such as becker.valve(103)"),
            ("bone.gauge(2)", "bone.gauge(1)", "is taken already, by device[0].gauges.IG"),
            ("agilent-34970a", "agilent-34970", "did you mean agilent-34970a?"),
            ("tcp://10.0.0.12:5025", "http://10.0.0.12", "an address that begins with one of"),
            ("tcp://10.0.0.12:5025", "tcp://10.0.0.12", "tcp://HOST:PORT"),
            ("tcp://10.0.0.12:5025", "tcp://10.0.0.13:4001", "is there, of another kind"),
        ):
            with self.subTest(new=new):
                text = self.mistake(old, new)
                self.assertIn(said, text)
                self.assertRegex(text, r"^lab.toml:\d+: ")

    def test_without_instruments_nothing_can_be_bound(self) -> None:
        text = '[[extraction_line.valve]]\nname = "A"\ninstrument = "becker.valve(103)"\n'
        error = self.assertRaises(ConfigError, self.hardware, text)
        self.assertIn("no instrument 'becker'", str(error))
