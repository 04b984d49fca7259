"""Executions for tests: nothing is in their way, and what is written down of them is kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from pychron_comms.processor.execution.execution import Execution
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks
from tests.doubles import ScriptedCall, ScriptedHandler


class KeptRecord:
    """``events`` are what was written: ``begin``, and each end with its outcome."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.failing: Exception | None = None

    def begin(self) -> None:
        if self.failing is not None:
            raise self.failing
        self.events.append("begin")

    def seal(self, told: Callable[[Exception | None], None]) -> None:
        told(self.failing)

    def when_written(self, done: Callable[[], object]) -> None:
        done()

    def prevented(self, error: Exception) -> None:
        self.events.append(type(error).__name__)

    def goes_on(self) -> None:
        """Only its begin and its end are written."""

    def end(self, outcome: str | Failure) -> None:
        self.events.append(outcome if isinstance(outcome, str) else type(outcome.value).__name__)


def execution_of(
    call: ScriptedCall, record: KeptRecord | None = None, clock: IReactorTime | None = None
) -> Execution:
    """One that no rule is for."""
    interlocks = Interlocks(lambda handler, read, ahead: "", Clock())
    return Execution(call, record or KeptRecord(), AccessRules(), interlocks, clock or Clock())


def submitted(
    queue: ManagerQueue, call: ScriptedCall, within: float | None = None
) -> str | Deferred[str]:
    """What the queue gives for a call, be it a read or one that acts."""
    handler = ScriptedHandler(call)
    if not call.moves:
        return queue.read(handler, call, within)
    return queue.submit(handler, call, within, execution_of(call, clock=queue._clock))
