"""Checksums by name; each makes a whole number of some bytes.

The names are StreamDevice's where it has one (its ``formats.html``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import xor


def _sum(data: bytes) -> int:
    return sum(data) & 0xFF


def _notsum(data: bytes) -> int:
    return ~sum(data) & 0xFF


def _negsum(data: bytes) -> int:
    return -sum(data) & 0xFF


def _xor(data: bytes) -> int:
    return reduce(xor, data, 0)


def _xor7(data: bytes) -> int:
    return _xor(data) & 0x7F


def _sum64(data: bytes) -> int:
    """As a printable character: Thyracont's Smartline V1."""
    return sum(data) % 64 + 64


def _modbus(data: bytes) -> int:
    """CRC-16 of Modbus RTU: reflected 0x8005, begun with ones; sent low byte first."""
    return _crc16_reflected(data, 0xFFFF, 0xA001)


def _ccitt(data: bytes) -> int:
    """CRC-16 CCITT, 0x1021, begun with ones; sent high byte first."""
    value = 0xFFFF
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ 0x1021 if value & 0x8000 else value << 1) & 0xFFFF
    return value


def _crc16_reflected(data: bytes, value: int, polynomial: int) -> int:
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ polynomial if value & 1 else value >> 1
    return value


CHECKSUMS: Mapping[str, Callable[[bytes], int]] = {
    "sum": _sum,
    "notsum": _notsum,
    "negsum": _negsum,
    "xor": _xor,
    "xor7": _xor7,
    "sum64": _sum64,
    "modbus": _modbus,
    "ccitt": _ccitt,
}
