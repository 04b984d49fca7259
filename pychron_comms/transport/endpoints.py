"""Endpoint strings, with the defaults that a laboratory's road wants."""

from __future__ import annotations

import re
from typing import Any

from twisted.internet.endpoints import (
    HostnameEndpoint,
    clientFromString,
    serverFromString,
    wrapClientTLS,
)
from twisted.internet.interfaces import (
    IProtocolFactory,
    IReactorUNIX,
    IStreamClientEndpoint,
)

from pychron_comms.transport.accepting import ListeningService
from pychron_comms.transport.tls.contexts import ClientContexts
from pychron_comms.transport.tls.strings import parse_client

#: Fewer, and sixteen clients that connect for each command see their connections refused or late.
BACKLOG = 1024

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


def scheme_of(description: str) -> str:
    """What an endpoint string begins with; empty for one that is none."""
    scheme, colon, _ = description.partition(":")
    return scheme if colon else ""


def twisted_service(description: str, factory: IProtocolFactory, reactor: Any) -> ListeningService:
    """For any server endpoint string of Twisted's, with our defaults. Raises ValueError."""
    return ListeningService(serverFromString(reactor, with_defaults(description)), factory)


def client_endpoint(description: str, reactor: Any) -> IStreamClientEndpoint:
    """Where a repeater connects to. Raises ValueError.

    ``tls:`` is as Twisted has it, but reads its files again when they have changed, lets
    ``trustRoots`` be a single file too, and takes no private key that others can read.
    """
    if description.startswith("tls:"):
        return _tls_client(description, reactor)
    check_unix(description, IReactorUNIX.providedBy(reactor))
    return clientFromString(reactor, description)


def _tls_client(description: str, reactor: Any) -> IStreamClientEndpoint:
    client = parse_client(description)
    below = (
        client_endpoint(client.below, reactor)
        if client.below
        else HostnameEndpoint(
            reactor,
            client.host,
            client.port,
            client.timeout,
            (client.bind, 0) if client.bind else None,
        )
    )
    return wrapClientTLS(ClientContexts(client.host, client.files), below)


def check_unix(description: str, available: bool) -> None:
    """ValueError for a unix socket where the system has none."""
    if description.startswith("unix:") and not available:
        raise ValueError(f"{description!r}: this system has no unix sockets; use tcp: on loopback")
