"""A client that connects again and again, and whose log says it once (``Outage``)."""

from __future__ import annotations

from collections.abc import Callable

from twisted.application.internet import ClientService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.logger import ILogObserver, LogEvent, Logger
from twisted.python.failure import Failure
from zope.interface import implementer


@implementer(ILogObserver)
def _unheard(event: LogEvent) -> None:
    """Takes what need not be said."""


class ReconnectingClient(ClientService):
    """Keeps one connection to ``endpoint``; ``attempt_failed`` hears of each vain attempt.

    It says nothing of each attempt itself. ``retry_policy`` gives the seconds until the next one,
    for the number of those that failed.
    """

    _log = Logger(observer=_unheard)

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        factory: IProtocolFactory,
        attempt_failed: Callable[[Failure], Failure],
        retry_policy: Callable[[int], float],
        clock: IReactorTime,
    ) -> None:
        watched = _WatchedEndpoint(endpoint, attempt_failed)
        super().__init__(watched, factory, retryPolicy=retry_policy, clock=clock)


@implementer(IStreamClientEndpoint)
class _WatchedEndpoint:
    """Tells why an attempt to connect failed."""

    def __init__(
        self, endpoint: IStreamClientEndpoint, attempt_failed: Callable[[Failure], Failure]
    ) -> None:
        self._endpoint = endpoint
        self._attempt_failed = attempt_failed

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        return self._endpoint.connect(factory).addErrback(self._attempt_failed)
