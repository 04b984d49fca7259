"""Wire patterns: bytes of values, and values of those bytes again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.checksums import CHECKSUMS
from pychron_comms.instruments.pattern import GarbledError, Pattern
from pychron_comms.instruments.wire_text import shown, wire_bytes


class WireTextTests(SynchronousTestCase):
    def test_control_characters_have_names_and_others_numbers(self) -> None:
        self.assertEqual(wire_bytes("<STX>PR1<CR><LF><0xFE>"), b"\x02PR1\r\n\xfe")

    def test_what_is_no_name_stands_for_itself(self) -> None:
        self.assertEqual(wire_bytes("LO<E-11 <XYZ>"), b"LO<E-11 <XYZ>")

    def test_bytes_are_shown_as_they_are_written(self) -> None:
        self.assertEqual(shown(b"\x02PR1\r\n\xfe"), "<STX>PR1<CR><LF><0xFE>")

    def test_what_is_no_single_byte_is_refused(self) -> None:
        self.assertRaises(ValueError, wire_bytes, "5 \u03a9")

    @given(st.binary(max_size=40))
    def test_what_is_shown_can_be_written_again(self, data: bytes) -> None:
        # A "<" that was sent as such may read as the beginning of a name.
        if b"<" not in data:
            self.assertEqual(wire_bytes(shown(data)), data)


class PatternTests(SynchronousTestCase):
    def test_a_mantissa_and_a_power_of_ten(self) -> None:
        pattern = Pattern("M{value:m4e2}")
        for text, value in ((b"M100023", 1000.0), (b"M123414", 1.234e-6), (b"M000020", 0.0)):
            self.assertEqual(pattern.build({"value": value}), text)
            self.assertEqual(pattern.match(text), {"value": value})
        for beyond in (-1.0, 1e90, 1e-30):
            self.assertRaises(ValueError, pattern.build, {"value": beyond})
        self.assertRaises(GarbledError, pattern.match, b"M10002")

    def there_and_back(self, pattern: Pattern, **values: float | str) -> bytes:
        data = pattern.build(values)
        self.assertEqual(pattern.match(data), values)
        return data

    def test_numbers_and_words(self) -> None:
        pattern = Pattern("SETP {loop:d},{value:.3f}")
        self.assertEqual(self.there_and_back(pattern, loop=1, value=295.5), b"SETP 1,295.500")

    def test_a_scaled_and_a_shifted_one(self) -> None:
        self.assertEqual(self.there_and_back(Pattern("{value*2:u8}"), value=12.5), b"\x19")
        self.assertEqual(self.there_and_back(Pattern("C{channel-1}"), channel=3), b"C2")

    def test_hexadecimal_ones(self) -> None:
        pattern = Pattern("5B 7F {value:u8}", hexadecimal=True)
        self.assertEqual(self.there_and_back(pattern, value=0x5B), b"\x5b\x7f\x5b")

    def test_the_checksum_is_over_what_stands_between(self) -> None:
        pattern = Pattern("<EOT>0011<STX>{start}PV{value:g}<ETX>{check}", CHECKSUMS["xor"])
        data = self.there_and_back(pattern, value=16.4)
        self.assertEqual(data[-1], 0x50 ^ 0x56 ^ 0x31 ^ 0x36 ^ 0x2E ^ 0x34 ^ 0x03)

    def test_a_wrong_checksum_is_garbled(self) -> None:
        pattern = Pattern("{value:d}{check:02X}", CHECKSUMS["sum"])
        data = pattern.build({"value": 12})
        self.assertEqual(data, b"1263")
        self.assertRaises(GarbledError, pattern.match, b"1264")

    def test_a_word_stands_in_place_of_a_number(self) -> None:
        pattern = Pattern("{value:.2E}", words=["OFF", "LO<E-11"])
        self.assertEqual(pattern.match(b"LO<E-11"), {"value": "LO<E-11"})
        self.assertEqual(pattern.match(b"9.34E-08"), {"value": 9.34e-8})
        self.assertRaises(GarbledError, pattern.match, b"ATM")

    def test_the_whole_of_it_must_match(self) -> None:
        pattern = Pattern("{value:d}")
        for wrong in (b"", b"1 2", b"12V", b"x", b"1\n"):
            self.assertRaises(GarbledError, pattern.match, wrong)

    def test_no_number_that_is_none(self) -> None:
        pattern = Pattern("{value:g}")
        for wrong in (b"nan", b"inf", b"1_0", b"0x10", b"1e", b"--1"):
            self.assertRaises(GarbledError, pattern.match, wrong)
        self.assertRaises(GarbledError, pattern.match, b"1e999")

    def test_there_is_one_nought(self) -> None:
        for value in (-0.0, -0.04):
            self.assertEqual(Pattern("SP {value:.1f}").build({"value": value}), b"SP 0.0")
        self.assertEqual(str(Pattern("{value:g}").match(b"-0.0")["value"]), "0.0")

    def test_a_long_text_that_is_none(self) -> None:
        """An expression that tried all ways to take it apart would not end today."""
        for text in (b"1", b" ", b"1 "):
            self.assertRaises(GarbledError, Pattern("{value:g}").match, text * 300_000 + b"x")

    def test_a_number_beyond_all_numbers(self) -> None:
        for pattern in ("{value:d}", "{value/10:d}", "{value:X}"):
            self.assertRaises(GarbledError, Pattern(pattern).match, b"9" * 400)
        self.assertRaises(GarbledError, Pattern("{value/10:g}").match, b"1e308")

    def test_a_word_that_is_a_number_is_so_with_any_digits(self) -> None:
        pattern = Pattern("{value:.2E}", words=["9.90E+09", "0"])
        self.assertEqual(pattern.match(b"9.9E9"), {"value": "9.90E+09"})
        self.assertEqual(pattern.match(b"0.00"), {"value": "0"})

    def test_what_is_no_text_is_no_part_of_a_word(self) -> None:
        for text in (b"\x1cOPEN", b"OPEN\x85", b"\xa0OPEN", b"OPEN\0"):
            self.assertRaises(GarbledError, Pattern("{value:w}", words=["OPEN"]).match, text)
        self.assertRaises(GarbledError, Pattern("{value}", words=["OPEN"]).match, b"\x1cOPEN")

    def test_a_binary_number_that_is_none(self) -> None:
        pattern = Pattern("{value:f32be}")
        self.assertRaises(GarbledError, pattern.match, b"\x7f\xc0\x00\x00")

    def test_the_same_field_twice_must_be_the_same(self) -> None:
        pattern = Pattern("{unit:d}{unit:d}")
        self.assertEqual(pattern.match(b"11"), {"unit": 1})
        self.assertRaises(GarbledError, pattern.match, b"12")

    def test_what_is_passed_over_is_not_told(self) -> None:
        pattern = Pattern("{_:w} {value:d} {_:d}")
        self.assertEqual(pattern.match(b"abc 7 99"), {"value": 7})
        self.assertEqual(Pattern("{value:d}{_:u8}{_}").build({"value": 7}), b"7\x00")

    def test_a_value_that_does_not_fit_is_refused(self) -> None:
        for text, value in (
            ("{value:u8}", 256),
            ("{value:u8}", -1),
            ("{value:d}", 1.5),
            ("{value:03d}", 1000),
            ("{value:g}", float("nan")),
            ("{value}", "a\rb"),
        ):
            with self.subTest(text=text, value=value), self.assertRaises(ValueError):
                Pattern(text).build({"value": value})
        self.assertRaises(ValueError, Pattern("{value}").build, {})

    def test_a_text_that_is_no_pattern(self) -> None:
        for text in ("{value:q}", "{Value}", "{value:u8be}", "{value:f16le}", "{check}", "{}"):
            with self.subTest(text=text), self.assertRaises(ValueError):
                Pattern(text)

    @given(st.integers(-9999, 9999), st.floats(0, 1000).map(lambda value: round(value, 2)))
    def test_what_is_written_comes_back(self, number: int, value: float) -> None:
        for text in (
            "@{number:d};{value:.2f}",
            "{number:i16le}{value:.2f}",
            "{value:10.2f}{number:+d}",
        ):
            self.there_and_back(Pattern(text), number=number, value=value)

    @given(st.binary(max_size=30))
    def test_no_bytes_make_another_error(self, data: bytes) -> None:
        for text in (
            "{value:g}",
            "{a:u16le}{check}",
            "<STX>{value:d}<ETX>{check:02X}",
            "{value:w}",
        ):
            try:
                Pattern(text, CHECKSUMS["sum"]).match(data)
            except GarbledError:
                continue


class ChecksumTests(SynchronousTestCase):
    def test_those_of_the_manuals(self) -> None:
        for name, data, expected in (
            ("sum", b"0010030902=?", 107),  # Pfeiffer HiPace
            ("notsum", b"\x7f\x19", 0x67),  # Synrad UC-2000
            ("negsum", b"\x01\x02", 0xFD),
            ("xor", b"PV16.4\x03", 0x18),
            ("xor7", b"\xff\x00", 0x7F),
            ("sum64", b"001M", (0x30 + 0x30 + 0x31 + 0x4D) % 64 + 64),
            ("modbus", b"123456789", 0x4B37),
            ("ccitt", b"123456789", 0x29B1),
        ):
            with self.subTest(name=name):
                self.assertEqual(CHECKSUMS[name](data), expected)
