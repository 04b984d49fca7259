"""A simulated instrument on a port or a pseudo-terminal, for trying a description out."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import DatagramProtocol, Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from pychron_comms.instruments.faults import Faults
from pychron_comms.instruments.simulators import Simulator
from pychron_comms.instruments.wire_text import shown

#: Seconds of silence after which the beginning of a message is forgotten.
SILENCE = 0.5

Tell = Callable[[str], None]


class SimulatorProtocol(Protocol):
    """One client of a simulated instrument. ``tell`` hears every message, both ways."""

    transport: Any

    def __init__(self, instrument: Simulator, faults: Faults, clock: Any, tell: Tell) -> None:
        self._connection = instrument.connection()
        self._show = partial(shown, hexadecimal=instrument.description.wire.hexadecimal)
        self._faults = faults
        self._clock = clock
        self._tell = tell
        self._silence: IDelayedCall | None = None
        self._pieces: list[IDelayedCall] = []

    def dataReceived(self, data: bytes) -> None:
        self._tell(f"> {self._show(data)}")
        if self._silence is not None and self._silence.active():
            self._silence.cancel()
        for answer in self._connection.received(data):
            self._answer(answer)
        self._silence = self._clock.callLater(SILENCE, self._connection.silence)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        for call in (self._silence, *self._pieces):
            if call is not None and call.active():
                call.cancel()

    def _answer(self, answer: bytes) -> None:
        self._pieces = [call for call in self._pieces if call.active()]
        for piece in self._faults.spoiled(answer):
            if piece.after:
                later = self._clock.callLater(piece.after, self._write, piece.data)
                self._pieces.append(later)
            else:
                self._write(piece.data)

    def _write(self, data: bytes) -> None:
        self._tell(f"< {self._show(data)}")
        self.transport.write(data)


class SimulatorFactory(Factory):
    """Serves one instrument to all who connect."""

    noisy = False

    def __init__(self, instrument: Simulator, faults: Faults, clock: Any, tell: Tell) -> None:
        self._given = (instrument, faults, clock, tell)

    def buildProtocol(self, addr: object) -> SimulatorProtocol:
        return SimulatorProtocol(*self._given)


class SimulatorDatagrams(DatagramProtocol):
    """The same by UDP; each datagram is a whole message."""

    def __init__(self, instrument: Simulator, faults: Faults, clock: Any, tell: Tell) -> None:
        self._instrument = instrument
        self._faults = faults
        self._clock = clock
        self._show = partial(shown, hexadecimal=instrument.description.wire.hexadecimal)
        self._tell = tell

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self._tell(f"> {self._show(datagram)}")
        for answer in self._instrument.connection().received(datagram):
            for piece in self._faults.spoiled(answer):
                self._clock.callLater(piece.after, self._write, piece.data, addr)

    def _write(self, data: bytes, addr: Any) -> None:
        self._tell(f"< {self._show(data)}")
        if self.transport is not None:
            self.transport.write(data, addr)


def serve_on_terminal(protocol: SimulatorProtocol, reactor: Any) -> str:
    """Serve a pseudo-terminal; the path of the device that a driver opens."""
    import tty  # noqa: PLC0415  (Windows has none)

    ours, theirs = os.openpty()
    tty.setraw(theirs)
    os.set_blocking(ours, False)
    terminal = _Terminal(ours, protocol, reactor)
    protocol.makeConnection(terminal)
    reactor.addReader(terminal)
    return os.ttyname(theirs)


class _Terminal:
    """Our end of a pseudo-terminal, as reader and transport."""

    def __init__(self, number: int, protocol: SimulatorProtocol, reactor: Any) -> None:
        self._number = number
        self._protocol = protocol
        self._reactor = reactor

    def fileno(self) -> int:
        return self._number

    def logPrefix(self) -> str:
        return "simulated instrument"

    def doRead(self) -> None:
        try:
            data = os.read(self._number, 65536)
        except OSError:
            # Nobody has the other end open just now.
            return
        self._protocol.dataReceived(data)

    def write(self, data: bytes) -> None:
        # As on a real line: what nobody reads in time is lost.
        with suppress(OSError):
            os.write(self._number, data)

    def connectionLost(self, reason: Failure) -> None:
        os.close(self._number)
