"""Twisted's connections to one server: streams and datagrams behind one face."""

from __future__ import annotations

import os
from typing import Any, Protocol

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import connectProtocol
from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IHandshakeListener, IReactorTime
from twisted.internet.protocol import DatagramProtocol, connectionDone
from twisted.internet.protocol import Protocol as StreamProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.client.link.endpoint import Address
from pychron_comms.transport.endpoints import client_endpoint
from pychron_comms.transport.socket_tuning import make_prompt, write_now
from pychron_comms.transport.tls.refusals import IdentityRefusedError, refused_identity

#: Seconds that a server may take to end its side of a connection that we have closed.
CLOSE_TIME = 1.0

_DATAGRAM = 65536
_REFUSED = "nobody takes datagrams there"


class Owner(Protocol):
    """What a wire tells of what happens on it."""

    def received(self, data: bytes) -> None:
        """Bytes of a stream, or one datagram."""

    def lost(self, error: Exception | None) -> None:
        """The wire has ended; with None, because the server has closed it.

        With IdentityRefusedError, the server has read nothing of it.
        """


class Wire(Protocol):
    """A connection, until ``gone`` fires."""

    datagrams: bool
    gone: Deferred[None]

    def write(self, data: bytes) -> None:
        """Raises OSError for a datagram that is too long."""

    def write_now(self, data: bytes) -> None:
        """The same, for what is all there is to write: without waiting for the reactor."""

    def close(self) -> None:
        """End it when all is written."""

    def abort(self) -> None:
        """End it now."""


@implementer(IHandshakeListener)
class StreamWire(StreamProtocol):
    """A TCP, TLS or unix connection; ``ready`` when commands may be written."""

    datagrams = False
    transport: Any

    def __init__(self, owner: Owner, secure: bool, clock: IReactorTime) -> None:
        self._owner = owner
        self._secure = secure
        self._clock = clock
        self._closing: IDelayedCall | None = None
        self.ready: Deferred[None] = Deferred()
        self.gone: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        make_prompt(self.transport)
        if not self._secure:
            self.ready.callback(None)

    def handshakeCompleted(self) -> None:
        self.ready.callback(None)

    def dataReceived(self, data: bytes) -> None:
        self._owner.received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._closing is not None and self._closing.active():
            self._closing.cancel()
        self.gone.callback(None)
        refused = IdentityRefusedError() if refused_identity(reason.value) else None
        if not self.ready.called:
            self.ready.errback(refused or reason)
        elif refused or reason.check(ConnectionDone):
            self._owner.lost(refused)
        else:
            self._owner.lost(ConnectionError(reason.getErrorMessage()))

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def write_now(self, data: bytes) -> None:
        write_now(self.transport, data)

    def close(self) -> None:
        if self._closing is None and not self.gone.called:
            # TLS, and what the server does not read, may take for ever.
            self._closing = self._clock.callLater(CLOSE_TIME, self.abort)
            self.transport.loseConnection()

    def abort(self) -> None:
        self.transport.abortConnection()


class DatagramWire(DatagramProtocol):
    """A UDP port of our own, joined to the server's."""

    noisy = False
    datagrams = True
    transport: Any

    def __init__(self, owner: Owner, host: str, port: int) -> None:
        self._owner = owner
        self._peer = host, port
        self._closes = False
        self.gone: Deferred[None] = Deferred()

    def startProtocol(self) -> None:
        self.transport.connect(*self._peer)

    def datagramReceived(self, datagram: bytes, addr: Any) -> None:
        self._owner.received(datagram)

    def connectionRefused(self) -> None:
        self.close()
        self._owner.lost(ConnectionRefusedError(_REFUSED))

    def stopProtocol(self) -> None:
        self.gone.callback(None)
        if not self._closes:
            # Some reactors tell of a refused datagram only by ending the port.
            self._closes = True
            self._owner.lost(ConnectionRefusedError(_REFUSED))

    def write(self, data: bytes) -> None:
        if len(data) >= _DATAGRAM:
            raise OSError("too long for a datagram")
        self.transport.write(data)

    write_now = write

    def close(self) -> None:
        if not self._closes:
            self._closes = True
            self.transport.stopListening()

    def abort(self) -> None:
        self.close()


def _of_the_system(error: ConnectError) -> Exception:
    """The same as the system's own error, where that has a number: as a socket would tell it."""
    number = error.osError
    return OSError(number, os.strerror(number)) if isinstance(number, int) else error


class Dialer:
    """Connects to one server, and knows what is connected."""

    def __init__(self, address: Address, reactor: Any) -> None:
        self._address = address
        self._reactor = reactor
        self._wires: set[Wire] = set()
        self._endpoint: Any = None
        if address.kind != "udp":
            self._endpoint = client_endpoint(address.text, reactor)

    async def dial(self, owner: Owner) -> Wire:
        """A wire of the owner's. Raises what the system has against it."""
        dial = self._dial_datagrams if self._endpoint is None else self._dial_stream
        wire = await dial(owner)
        self._wires.add(wire)
        wire.gone.addCallback(lambda _: self._wires.discard(wire))
        return wire

    def close(self) -> Deferred[None]:
        """Close every wire; fires when they are gone."""
        wires = list(self._wires)
        for wire in wires:
            wire.close()
        return DeferredList([wire.gone for wire in wires]).addCallback(lambda _: None)

    async def _dial_stream(self, owner: Owner) -> Wire:
        wire = StreamWire(owner, self._address.kind == "tls", self._reactor)
        try:
            await connectProtocol(self._endpoint, wire)
        except ConnectError as error:
            raise _of_the_system(error) from error
        try:
            await wire.ready
        except BaseException:
            wire.abort()
            raise
        return wire

    async def _dial_datagrams(self, owner: Owner) -> Wire:
        host = self._address.host
        if ":" not in host:
            host = await self._reactor.resolve(host)
        wire = DatagramWire(owner, host, self._address.port)
        interface = "::" if ":" in host else ""
        self._reactor.listenUDP(0, wire, interface, _DATAGRAM)
        return wire
