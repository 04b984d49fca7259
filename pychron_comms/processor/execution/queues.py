"""The queues of all managers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from twisted.internet.defer import Deferred

from pychron_comms.interfaces import ICall, IRequestHandler, Reading
from pychron_comms.observability.metrics import Metrics, Sample
from pychron_comms.processor.execution.manager_queue import ManagerQueue

#: Makes the queue of a manager.
QueueFactory = Callable[[object], ManagerQueue]


class Queues:
    """The queue of each manager, made when it is first asked for."""

    def __init__(self, factory: QueueFactory) -> None:
        self._factory = factory
        # By identity: a manager may compare equal to another, or not hash.
        self._queues: dict[int, ManagerQueue] = {}

    def of(self, manager: object) -> ManagerQueue:
        queue = self._queues.get(id(manager))
        if queue is None:
            queue = self._queues[id(manager)] = self._factory(manager)
        return queue

    def read(self, handler: IRequestHandler, call: ICall, ahead: bool) -> str | Deferred[str]:
        """As ``ManagerQueue.read``, of the call's own manager."""
        return self.of(call.manager).read(handler, call, ahead=ahead)

    def count_in(self, metrics: Metrics, managers: Mapping[str, object]) -> None:
        """How full the queues of these managers have been, by their names."""
        metrics.table(
            "pychron_comms_manager_queue_high_water",
            "The most commands that have waited for a manager at once, since the start.",
            lambda: self._high_waters(managers),
        )

    def readings(self, managers: Mapping[str, object]) -> Iterator[Reading]:
        """How many commands wait for each of these managers, by their names, while any do."""
        for name, manager in managers.items():
            queue = self._queues.get(id(manager))
            waiting = 0 if queue is None else queue.waiting
            if waiting:
                yield Reading(f"road/queue/{name}", waiting)

    def _high_waters(self, managers: Mapping[str, object]) -> Iterator[Sample]:
        for name, manager in managers.items():
            queue = self._queues.get(id(manager))
            # No queue is made for who only looks.
            yield {"manager": name}, 0 if queue is None else queue.high_water

    def __iter__(self) -> Iterator[ManagerQueue]:
        return iter(list(self._queues.values()))
