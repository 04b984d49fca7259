"""The services of the processor, put together from a configuration."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred, succeed
from twisted.web.resource import IResource

from pychron_comms.config.table import Table
from pychron_comms.journal.watched import PATH as JOURNAL
from pychron_comms.observability.http.health import Condition, Health, HealthWatch, condition_of
from pychron_comms.observability.http.service import HttpService
from pychron_comms.observability.http.site import Text
from pychron_comms.observability.loop_watch import LoopWatch
from pychron_comms.observability.metrics import Metrics
from pychron_comms.process.shutdown import FLUSH, GATE, LISTENERS, Shutdown
from pychron_comms.process.start import ExplainedStart
from pychron_comms.process.systemd_notify import Supervision
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.command_processor import CommandProcessorFactory
from pychron_comms.processor.owner import Owner
from pychron_comms.processor.server_lease import ServerLease
from pychron_comms.processor.settings import ProcessorSettings
from pychron_comms.repeater.hop_places import SAFE_TYPES
from pychron_comms.safeguards.fence import LeasedFence
from pychron_comms.transport.admission import AdmissionFactory
from pychron_comms.transport.broker_strings import is_broker, need_pika, parse_broker
from pychron_comms.transport.budget import BudgetLimits
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.options import WireOptions
from pychron_comms.transport.peer_identity import sender_of_peer
from pychron_comms.transport.places import PENDING_LIMIT, SAFE_LIMIT
from pychron_comms.transport.schemes import stream_service
from pychron_comms.transport.shared import Shared
from pychron_comms.transport.tls.expiry import Certificates

if TYPE_CHECKING:
    from pychron_comms.processor.takeover import Takeover

#: One connection carries the commands of all of a server's clients, and their tags: what bounds
#: them here is the queue of each manager, so that a slow one never holds up the others.
HOP = WireOptions(
    line_length=2 * WireOptions.line_length, in_flight=PENDING_LIMIT + SAFE_TYPES * SAFE_LIMIT
)

#: A server's clients have their budgets there; here they are one host.
HOP_BUDGET = BudgetLimits(commands=2 * HOP.in_flight, unread=256 << 20, kept=64 << 20)


def _takeover(settings: ProcessorSettings) -> Takeover | None:
    """Where a broker says whose the hardware is. Raises ValueError."""
    brokers = [each for each in settings.listen if is_broker(each)]
    if not brokers:
        return None
    if len(brokers) > 1:
        raise ValueError(f"{brokers[1]!r}: one broker says whose the hardware is, not two")
    address = parse_broker(brokers[0])
    need_pika(brokers[0])
    from pychron_comms.processor.takeover import Takeover  # noqa: PLC0415

    return Takeover(address)


def _fence(takeover: Takeover | None, lease: ServerLease | None) -> LeasedFence | None:
    if takeover is not None and lease is not None:
        raise ValueError("processor.owner: the broker says whose the hardware is, not a server")
    if takeover is not None:
        return takeover.fence
    return None if lease is None else lease.fence


class ProcessorService(ExplainedStart):
    """The gate and its listeners. Raises ConfigError, and ValueError for an endpoint string.

    It stops within 10 s, or 30 s where much waits to be made safe: the gate and the listeners at
    once, and the connections when their replies are written. New commands get 209 meanwhile, save
    those that make safe. ``only_check``: it is made to be checked, not to be started, and opens no
    journal.
    """

    def __init__(
        self,
        settings: ProcessorSettings,
        laboratory: Table,
        reactor: Any,
        metrics: Metrics,
        supervision: Supervision | None = None,
        *,
        only_check: bool = False,
    ) -> None:
        super().__init__()
        self.setName("pychron-processor")
        self.metrics = metrics
        self._ending = Shutdown(reactor)
        certificates = Certificates(
            [*settings.listen, settings.http.listen], [], metrics, time.time
        )
        self._reactor = reactor
        takeover = _takeover(settings)
        self._lease: ServerLease | None = None
        if settings.owner:
            self._lease = ServerLease(secrets.token_hex(4), reactor)
        fence = _fence(takeover, self._lease)
        if fence is not None:
            metrics.gauge(
                "pychron_comms_owns_hardware",
                "Whether this process may move the hardware.",
                lambda: float(fence.is_open),
            )
        shared = Shared.of(reactor, metrics, HOP_BUDGET)
        self._gate = gate_from_config(
            settings,
            laboratory,
            reactor,
            metrics,
            only_check=only_check,
            more=certificates.readings,
            fence=fence,
            through=takeover.journal if takeover else None,
            cork=shared.cork,
        )
        if self._lease is not None:
            self._lease.guard(self._gate)
        self._standby: Service | None = None
        if takeover is None:
            self._gate.setServiceParent(self)
        else:
            self._standby = takeover.standby(self._gate, reactor, metrics, self._usurped)
            self._standby.setServiceParent(self)
        self._connections = Connections(
            "processor",
            replace(HOP, limits=settings.limits),
            shared,
        )
        factory = self._factory(settings, metrics)
        self._listeners = [
            stream_service(each, factory, reactor, metrics)
            for each in settings.listen
            if not is_broker(each)
        ]
        for listener in self._listeners:
            listener.setServiceParent(self)
        self._watches = MultiService()
        LoopWatch(reactor, metrics).setServiceParent(self._watches)
        self._http = self._status_page(settings, metrics, reactor)
        self._http.setServiceParent(self)
        self._supervision = supervision or Supervision(None, None, reactor)
        self._supervision.show(lambda: succeed(f"connections: {self._connections.open}"))
        self._supervision.setServiceParent(self)

    def _factory(self, settings: ProcessorSettings, metrics: Metrics) -> AdmissionFactory:
        """Makes the far end of each server's hop."""
        processors = CommandProcessorFactory(
            self._gate,
            frozenset(settings.trust),
            self._connections,
            metrics=metrics,
            stream=self._gate.stream,
            owner=None if self._lease is None else Owner(settings.owner, self._lease),
        )
        return AdmissionFactory(processors, self._connections)

    def _status_page(
        self, settings: ProcessorSettings, metrics: Metrics, reactor: Any
    ) -> HttpService:
        return HttpService(
            settings.http,
            self._pages(settings, metrics, reactor),
            lambda transport: settings.hosts.admit(sender_of_peer(transport)),
            lambda where, site: stream_service(where, site, reactor, metrics),
            reactor,
        )

    def _pages(
        self, settings: ProcessorSettings, metrics: Metrics, reactor: Any
    ) -> dict[str, IResource]:
        health = Health(time.time, metrics)
        if settings.journal is not None:
            stream = self._gate.stream
            health.add("journal", lambda: condition_of(stream.get(JOURNAL)))
        health.add("gate", lambda: Condition(bool(self._gate.running), "not started, or stopping"))
        HealthWatch(health, reactor).setServiceParent(self._watches)
        self._watches.setServiceParent(self)
        return {
            **health.resources(),
            "metrics": Text(lambda: (200, metrics.text().rstrip("\n"))),
        }

    async def _stop(self) -> None:
        self._supervision.say_stopping()
        ending, connections = self._ending, self._connections
        has_begun = bool(self._gate.running)
        # First of all: it begins to make the hardware safe at once.
        gate = ending.ended("the gate to the hardware", self._stop_gate, GATE)
        await ending.ended("the listeners", self._close_listeners, LISTENERS)
        await gate
        self._give_up_hardware()
        await ending.ended("the status page", self._http.stopService, LISTENERS)
        await ending.ended("the watches", self._watches.stopService, LISTENERS)
        # Before the gate: who asks for what makes safe finds no connection, but is never refused.
        connections.take_no_more()
        if self._standby is not None:
            await ending.ended("the way by the broker", self._standby.stopService, LISTENERS)
        if has_begun:
            self._gate.close()
        connections.close()
        await ending.until("unread replies", lambda: not connections.open, FLUSH)
        connections.abort()
        self._supervision.stopService()

    def _give_up_hardware(self) -> None:
        """Its standby may begin; where something still runs, only when the lease has run out."""
        if self._lease is not None and self._gate.is_still:
            self._lease.give_up()
        elif self._lease is not None:
            self._lease.stop()

    def _stop_gate(self) -> Deferred[None]:
        """Where this process has only stood by, there is nothing to stop."""
        return self._gate.stopService() if self._gate.running else succeed(None)

    def _usurped(self, why: str) -> None:
        self._log.critical("{name} ends, to begin anew: {why}", name=self.name, why=why)
        self._reactor.stop()

    def _close_listeners(self) -> Deferred[Any]:
        return DeferredList([maybeDeferred(each.stopService) for each in self._listeners])
