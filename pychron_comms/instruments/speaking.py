"""A wire as it is spoken at one address: Modbus has other frames on TCP than on a serial line."""

from __future__ import annotations

from dataclasses import replace

from pychron_comms.instruments.description import Wire
from pychron_comms.instruments.endpoints import Address, parsed_address
from pychron_comms.instruments.modbus.frames import rtu_frames, tcp_frames

MODBUS = "modbus+"
MODBUS_TCP = "modbus+tcp"
MODBUS_RTU = "modbus+rtu"

_NEEDS_MODBUS = f"an address that begins with {MODBUS_TCP} or {MODBUS_RTU}, as it is described for"
_NO_MODBUS = "an address without Modbus, for which it is not described"

#: Characters of silence that part two frames of RTU, the bits of one, and the least in seconds.
_SILENCE = 3.5
_BITS = 11
_LEAST_SILENCE = 0.00175


def spoken(wire: Wire, link: str) -> Wire:
    """ValueError, in words for its author, for a link over which it is not spoken, and where an
    extra is missing."""
    address = parsed_address(link)
    if (wire.frames is not None) != address.scheme.startswith(MODBUS):
        raise ValueError(_NEEDS_MODBUS if wire.frames is not None else _NO_MODBUS)
    if address.scheme == MODBUS_TCP:
        return replace(wire, frames=tcp_frames())
    if address.scheme == MODBUS_RTU:
        idle = max(wire.limits.idle, _silence(address))
        return replace(wire, frames=rtu_frames(), limits=replace(wire.limits, idle=idle))
    return wire


def _silence(address: Address) -> float:
    baud = address.options.get("baud", "9600")
    speed = int(baud) if baud.isdecimal() else 0
    return max(_LEAST_SILENCE, _SILENCE * _BITS / speed) if speed else 0.0
