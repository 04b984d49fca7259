"""Hands a call to its manager, whose thread takes it in time or not at all."""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pychron_comms.errors import ExpiredError
from pychron_comms.interfaces import ICall, IRequestHandler
from pychron_comms.processor.execution.execution import Execution
from pychron_comms.processor.execution.runners import Runner


class HandOver:
    """The one way from a queue to a manager's thread."""

    def __init__(self, runner: Runner, clock: IReactorTime) -> None:
        self._runner = runner
        self._clock = clock

    def run(
        self, handler: IRequestHandler, call: ICall, execution: Execution | None, until: float
    ) -> str | Deferred[str]:
        """The call's reply where it is known at once; what it raises is its end, too.

        What acts has an execution, and is taken at ``until`` at the latest; else it fails with 202.
        """
        if execution is None:
            return self._runner.run(handler, call, None)
        take = partial(self._take, execution, call.name, until)
        return execution.hand_over(partial(self._runner.run, handler, call, take))

    def _take(self, execution: Execution, name: str, until: float) -> None:
        # In the manager's thread. Where this process has stood still since the hand-over, the
        # thread goes on before the timers do.
        if self._clock.seconds() > until:
            raise ExpiredError(name)
        execution.take()
