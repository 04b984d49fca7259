"""Endpoint strings, with the defaults that a laboratory's road wants."""

from __future__ import annotations

import re
from typing import Any

from twisted.application.internet import StreamServerEndpointService, UDPServer
from twisted.application.service import MultiService
from twisted.application.strports import service
from twisted.internet.endpoints import clientFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IProtocolFactory,
    IReactorCore,
    IReactorUNIX,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import DatagramProtocol

#: Fewer, and sixteen clients that connect for each command see their connections refused or late.
BACKLOG = 128

_UDP = re.compile(r"udp:(\d{1,5})(?::interface=(.+))?")
_DATAGRAM = 65536

_UNESCAPED_COLON = re.compile(r"(?<!\\):")
_DEFAULTS = {
    "tcp": {"backlog": str(BACKLOG)},
    "ssl": {"backlog": str(BACKLOG)},
    "tcp6": {"backlog": str(BACKLOG)},
    "unix": {"backlog": str(BACKLOG), "mode": "600"},
}


def with_defaults(description: str) -> str:
    """A server endpoint string with our defaults for what it does not say.

    A backlog of ``BACKLOG`` everywhere, and mode 600 for a unix socket.
    """
    kind, *parts = _UNESCAPED_COLON.split(description)
    given = {part.partition("=")[0] for part in parts}
    added = [f"{key}={value}" for key, value in _DEFAULTS.get(kind, {}).items() if key not in given]
    return ":".join([description, *added])


def listening_service(
    description: str, factory: IProtocolFactory, reactor: IReactorCore
) -> StreamServerEndpointService:
    """A service that listens there; its start fails where it cannot. Raises ValueError."""
    _check_unix(description, IReactorUNIX.providedBy(reactor))
    return service(with_defaults(description), factory, reactor)


def datagram_service(description: str, protocol: DatagramProtocol, reactor: Any) -> UDPServer:
    """The same for ``udp:PORT`` or ``udp:PORT:interface=ADDRESS``. Raises ValueError."""
    found = _UDP.fullmatch(description)
    if found is None:
        raise ValueError(f"{description!r}: expected udp:PORT or udp:PORT:interface=ADDRESS")
    interface = (found[2] or "").replace(r"\:", ":")
    return UDPServer(int(found[1]), protocol, interface, _DATAGRAM, reactor=reactor)


def client_endpoint(description: str, reactor: IReactorCore) -> IStreamClientEndpoint:
    """Where a repeater connects to. Raises ValueError."""
    _check_unix(description, IReactorUNIX.providedBy(reactor))
    return clientFromString(reactor, description)


class ExplainedStart(MultiService):
    """A service whose start, where a port is taken, fails in one line and not in a traceback."""

    def privilegedStartService(self) -> None:
        try:
            super().privilegedStartService()
        except CannotListenError as error:
            raise SystemExit(f"{self.name}: cannot start: {error}") from None


def _check_unix(description: str, available: bool) -> None:
    if description.startswith("unix:") and not available:
        raise ValueError(f"{description!r}: this system has no unix sockets; use tcp: on loopback")
