"""The service that listens at an endpoint, and takes its connections a few at a time."""

from __future__ import annotations

import socket
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.tcp import Port
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.transport.socket_tuning import tune_listener

#: Connections of one listener that are taken in a turn of the reactor.
ACCEPTS = 16

# Parts of an address of a socket of IPv6; those of others are fewer, or it is a path.
_OF_IPV6 = 4


class ListeningService(Service):
    """Listens at a server endpoint while it runs.

    Its start fails where it cannot: one that runs on would be deaf. Its port takes ``ACCEPTS``
    connections in a turn, however many there are.

    Twisted's own does no more, and brings what reconnects with it: a thirtieth of a start.
    """

    _log = Logger()

    def __init__(self, endpoint: Any, factory: IProtocolFactory) -> None:
        self._endpoint = endpoint
        self._factory = factory
        self._port: Deferred[Any] | None = None

    def privilegedStartService(self) -> None:
        super().privilegedStartService()
        failed: list[Failure] = []
        port: Deferred[IListeningPort] = self._endpoint.listen(self._factory)
        self._port = port.addCallback(_taking_few)
        self._port.addErrback(failed.append)
        if failed:
            self._port = None
            failed[0].raiseException()
        self._port.addCallback(self._told, failed)

    def startService(self) -> None:
        super().startService()
        # ``twist`` knows no privileged start.
        if self._port is None:
            self.privilegedStartService()

    def stopService(self) -> Deferred[Any]:
        super().stopService()
        port, self._port = self._port, None
        if port is None:
            return succeed(None)
        port.cancel()
        return port.addCallback(lambda port: None if port is None else port.stopListening())

    def _told(self, port: IListeningPort | None, failed: list[Failure]) -> IListeningPort | None:
        """Of one that took its time to fail, or was stopped before it listened."""
        if failed and not failed[0].check(CancelledError):
            self._log.failure("it could not listen", failed[0])
        return port


def _taking_few(port: IListeningPort) -> IListeningPort:
    if isinstance(port, Port):
        # It would take a hundred, and more still where more come.
        setattr(port, "doRead", partial(_take_few, port))  # noqa: B010
        tune_listener(port)
    return port


def _take_few(port: Port) -> None:
    """As ``Port.doRead``, in fewer steps: there are clients that connect for each command.

    None is read before the next turn, which tells first of what ended before it was made.
    """
    for _ in range(ACCEPTS):
        try:
            handle, address = port.socket.accept()
        except BlockingIOError:
            break
        except OSError:
            # Twisted meets the same, and knows what is to be done of too many open files.
            port.numberAccepts = ACCEPTS
            Port.doRead(port)
            break
        try:
            _take(port, handle, address)
        except Exception:
            ListeningService._log.failure("a bug met a connection")


def _take(port: Port, handle: socket.socket, address: Any) -> None:
    assert port.factory is not None
    if isinstance(address, tuple) and len(address) == _OF_IPV6:
        # It may be one of a link, which is to be told with it.
        host, _ = socket.getnameinfo(address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)
        address = (host, *address[1:])
    protocol = port.factory.buildProtocol(port._buildAddr(address))
    if protocol is None:
        handle.close()
        return
    port.sessionno += 1
    transport = port.transport(handle, protocol, address, port, port.sessionno, port.reactor)
    protocol.makeConnection(transport)
