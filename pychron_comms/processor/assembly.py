"""The gate and all that stands around it, put together from a configuration."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred, gatherResults

from pychron_comms.config.table import Table
from pychron_comms.errors import ManagerUnavailableError, NotOwnerError
from pychron_comms.handlers.factories import all_factories
from pychron_comms.interfaces import (
    IFence,
    IHardware,
    IJournal,
    IRequestHandler,
    IRequestHandlerFactory,
    Move,
    Part,
    Reading,
)
from pychron_comms.journal.free_room import FreeRoom, free_bytes
from pychron_comms.journal.memory import NoJournal
from pychron_comms.journal.searches import JournalSearch
from pychron_comms.journal.settings import open_journal
from pychron_comms.journal.syncing import turns_of
from pychron_comms.journal.watched import WatchedJournal
from pychron_comms.lab.hardware import hardware_from_config
from pychron_comms.lab.schematic.config import schematic_from_config
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import new_stream
from pychron_comms.processor.command_log import CommandLog
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.fenced import FencedRunner
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.processor.execution.manager_calls import ManagerCalls
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.queues import Queues
from pychron_comms.processor.execution.runners import runner_for, safe_width
from pychron_comms.processor.execution.sealed_queue import SealedQueue
from pychron_comms.processor.execution.watches import CommandWatch
from pychron_comms.processor.gate_queries import GateQueries
from pychron_comms.processor.hardware_manager import MissingHandler, RemoteHardwareManager
from pychron_comms.processor.settings import ProcessorSettings
from pychron_comms.processor.state.assembly import gate_readings, lock_readings, watched_managers
from pychron_comms.processor.state.command_events import CommandEvents
from pychron_comms.processor.state.publisher import StatePublisher
from pychron_comms.processor.state.read_state import StateReader
from pychron_comms.processor.state.rule_marks import RuleMarks
from pychron_comms.processor.state.valve_figures import ValveFigures
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.fence import FenceRule
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.kept_rules import KeptRules
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.overrides import Overrides
from pychron_comms.safeguards.rules import Rule, rules_for
from pychron_comms.safeguards.safe_state import safe_actions
from pychron_comms.safeguards.system_lock import SystemLock
from pychron_comms.safeguards.unsafe_parts import UnsafeParts
from pychron_comms.transport.cork import Cork


def gate_from_config(
    settings: ProcessorSettings,
    laboratory: Table,
    reactor: Any,
    metrics: Metrics,
    *,
    only_check: bool = False,
    fence: IFence | None = None,
    more: Callable[[], Iterable[Reading]] = tuple,
    through: Callable[[IJournal], IJournal] | None = None,
    cork: Cork | None = None,
) -> RemoteHardwareManager:
    """The gate to the hardware that a laboratory's configuration describes.

    Raises ConfigError, and ValueError for a journal that cannot be opened. ``only_check``: no
    journal is opened. ``fence``: there is another processor for the same hardware; what that must
    know goes ``through``. ``more``: what its process shows beside. ``cork``: that of its
    connections.
    """
    cork = cork or Cork()
    own = _journal(settings, reactor, metrics, cork, only_check=only_check)
    journal = own if through is None else through(own)
    audit = Audit(journal, time.time, reactor.callLater, cork)
    calls = ManagerCalls(metrics, reactor)
    queues = Queues(
        lambda manager: queue_of(manager, reactor, calls, sealed=audit.groups, fence=fence)
    )
    publisher = _publisher(settings, queues, reactor)
    watches = _watches(settings, publisher, metrics)
    memory = CommandMemory(audit, reactor, metrics, settings.keep_keys, watches)
    guards = _safeguards(
        settings, queues, memory, audit, reactor=reactor, metrics=metrics, fence=fence
    )
    hardware = hardware_from_config(laboratory, reactor, guards.queries, fence=fence)
    handlers = handlers_for(hardware, all_factories())
    hardware.check_used(laboratory)
    # Rules are said in the words of the handlers, whose Check asks them.
    rules = rules_for(settings.interlocks, handlers)
    guards.interlocks.keep(rules)
    publisher.mark(
        RuleMarks(
            rules,
            guards.interlocks.test_rule,
            path_of=publisher.path_of,
            changed=publisher.see_anew,
            clock=reactor,
        )
    )
    managers = watched_managers(handlers, hardware)
    calls.watch(managers)
    queues.count_in(metrics, managers)
    hardware.count_in(metrics)
    publisher.watch(
        managers,
        lambda: chain(
            lock_readings(guards.lock),
            queues.readings(managers),
            gate_readings(guards.leases, guards.unsafe, own),
            hardware.readings(),
            more(),
        ),
    )
    metrics.gauge(
        "pychron_comms_leases_held", "Leases.", lambda: sum(1 for _ in guards.leases.leases())
    )
    publisher.draw(schematic_from_config(laboratory))
    laboratory.finish()
    return RemoteHardwareManager(
        handlers=handlers,
        access=guards.access,
        hardware=hardware,
        queues=queues,
        memory=memory,
        audit=audit,
        leases=guards.leases,
        interlocks=guards.interlocks,
        kept_rules=KeptRules(
            rules,
            guards.interlocks.broken,
            guards.unsafe.add,
            reactor,
            partial(_may_act, fence),
            tripped=_trips(rules, metrics),
        ),
        publisher=publisher,
        searches=JournalSearch(settings.journal.file if settings.journal else "", reactor),
        clock=reactor,
    )


def _trips(rules: Sequence[Rule], metrics: Metrics) -> Callable[[Rule], None]:
    """Counts how often each rule that is kept had to make something safe."""
    counters = {
        rule.command: metrics.counter(
            "pychron_comms_interlock_trips_total",
            "Times that a rule broke, and what it guards was made safe.",
            rule=rule.command,
        )
        for rule in rules
        if rule.kept
    }

    def count(rule: Rule) -> None:
        counters[rule.command].value += 1

    return count


def _may_act(fence: IFence | None) -> bool:
    """Whether this process may make its hardware safe."""
    if fence is None:
        return True
    try:
        fence.check(safe=True)
    except NotOwnerError:
        return False
    return True


def _journal(
    settings: ProcessorSettings, reactor: Any, metrics: Metrics, cork: Cork, *, only_check: bool
) -> IJournal:
    if settings.journal is None or only_check:
        return NoJournal()
    turns = turns_of(reactor, cork) if settings.journal.sync else None
    journal = open_journal(settings.journal, turns)
    free = FreeRoom(turns.syncing) if turns else free_bytes
    return WatchedJournal(journal, Path(settings.journal.file), metrics, time.monotonic, free)


def _publisher(settings: ProcessorSettings, queues: Queues, reactor: Any) -> StatePublisher:
    """Its looks are reads, which wait their turn in the queue of their manager."""
    reader = StateReader()
    return StatePublisher(
        new_stream(time.time, reactor.seconds),
        lambda look: queues.of(look.manager).read(reader, look),
        clock=reactor,
        now=time.time,
        period=settings.state_period,
    )


def _watches(
    settings: ProcessorSettings, publisher: StatePublisher, metrics: Metrics
) -> list[CommandWatch]:
    """Who looks on while commands act."""
    valves = ValveFigures(metrics, publisher.path_of)
    publisher.stream.follow(valves)
    watches: list[CommandWatch] = [publisher, CommandEvents(publisher.stream), valves]
    return [*watches, CommandLog()] if settings.commands else watches


class Safeguards(NamedTuple):
    """Who may do what, and when; ``queries``: the same, for the commands that ask about it."""

    access: AccessRules
    lock: SystemLock
    leases: Leases
    unsafe: UnsafeParts
    interlocks: Interlocks
    queries: GateQueries


def _safeguards(
    settings: ProcessorSettings,
    queues: Queues,
    memory: CommandMemory,
    audit: Audit,
    *,
    reactor: Any,
    metrics: Metrics,
    fence: IFence | None,
) -> Safeguards:
    unsafe = UnsafeParts(reactor, time.time, audit, partial(made_safe, queues, memory))
    memory.guarded_by(unsafe)
    lapses = metrics.counter("pychron_comms_lease_expiries_total", "Leases that have lapsed.")
    leases = Leases(reactor, time.time, audit, unsafe, lapses)
    lock = SystemLock(settings.systems, time.time)
    roles = settings.roles
    admissions = [each for each in (settings.hosts, roles) if not each.admits_everybody]
    # Where there are no systems nobody can take the lock.
    permissions = [roles, *((lock,) if settings.systems else ()), leases]
    access = AccessRules(
        admissions, permissions if fence is None else [FenceRule(fence), *permissions]
    )
    interlocks = Interlocks(queues.read, reactor)
    queries = GateQueries(
        access=access,
        system_lock=lock,
        leases=leases,
        memory=memory,
        interlocks=interlocks,
        overrides=Overrides(settings.emergency_key, roles, reactor, audit.refused, metrics),
    )
    return Safeguards(access, lock, leases, unsafe, interlocks, queries)


def queue_of(
    manager: object,
    reactor: Any,
    calls: ManagerCalls,
    *,
    sealed: bool = False,
    fence: IFence | None = None,
) -> ManagerQueue:
    """A queue whose calls run where the manager's own marks say.

    ``sealed``: the journal waits for the disk.
    """
    watch = calls.watch_of(manager)
    runner = runner_for(manager, type(manager).__name__, reactor, watch)
    if fence is not None:
        runner = FencedRunner(runner, fence)
    queue = SealedQueue if sealed else ManagerQueue
    return queue(runner, reactor, width=safe_width(manager))


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
