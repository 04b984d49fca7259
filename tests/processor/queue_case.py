"""A manager's queue, whose calls are the test's to end."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.runners import ReactorRunner
from tests.doubles import ScriptedCall
from tests.executions import submitted


class Repeated(ScriptedCall):
    """Each run is another Deferred for the test to fire."""

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self.works: list[Deferred[str]] = []

    def run(self) -> Any:
        self.runs += 1
        self.works.append(Deferred())
        return self.works[-1]


class QueueCase(SynchronousTestCase):
    limit = 3
    width: float = 1

    def setUp(self) -> None:
        self.clock = Clock()
        self.queue = ManagerQueue(ReactorRunner(), self.clock, limit=self.limit, width=self.width)

    def submit(self, call: ScriptedCall, within: float | None = None) -> Any:
        return submitted(self.queue, call, within)

    def occupy(self, **options: Any) -> tuple[ScriptedCall, Deferred[Any]]:
        """Begin a call that takes its time; itself, and its reply."""
        call = ScriptedCall("Busy", Deferred(), **options)
        return call, self.submit(call)

    def closes(self, count: int) -> tuple[list[Repeated], list[Any]]:
        """So many that make another part safe each; themselves, and their replies."""
        calls = [Repeated("Close", safe=True, target=str(each)) for each in range(count)]
        return calls, [self.submit(call) for call in calls]
