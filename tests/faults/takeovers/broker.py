"""A broker in memory: what is published goes to queues, and from these to who consumes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pika import BasicProperties
from twisted.internet.task import Clock

from tests.faults.takeovers.queues import Log, Queue

if TYPE_CHECKING:
    from tests.faults.takeovers.wires import Wire


class ModelBroker:
    """``lag`` seconds pass until something is on its disk."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lag = 0.005
        self.is_up = True
        self.alarm = ""
        self.queues: dict[str, Queue] = {}
        self._bindings: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        self.wires: list[Wire] = []

    # -- what befalls it

    def kill(self) -> None:
        self.is_up = False
        self.alarm = ""
        wires, self.wires = self.wires, []
        for wire in wires:
            wire.broken()
        for name, queue in list(self.queues.items()):
            queue.crash()
            if not queue.survives:
                del self.queues[name]

    def start(self) -> None:
        self.is_up = True

    def raise_alarm(self, why: str) -> None:
        """Empty: it has room again."""
        self.alarm = why
        for wire in list(self.wires):
            wire.heed_alarm()

    def delete(self, name: str) -> None:
        queue = self.queues.pop(name, None)
        if queue is not None:
            queue.delete()

    def make_anew(self, name: str) -> None:
        """Somebody deletes a queue and makes it again at once: who consumes it hears nothing of
        that, nor by it."""
        queue = self.queues.get(name)
        if queue is not None:
            self.queues[name] = queue.emptied()

    def unbind(self) -> None:
        """Somebody has taken all bindings away, or the exchanges that had them."""
        self._bindings.clear()

    # -- what clients ask of it

    def declare(self, name: str, arguments: Mapping[str, Any]) -> Queue:
        if name not in self.queues:
            kind = arguments.get("x-queue-type")
            self.queues[name] = (
                Log(name, self.clock, self._seconds)
                if kind == "stream"
                else Queue(name, arguments, self.clock, self._seconds)
            )
        return self.queues[name]

    def bind(self, queue: str, exchange: str, topic: str) -> None:
        pattern = re.escape(topic).replace(r"\#", ".*")
        binding = re.compile(pattern), queue
        if binding not in self._bindings.setdefault(exchange, []):
            self._bindings[exchange].append(binding)

    def publish(
        self,
        exchange: str,
        topic: str,
        properties: BasicProperties,
        body: bytes,
        done: Callable[[bool | None], object],
    ) -> None:
        """``done`` is told True when all queues have it, False when one has refused it, None where
        there is none."""
        names = dict.fromkeys(
            name for pattern, name in self._bindings.get(exchange, ()) if pattern.fullmatch(topic)
        )
        queues = [self.queues[name] for name in names if name in self.queues]
        if not queues:
            done(None)
            return
        told: list[bool] = []

        def kept(is_kept: bool) -> None:
            told.append(is_kept)
            if len(told) == len(queues):
                done(all(told))

        for queue in queues:
            queue.put(topic, properties, body, kept)

    def _seconds(self) -> float:
        return self.lag
