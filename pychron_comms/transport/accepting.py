"""The service that listens at an endpoint, and takes its connections a few at a time."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.application.internet import StreamServerEndpointService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from twisted.internet.tcp import Port
from zope.interface import implementer

#: Connections of one listener that are taken in a turn of the reactor.
ACCEPTS = 16


def listening_at(endpoint: Any, factory: IProtocolFactory) -> StreamServerEndpointService:
    """A service that listens there; its start fails where it cannot."""
    service = StreamServerEndpointService(_FewAtATime(endpoint), factory)
    # As strports does: a start that fails must not leave a service that runs on, deaf.
    service._raiseSynchronously = True
    return service


@implementer(IStreamServerEndpoint)
class _FewAtATime:
    """One whose port takes ``ACCEPTS`` connections in a turn, however many there are."""

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        port: Deferred[IListeningPort] = self._endpoint.listen(protocolFactory)
        return port.addCallback(_taking_few)


def _taking_few(port: IListeningPort) -> IListeningPort:
    if isinstance(port, Port):
        # It would take a hundred, and more still where more come.
        setattr(port, "doRead", partial(_take_few, port))  # noqa: B010
    return port


def _take_few(port: Port) -> None:
    port.numberAccepts = ACCEPTS
    Port.doRead(port)
