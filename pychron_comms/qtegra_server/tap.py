"""``twistd pychron-qtegra``: its command line, and the service that it makes."""

from __future__ import annotations

import os
from random import Random
from typing import Any, ClassVar

from twisted.application.service import IService

from pychron_comms.config.table import Table
from pychron_comms.lab.simulated.spectrometer.instrument_config import spectrometer_from_config
from pychron_comms.observability.metrics import Metrics
from pychron_comms.process.command_line import ServiceOptions, checked
from pychron_comms.process.ending import end_once
from pychron_comms.process.garbage import overlook_what_stays
from pychron_comms.process.hangup import end_with_terminal
from pychron_comms.process.monotonic import use_monotonic_clock
from pychron_comms.process.open_files import allow_many_open_files
from pychron_comms.process.systemd_notify import Supervision
from pychron_comms.qtegra.script import ParseAndExecute
from pychron_comms.qtegra_server.service import DEFAULT_LISTEN, RemoteControlServer


class Options(ServiceOptions):
    name = "pychron-qtegra"
    synopsis = "[options]"
    longdesc = (
        "Answers Qtegra's clients as Qtegra does, for a simulated mass spectrometer: an Argus VI "
        "unless the section [spectrometer] of a configuration says otherwise."
    )

    optFlags: ClassVar[Any] = [
        ["untagged", None, "GetData gives values without the names of their detectors."],
        [
            "faithful",
            None,
            "Do what Qtegra's script does wrong too: silence for what it cannot read, moves of "
            "the magnet that disturb each other.",
        ],
    ]

    def __init__(self) -> None:
        super().__init__()
        self.listen: list[str] = []

    def opt_listen(self, endpoint: str) -> None:
        """Endpoint string, or udp:PORT:interface=ADDRESS, to listen at; may be given again.
        Default: 1069 on loopback, UDP and TCP."""
        self.listen.append(endpoint)

    opt_l = opt_listen


def makeService(options: Options, reactor: Any = None) -> IService:
    """The server's service; ``reactor`` is Twisted's own unless a test brings one."""
    if reactor is None:
        from twisted.internet import reactor  # noqa: PLC0415

        use_monotonic_clock(reactor)
        end_once(reactor)
        end_with_terminal(reactor)
        overlook_what_stays(reactor)
        allow_many_open_files()
    return checked(options, lambda: _service(options, reactor))


def _service(options: Options, reactor: Any) -> RemoteControlServer:
    table = options.configuration or Table({}, "")
    section = table.table("spectrometer")
    faithful = bool(options["faithful"])
    spectrometer = spectrometer_from_config(
        section,
        reactor,
        Random(f"{table.integer('seed', 0)}/spectrometer"),
        overlapping_moves=faithful,
    )
    # The rest of the file is the processor's and the server's.
    section.finish()
    execute = ParseAndExecute(
        spectrometer,
        tagged=spectrometer.tag_data and not options["untagged"],
        faithful_clock=reactor if faithful else None,
    )
    server = RemoteControlServer(execute, options.listen or DEFAULT_LISTEN, reactor, Metrics())
    supervision = Supervision.from_environment(os.environ, os.getpid(), reactor)
    supervision.setServiceParent(server)
    return server
