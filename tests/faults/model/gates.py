"""The gate of a model's processor: as ``processor.assembly`` puts it together, with the model's
hardware and clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from twisted.internet.interfaces import IReactorTime

from pychron_comms.handlers.echo import EchoHandler
from pychron_comms.interfaces import IAccessRule, IJournal, Part
from pychron_comms.journal.searches import JournalSearch
from pychron_comms.observability.metrics import Counter, Metrics
from pychron_comms.processor.assembly import made_safe
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.queues import Queues
from pychron_comms.processor.execution.runners import Runner
from pychron_comms.processor.execution.sealed_queue import SealedQueue
from pychron_comms.processor.gate_queries import GateQueries
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.kept_rules import KeptRules
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.overrides import Overrides
from pychron_comms.safeguards.roles import EVERYONE_OPERATES
from pychron_comms.safeguards.rules import InterlockText, rules_for
from pychron_comms.safeguards.system_lock import SystemLock
from pychron_comms.safeguards.unsafe_parts import UnsafeParts
from pychron_comms.transport.cork import Cork
from tests.doubles import still_publisher
from tests.faults.model.bench import Bench
from tests.faults.model.processes import Process
from tests.faults.model.threads import runner_in
from tests.faults.model.words import REQUEST_TYPE, Hardware, ModelHandler


class Assembled(NamedTuple):
    """A gate that was not started yet, and its parts at which a model looks."""

    gate: RemoteHardwareManager
    queues: Queues
    memory: CommandMemory
    leases: Leases
    lock: SystemLock
    #: The part of the hardware that has this name.
    part: Callable[[str], Part]


def assembled(
    process: Process,
    hardware: Hardware,
    journal: IJournal,
    now: Callable[[], float],
    queue: Callable[[Bench], ManagerQueue],
    *,
    interlocks: Iterable[InterlockText] = (),
    computers: Mapping[str, str] | None = None,
    before: Iterable[IAccessRule] = (),
    cork: Cork | None = None,
) -> Assembled:
    """``computers``: those that may take the system lock, by name. ``before``: rules that are asked
    before it and the leases. ``now``: seconds since 1970. ``cork``: of its connections."""
    clock = cast(IReactorTime, process)
    model = ModelHandler(hardware, None)
    handlers: dict[str, Any] = {REQUEST_TYPE: model, "test": EchoHandler()}
    queues = Queues(queue)
    audit = Audit(journal, now, clock.callLater, cork)
    memory = CommandMemory(audit, clock, Metrics())
    unsafe = UnsafeParts(clock, now, audit, partial(made_safe, queues, memory))
    memory.guarded_by(unsafe)
    leases = Leases(clock, now, audit, unsafe, Counter())
    rules = Interlocks(queues.read, clock)
    rules.keep(rules_for(interlocks, handlers))
    lock = SystemLock(computers or {}, now)
    access = AccessRules((), [*before, lock, leases])
    hardware.safeguards = GateQueries(
        access=access,
        system_lock=lock,
        leases=leases,
        memory=memory,
        interlocks=rules,
        overrides=Overrides(b"", EVERYONE_OPERATES, clock, audit.refused, Metrics()),
    )
    gate = RemoteHardwareManager(
        handlers=handlers,
        access=access,
        hardware=hardware,
        queues=queues,
        memory=memory,
        audit=audit,
        leases=leases,
        interlocks=rules,
        kept_rules=KeptRules((), rules.broken, unsafe.add, clock),
        publisher=still_publisher(clock),
        searches=JournalSearch("", clock),
        clock=clock,
    )
    return Assembled(gate, queues, memory, leases, lock, model.part)


def queue_of(
    process: Process,
    manager: Bench,
    most: int,
    through: Callable[[Runner], Runner] = lambda runner: runner,
    *,
    sealed: bool = False,
) -> ManagerQueue:
    """Of a manager for which so many commands may wait; it is run ``through`` that.

    ``sealed``: each record waits for the disk.
    """
    width = 1 if manager.blocks else math.inf
    runner = through(runner_in(process, manager))
    queue = SealedQueue if sealed else ManagerQueue
    return queue(runner, cast(IReactorTime, process), most, width)
