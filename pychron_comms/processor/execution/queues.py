"""The queues of all managers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet.defer import Deferred

from pychron_comms.interfaces import ICall, IRequestHandler
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

    def __iter__(self) -> Iterator[ManagerQueue]:
        return iter(list(self._queues.values()))
