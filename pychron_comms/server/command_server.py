"""The services of the server process."""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.internet.protocol import Factory

from pychron_comms.config.here import QTEGRA
from pychron_comms.handlers.spectrometer.handler import qtegra_line_makes_safe
from pychron_comms.qtegra.answers import RelayedAnswers
from pychron_comms.qtegra.datagrams import QtegraDatagrams
from pychron_comms.qtegra.stream import QtegraFactory
from pychron_comms.server.datagrams import DatagramMessagingHandler
from pychron_comms.server.dispatcher import Passing, RequestDispatcher
from pychron_comms.server.messaging_handler import MessagingFactory
from pychron_comms.server.settings import ListenerSettings
from pychron_comms.transport.admission import AdmissionFactory
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.pending_reply import as_deferred
from pychron_comms.transport.schemes import datagram_service, has_datagrams, stream_service
from pychron_comms.transport.shared import Shared


class RemoteCommandServer(MultiService):
    """Serves one request type, or any (``*``), at each of its endpoints.

    A string ``udp:PORT:interface=ADDRESS`` serves datagrams; every other is an endpoint string of
    Twisted. ValueError for one that is neither. A listener of the kind ``qtegra`` is met by
    Qtegra's clients as if it were Qtegra.
    """

    def __init__(
        self,
        settings: ListenerSettings,
        dispatcher: RequestDispatcher,
        reactor: Any,
        shared: Shared,
    ) -> None:
        super().__init__()
        self._settings = settings
        self._dispatcher = dispatcher
        self._shared = shared
        # Each of Qtegra's commands comes by a connection or datagram of its own.
        self._relayed = RelayedAnswers(
            lambda request, sender: as_deferred(
                dispatcher.answer(request, sender, Passing(dispatcher.reports))
            ),
            qtegra_line_makes_safe,
        )
        self._connections = Connections(settings.request_type, settings.options, shared)
        self._datagrams: list[DatagramMessagingHandler | QtegraDatagrams] = []
        # A datagram's port is what replies leave by, too: it stays open for them.
        self._streams, self._ports = MultiService(), MultiService()
        for kind in (self._streams, self._ports):
            kind.setServiceParent(self)
        for description in settings.listen:
            kind = self._ports if has_datagrams(description) else self._streams
            self._listener(description, reactor).setServiceParent(kind)

    def close_listeners(self) -> Deferred[Any]:
        """Take no more connections; a command on one that is open gets 209, a datagram too.

        What makes safe is still taken.
        """
        self._connections.refuse_commands()
        for handler in self._datagrams:
            handler.refuse_commands()
        return maybeDeferred(self._streams.stopService)

    def take_no_more(self) -> None:
        """Answer what has come; nothing is looked at that comes from now on."""
        self._connections.take_no_more()
        for handler in self._datagrams:
            handler.take_no_more()

    @property
    def request_type(self) -> str:
        return self._settings.request_type

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""
        return self._connections.in_flight + sum(each.in_flight for each in self._datagrams)

    @property
    def open(self) -> int:
        """Connections that are open."""
        return self._connections.open

    def close_connections(self) -> None:
        """Answer with 201 what still waits, and close each connection when that is written."""
        self._connections.close()

    def abort(self) -> Deferred[Any]:
        """Drop what is left of the connections, and close the datagrams' ports."""
        self._connections.abort()
        return maybeDeferred(self._ports.stopService)

    def stopService(self) -> Deferred[Any]:
        """All of it at once, for one that runs by itself."""
        self.close_connections()
        return DeferredList([maybeDeferred(super().stopService)])

    def _listener(self, description: str, reactor: Any) -> IService:
        if has_datagrams(description):
            protocol = self._datagram_protocol()
            self._datagrams.append(protocol)
            return datagram_service(description, protocol, reactor)
        factory = AdmissionFactory(self._connection_factory(), self._connections)
        return stream_service(description, factory, reactor, self._shared.metrics)

    def _datagram_protocol(self) -> DatagramMessagingHandler | QtegraDatagrams:
        if self._settings.kind == QTEGRA:
            return QtegraDatagrams(self._relayed, self._name, self._shared)
        return DatagramMessagingHandler(self._dispatcher, self._settings.options, self._shared)

    def _connection_factory(self) -> Factory:
        if self._settings.kind == QTEGRA:
            return QtegraFactory(self._relayed, self._connections, self._name)
        return MessagingFactory(self._dispatcher, self._connections)

    @property
    def _name(self) -> str:
        return f"RemoteCommandServer for {self._settings.request_type}"
