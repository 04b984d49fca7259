"""The road's two halves, as the services assemble them, with the handler that echoes."""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService

from benchmarks.half import main
from pychron_comms.endpoints import listening_service
from pychron_comms.handlers.echo import EchoHandler
from pychron_comms.hosts import EVERYBODY
from pychron_comms.peers import LOCAL_SENDER
from pychron_comms.processor.command_processor import CommandProcessorFactory
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.processor.queues import ManagerQueue
from pychron_comms.processor.runners import ReactorRunner
from pychron_comms.processor.system_lock import SystemLock
from pychron_comms.server.service import RemoteHardwareServer
from pychron_comms.server.settings import ListenerSettings, ServerSettings
from pychron_comms.wire import WireOptions


class NoHardware:
    """What there is to start and stop behind an echo."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def server(reactor: Any, path: str) -> None:
    listener = ListenerSettings(request_type="test", listen=["tcp:0:interface=127.0.0.1"])
    settings = ServerSettings(listeners=[listener], processor=f"unix:{path}")
    _start(RemoteHardwareServer(settings, None, reactor))


def processor(reactor: Any, path: str) -> None:
    hardware: Any = NoHardware()
    gate = RemoteHardwareManager(
        {"test": EchoHandler()},
        [EVERYBODY, SystemLock({})],
        hardware,
        lambda manager: ManagerQueue(ReactorRunner(), reactor),
        reactor,
    )
    trusted = frozenset({LOCAL_SENDER})
    factory = CommandProcessorFactory(gate, trusted, WireOptions(), reactor)
    _start(gate)
    _start(listening_service(f"unix:{path}", factory, reactor))


def _start(service: IService) -> None:
    service.privilegedStartService()
    service.startService()


if __name__ == "__main__":
    main(server, processor)
