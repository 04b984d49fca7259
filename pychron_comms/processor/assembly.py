"""The gate and all that stands around it, put together from a configuration."""

from __future__ import annotations

import time
from collections.abc import Iterable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, gatherResults
from twisted.plugin import getPlugins

from pychron_comms.config.table import Table
from pychron_comms.errors import ManagerUnavailableError
from pychron_comms.handlers.factories import own_factories
from pychron_comms.interfaces import IHardware, IRequestHandler, IRequestHandlerFactory, Move, Part
from pychron_comms.journal.memory import NoJournal
from pychron_comms.journal.settings import open_journal
from pychron_comms.lab.hardware import hardware_from_config
from pychron_comms.lab.schematic.config import schematic_from_config
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import new_stream
from pychron_comms.processor.command_log import CommandLog
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.idempotency import CommandMemory, CommandWatch
from pychron_comms.processor.execution.manager_queue import ManagerQueue, Queues
from pychron_comms.processor.execution.runners import runner_for, safe_width
from pychron_comms.processor.gate_queries import GateQueries
from pychron_comms.processor.hardware_manager import MissingHandler, RemoteHardwareManager
from pychron_comms.processor.settings import ProcessorSettings
from pychron_comms.processor.state.assembly import lease_readings, watched_managers
from pychron_comms.processor.state.publisher import StatePublisher, StateReader
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks, rules_for
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.overrides import Overrides
from pychron_comms.safeguards.safe_state import safe_actions
from pychron_comms.safeguards.system_lock import SystemLock


def gate_from_config(
    settings: ProcessorSettings,
    laboratory: Table,
    reactor: Any,
    metrics: Metrics,
    *,
    only_check: bool = False,
) -> RemoteHardwareManager:
    """The gate to the hardware that a laboratory's configuration describes.

    Raises ConfigError, and ValueError for a journal that cannot be opened. ``only_check``: no
    journal is opened.
    """
    journal = (
        NoJournal()
        if settings.journal is None or only_check
        else open_journal(settings.journal, partial(reactor.callLater, 0))
    )
    audit = Audit(journal, time.time)
    queues = Queues(lambda manager: queue_of(manager, reactor))
    publisher = StatePublisher(
        new_stream(time.time),
        lambda call: queues.of(call.manager).read(StateReader(), call),
        clock=reactor,
        now=time.time,
        period=settings.state_period,
        more=lambda: lease_readings(leases),
    )
    watches: list[CommandWatch] = [publisher, CommandLog()] if settings.commands else [publisher]
    memory = CommandMemory(audit, reactor, metrics, settings.keep_keys, watches)
    leases = Leases(reactor, time.time, audit, partial(made_safe, queues, memory))
    lock = SystemLock(settings.systems)
    access = AccessRules([settings.hosts, settings.roles], [settings.roles, lock, leases])
    interlocks = Interlocks(queues.read, reactor)
    queries = GateQueries(
        access=access,
        system_lock=lock,
        leases=leases,
        memory=memory,
        interlocks=interlocks,
        overrides=Overrides(
            settings.emergency_key, settings.roles, reactor, audit.refused, metrics
        ),
    )
    hardware = hardware_from_config(laboratory, reactor, queries)
    handlers = handlers_for(hardware, _factories())
    hardware.check_used(laboratory)
    # Rules are said in the words of the handlers, whose Check asks them.
    interlocks.keep(rules_for(settings.interlocks, handlers))
    publisher.watch(watched_managers(handlers, hardware))
    publisher.draw(schematic_from_config(laboratory))
    laboratory.finish()
    return RemoteHardwareManager(
        handlers=handlers,
        access=access,
        hardware=hardware,
        queues=queues,
        memory=memory,
        audit=audit,
        leases=leases,
        interlocks=interlocks,
        publisher=publisher,
        clock=reactor,
    )


def request_types() -> set[str]:
    """Every request type and alias that this package serves here, with its plugins."""
    return {name for factory in _factories() for name in factory.request_types}


def _factories() -> list[IRequestHandlerFactory]:
    return [*own_factories(), *getPlugins(IRequestHandlerFactory)]


def queue_of(manager: object, reactor: Any) -> ManagerQueue:
    """A queue whose calls run where the manager's own marks say."""
    runner = runner_for(manager, type(manager).__name__, reactor)
    return ManagerQueue(runner, reactor, width=safe_width(manager))


def made_safe(queues: Queues, memory: CommandMemory, part: Part, why: str) -> Deferred[object]:
    """Fires when all that is known to make a part safe has been done."""
    memory.changed(part)
    queue = queues.of(part.manager)
    moves = [Move(part.manager, part.target)]
    done = [queue.make_safe(moves, action, why) for action in safe_actions(part)]
    together = gatherResults(done, consumeErrors=True)
    return together.addCallbacks(lambda results: results, lambda failure: failure.value.subFailure)


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
