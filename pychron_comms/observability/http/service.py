"""The HTTP site of one process, as a service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import IService, Service
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IProtocolFactory
from twisted.logger import Logger
from twisted.web.resource import IResource

from pychron_comms.observability.http.settings import OFF, HttpSettings
from pychron_comms.observability.http.site import SiteRules, site_factory

#: Makes the service that listens at an endpoint string. Raises ValueError.
Listen = Callable[[str, IProtocolFactory], IService]


class HttpService(Service):
    """Shows the pages of ``children`` to those whom ``admit`` lets.

    A road that works must not be kept from it by a page: where nobody has chosen the port and it
    is taken, that is logged, and the rest goes on without. ValueError for a wrong endpoint string.
    """

    _log = Logger()

    def __init__(
        self,
        settings: HttpSettings,
        children: Mapping[str, IResource],
        admit: Callable[[object], None],
        listen: Listen,
        reactor: Any,
    ) -> None:
        self._settings = settings
        self._listener: IService | None = None
        if settings.listen != OFF:
            rules = SiteRules(admit=admit, names=settings.names)
            self._listener = listen(settings.listen, site_factory(children, rules, reactor))

    def privilegedStartService(self) -> None:
        self._start(lambda listener: listener.privilegedStartService())

    def startService(self) -> None:
        super().startService()
        # ``twist`` knows no privileged start: then this is what listens.
        self._start(lambda listener: listener.startService())

    def _start(self, start: Callable[[IService], None]) -> None:
        if self._listener is None:
            return
        try:
            start(self._listener)
        except CannotListenError as error:
            if self._settings.chosen:
                raise
            self._listener = None
            self._log.warn("no status page: {error}", error=error)

    def stopService(self) -> Deferred[Any]:
        super().stopService()
        listener, self._listener = self._listener, None
        return maybeDeferred(lambda: None if listener is None else listener.stopService())
