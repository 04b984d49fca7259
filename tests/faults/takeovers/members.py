"""The model's processes: two processors of the same hardware, and servers. The road is real."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, cast

from twisted.internet.interfaces import IReactorTime

from pychron_comms.broker.memory import SharedJournal, SharedMemory
from pychron_comms.broker.ownership import SAFE
from pychron_comms.broker.repeater import BrokerRepeater
from pychron_comms.broker.standby import Standby
from pychron_comms.handlers.echo import EchoHandler
from pychron_comms.interfaces import IRequestHandler
from pychron_comms.journal.memory import NoJournal
from pychron_comms.journal.record import time_text
from pychron_comms.journal.searches import JournalSearch
from pychron_comms.observability.metrics import Counter, Metrics
from pychron_comms.processor.assembly import made_safe
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.fenced import FencedRunner
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.queues import Queues
from pychron_comms.processor.gate_queries import GateQueries
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.fence import FenceRule, LeasedFence
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.kept_rules import KeptRules
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.overrides import Overrides
from pychron_comms.safeguards.roles import EVERYONE_OPERATES
from pychron_comms.safeguards.system_lock import SystemLock
from pychron_comms.safeguards.unsafe_parts import UnsafeParts
from pychron_comms.transport.broker_strings import BrokerAddress
from tests.doubles import still_publisher
from tests.faults.model.bench import Bench, Laboratory
from tests.faults.model.processes import Process
from tests.faults.model.threads import runner_in
from tests.faults.model.words import REQUEST_TYPE, Hardware, ModelHandler
from tests.faults.takeovers.broker import ModelBroker
from tests.faults.takeovers.wires import BrokerEndpoint, link_to

ADDRESS = BrokerAddress("broker", 5672, "line")

#: Commands that may wait for one manager.
_QUEUE = 50


class WatchedFence(LeasedFence):
    """Tells when this process takes the hardware to be its own, or goes on to."""

    def __init__(self, seconds: Callable[[], float], owned: Callable[[], None]) -> None:
        super().__init__(SAFE, seconds)
        self._owned = owned

    def open(self, epoch: str, until: float) -> None:
        super().open(epoch, until)
        self._owned()

    def renew(self, until: float) -> None:
        super().renew(until)
        if self.is_open:
            self._owned()


class LasersOff(Hardware):
    """What is to be made safe by whoever takes the hardware, or loses it."""

    def making_safe(self) -> list[tuple[Any, Callable[[], Any]]]:
        return [
            (self.benches[name], partial(self.benches[name].make_safe, device))
            for name, device in (("one", "a"), ("two", "c"))
        ]


class Processor:
    """``ahead``: how far its own clock is before the model's; ``ended``: it ends by itself."""

    def __init__(
        self,
        process: Process,
        broker: ModelBroker,
        laboratory: Laboratory,
        *,
        ahead: float,
        owned: Callable[[Processor], None],
        ended: Callable[[], None],
    ) -> None:
        self.process = process
        self.endpoint = BrokerEndpoint(broker, process)

        def seconds() -> float:
            return process.seconds() + ahead

        self.fence = WatchedFence(seconds, lambda: owned(self))
        memory = SharedMemory()
        journal = SharedJournal(NoJournal(), self._tell, memory.records, lambda: _at(seconds()))
        self.gate = _gate(process, laboratory, journal, self.fence, seconds)
        self.standby = Standby(
            ADDRESS,
            self.gate,
            self.fence,
            memory,
            stream=self.gate.stream,
            reactor=process,
            at=lambda: _at(seconds()),
            words={},
            begin=self.gate.startService,
            usurped=lambda why: ended(),
            seconds=seconds,
            link=link_to(broker, process, self.endpoint),
        )
        self.standby.startService()

    def _tell(self, record: Mapping[str, Any]) -> None:
        if self.process.alive:
            self.standby.tell_record(record)


class Server:
    """Its own clock is so far ahead."""

    def __init__(self, process: Process, broker: ModelBroker, *, ahead: float) -> None:
        self.process = process
        self.endpoint = BrokerEndpoint(broker, process)
        self.repeater = BrokerRepeater(
            ADDRESS,
            process,
            seconds=lambda: process.seconds() + ahead,
            link=link_to(broker, process, self.endpoint),
        )
        self.repeater.startService()


def _at(seconds: float) -> str:
    return time_text(1_700_000_000.0 + seconds)


def _gate(
    process: Process,
    laboratory: Laboratory,
    journal: SharedJournal,
    fence: LeasedFence,
    seconds: Callable[[], float],
) -> RemoteHardwareManager:
    """As ``processor.assembly`` puts it together, with the model's hardware and clock."""
    clock = cast(IReactorTime, process)

    def now() -> float:
        return 1_700_000_000.0 + seconds()

    hardware = LasersOff(laboratory, process)
    handlers: dict[str, IRequestHandler] = {
        REQUEST_TYPE: ModelHandler(hardware, None),
        "test": EchoHandler(),
    }
    queues = Queues(partial(_queue, process, fence))
    audit = Audit(journal, now)
    memory = CommandMemory(audit, clock, Metrics())
    unsafe = UnsafeParts(clock, now, audit, partial(made_safe, queues, memory))
    memory.watched_by(unsafe)
    leases = Leases(clock, now, audit, unsafe, Counter())
    interlocks = Interlocks(queues.read, clock)
    lock = SystemLock({})
    access = AccessRules((), [FenceRule(fence), lock, leases])
    hardware.safeguards = GateQueries(
        access=access,
        system_lock=lock,
        leases=leases,
        memory=memory,
        interlocks=interlocks,
        overrides=Overrides(b"", EVERYONE_OPERATES, clock, audit.refused, Metrics()),
    )
    return RemoteHardwareManager(
        handlers=handlers,
        access=access,
        hardware=hardware,
        queues=queues,
        memory=memory,
        audit=audit,
        leases=leases,
        interlocks=interlocks,
        kept_rules=KeptRules((), interlocks.broken, unsafe.add, clock),
        publisher=still_publisher(clock),
        searches=JournalSearch("", clock),
        clock=clock,
    )


def _queue(process: Process, fence: LeasedFence, manager: Bench) -> ManagerQueue:
    width = 1 if manager.blocks else math.inf
    runner = FencedRunner(runner_in(process, manager), fence)
    return ManagerQueue(runner, cast(IReactorTime, process), _QUEUE, width)
