"""What a listener's endpoint string may begin with, and who opens it.

A further transport is a module of its own, with a function that makes its service, and a line in
one of the tables here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import IService
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import DatagramProtocol

from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.endpoints import scheme_of, twisted_service
from pychron_comms.transport.systemd_sockets import systemd_service
from pychron_comms.transport.tls.listening import tls_service
from pychron_comms.transport.udp import udp_service
from pychron_comms.transport.unix_sockets import unix_service

#: Those with connections. What is not here is an endpoint string of Twisted's or its plugins'.
STREAMS: Mapping[str, Callable[[str, IProtocolFactory, Any], IService]] = {
    "systemd": systemd_service,
    "unix": unix_service,
}

#: Those with connections of which something is counted.
COUNTED: Mapping[str, Callable[[str, IProtocolFactory, Any, Metrics], IService]] = {
    "tls": tls_service,
}

#: Those with datagrams.
DATAGRAMS: Mapping[str, Callable[[str, DatagramProtocol, Any], IService]] = {
    "udp": udp_service,
}


def has_datagrams(description: str) -> bool:
    """Whether datagrams come there; where they do not, clients connect."""
    return scheme_of(description) in DATAGRAMS


def stream_service(
    description: str, factory: IProtocolFactory, reactor: Any, metrics: Metrics
) -> IService:
    """A service that listens for connections; its start fails where it cannot.

    Raises ValueError for a string that is none.
    """
    scheme = scheme_of(description)
    if scheme in COUNTED:
        return COUNTED[scheme](description, factory, reactor, metrics)
    make = STREAMS.get(scheme, twisted_service)
    return make(description, factory, reactor)


def datagram_service(description: str, protocol: DatagramProtocol, reactor: Any) -> IService:
    """The same for a string that ``has_datagrams``."""
    return DATAGRAMS[scheme_of(description)](description, protocol, reactor)
