"""How Modbus messages stand on a wire: by pymodbus' framers, on TCP and RTU; and bare.

The framers are functions of bytes, and so fit under any reactor. Needs the extra ``modbus``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple, Protocol

from pychron_comms.instruments.checksums import CHECKSUMS
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.process.extras import install_command

_MISSING = f"Modbus needs pymodbus: {install_command('pymodbus', 'pyserial')}"

_TRANSACTIONS = 0x10000
_TCP_HEAD = 8


class Frame(NamedTuple):
    """One message on the wire: whose it is, and which question it belongs to."""

    unit: int
    transaction: int
    message: bytes


class Framer(Protocol):
    """As pymodbus' framers are."""

    def encode(self, payload: bytes, device_id: int, tid: int, /) -> bytes:
        """A frame."""

    def decode(self, data: bytes, /) -> tuple[int, int, int, bytes]:
        """Bytes used, 0 to wait for more; unit, transaction, message: empty for garbage."""


class Frames:
    """The frames of one bus. ``numbered``: an answer says which question it is for."""

    def __init__(self, framer: Framer, *, numbered: bool) -> None:
        self.numbered = numbered
        self._framer = framer
        self._transactions = count(1)

    def question(self, unit: int, message: bytes) -> tuple[bytes, Answer]:
        """The bytes to send, and how the answer to just these is found."""
        transaction = next(self._transactions) % _TRANSACTIONS if self.numbered else 0
        data = self.framed(Frame(unit, transaction, message))
        return data, Answer(self._cut, unit, transaction, self.numbered)

    def framed(self, frame: Frame) -> bytes:
        """A message as it is sent."""
        return self._framer.encode(frame.message, frame.unit, frame.transaction)

    def frames(self, data: bytes) -> Iterator[tuple[Frame, bytes]]:
        """Each whole frame, and what follows it. GarbledError for what is none."""
        while (cut := self._cut(data)) is not None:
            frame, data = cut
            yield frame, data

    def _cut(self, data: bytes) -> tuple[Frame, bytes] | None:
        if self.numbered and len(data) >= _TCP_HEAD and data[2:4] != b"\0\0":
            raise GarbledError("expected a frame of Modbus TCP")
        used, unit, transaction, message = self._framer.decode(data)
        if used and not message:
            raise GarbledError("wrong checksum, or no message")
        return (Frame(unit, transaction, message), data[used:]) if used else None


@dataclass(frozen=True)
class Answer:
    """Where the answer to one question ends, and that it is no other's."""

    find: Callable[[bytes], tuple[Frame, bytes] | None]
    unit: int
    transaction: int
    numbered: bool

    def cut(self, data: bytes) -> tuple[bytes | None, bytes] | None:
        """The message and what follows; None for the message of an answer to another question.

        GarbledError for an answer of another unit, and for what is no frame.
        """
        cut = self.find(data)
        if cut is None:
            return None
        frame, rest = cut
        if frame.transaction != self.transaction:
            return None, rest
        if frame.unit != self.unit:
            raise GarbledError(f"an answer of unit {frame.unit}, not {self.unit}")
        return frame.message, rest


class _BareFramer:
    """Unit and message, as an example shows them: what TCP and RTU have in common."""

    def encode(self, payload: bytes, device_id: int, tid: int) -> bytes:
        return bytes([device_id]) + payload

    def decode(self, data: bytes) -> tuple[int, int, int, bytes]:
        return len(data), data[0] if data else 0, 0, data[1:]


def bare_frames() -> Frames:
    """Of a description that is on no wire."""
    return Frames(_BareFramer(), numbered=False)


def tcp_frames() -> Frames:
    """ValueError, in words for a person, where the extra is missing."""
    try:
        from pymodbus.framer import FramerSocket  # noqa: PLC0415
        from pymodbus.pdu import DecodePDU  # noqa: PLC0415
    except ImportError:
        raise ValueError(_MISSING) from None
    return Frames(FramerSocket(DecodePDU(False)), numbered=True)


def rtu_frames(*, of_the_unit: bool = False) -> Frames:
    """As ``tcp_frames``. ``of_the_unit``: those that a unit hears, and not those that it says."""
    try:
        from pymodbus.framer import FramerRTU  # noqa: PLC0415
        from pymodbus.pdu import DecodePDU  # noqa: PLC0415
    except ImportError:
        raise ValueError(_MISSING) from None
    return Frames(FramerRTU(DecodePDU(of_the_unit)), numbered=False)


def bare(data: bytes) -> bytes:
    """Unit and message of a recorded frame of TCP or RTU. ValueError for what is neither."""
    if data[2:4] == b"\0\0" and int.from_bytes(data[4:6], "big") == len(data) - 6 > 1:
        return data[6:]
    if len(data) > 3 and CHECKSUMS["modbus"](data[:-2]) == int.from_bytes(data[-2:], "little"):
        return data[:-2]
    raise ValueError(f"no frame of Modbus: {data.hex(' ').upper()}")
