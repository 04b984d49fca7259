"""Where instruments are: ``tcp://``, ``udp://``, ``serial://`` and so on, in one table.

VISA names of sockets and serial lines are taken too.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from getpass import getuser
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, execute
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
    ITransport,
)
from twisted.internet.protocol import DatagramProtocol
from twisted.python.failure import Failure
from twisted.python.runtime import platform
from zope.interface import implementer

from pychron_comms.instruments.visa import link_of
from pychron_comms.process.extras import install_command

#: A serial port of Windows, as it stands in a link.
_WINDOWS_PORT = re.compile(r"/(COM\d+)", re.IGNORECASE)

_PARITIES = ("N", "E", "O")

#: What a system says of a serial port that another program has.
_IN_USE = (errno.EAGAIN, errno.EBUSY)


class Address(NamedTuple):
    """A scheme, host and port or a path, and options."""

    scheme: str
    host: str
    port: int
    path: str
    options: Mapping[str, str]


def plain_link(text: str) -> str:
    """A link as it is, or what a VISA name stands for. ValueError, in words for its author."""
    return link_of(text, windows=platform.isWindows())


def parsed_address(text: str) -> Address:
    """What an address says. ValueError, in words for its author, for one that is none."""
    parts = urlsplit(plain_link(text))
    if parts.scheme not in _ENDPOINTS:
        raise ValueError(f"an address that begins with one of {', '.join(_ENDPOINTS)}")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(options.keys() - _OPTIONS.get(parts.scheme, frozenset()))
    if unknown:
        raise ValueError(f"an address without {unknown[0]!r}")
    if parts.scheme in _SERIAL and not parts.netloc:
        if not parts.path.strip("/"):
            raise ValueError(f"{parts.scheme}:///dev/ttyUSB0?baud=9600, with the device's path")
        windows = _WINDOWS_PORT.fullmatch(parts.path)
        return Address(parts.scheme, "", 0, windows[1].upper() if windows else parts.path, options)
    port = parts.port or _PORTS.get(parts.scheme)
    if not parts.hostname or port is None or parts.path.strip("/"):
        raise ValueError(f"{parts.scheme}://HOST:PORT")
    return Address(parts.scheme, parts.hostname, port, "", options)


def place_of(address: Address) -> str:
    """Where it is, whatever is said beside: the same for all links that lead there, by another name
    of the device too."""
    if address.path.startswith("/"):
        return os.path.realpath(address.path)
    return address.path or f"{address.host}:{address.port}"


def endpoint_for(address: Address, reactor: Any) -> IStreamClientEndpoint:
    """ValueError for options that cannot be, and where an extra is missing."""
    return _ENDPOINTS[address.scheme](address, reactor)


class Kept:
    """Marks a transport that ends only with its device: what is under way on it passes by."""


def _over_tcp(address: Address, reactor: Any) -> IStreamClientEndpoint:
    return HostnameEndpoint(reactor, address.host, address.port, timeout=5)


@implementer(IAddress)
class _Line(NamedTuple):
    """A serial line."""

    path: str


@implementer(IStreamClientEndpoint)
class _UdpEndpoint:
    """Datagrams from one address, as if they were a connection."""

    def __init__(self, address: Address, reactor: Any) -> None:
        self._address = address
        self._reactor = reactor

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        return execute(self._connected, factory)

    def _connected(self, factory: IProtocolFactory) -> IProtocol:
        protocol = factory.buildProtocol(IPv4Address("UDP", self._address.host, self._address.port))
        assert protocol is not None
        datagrams = _Datagrams(protocol, self._address)
        self._reactor.listenUDP(0, datagrams)
        return protocol


@implementer(ITransport)
class _Datagrams(DatagramProtocol):
    """A transport for a protocol that knows streams."""

    transport: Any

    def __init__(self, protocol: IProtocol, address: Address) -> None:
        self._protocol = protocol
        self._address = address

    def startProtocol(self) -> None:
        self.transport.connect(self._address.host, self._address.port)
        self._protocol.makeConnection(self)

    def datagramReceived(self, datagram: bytes, addr: object) -> None:
        self._protocol.dataReceived(datagram)

    def connectionRefused(self) -> None:
        self.loseConnection()

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))

    def getPeer(self) -> IAddress:
        return IPv4Address("UDP", self._address.host, self._address.port)

    def getHost(self) -> IAddress:
        host: IAddress = self.transport.getHost()
        return host

    def loseConnection(self) -> None:
        if self.transport is not None:
            self.transport.stopListening()
            self.transport = None
            self._protocol.connectionLost(Failure(ConnectionDone()))


@implementer(IStreamClientEndpoint)
class _SerialEndpoint:
    """A serial line, by Twisted's ``SerialPort``, for one program at a time: two would take each
    other's answers. Needs the extra ``serial``."""

    def __init__(self, address: Address, reactor: Any) -> None:
        options = address.options
        self._path = address.path
        self._reactor = reactor
        try:
            self._settings = {
                "baudrate": int(options.get("baud", "9600")),
                "bytesize": int(options.get("bits", "8")),
                "parity": options.get("parity", "N").upper(),
                "stopbits": int(options.get("stop", "1")),
            }
        except ValueError:
            raise ValueError("baud, bits and stop are whole numbers") from None
        if self._settings["parity"] not in _PARITIES:
            raise ValueError(f"parity is one of {', '.join(_PARITIES)}")

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        return execute(self._connected, factory)

    def _connected(self, factory: IProtocolFactory) -> IProtocol:
        protocol = factory.buildProtocol(_Line(self._path))
        assert protocol is not None
        try:
            _serial_port()(protocol, self._path, self._reactor, **self._settings)
        except OSError as error:
            if error.errno in _IN_USE:
                raise OSError(f"another program uses {self._path}") from None
            # pyserial says it twice, with the number of the error.
            said = os.strerror(error.errno) if error.errno else str(error)
            raise OSError(f"{self._path}: {said}{_whose(self._path, error)}") from None
        return protocol


def _whose(path: str, error: OSError) -> str:
    """What mends it where this account may not open it."""
    if error.errno not in (errno.EACCES, errno.EPERM):
        return ""
    try:
        join = f"sudo usermod -aG {Path(path).group()} {getuser()}"
    except (OSError, KeyError, NotImplementedError):
        return ""
    return f"; its group may: {join}, then log in again"


def _serial_or_tcp(address: Address, reactor: Any) -> IStreamClientEndpoint:
    """RTU stands on a serial line, or comes through a port of a converter."""
    return (_over_tcp if address.host else _SerialEndpoint)(address, reactor)


def _serial_port() -> Any:
    try:
        from twisted.internet.serialport import SerialPort  # noqa: PLC0415
    except ImportError:
        raise ValueError(f"serial lines need pyserial: {install_command('pyserial')}") from None

    class _KeptSerialPort(SerialPort, Kept):
        _serialFactory = staticmethod(partial(SerialPort._serialFactory, exclusive=True))

    return _KeptSerialPort


_ENDPOINTS: Mapping[str, Callable[[Address, Any], IStreamClientEndpoint]] = {
    "tcp": _over_tcp,
    "telnet": _over_tcp,
    "udp": _UdpEndpoint,
    "serial": _SerialEndpoint,
    "modbus+tcp": _over_tcp,
    "modbus+rtu": _serial_or_tcp,
}
_SERIAL = ("serial", "modbus+rtu")
_OPTIONS: Mapping[str, frozenset[str]] = dict.fromkeys(
    _SERIAL, frozenset({"baud", "bits", "parity", "stop"})
)
#: Those that need not be told.
_PORTS: Mapping[str, int] = {"modbus+tcp": 502}
