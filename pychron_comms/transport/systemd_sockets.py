"""Sockets that a supervisor has opened (systemd's socket activation), as listeners of ours.

``systemd:domain=INET:index=0`` or ``systemd:domain=UNIX:name=processor`` names one of them.
"""

from __future__ import annotations

import os
import re
import socket
from typing import Any

from twisted.internet.defer import Deferred, execute, fail
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IProtocolFactory, IStreamServerEndpoint
from zope.interface import implementer

from pychron_comms.transport.accepting import ListeningService

_GIVEN = re.compile(r"systemd:domain=(?:INET|INET6|UNIX):(?:index=\d+|name=[^:=]+)")


def systemd_service(description: str, factory: IProtocolFactory, reactor: Any) -> ListeningService:
    """A service that listens at a socket that the supervisor has opened. Raises ValueError."""
    if not _GIVEN.fullmatch(description):
        raise ValueError(
            f"{description!r}: expected systemd:domain=INET:name=NAME, or INET6, UNIX; index=N"
        )
    return ListeningService(_GivenEndpoint(description, reactor), factory)


@implementer(IStreamServerEndpoint)
class _GivenEndpoint:
    """A socket that is looked for at the start: a configuration may be checked without it."""

    def __init__(self, description: str, reactor: Any) -> None:
        self._description = description
        self._reactor = reactor

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        try:
            endpoint = serverFromString(self._reactor, self._description)
        except LookupError:
            return self._not_there("the supervisor has given no such socket")
        if not _listens(endpoint.fileno, endpoint.addressFamily):
            # Twisted would take it, and be deaf.
            return self._not_there(
                "what the supervisor has given there is no such listening socket"
            )
        if endpoint.addressFamily == getattr(socket, "AF_UNIX", None):
            return execute(self._adopt_unix, endpoint.fileno, protocolFactory)
        listening: Deferred[IListeningPort] = endpoint.listen(protocolFactory)
        return listening

    def _not_there(self, why: str) -> Deferred[IListeningPort]:
        _, _, name = self._description.partition(":")
        return fail(CannotListenError("systemd", name, why))

    def _adopt_unix(self, fileno: int, factory: IProtocolFactory) -> IListeningPort:
        # Not to be imported where there are no unix sockets.
        from twisted.internet import unix  # noqa: PLC0415

        os.set_blocking(fileno, False)
        port = unix.Port._fromListeningDescriptor(self._reactor, fileno, factory)
        # An abstract name has no file. Twisted takes a file for its own: it would open it to
        # everybody (0666), or fail where it may not, and delete it at the end, so that the
        # supervisor would listen at nothing.
        path = "_bindPath" if hasattr(port, "_bindPath") else "port"  # so called in Twisted 24
        setattr(port, path, b"\0" + getattr(port, path))
        port.startListening()
        os.close(fileno)
        return port


def _listens(fileno: int, family: int) -> bool:
    """Whether that is a socket at which somebody listens, a unix one where it is to be that.

    One for both versions of IP is said to be of either.
    """
    try:
        given = socket.socket(fileno=fileno)
    except OSError:
        return False
    try:
        is_heard = bool(given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        unix = getattr(socket, "AF_UNIX", None)
        return is_heard and (given.family == unix) is (family == unix)
    except OSError:
        return False
    finally:
        given.detach()
