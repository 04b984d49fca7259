"""``twistd pychron-processor``: its command line, and the service that it makes."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import Any, ClassVar

from twisted.application.service import IService

from pychron_comms.observability.build import metrics_of_process
from pychron_comms.process.command_line import COMMANDS_OPTION, HTTP_OPTION, ServiceOptions, checked
from pychron_comms.process.ending import end_once
from pychron_comms.process.garbage import overlook_what_stays
from pychron_comms.process.hangup import end_with_terminal
from pychron_comms.process.monotonic import use_monotonic_clock
from pychron_comms.process.open_files import allow_many_open_files
from pychron_comms.process.systemd_notify import Supervision
from pychron_comms.processor.service import ProcessorService
from pychron_comms.processor.settings import laboratory_from


class Options(ServiceOptions):
    name = "pychron-processor"
    synopsis = "[options]"
    longdesc = "Owns the hardware and runs the commands that servers send."

    optParameters: ClassVar[Any] = [HTTP_OPTION]
    optFlags: ClassVar[Any] = [COMMANDS_OPTION]

    def __init__(self) -> None:
        super().__init__()
        self.listen: list[str] = []

    def opt_listen(self, endpoint: str) -> None:
        """Endpoint string to listen at; may be given again. Default tcp:1059 on loopback."""
        self.listen.append(endpoint)

    opt_l = opt_listen


def makeService(options: Options, reactor: Any = None) -> IService:
    """The processor's service; ``reactor`` is Twisted's own unless a test brings one."""
    if reactor is None:
        from twisted.internet import reactor  # noqa: PLC0415

        use_monotonic_clock(reactor)
        end_once(reactor)
        end_with_terminal(reactor)
        overlook_what_stays(reactor)
        allow_many_open_files()

    def make() -> IService:
        settings, laboratory = laboratory_from(options.configuration, options.listen)
        if options["commands"]:
            settings = replace(settings, commands=True)
        if options["http"]:
            http = replace(settings.http, listen=options["http"], chosen=True)
            settings = replace(settings, http=http)
        supervision = Supervision.from_environment(os.environ, os.getpid(), reactor)
        return ProcessorService(
            settings,
            laboratory,
            reactor,
            metrics_of_process(time.time()),
            supervision,
            only_check=bool(options["check"]),
        )

    return checked(options, make)
