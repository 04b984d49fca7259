"""Bytes as a description writes them: text, ``<STX>`` for a control character, ``<0x1B>`` for any.

``<`` itself is ``<0x3C>`` only where what follows would read as one of these names.
"""

from __future__ import annotations

import re

# Of the bytes 0 to 31, in their order.
# fmt: off
_NAMES = (
    "NUL", "SOH", "STX", "ETX", "EOT", "ENQ", "ACK", "BEL",
    "BS", "HT", "LF", "VT", "FF", "CR", "SO", "SI",
    "DLE", "DC1", "DC2", "DC3", "DC4", "NAK", "SYN", "ETB",
    "CAN", "EM", "SUB", "ESC", "FS", "GS", "RS", "US",
)
# fmt: on
_CODES = {name: bytes([code]) for code, name in enumerate(_NAMES)} | {"DEL": b"\x7f"}
_SHOWN = {code[0]: f"<{name}>" for name, code in _CODES.items()}
_SPECIAL = re.compile(r"<(?:0x([0-9A-Fa-f]{2})|([A-Z0-9]{2,3}))>")


def wire_bytes(text: str) -> bytes:
    """The bytes that a text of a description stands for. ValueError beyond Latin-1.

    >>> wire_bytes("PR1<CR><LF>")
    b'PR1\\r\\n'
    """
    parts: list[bytes] = []
    at = 0
    for found in _SPECIAL.finditer(text):
        code = bytes.fromhex(found[1]) if found[1] else _CODES.get(found[2])
        if code is not None:
            parts += (text[at : found.start()].encode("latin-1"), code)
            at = found.end()
    parts.append(text[at:].encode("latin-1"))
    return b"".join(parts)


def hex_bytes(text: str) -> bytes:
    """Bytes written as pairs of hexadecimal digits: ``5B 75``. ValueError for anything else."""
    return bytes.fromhex(text)


def bytes_of(text: str, *, hexadecimal: bool) -> bytes:
    """What an example or a recording shows. ValueError."""
    return (hex_bytes if hexadecimal else wire_bytes)(text)


def shown(data: bytes, *, hexadecimal: bool = False) -> str:
    """Bytes for a person to read, as a description would write them."""
    if hexadecimal:
        return data.hex(" ").upper()
    return "".join(
        _SHOWN.get(byte) or (chr(byte) if byte < 0x7F else f"<0x{byte:02X}>") for byte in data
    )
