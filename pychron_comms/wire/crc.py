"""The checksum that Pychron puts behind state words and frames: CRC-16/MODBUS, as text."""

from __future__ import annotations

_POLYNOMIAL = 0xA001  # 0x8005 reflected


def _table_entry(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ _POLYNOMIAL if value & 1 else value >> 1
    return value


_TABLE = tuple(_table_entry(value) for value in range(256))


def compute_crc(data: bytes) -> str:
    """Four lower-case hex digits, the low byte first: ``b"123456789"`` gives ``374b``."""
    crc = 0xFFFF
    for byte in data:
        crc = (crc >> 8) ^ _TABLE[(crc ^ byte) & 0xFF]
    return f"{crc & 0xFF:02x}{crc >> 8:02x}"
