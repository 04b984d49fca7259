"""Plain pika at a broker: somebody who answers, and somebody who asks him. Nothing of ours.

What a command costs depends on the queue that it goes by and on what the broker must have seen
before it is answered, so both are the caller's to say.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

import pika

_CLASSIC: Mapping[str, Any] = {"x-queue-type": "classic"}
_QUORUM: Mapping[str, Any] = {"x-queue-type": "quorum", "x-single-active-consumer": True}
_LOG: Mapping[str, Any] = {"x-queue-type": "stream"}

#: As large as the record of a command is.
_RECORD = b"r" * 200


class Kind(NamedTuple):
    """By which sort of queue, and whether each message is written to a log and acknowledged with a
    barrier before it is answered; ``told``: how often more it is told to the log, before the answer
    and without waiting."""

    name: str
    queue: Mapping[str, Any]
    is_careful: bool
    told: int = 0

    @property
    def log(self) -> str:
        return f"{self.name}.log"


#: What a read needs, and what the road makes sure of before something acts.
READING = Kind("benchmark.reading", _CLASSIC, is_careful=False)
ACTING = Kind("benchmark.acting", _QUORUM, is_careful=True)

#: And what others must hear of it: that it began and ended, and what it moved.
TELLING = Kind("benchmark.telling", _QUORUM, is_careful=True, told=2)


@contextmanager
def ping_pong(parameters: pika.ConnectionParameters, kind: Kind) -> Iterator[Asker]:
    """Who asks, while somebody answers. Their queues are made before, and deleted afterwards."""
    with pika.BlockingConnection(parameters) as connection:
        channel = connection.channel()
        for name, arguments in ((kind.name, kind.queue), (kind.log, _LOG)):
            channel.queue_delete(name)
            channel.queue_declare(name, durable=True, arguments=dict(arguments))
    answering = multiprocessing.Process(target=_answer, args=(parameters, kind), daemon=True)
    answering.start()
    try:
        yield Asker(parameters, kind.name)
    finally:
        answering.terminate()
        answering.join()
        with pika.BlockingConnection(parameters) as connection:
            channel = connection.channel()
            for name in (kind.name, kind.log):
                channel.queue_delete(name)


def _answer(parameters: pika.ConnectionParameters, kind: Kind) -> None:
    """Until it is ended."""
    Answerer(parameters, kind).run()


class Answerer:
    """Takes one message at a time. What it writes and acknowledges is under way at once."""

    def __init__(self, parameters: pika.ConnectionParameters, kind: Kind) -> None:
        self._kind = kind
        self._connection = pika.SelectConnection(parameters, on_open_callback=self._opened)
        # What waits for its reply, in order; of all, how many were acknowledged, and written down.
        self._asked: deque[tuple[Any, bytes]] = deque()
        self._replied = self._acknowledged = self._written = 0

    def run(self) -> None:
        self._connection.ioloop.start()

    def _opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._may_log)

    def _may_log(self, channel: Any) -> None:
        self._log = channel
        channel.confirm_delivery(self._is_written, callback=self._confirms)

    def _confirms(self, frame: object) -> None:
        self._connection.channel(on_open_callback=self._may_reply)

    def _may_reply(self, channel: Any) -> None:
        self._replies = channel
        self._connection.channel(on_open_callback=self._may_take)

    def _may_take(self, channel: Any) -> None:
        self._requests = channel
        channel.basic_qos(prefetch_count=1)
        channel.basic_consume(self._kind.name, self._came)

    def _came(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        self._asked.append((properties, body))
        channel.basic_ack(method.delivery_tag)
        if not self._kind.is_careful:
            self._reply()
            return
        self._log.basic_publish("", self._kind.log, _RECORD)
        channel.basic_qos(prefetch_count=1, callback=self._is_acknowledged)

    def _is_acknowledged(self, frame: object) -> None:
        self._acknowledged += 1
        self._reply_to_careful()

    def _is_written(self, frame: Any) -> None:
        self._written = frame.method.delivery_tag
        self._reply_to_careful()

    def _reply_to_careful(self) -> None:
        while self._replied < min(self._acknowledged, self._written):
            self._reply()

    def _reply(self) -> None:
        self._replied += 1
        properties, body = self._asked.popleft()
        for _ in range(self._kind.told):
            self._replies.basic_publish("", self._kind.log, _RECORD)
        self._replies.basic_publish("", properties.reply_to, body)


class Asker:
    """Publishes with confirms, and hears the replies at a queue of its own."""

    def __init__(self, parameters: pika.ConnectionParameters, queue: str) -> None:
        self._queue = queue
        self._left = self._unsent = 0
        self._sent: list[float] = []
        self._times: list[float] = []
        self._connection = pika.SelectConnection(parameters, on_open_callback=self._opened)
        self._connection.ioloop.start()

    def __call__(self, count: int, at_once: int) -> list[float]:
        """Seconds that each of so many took, of which so many are under way at a time."""
        self._times = []
        self._left, self._unsent = count, count
        for _ in range(at_once):
            self._send()
        self._connection.ioloop.start()
        return self._times

    def _opened(self, connection: Any) -> None:
        connection.channel(on_open_callback=self._may_publish)

    def _may_publish(self, channel: Any) -> None:
        self._requests = channel
        channel.confirm_delivery(lambda frame: None, callback=self._confirms)

    def _confirms(self, frame: object) -> None:
        self._connection.channel(on_open_callback=self._may_hear)

    def _may_hear(self, channel: Any) -> None:
        self._heard = channel
        channel.queue_declare("", exclusive=True, callback=self._declared)

    def _declared(self, frame: Any) -> None:
        self._own = frame.method.queue
        self._heard.basic_consume(
            self._own,
            self._came,
            auto_ack=True,
            callback=lambda frame: self._connection.ioloop.stop(),
        )

    def _send(self) -> None:
        if self._unsent:
            self._unsent -= 1
            self._sent.append(time.perf_counter())
            properties = pika.BasicProperties(reply_to=self._own)
            self._requests.basic_publish("", self._queue, b"ping", properties, mandatory=True)

    def _came(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        # The replies come in the order of the requests.
        self._times.append(time.perf_counter() - self._sent.pop(0))
        self._left -= 1
        self._send()
        if not self._left:
            self._connection.ioloop.stop()
