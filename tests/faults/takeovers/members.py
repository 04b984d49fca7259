"""The model's processes: two processors of the same hardware, and servers. The road is real."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from pychron_comms.broker.figures import BrokerFigures
from pychron_comms.broker.memory import SharedJournal, SharedMemory
from pychron_comms.broker.ownership import SAFE
from pychron_comms.broker.repeater import BrokerRepeater
from pychron_comms.broker.standby import Standby
from pychron_comms.journal.memory import NoJournal
from pychron_comms.journal.record import time_text
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.execution.fenced import FencedRunner
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.safeguards.fence import FenceRule, LeasedFence
from pychron_comms.transport.broker_strings import BrokerAddress
from pychron_comms.transport.cork import Cork
from tests.faults.model.bench import Laboratory
from tests.faults.model.gates import assembled, queue_of
from tests.faults.model.processes import Process
from tests.faults.model.words import Hardware
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
        journal = SharedJournal(NoJournal(), self._tell, memory, lambda: _at(seconds()))
        self.gate = _gate(process, laboratory, journal, self.fence, seconds)
        self.standby = Standby(
            ADDRESS,
            self.gate,
            self.fence,
            memory,
            stream=self.gate.stream,
            metrics=Metrics(),
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

        def seconds() -> float:
            return process.seconds() + ahead

        self.repeater = BrokerRepeater(
            ADDRESS,
            process,
            BrokerFigures(Metrics(), seconds),
            Cork(),
            seconds=seconds,
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
    queue = partial(
        queue_of, process, most=_QUEUE, through=lambda runner: FencedRunner(runner, fence)
    )
    return assembled(
        process,
        LasersOff(laboratory, process),
        journal,
        lambda: 1_700_000_000.0 + seconds(),
        queue,
        before=[FenceRule(fence)],
    ).gate
