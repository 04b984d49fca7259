"""A connection to a broker that is kept: made again and again, and said so once."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from twisted.application.internet import backoffPolicy
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IProtocolFactory,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.broker.adapter import BrokerConnection, parameters_for
from pychron_comms.config.private_files import read_secret
from pychron_comms.transport.broker_strings import BrokerAddress
from pychron_comms.transport.cork import Cork
from pychron_comms.transport.reconnecting import ReconnectingClient
from pychron_comms.transport.tls.contexts import ClientContexts

#: Seconds between signs of life that broker and client owe each other. A broker that hears nothing
#: for up to three times as long gives a connection up, and what it was active for to another.
HEARTBEAT = 3

#: Seconds that connecting may take.
_CONNECT = 5.0

#: Seconds before each attempt to connect, by how many were vain.
_PAUSES = backoffPolicy(
    initialDelay=0.1, maxDelay=2.0, factor=1.5, jitter=partial(random.uniform, 0, 0.2)
)


class LinkUser(Protocol):
    """Whose links they are."""

    def linked(self) -> None:
        """A link has a connection, and nothing is open on it."""

    def leave(self, why: str) -> None:
        """A connection that was there is gone."""

    def attempt_failed(self, why: str) -> None:
        """None could be made."""

    def blocked(self, why: str) -> None:
        """The broker is short of memory or disk, as ``why`` says; empty: not any more."""


class BrokerLink(MultiService):
    """Keeps one connection to the broker, called ``purpose`` there."""

    def __init__(
        self,
        address: BrokerAddress,
        reactor: Any,
        user: LinkUser,
        purpose: str,
        *,
        cork: Cork,
    ) -> None:
        super().__init__()
        self._address = address
        self._purpose = purpose
        self._cork = cork
        self._reactor = reactor
        self._user = user
        # The one that this end has dropped, until it has ended.
        self._dropped: BrokerConnection | None = None
        # How often in a row what was made of a connection was of no use.
        self._vain = 0
        self.connection: BrokerConnection | None = None
        #: Why there is none.
        self.why = "not connected yet"
        self.is_blocked = False
        client = ReconnectingClient(
            self.endpoint(),
            _Factory(self.protocol),
            self._attempt_failed,
            lambda attempts: _PAUSES(attempts + self._vain),
            reactor,
        )
        client.setServiceParent(self)

    def stopService(self) -> Deferred[Any]:
        self.drop("it stops")
        return maybeDeferred(super().stopService)

    def drop(self, why: str, vain: int = 0) -> None:
        """End the connection, to begin with another: the later, the oftener in a row it was in
        ``vain``. Nobody is told of its end."""
        self._vain = vain
        if self.connection is not None:
            self._dropped = self.connection
            self._lose(why)
            self._dropped.close()

    def endpoint(self) -> IStreamClientEndpoint:
        """Where the broker is."""
        return endpoint_of(self._address, self._reactor)

    def protocol(self) -> BrokerConnection:
        """One more connection."""
        address = self._address
        password = read_secret(str(address.password)) if address.password else b"guest"
        parameters = parameters_for(
            address.vhost, address.user, password.decode(), self._purpose, HEARTBEAT
        )
        return BrokerConnection(self, parameters, self._reactor, self._cork)

    # -- what its connections tell it

    def connected(self, connection: BrokerConnection) -> None:
        self.connection = connection
        self._user.linked()

    def disconnected(self, connection: BrokerConnection, why: str) -> None:
        if connection is self._dropped:
            self._dropped = None
        elif connection is self.connection:
            self._lose(why)
            self._user.leave(why)
        else:
            self.why = why
            self._user.attempt_failed(why)

    def blocked(self, why: str) -> None:
        self.is_blocked = bool(why)
        self._user.blocked(why)

    def _lose(self, why: str) -> None:
        self.connection, self.why = None, why
        if self.is_blocked:
            # A broker that is short of memory may end of it: the next one says so itself.
            self.blocked("")

    def _attempt_failed(self, failure: Failure) -> Failure:
        self.why = failure.getErrorMessage()
        self._user.attempt_failed(self.why)
        return failure


@implementer(IProtocolFactory)
class _Factory(Factory):
    noisy = False

    def __init__(self, make: Callable[[], BrokerConnection]) -> None:
        self._make = make

    def buildProtocol(self, addr: IAddress | None) -> BrokerConnection:
        return self._make()


@implementer(IStreamClientEndpoint)
class ClusterEndpoint:
    """The nodes of a cluster: the one that answered last, and after it the next."""

    def __init__(self, nodes: Sequence[IStreamClientEndpoint]) -> None:
        self._nodes = deque(nodes)

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        return self._nodes[0].connect(factory).addErrback(self._next)

    def _next(self, failure: Failure) -> Failure:
        self._nodes.rotate(-1)
        return failure


def endpoint_of(address: BrokerAddress, reactor: Any) -> IStreamClientEndpoint:
    """Where the broker is."""
    nodes = [_node(host, address, reactor) for host in address.hosts]
    return nodes[0] if len(nodes) == 1 else ClusterEndpoint(nodes)


def _node(host: str, address: BrokerAddress, reactor: Any) -> IStreamClientEndpoint:
    endpoint = HostnameEndpoint(reactor, host, address.port, _CONNECT)
    if not address.is_tls:
        return endpoint
    return wrapClientTLS(ClientContexts(host, address.files), endpoint)
