"""A bus with its connection, which comes again by itself; the log says once that it has ended."""

from __future__ import annotations

import os
from typing import Any

from twisted.application.internet import backoffPolicy
from twisted.application.service import Service
from twisted.conch.telnet import TelnetTransport
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.endpoints import Kept, endpoint_for, parsed_address
from pychron_comms.transport.outage import Outage
from pychron_comms.transport.reconnecting import ReconnectingClient

#: Seconds before one that was ended here is made anew: what makes safe waits for it.
RENEWAL = 0.1
#: Seconds: the first wait before another is tried again, and the longest.
FIRST_RETRY = 1.0
LONGEST_RETRY = 30.0
#: The longest for a port of this computer, which is quickly looked for.
LONGEST_LOCAL_RETRY = 5.0
_FACTOR = 2.0


class _BusFactory(Factory):
    noisy = False


class BusService(Service):
    """Keeps a bus connected."""

    def __init__(self, bus: Bus, address: str, reactor: Any) -> None:
        where = parsed_address(address)
        self._outage = Outage(f"instrument at {address}", reactor)
        self._bus = bus
        self._resetting = False
        self._is_telnet = where.scheme == "telnet"
        longest = LONGEST_LOCAL_RETRY if where.path else LONGEST_RETRY
        self._growing = backoffPolicy(FIRST_RETRY, longest, _FACTOR, lambda: 0.0)
        self._client = ReconnectingClient(
            endpoint_for(where, reactor),
            _BusFactory.forProtocol(self._protocol),
            self._attempt_failed,
            self._pause,
            reactor,
        )

    def startService(self) -> None:
        super().startService()
        self._client.startService()

    def stopService(self) -> Deferred[None]:
        super().stopService()
        stopped: Deferred[None] = self._client.stopService()
        return stopped

    def _protocol(self) -> Protocol:
        return TelnetTransport(_Connection, self) if self._is_telnet else _Connection(self)

    def connected(self, connection: _Connection) -> None:
        renewed = self._resetting and not self._outage.is_away
        if not renewed:
            self._outage.connected()
        self._resetting = False
        self._bus.connected(connection, renewed=renewed)

    def disconnected(self, why: str) -> None:
        if self.running and not self._resetting:
            self._outage.lost(why)
        self._bus.disconnected(why)

    def resetting(self) -> None:
        """The bus has ended the connection: that it is made anew is no news."""
        self._resetting = True

    def received(self, data: bytes) -> None:
        self._bus.received(data)

    def _pause(self, attempts: int) -> float:
        failed = attempts - 1 - self._resetting
        return RENEWAL if failed < 0 else self._growing(failed)

    def _attempt_failed(self, failure: Failure) -> Failure:
        self._bus.trouble = _why(failure)
        self._outage.attempt_failed(self._bus.trouble)
        return failure


def _why(failure: Failure) -> str:
    """In the system's own words, which stand in the middle of a sentence."""
    number = getattr(failure.value, "osError", None)
    said = os.strerror(number) if isinstance(number, int) else failure.getErrorMessage()
    return said.rstrip(".")


class _Connection(Protocol):
    """One connection, while it lasts."""

    transport: Any

    def __init__(self, service: BusService) -> None:
        self._service = service

    def connectionMade(self) -> None:
        for name, value in (("setTcpNoDelay", True), ("setTcpKeepAlive", True)):
            if set_option := getattr(self.transport, name, None):
                set_option(value)
        self._service.connected(self)

    def dataReceived(self, data: bytes) -> None:
        self._service.received(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._service.disconnected(_why(reason))

    def write(self, data: bytes) -> None:
        self.transport.write(data)

    def reset(self) -> None:
        """A line that is always there is kept; a socket is closed, and comes again."""
        if not isinstance(self.transport, Kept):
            self._service.resetting()
            self.transport.loseConnection()
