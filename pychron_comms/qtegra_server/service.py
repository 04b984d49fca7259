"""The service that real Qtegra clients take for Qtegra."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred

from pychron_comms.handlers.spectrometer.handler import qtegra_line_makes_safe
from pychron_comms.observability.metrics import Metrics
from pychron_comms.process.shutdown import FLUSH, IN_FLIGHT, LISTENERS, Shutdown
from pychron_comms.process.start import ExplainedStart
from pychron_comms.qtegra.answers import ScriptAnswers
from pychron_comms.qtegra.datagrams import QtegraDatagrams
from pychron_comms.qtegra.script import ParseAndExecute
from pychron_comms.qtegra.stream import QtegraFactory
from pychron_comms.transport.admission import AdmissionFactory
from pychron_comms.transport.budget import BudgetLimits
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.options import WireOptions
from pychron_comms.transport.schemes import datagram_service, has_datagrams, stream_service
from pychron_comms.transport.shared import Shared

#: Qtegra's own port, on loopback.
DEFAULT_LISTEN = ("udp:1069:interface=127.0.0.1", "tcp:1069:interface=127.0.0.1")

_NAME = "RemoteControlServer"


class RemoteControlServer(ExplainedStart):
    """Takes lines at each endpoint to ``ParseAndExecute``. ValueError for a string that is none.

    It stops in order: the listeners; the commands in flight, within 4 s, while new ones get 209,
    save those that make safe; the connections, when their replies are written.
    """

    def __init__(
        self, execute: ParseAndExecute, listen: Sequence[str], reactor: Any, metrics: Metrics
    ) -> None:
        super().__init__()
        self.setName("pychron-qtegra")
        self._answers = ScriptAnswers(execute, qtegra_line_makes_safe)
        self._ending = Shutdown(reactor)
        self._shared = Shared.of(reactor, metrics, BudgetLimits())
        self._connections = Connections("Qtegra", WireOptions(), self._shared)
        self._datagrams: list[QtegraDatagrams] = []
        # A datagram's port is what replies leave by, too: it stays open for them.
        self._streams = MultiService()
        self._streams.setServiceParent(self)
        for description in listen:
            parent = self if has_datagrams(description) else self._streams
            self._listener(description, reactor).setServiceParent(parent)

    async def _stop(self) -> None:
        ending, connections = self._ending, self._connections
        connections.refuse_commands()
        for protocol in self._datagrams:
            protocol.refuse_commands()
        await ending.ended("the listeners", self._streams.stopService, LISTENERS)
        await ending.until("commands in flight", self._all_answered, IN_FLIGHT)
        for protocol in self._datagrams:
            protocol.take_no_more()
        connections.close()
        await ending.until("unread replies", lambda: not connections.open, FLUSH)
        connections.abort()
        await ending.ended("the ports", self._stop_others, LISTENERS)

    def _all_answered(self) -> bool:
        return not (self._connections.in_flight or any(each.in_flight for each in self._datagrams))

    def _stop_others(self) -> Deferred[Any]:
        others = [each for each in self if each is not self._streams]
        return DeferredList([maybeDeferred(each.stopService) for each in others])

    def _listener(self, description: str, reactor: Any) -> IService:
        if has_datagrams(description):
            protocol = QtegraDatagrams(self._answers, _NAME, self._shared)
            self._datagrams.append(protocol)
            return datagram_service(description, protocol, reactor)
        factory = QtegraFactory(self._answers, self._connections, _NAME)
        return stream_service(
            description, AdmissionFactory(factory, self._connections), reactor, self._shared.metrics
        )
