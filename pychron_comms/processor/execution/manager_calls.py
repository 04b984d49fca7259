"""How long managers take over what they are asked, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pychron_comms.observability.metrics import Histogram, Metrics
from pychron_comms.processor.execution.runners import Watch, unwatched

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

    def watch_of(self, manager: object) -> Watch:
        """Looks on while this one is called, and observes what that takes where it has a name.

        To its end, and with what it waits for a thread. What is answered at once it does not see:
        that was in the reactor's thread, and the reactor's lag tells what it took.
        """
        name = self._names.get(id(manager))
        if name is None:
            return unwatched
        reads, acts = self._histogram(name, READ), self._histogram(name, ACT)
        seconds = self._clock.seconds

        def watch(work: Deferred[Any], is_read: bool) -> None:
            work.addBoth(_over, reads if is_read else acts, seconds(), seconds)

        return watch

    def _histogram(self, manager: str, operation: str) -> Histogram:
        return self._metrics.histogram(
            "pychron_comms_manager_call_seconds",
            "How long a manager takes over a call that it does not answer at once.",
            manager=manager,
            operation=operation,
        )


def _over(result: _T, histogram: Histogram, begun: float, seconds: Callable[[], float]) -> _T:
    histogram.observe(seconds() - begun)
    return result
