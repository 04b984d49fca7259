"""``twistd pychron-server``: its command line, and the service that it makes."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from twisted.application.service import IService
from twisted.logger import Logger
from twisted.python import usage

from pychron_comms.alarms.handler import ALARMS
from pychron_comms.config.here import name_of
from pychron_comms.config.table import Table
from pychron_comms.handlers.factories import request_types
from pychron_comms.observability.build import metrics_of_process
from pychron_comms.observability.http.settings import SERVER, read_http
from pychron_comms.observability.metrics import Metrics
from pychron_comms.process.command_line import COMMANDS_OPTION, HTTP_OPTION, ServiceOptions, checked
from pychron_comms.process.ending import end_once
from pychron_comms.process.garbage import overlook_what_stays
from pychron_comms.process.hangup import Hangup
from pychron_comms.process.monotonic import use_monotonic_clock
from pychron_comms.process.open_files import allow_many_open_files
from pychron_comms.process.systemd_notify import Supervision
from pychron_comms.server.reading import read_server
from pychron_comms.server.routing.reload import Read, Reload
from pychron_comms.server.service import RemoteHardwareServer
from pychron_comms.server.settings import (
    ListenerSettings,
    ServerSettings,
    parse_listener,
    warnings_about,
)
from pychron_comms.transport.cork import Cork

if TYPE_CHECKING:
    from pychron_comms.processor.hardware_manager import RemoteHardwareManager

_log = Logger()


class Options(ServiceOptions):
    name = "pychron-server"
    synopsis = "[options]"
    longdesc = (
        "Takes commands from the laboratory's programs. Without options it serves a simulated "
        "laboratory in one process, on loopback."
    )

    optParameters: ClassVar[Any] = [
        [
            "processor",
            "p",
            None,
            "Endpoint string of the processor that owns the hardware; without it, the processor "
            "is a part of this process.",
        ],
        HTTP_OPTION,
    ]
    optFlags: ClassVar[Any] = [COMMANDS_OPTION]

    def __init__(self) -> None:
        super().__init__()
        self.listeners: list[ListenerSettings] = []
        self._listen: list[str] = []

    def opt_listen(self, text: str) -> None:
        """TYPE=ENDPOINT to listen at, as in System=tcp:1061; TYPE * takes Type|command; may be
        given again. Default: 1060 to 1068 on loopback, TCP and UDP."""
        self._listen.append(text)

    opt_l = opt_listen

    def postOptions(self) -> None:
        super().postOptions()
        # What a processor elsewhere serves, only it knows.
        elsewhere = self["processor"] or self["config"]
        types = () if elsewhere else {ALARMS, *request_types()}
        try:
            self.listeners = [parse_listener(text, types) for text in self._listen]
        except ValueError as error:
            raise usage.UsageError(str(error)) from None


def makeService(options: Options, reactor: Any = None) -> IService:
    """The server's service; ``reactor`` is Twisted's own unless a test brings one."""
    is_real = reactor is None
    if is_real:
        from twisted.internet import reactor  # noqa: PLC0415

        use_monotonic_clock(reactor)
        end_once(reactor)
        overlook_what_stays(reactor)
        allow_many_open_files()

    def make() -> IService:
        first = _read_all(options, options.configuration)
        server = _service(options, first, reactor)
        reload = Reload(
            first, lambda: _read_all(options, options.configuration), server.change_routes
        )
        if is_real:
            reactor.callWhenRunning(Hangup(reactor, reload).watch)
        return server

    return checked(options, make)


def _read_all(options: Options, table: Table | None) -> Read:
    """What the file and the command line say. Raises ConfigError and ValueError."""
    http = options["http"] or ""
    if table is None:
        settings = ServerSettings(http=read_http(None, "server", SERVER, http))
    else:
        settings = replace(read_server(table, http), name=name_of(Path(options["config"])))
    if options.listeners:
        settings = replace(settings, listeners=options.listeners)
    if options["processor"]:
        settings = settings.with_processor(options["processor"])
    return Read(settings, table)


def _service(options: Options, first: Read, reactor: Any) -> RemoteHardwareServer:
    settings, table = first
    metrics = metrics_of_process(time.time())
    warnings = warnings_about(settings)
    if settings.processor and options["commands"]:
        settings = replace(settings, commands=True)
    for text in warnings:
        if options["check"]:
            print(f"warning: {text}", file=sys.stderr)  # noqa: T201
        else:
            _log.warn("{text}", text=text)
    if options["check"]:
        # A journal is opened by the one process that writes it.
        settings = replace(settings, alarms=replace(settings.alarms, journal=None))
    gate, cork = None, Cork()
    if not settings.processor:
        gate = _gate(options, first, reactor, metrics, cork)
    elif options["check"] and table is not None:
        _gate(options, first, reactor, metrics, cork)
    supervision = Supervision.from_environment(os.environ, os.getpid(), reactor)
    return RemoteHardwareServer(settings, gate, reactor, metrics, supervision, cork=cork)


def _gate(
    options: Options, first: Read, reactor: Any, metrics: Metrics, cork: Cork
) -> RemoteHardwareManager:
    """The processor's part, where it is in this process."""
    # Imported only here: a server without it starts in three quarters of the time.
    from pychron_comms.processor.assembly import gate_from_config  # noqa: PLC0415
    from pychron_comms.processor.settings import laboratory_from  # noqa: PLC0415

    settings, table = first
    hardware, laboratory = laboratory_from(table)
    if options["commands"]:
        hardware = replace(hardware, commands=True)
    if hardware.owner and not settings.processor:
        raise ValueError("processor.owner: the hardware is in the server's own process")
    return gate_from_config(
        hardware, laboratory, reactor, metrics, only_check=options["check"], cork=cork
    )
