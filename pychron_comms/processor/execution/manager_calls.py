"""How long managers take over what they are asked, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pychron_comms.interfaces import Effect, ICall, IRequestHandler
from pychron_comms.observability.metrics import Histogram, Metrics
from pychron_comms.processor.execution.runners import Runner, Take

READ, ACT = "read", "act"

_T = TypeVar("_T")


class ManagerCalls:
    """Times the calls of managers that have a name; the names are the configuration's."""

    def __init__(self, metrics: Metrics, clock: IReactorTime) -> None:
        self._metrics = metrics
        self._clock = clock
        # By identity: a manager may compare equal to another, or not hash.
        self._names: dict[int, str] = {}

    def watch(self, managers: Mapping[str, object]) -> None:
        """Time these, by their names; to be called before they are asked anything."""
        self._names |= {id(manager): name for name, manager in managers.items()}

    def timed(self, manager: object, runner: Runner) -> Runner:
        """The runner, and what its calls take is observed where the manager has a name."""
        name = self._names.get(id(manager))
        if name is None:
            return runner
        reads, acts = self._histogram(name, READ), self._histogram(name, ACT)
        return TimedRunner(runner, reads, acts, self._clock)

    def _histogram(self, manager: str, operation: str) -> Histogram:
        return self._metrics.histogram(
            "pychron_comms_manager_call_seconds",
            "How long a manager takes over a call that it does not answer at once.",
            manager=manager,
            operation=operation,
        )


class TimedRunner:
    """A runner whose calls are timed where they are not answered at once.

    To their end, and with what they wait for a thread.
    """

    def __init__(
        self, runner: Runner, reads: Histogram, acts: Histogram, clock: IReactorTime
    ) -> None:
        self._runner = runner
        self._reads = reads
        self._acts = acts
        self._clock = clock

    def run(self, handler: IRequestHandler, call: ICall, take: Take | None) -> str | Deferred[str]:
        """As ``Runner.run``."""
        begun = self._clock.seconds()
        result = self._runner.run(handler, call, take)
        if isinstance(result, str):
            # At once, in the reactor's thread: what that takes the reactor's lag tells.
            return result
        histogram = self._reads if call.effect is Effect.READ else self._acts
        return result.addBoth(self._over, histogram, begun)

    def call(self, function: Callable[[], object]) -> Deferred[object]:
        """As ``Runner.call``."""
        begun = self._clock.seconds()
        return self._runner.call(function).addBoth(self._over, self._acts, begun)

    def abandon(self, work: Deferred[str]) -> None:
        self._runner.abandon(work)

    def stop(self) -> None:
        self._runner.stop()

    def _over(self, result: _T, histogram: Histogram, begun: float) -> _T:
        histogram.observe(self._clock.seconds() - begun)
        return result
