"""Queues as RabbitMQ has them, as far as the road uses them; under the clock of a model.

A quorum queue takes in and forgets a message ``lag`` seconds after it was told so, and not at all
where its broker dies before: an acknowledgement that a channel has seen may be lost all the same.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any, NamedTuple, Protocol

from pika import BasicProperties
from twisted.internet.task import Clock

from pychron_comms.broker.log_reader import OFFSET


class Stored(NamedTuple):
    """A message, by which topic it came, until when it is of use, and whether it was given out."""

    topic: str
    properties: BasicProperties
    body: bytes
    until: float
    redelivered: bool = False


class Taker(Protocol):
    """Who consumes a queue."""

    ahead: int

    def give(self, stored: Stored) -> None:
        """One more message."""

    def cancelled(self) -> None:
        """The queue is gone."""


class Queue:
    """``lag``: what is to be waited for each time that something must be on the disk."""

    def __init__(
        self, name: str, arguments: Mapping[str, Any], clock: Clock, lag: Callable[[], float]
    ) -> None:
        self.name = name
        self._clock = clock
        self.emptied = lambda: Queue(name, arguments, clock, lag)
        self._lag = lag if arguments.get("x-queue-type", "classic") != "classic" else lambda: 0.0
        self.survives = arguments.get("x-queue-type", "classic") != "classic"
        self._single = bool(arguments.get("x-single-active-consumer"))
        self._room = arguments.get("x-max-length", 10**9)
        self._seconds = arguments.get("x-message-ttl", 10**9) / 1000
        self._ready: deque[Stored] = deque()
        self._given: dict[Taker, dict[int, Stored]] = {}
        self._numbers = itertools.count(1)
        self._due = 0.0
        self.lives = 0

    # -- what the broker does

    def put(self, topic: str, properties: BasicProperties, body: bytes, done: Any) -> None:
        """``done`` is told whether it was kept."""
        self._in_time(self._keep, topic, properties, body, done)

    def consume(self, taker: Taker, start: int = 0) -> None:
        self._given[taker] = {}
        self.pump()

    def acknowledge(self, taker: Taker, stored: Stored) -> None:
        self._in_time(self._forget, taker, stored)

    def leave(self, taker: Taker) -> None:
        """What it has not acknowledged is given to the next one."""
        given = self._given.pop(taker, {})
        again = [given[number]._replace(redelivered=True) for number in sorted(given)]
        self._ready.extendleft(reversed(again))
        self.pump()

    def crash(self) -> None:
        """Its broker is dead: what was not done yet is not done."""
        self.lives += 1
        self._due = 0.0
        for taker in list(self._given):
            given = self._given.pop(taker)
            again = [given[number]._replace(redelivered=True) for number in sorted(given)]
            self._ready.extendleft(reversed(again))

    def delete(self) -> None:
        takers, self._given = list(self._given), {}
        self.lives += 1
        for taker in takers:
            taker.cancelled()

    def pump(self) -> None:
        """Give out what may be given."""
        while self._ready:
            taker = self._free()
            if taker is None:
                return
            stored = self._ready.popleft()
            if stored.until >= self._clock.seconds():
                self._given[taker][next(self._numbers)] = stored
                taker.give(stored)

    # -- what becomes of it

    def _in_time(self, act: Callable[..., None], *arguments: Any) -> None:
        # In the order in which it was told.
        self._due = max(self._due, self._clock.seconds() + self._lag())
        life = self.lives

        def now() -> None:
            if life == self.lives:
                act(*arguments)

        if self._due <= self._clock.seconds():
            now()
        else:
            self._clock.callLater(self._due - self._clock.seconds(), now)

    def _keep(self, topic: str, properties: BasicProperties, body: bytes, done: Any) -> None:
        if len(self._ready) >= self._room:
            done(False)
            return
        seconds = self._seconds
        if properties.expiration is not None:
            seconds = min(seconds, int(properties.expiration) / 1000)
        self._ready.append(Stored(topic, properties, body, self._clock.seconds() + seconds))
        done(True)
        self.pump()

    def _forget(self, taker: Taker, stored: Stored) -> None:
        given = self._given.get(taker, {})
        for number, each in list(given.items()):
            if each is stored:
                del given[number]
        self.pump()

    def _free(self) -> Taker | None:
        """The broker goes round; a single active one is the first that came and is there still."""
        for taker in list(self._given):
            if len(self._given[taker]) < taker.ahead:
                if not self._single:
                    self._given[taker] = self._given.pop(taker)
                return taker
            if self._single:
                return None
        return None


class Log(Queue):
    """A stream: each who consumes it gets all of it, from the place on that he names."""

    def __init__(self, name: str, clock: Clock, lag: Callable[[], float]) -> None:
        super().__init__(name, {"x-queue-type": "stream"}, clock, lag)
        self._kept: list[Stored] = []
        self._places: dict[Taker, list[int]] = {}

    def consume(self, taker: Taker, start: int = 0) -> None:
        # As the broker has it, also where it has not come so far.
        self._places[taker] = [start, start]
        self.pump()

    def acknowledge(self, taker: Taker, stored: Stored) -> None:
        if taker in self._places:
            self._places[taker][1] += 1
            self.pump()

    def leave(self, taker: Taker) -> None:
        self._places.pop(taker, None)

    def crash(self) -> None:
        super().crash()
        self._places.clear()

    def delete(self) -> None:
        takers, self._places = list(self._places), {}
        self.lives += 1
        for taker in takers:
            taker.cancelled()

    def pump(self) -> None:
        for taker, places in list(self._places.items()):
            while places[0] < len(self._kept) and places[0] - places[1] < taker.ahead:
                places[0] += 1
                taker.give(self._kept[places[0] - 1])

    def _keep(self, topic: str, properties: BasicProperties, body: bytes, done: Any) -> None:
        placed = copy(properties)
        placed.headers = {**(properties.headers or {}), OFFSET: len(self._kept)}
        self._kept.append(Stored(topic, placed, body, 0.0))
        done(True)
        self.pump()
