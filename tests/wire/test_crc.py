"""The checksum, against the values that Pychron's own function gives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire.crc import _TABLE, _table_entry, compute_crc
from tests.properties import holds

VECTORS = {
    b"": "ffff",
    b"123456789": "374b",
    b"OK": "75b7",
    b"True": "56b4",
    b"False": "9735",
    b"A1,B0": "e78e",
    b"A0,B0,C0": "35ba",
    b"A0,B0,C1": "f47a",
    b"A0,B1,C0": "3446",
    b"A0,B1,C0,D1": "40b3",
    b"A,B,C|0": "ec37",
    b"A,B,C|1": "2df7",
    b"A,C,D:10.0.0.7-B": "b5eb",
    b"PychronReady": "1065",
}


class ChecksumTests(SynchronousTestCase):
    def test_each_byte_is_divided_bit_by_bit(self) -> None:
        self.assertEqual(_TABLE, tuple(map(_table_entry, range(256))))

    def test_gives_the_digits_that_pychron_gives(self) -> None:
        for data, digits in VECTORS.items():
            self.assertEqual(compute_crc(data), digits, msg=repr(data))

    @holds
    @given(st.binary())
    def test_is_always_four_lower_case_hex_digits(self, data: bytes) -> None:
        self.assertRegex(compute_crc(data), r"\A[0-9a-f]{4}\Z")

    @holds
    @given(st.binary(min_size=1), st.integers(min_value=0), st.integers(1, 255))
    def test_changes_with_any_one_byte(self, data: bytes, position: int, change: int) -> None:
        position %= len(data)
        other = bytearray(data)
        other[position] ^= change
        self.assertNotEqual(compute_crc(data), compute_crc(bytes(other)))

    @holds
    @given(st.binary())
    def test_of_data_with_its_own_checksum_behind_it_is_nothing(self, data: bytes) -> None:
        self.assertEqual(compute_crc(data + bytes.fromhex(compute_crc(data))), "0000")
