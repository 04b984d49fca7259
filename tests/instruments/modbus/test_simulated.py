"""A Modbus description served backwards, and its way from a file."""

from __future__ import annotations

import sys
from unittest import mock

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError
from pychron_comms.instruments.checking import findings
from pychron_comms.instruments.modbus.frames import bare, rtu_frames, tcp_frames
from pychron_comms.instruments.modbus.simulated import SimulatedModbus
from pychron_comms.instruments.speaking import spoken
from tests.instruments.case import described as described_by_lines
from tests.instruments.modbus.case import UNIT, described

_IDENTITY = '[identify]\nmatch = ""\n%s\n'


class SimulatedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.units = SimulatedModbus(described())

    def answer(self, message: str, unit: int = 1) -> str:
        answer = self.units.answer(unit, bytes.fromhex(message))
        return "" if answer is None else answer.hex().upper()

    def test_a_coil_moves_its_switches(self) -> None:
        self.assertEqual(self.answer("0200000010"), "0202AAAA")
        self.assertEqual(self.answer("050002FF00"), "050002FF00")
        self.assertEqual(self.answer("0200000010"), "02029AAA")
        self.assertEqual(self.answer("0200040002"), "020101")
        self.assertEqual(self.answer("0200000010", unit=2), "0202AAAA")
        self.assertEqual(self.answer("0500020000"), "0500020000")
        self.assertEqual(self.answer("0200000010"), "0202AAAA")

    def test_registers(self) -> None:
        self.assertEqual(self.answer("100064000204E97942F6"), "1000640002")
        self.assertEqual(self.answer("0300640002"), "0304E97942F6")
        loop = self.units.description.items["loop"]
        self.units.put(loop, {"unit": 1}, "value", "open sensor")
        self.assertEqual(self.answer("0400070001"), "04028000")

    def test_refusals(self) -> None:
        for message, answer in (
            ("0200000011", "8202"),
            ("0200000000", "8202"),
            ("0100000001", "8102"),
            ("050008FF00", "8502"),
            ("0500021234", "8503"),
            ("1000640002044479C000", "9003"),
            ("06006400FF", "8603"),
            ("2B0E0100", "AB01"),
        ):
            with self.subTest(message):
                self.assertEqual(self.answer(message), answer)

    def test_it_says_what_it_is(self) -> None:
        """By its product, or by a register that always holds the same."""
        product = '\n[identify]\ndevice = "product"\nmatch = "P34"\nanswer = "P34"\n'
        self.units = SimulatedModbus(described(UNIT + product))
        self.assertEqual(self.answer("2B0E0101"), "2B0E0101000001" + "0103503334")
        self.assertEqual(self.answer("2B0E0100"), "AB01")
        register = '\n[identify]\nholding = 122\nmatch = "^3504$"\nanswer = 3504\n'
        self.units = SimulatedModbus(described(UNIT + register))
        self.assertEqual(self.answer("03007A0001"), "03020DB0")
        for identity in (product, register):
            self.assertEqual(list(findings(described(UNIT + identity))), [])

    def test_a_unit_that_is_not_there_says_nothing(self) -> None:
        text = UNIT.replace(
            "[block", "[parameter.unit]\nminimum = 1\nmaximum = 4\ndefault = 1\n[block"
        )
        units = SimulatedModbus(described(text))
        self.assertIsNone(units.answer(5, bytes.fromhex("0200000010")))

    def test_frames_in_pieces_two_at_once_and_after_noise(self) -> None:
        connection = SimulatedModbus(described(), tcp_frames()).connection()
        question = bytes.fromhex("000700000006010200000010")
        self.assertEqual(list(connection.received(question[:5])), [])
        (answer,) = connection.received(question[5:])
        self.assertEqual(answer.hex(), "0007000000050102" + "02aaaa")
        self.assertEqual(len(list(connection.received(question * 2))), 2)
        self.assertEqual(list(connection.received(b"GET / HTTP/1.1\r\n\r\n")), [])
        self.assertEqual(list(connection.received(question)), [answer])
        serial = SimulatedModbus(described(), rtu_frames(of_the_unit=True)).connection()
        (answer,) = serial.received(bytes.fromhex("01020000001079C6"))
        self.assertEqual(bare(answer).hex(), "010202aaaa")
        serial.silence()


class FileTests(SynchronousTestCase):
    def mistake(self, old: str, new: str) -> str:
        self.assertIn(old, UNIT)
        return str(self.assertRaises(ConfigError, described, UNIT.replace(old, new, 1)))

    def test_mistakes_are_told_with_line_and_key(self) -> None:
        for old, new, told in (
            ('coil = "{valve-1}"', 'coil = "{vlave-1}"', "not {vlave}"),
            ('coil = "{valve-1}"', 'coil = "valve-1"', "an address, such as 360"),
            ('coil = "{valve-1}"', 'discrete = "{valve-1}"', "one of coil, holding"),
            ("write = 1", "write = 2", "a coil is 0 or 1"),
            ("write = 1", "", "expected what it writes"),
            ('block = "switches"', 'block = "swithces"', "did you mean switches"),
            ('"11" = "fault"', '"1" = "fault"', "2 of the digits 0 and 1"),
            ('"-32768" =', '"broken" =', "a number, as it stands"),
            ('type = "i16"', 'type = "int16"', "did you mean"),
            ("input = 7", "input = [7, 8]", "one address, or several of bits"),
            ("input = 7", "input = 7\nholding = 8", "one of coil, discrete, holding, input"),
            ("scale = 0.1", "scale = 0", "a number that is not 0"),
            ("count = 16", "count = 2001", "2000"),
            ("count = 16", "count = 15", "valve 8: address 14 is outside what is read"),
            ("minimum = 1, maximum = 8", "minimum = 0, maximum = 8", "valve 0: no such address"),
            ("minimum = 1, maximum = 8", "maximum = 9", "valve 9: address 16 is outside"),
            ("late = 3.0", 'line = "<CR>"', "no such key is known"),
            ("[block.", _IDENTITY % "holding = 70000\nanswer = 1" + "[block.", "0 to 65535"),
            ("[block.", _IDENTITY % 'holding = 7\nanswer = "P"' + "[block.", "a number that fits"),
            ("[block.", _IDENTITY % 'device = "prodct"\nanswer = ""' + "[block.", "did you mean"),
            ("[block.", _IDENTITY % 'send = "X"\nanswer = "X"' + "[block.", "one of device, hold"),
        ):
            with self.subTest(new):
                said = self.mistake(old, new)
                self.assertIn(told, said)
                self.assertRegex(said, r"^unit\.toml:\d+: ")

    def test_a_link_says_how_it_is_framed(self) -> None:
        wire = described().wire
        with self.assertRaisesRegex(ValueError, "modbus\\+tcp or modbus\\+rtu"):
            spoken(wire, "tcp://127.0.0.1:502")
        with self.assertRaisesRegex(ValueError, "without Modbus"):
            spoken(described_by_lines().wire, "modbus+tcp://127.0.0.1")
        self.assertAlmostEqual(
            spoken(wire, "modbus+rtu:///dev/ttyUSB0?baud=9600").limits.idle, 0.004, places=3
        )

    def test_without_pymodbus_it_is_said(self) -> None:
        for frames in (tcp_frames, rtu_frames):
            with (
                mock.patch.dict(sys.modules, {"pymodbus.framer": None}),
                self.assertRaisesRegex(ValueError, "-m pip install pymodbus pyserial"),
            ):
                frames()
