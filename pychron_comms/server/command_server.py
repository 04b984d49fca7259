"""The services of the server process."""

from __future__ import annotations

import re
from typing import Any

from twisted.application.internet import UDPServer
from twisted.application.service import IService, MultiService

from pychron_comms.endpoints import listening_service
from pychron_comms.interfaces import ICommandRepeater
from pychron_comms.server.desk import RequestDesk
from pychron_comms.server.launch import Launcher
from pychron_comms.server.messaging_handler import MessagingFactory
from pychron_comms.server.repeats import RepeatGuard
from pychron_comms.server.settings import ListenerSettings
from pychron_comms.server.udp import DatagramMessagingHandler

_UDP = re.compile(r"udp:(\d{1,5})(?::interface=(.+))?")


class RemoteCommandServer(MultiService):
    """Serves one request type, or any (``*``), at each of its endpoints.

    A string ``udp:PORT:interface=ADDRESS`` serves datagrams; every other is an endpoint string of
    Twisted. ValueError for one that is neither.
    """

    def __init__(
        self,
        settings: ListenerSettings,
        repeater: ICommandRepeater,
        guard: RepeatGuard,
        launcher: Launcher,
        reactor: Any,
    ) -> None:
        super().__init__()
        self._settings = settings
        self._desk = RequestDesk(settings.request_type, repeater, guard, launcher)
        for description in settings.listen:
            self._listener(description, reactor).setServiceParent(self)

    def _listener(self, description: str, reactor: Any) -> IService:
        options = self._settings.options
        if not description.startswith("udp:"):
            factory = MessagingFactory(self._desk, options, reactor)
            return listening_service(description, factory, reactor)
        found = _UDP.fullmatch(description)
        if found is None:
            raise ValueError(f"{description!r}: expected udp:PORT or udp:PORT:interface=ADDRESS")
        protocol = DatagramMessagingHandler(self._desk, options)
        interface = (found[2] or "").replace(r"\:", ":")
        return UDPServer(int(found[1]), protocol, interface, 65536, reactor=reactor)
