"""The service that listens at an endpoint, and takes its connections a few at a time."""

from __future__ import annotations

import socket
from functools import partial
from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.tcp import Port
from twisted.logger import Logger
from zope.interface import implementer

from pychron_comms.transport.socket_tuning import tune_listener

#: Connections of one listener that are taken in a turn of the reactor.
ACCEPTS = 16

# Parts of an address of a socket of IPv6; those of others are fewer, or it is a path.
_OF_IPV6 = 4


class ListeningService(StreamServerEndpointService):
    """Listens at a server endpoint while it runs, and takes ``ACCEPTS`` connections in a turn,
    however many there are."""

    # As strports.service has it: the start fails where it cannot listen, and does not run on, deaf.
    _raiseSynchronously = True

    def __init__(self, endpoint: Any, factory: IProtocolFactory) -> None:
        super().__init__(_FewAtATime(endpoint), factory)


@implementer(IStreamServerEndpoint)
class _FewAtATime:
    _log = Logger()

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        listening: Deferred[IListeningPort] = self._endpoint.listen(factory)
        return listening.addCallback(_taking_few)


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
            _FewAtATime._log.failure("a bug met a connection")


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
