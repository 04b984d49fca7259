"""Names of VISA resources, as other programs of a laboratory write them, for links."""

from __future__ import annotations

import re

_NAME = re.compile(r"(TCPIP|ASRL|GPIB|USB|PXI|VXI)[^:]*::", re.IGNORECASE)
_SOCKET = re.compile(r"TCPIP\d*::([^:]+)::(\d+)::SOCKET", re.IGNORECASE)
_SERIAL = re.compile(r"ASRL(/[^:?]+|COM\d+|\d+)::INSTR(\?.*)?", re.IGNORECASE)

_TAKEN = "TCPIP::HOST::PORT::SOCKET or ASRL/dev/ttyUSB0::INSTR (ASRL3::INSTR is COM3 on Windows)"
#: What a resource of another kind would need.
_REASONS = {
    "TCPIP": "VXI-11 and HiSLIP are not spoken here; many instruments have a raw socket too",
    "GPIB": "GPIB needs its maker's driver, which blocks; a GPIB-to-LAN adapter has a socket",
    "USB": "USBTMC is not spoken here; many instruments have a LAN socket or a serial port too",
}


def link_of(text: str, *, windows: bool) -> str:
    """The link that a VISA name stands for; any other text as it is.

    ``ASRLn`` is COMn on Windows, ``/dev/ttyS`` n-1 elsewhere. The options of a serial link may
    follow it: ``ASRL/dev/ttyUSB0::INSTR?baud=19200``. ValueError, in words for its author, for a
    resource that no link reaches.
    """
    kind = _NAME.match(text)
    if kind is None:
        return text
    if found := _SOCKET.fullmatch(text):
        return f"tcp://{found[1]}:{found[2]}"
    if found := _SERIAL.fullmatch(text):
        return f"serial://{_device(found[1], windows=windows)}{found[2] or ''}"
    reason = _REASONS.get(kind[1].upper())
    raise ValueError(f"of VISA names {_TAKEN}" + (f"; {reason}" if reason else ""))


def _device(name: str, *, windows: bool) -> str:
    if name.startswith("/"):
        return name
    if not name.isdecimal():
        return f"/{name.upper()}"
    return f"/COM{name}" if windows else f"/dev/ttyS{max(0, int(name) - 1)}"
