"""The services of the server, put together from its settings."""

from __future__ import annotations

import secrets
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredList, maybeDeferred

from pychron_comms.alarms.handler import ALARMS
from pychron_comms.alarms.service import AlarmService
from pychron_comms.errors import CommandError
from pychron_comms.handlers.factories import own_commands
from pychron_comms.history.settings import HistorySettings
from pychron_comms.journal.searches import JournalSearch
from pychron_comms.observability.loop_watch import LoopWatch
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import new_stream
from pychron_comms.process.shutdown import FLUSH, GATE, IN_FLIGHT, LISTENERS, REPEATERS, Shutdown
from pychron_comms.process.start import ExplainedStart
from pychron_comms.process.systemd_notify import Supervision
from pychron_comms.server.command_log import ServedCommandLog
from pychron_comms.server.command_server import RemoteCommandServer
from pychron_comms.server.dispatcher import RequestDispatcher
from pychron_comms.server.launcher import Launcher
from pychron_comms.server.resend.command_catalogue import CommandCatalogue
from pychron_comms.server.resend.delivery import DeliveryReports
from pychron_comms.server.routing.ways import Ways
from pychron_comms.server.settings import ServerSettings, places_of
from pychron_comms.server.state.status import Listener, ServerStatus
from pychron_comms.transport.cork import Cork
from pychron_comms.transport.schemes import stream_service
from pychron_comms.transport.shared import Shared
from pychron_comms.transport.tls.expiry import Certificates

if TYPE_CHECKING:
    # Without a gate of its own, it needs nothing of the processor's.
    from pychron_comms.processor.hardware_manager import RemoteHardwareManager


class RemoteHardwareServer(ExplainedStart):
    """Everything that runs in a server's process: its listeners and its way to the processors.

    ``local`` is the gate where the processor is in this process too; the settings name one
    elsewhere. ``cork``: that of the gate. Raises ValueError for an endpoint string that is none.

    It stops in order, within 6 s, or 10 with a gate of its own: the listeners; the alarms, so that
    nobody is called for what an ordinary stop takes away; the commands in flight, while new ones
    get 209, save those that make safe; the way to the processors, which fails what is left with
    201; the connections, when their replies are written.
    """

    def __init__(
        self,
        settings: ServerSettings,
        local: RemoteHardwareManager | None,
        reactor: Any,
        metrics: Metrics,
        supervision: Supervision | None = None,
        *,
        cork: Cork | None = None,
    ) -> None:
        super().__init__()
        self.setName("pychron-server")
        self.metrics = metrics
        self._local = local
        self._status_page = self._shown(settings, reactor)
        self._alarms = AlarmService(
            settings.alarms, self._status_page.stream, metrics, reactor=reactor
        )
        self._alarms.setServiceParent(self._status_page)
        if settings.alarms.journal is not None:
            journal = JournalSearch(settings.alarms.journal.file, reactor)
            self._status_page.search("alarms", journal)
        if settings.history is not None:
            self._record(settings.history, reactor)
        self._servers: list[RemoteCommandServer] = []
        self._process = secrets.token_hex(4)
        self._ending = Shutdown(reactor)
        self._shared = Shared.of(reactor, metrics, settings.budget, cork)
        self._ways = Ways(
            settings,
            local,
            self._status_page,
            metrics,
            reactor=reactor,
            cork=self._shared.cork,
            process=self._process,
        )
        self._ways.setServiceParent(self)
        if local is not None:
            local.setServiceParent(self)
        self._listen(settings, reactor)
        self._status_page.show(
            Certificates(settings.all_listen, settings.processors, metrics, time.time).readings
        )
        self._status_page.watch(
            {
                each.request_type: Listener(
                    partial(getattr, each, "open"), partial(getattr, each, "in_flight")
                )
                for each in self._servers
            }
        )
        self._status_page.setServiceParent(self)
        self._supervision = supervision or Supervision(None, None, reactor)
        self._supervision.show(self._status)
        self._supervision.setServiceParent(self)

    def _shown(self, settings: ServerSettings, reactor: Any) -> ServerStatus:
        # One stream for all: where the hardware is here too, it is the gate's.
        stream = (
            self._local.stream
            if self._local is not None
            else new_stream(time.time, reactor.seconds)
        )
        return ServerStatus(
            settings.http,
            stream,
            self.metrics,
            admit=settings.hosts.admit,
            listen=lambda where, factory: stream_service(where, factory, reactor, self.metrics),
            reactor=reactor,
            now=time.time,
        )

    def _record(self, settings: HistorySettings, reactor: Any) -> None:
        from pychron_comms.history.recorder import HistoryRecorder  # noqa: PLC0415
        from pychron_comms.history.thread import OneThread  # noqa: PLC0415

        HistoryRecorder(
            settings,
            self._status_page.stream,
            self.metrics,
            in_thread=OneThread("history", reactor),
            clock=reactor,
            now=time.time,
            earlier=self._status_page.recent.begin_with,
        ).setServiceParent(self._status_page)

    def _listen(self, settings: ServerSettings, reactor: Any) -> None:
        """Make what serves each listener."""
        repeater = self._ways.repeater
        watch = LoopWatch(reactor, self.metrics)
        watch.setServiceParent(self)
        reports = DeliveryReports(
            repeater,
            reactor,
            watch,
            self.metrics,
            process=self._process,
            keeps=settings.keep_replies > 0,
        )
        catalogue = CommandCatalogue(repeater, reactor, own_commands())
        # Whoever is there now may have other commands.
        self._ways.when_others_answer.append(catalogue.learn_anew)
        launcher = Launcher(settings.launch, reactor, settings.roles)
        own_types = {ALARMS: self._alarms.commands(settings.roles).answer}
        places = places_of(settings.listeners)
        for listener in settings.listeners:
            dispatcher = RequestDispatcher(
                listener.request_type,
                repeater,
                catalogue,
                reports,
                launcher=launcher,
                hosts=settings.hosts,
                role=listener.role,
                metrics=self.metrics,
                stream=self._status_page.stream,
                types=self._ways.types,
                own_types=own_types,
                places=places,
                name=settings.name,
                log=ServedCommandLog(reactor) if settings.commands else None,
            )
            self._ways.when_others_answer.append(dispatcher.known_reads.clear)
            server = RemoteCommandServer(listener, dispatcher, reactor, self._shared)
            server.setServiceParent(self)
            self._servers.append(server)

    def change_routes(self, settings: ServerSettings) -> None:
        """Send request types where these settings say, as ``Ways.change``. Raises ValueError."""
        self._ways.change(settings)

    async def _stop(self) -> None:
        self._supervision.say_stopping()
        ending, servers = self._ending, self._servers
        await ending.ended(
            "the listeners",
            lambda: DeferredList([server.close_listeners() for server in servers]),
            LISTENERS,
        )
        await ending.ended("the alarms", self._alarms.disownServiceParent, LISTENERS)
        if self._local is not None:
            await ending.ended("the gate to the hardware", self._local.stopService, GATE)
        else:
            await ending.until("commands in flight", self._all_answered, IN_FLIGHT)
        # Before the gate: who asks for what makes safe finds no connection, but is never refused.
        for server in servers:
            server.take_no_more()
        if self._local is not None:
            self._local.close()
        await ending.ended("the way to the processors", self._stop_repeaters, REPEATERS)
        for server in servers:
            server.close_connections()
        await ending.until("unread replies", self._all_closed, FLUSH)
        await ending.ended("the status page", self._status_page.stopService, LISTENERS)
        for server in servers:
            server.abort()
        self._supervision.stopService()

    def _all_answered(self) -> bool:
        return not any(server.in_flight for server in self._servers)

    def _all_closed(self) -> bool:
        return not any(server.open for server in self._servers)

    def _stop_repeaters(self) -> Deferred[Any]:
        return maybeDeferred(self._ways.stopService)

    def _status(self) -> Deferred[str]:
        test = self._ways.repeater.test_connection()
        return test.addCallbacks(self._connected, self._not_connected)

    def _connected(self, result: object) -> str:
        return "owns the hardware" if self._local else "connected to the processor"

    def _not_connected(self, failure: Any) -> str:
        failure.trap(CommandError)
        return f"no processor: {failure.value}"
