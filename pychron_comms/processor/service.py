"""The services of the processor, put together from a configuration."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.plugin import getPlugins

from pychron_comms.config import Table
from pychron_comms.endpoints import ExplainedStart, listening_service
from pychron_comms.errors import ManagerUnavailableError
from pychron_comms.handlers.factories import own_factories
from pychron_comms.interfaces import IHardware, IRequestHandler, IRequestHandlerFactory
from pychron_comms.lab.hardware import hardware_from_config
from pychron_comms.processor.command_processor import CommandProcessorFactory
from pychron_comms.processor.hardware_manager import MissingHandler, RemoteHardwareManager
from pychron_comms.processor.queues import ManagerQueue
from pychron_comms.processor.runners import runner_for
from pychron_comms.processor.settings import ProcessorSettings
from pychron_comms.processor.system_lock import SystemLock
from pychron_comms.repeater.endpoint import PENDING_LIMIT
from pychron_comms.wire import WireOptions

#: One connection carries the commands of all of a server's clients, and their tags: what bounds
#: them here is the queue of each manager, so that a slow one never holds up the others.
HOP = WireOptions(line_length=2 * WireOptions.line_length, in_flight=PENDING_LIMIT)


def gate_from_config(
    settings: ProcessorSettings, laboratory: Table, reactor: Any
) -> RemoteHardwareManager:
    """The gate to the hardware that a laboratory's configuration describes. Raises ConfigError."""
    lock = SystemLock(settings.systems)
    hardware = hardware_from_config(laboratory, reactor, lock)
    laboratory.finish()
    factories: list[IRequestHandlerFactory] = [
        *own_factories(),
        *getPlugins(IRequestHandlerFactory),
    ]
    return RemoteHardwareManager(
        handlers_for(hardware, factories),
        [settings.hosts, lock],
        hardware,
        lambda manager: ManagerQueue(runner_for(manager, type(manager).__name__, reactor), reactor),
        reactor,
    )


def handlers_for(
    hardware: IHardware, factories: Iterable[IRequestHandlerFactory]
) -> dict[str, IRequestHandler]:
    """A handler for each request type and alias; where its manager is missing, one that says so."""
    handlers: dict[str, IRequestHandler] = {}
    for factory in factories:
        try:
            handler = factory.build(hardware)
        except ManagerUnavailableError as error:
            handler = MissingHandler(error)
        handlers.update(dict.fromkeys(factory.request_types, handler))
    return handlers


def processor_service(
    settings: ProcessorSettings, laboratory: Table, reactor: Any
) -> ExplainedStart:
    """The gate and its listeners. Raises ConfigError, and ValueError for an endpoint string."""
    top = ExplainedStart()
    top.setName("pychron-processor")
    gate = gate_from_config(settings, laboratory, reactor)
    gate.setServiceParent(top)
    factory = CommandProcessorFactory(gate, frozenset(settings.trust), HOP, reactor)
    for description in settings.listen:
        listening_service(description, factory, reactor).setServiceParent(top)
    return top
