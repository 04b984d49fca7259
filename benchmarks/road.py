"""The road's two halves, as the services assemble them, with the handler that echoes."""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService
from twisted.internet.defer import succeed

from benchmarks.half import main
from pychron_comms.handlers.echo import EchoHandler
from pychron_comms.journal.memory import NoJournal
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.command_processor import CommandProcessorFactory
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.processor.execution.manager_queue import ManagerQueue, Queues
from pychron_comms.processor.execution.runners import ReactorRunner
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.hosts import EVERYBODY
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.roles import EVERYONE_OPERATES
from pychron_comms.safeguards.system_lock import SystemLock
from pychron_comms.server.service import RemoteHardwareServer
from pychron_comms.server.settings import ListenerSettings, ServerSettings
from pychron_comms.transport.budget import BudgetLimits
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.options import ConnectionLimits, WireOptions
from pychron_comms.transport.peer_identity import LOCAL_SENDER
from pychron_comms.transport.schemes import stream_service
from pychron_comms.transport.shared import Shared


class NoHardware:
    """What there is to start and stop behind an echo."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


#: All connections come from one computer here.
UNLIMITED = WireOptions(limits=ConnectionLimits(connections=10_000, connections_per_host=10_000))


def server(reactor: Any, path: str) -> None:
    listener = ListenerSettings(
        request_type="test", listen=["tcp:0:interface=127.0.0.1"], options=UNLIMITED
    )
    settings = ServerSettings(listeners=[listener], processor=f"unix:{path}")
    _start(RemoteHardwareServer(settings, None, reactor, Metrics()))


def processor(reactor: Any, path: str) -> None:
    hardware: Any = NoHardware()
    audit = Audit(NoJournal())
    memory = CommandMemory(audit, reactor, Metrics())
    leases = Leases(reactor, reactor.seconds, audit, lambda part, why: succeed(None))
    gate = RemoteHardwareManager(
        handlers={"test": EchoHandler()},
        access=AccessRules(
            [EVERYBODY, EVERYONE_OPERATES], [EVERYONE_OPERATES, SystemLock({}), leases]
        ),
        hardware=hardware,
        queues=Queues(lambda manager: ManagerQueue(ReactorRunner(), reactor, width=1)),
        memory=memory,
        audit=audit,
        leases=leases,
        interlocks=Interlocks(lambda handler, call, ahead: "", reactor),
        clock=reactor,
    )
    trusted = frozenset({LOCAL_SENDER})
    metrics = Metrics()
    connections = Connections(
        "processor", WireOptions(), Shared.of(reactor, metrics, BudgetLimits())
    )
    factory = CommandProcessorFactory(gate, trusted, connections, metrics)
    _start(gate)
    _start(stream_service(f"unix:{path}", factory, reactor))


def _start(service: IService) -> None:
    service.privilegedStartService()
    service.startService()


if __name__ == "__main__":
    main(server, processor)
