"""The services of the server process."""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService, MultiService

from pychron_comms.endpoints import datagram_service, listening_service
from pychron_comms.qtegra.answers import RelayedAnswers
from pychron_comms.qtegra.listeners import qtegra_listener
from pychron_comms.server.desk import RequestDesk
from pychron_comms.server.messaging_handler import MessagingFactory
from pychron_comms.server.settings import QTEGRA, ListenerSettings
from pychron_comms.server.udp import DatagramMessagingHandler


class RemoteCommandServer(MultiService):
    """Serves one request type, or any (``*``), at each of its endpoints.

    A string ``udp:PORT:interface=ADDRESS`` serves datagrams; every other is an endpoint string of
    Twisted. ValueError for one that is neither. A listener of the kind ``qtegra`` is met by
    Qtegra's clients as if it were Qtegra.
    """

    def __init__(self, settings: ListenerSettings, desk: RequestDesk, reactor: Any) -> None:
        super().__init__()
        self._settings = settings
        self._desk = desk
        self._relayed = RelayedAnswers(desk.answer)
        for description in settings.listen:
            self._listener(description, reactor).setServiceParent(self)

    def _listener(self, description: str, reactor: Any) -> IService:
        if self._settings.kind == QTEGRA:
            name = f"RemoteCommandServer for {self._settings.request_type}"
            return qtegra_listener(description, self._relayed.answer, name, reactor)
        options = self._settings.options
        if description.startswith("udp:"):
            protocol = DatagramMessagingHandler(self._desk, options)
            return datagram_service(description, protocol, reactor)
        factory = MessagingFactory(self._desk, options, reactor)
        return listening_service(description, factory, reactor)
