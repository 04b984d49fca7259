"""A watch by way of a broker: how things stand, as the owner of the hardware publishes it.

Nobody is asked for anything. The owner publishes changes as they come, and a picture of all every
few seconds; who comes begins with the next picture.
"""

from __future__ import annotations

import itertools
import json
import re
import ssl
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pychron_comms.client.link.deadline import Clock, Deadline
from pychron_comms.client.link.endpoint import Address
from pychron_comms.client.outcome import reason
from pychron_comms.client.watch.blocking import Watch
from pychron_comms.config.private_files import read_secret
from pychron_comms.transport.broker_strings import (
    STATE_EXCHANGE,
    BrokerAddress,
    need_pika,
    parse_broker,
    stream_topic,
)
from pychron_comms.wire.grammar import event_line

if TYPE_CHECKING:
    import pika

    from pychron_comms.client.waiting import Cancel

#: Messages that may wait at the broker for one that does not read; then the oldest go.
_WAITING = 1000

#: Seconds after which a broker that says nothing is lost.
_PATIENCE = 5

_EVENT = re.compile(rb"@event=(\w+);seq=(\d+) (.*)")


def watch_by_broker(text: str, patterns: tuple[str, ...], cancel: Cancel | None = None) -> Watch:
    """A loop over how things stand at the owner of a set of hardware.

    ``text``: ``amqp:HOST:set=NAME`` and its like. Raises ValueError.
    """
    address = parse_broker(text)
    need_pika(text)
    # What went by between two connections is missing.
    missing = itertools.chain([False], itertools.repeat(True))
    return Watch(
        Address(text, "amqp"),
        patterns,
        lambda deadline: Listener(address, Pictures(misses=next(missing))),
        cancel=cancel,
    )


class Pictures:
    """Lets of the pictures through what a reader has not been told yet. Does no I/O.

    ``misses``: the reader was told something before, and has missed what came since.
    """

    def __init__(self, *, misses: bool = False) -> None:
        self._misses = misses
        self._session = ""
        self._last = 0
        self._is_whole = False

    def taken(self, lines: bytes) -> bytes:
        """What the reader is to be told. Raises ValueError for what is no stream."""
        return b"".join(each for line in lines.split(b"\r\n") if line for each in self._each(line))

    def _each(self, line: bytes) -> Iterator[bytes]:
        found = _EVENT.fullmatch(line)
        if found is None:
            raise ValueError(f"no event of our kind: {line[:80]!r}")
        topic, number, fields = found[1], int(found[2]), json.loads(found[3])
        if topic == b"hello":
            yield from self._began(str(fields["session"]), number)
        elif topic in {b"change", b"event"}:
            yield from self._went_on(int(fields["prev"]), number)
            self._last = max(self._last, number)
        elif topic == b"beat":
            yield from self._went_on(int(fields["last"]), number)
        elif self._is_whole:
            return
        yield line + b"\r\n"
        if topic == b"live":
            self._is_whole = True
            self._last = max(self._last, number)

    def _began(self, session: str, number: int) -> Iterator[bytes]:
        if session != self._session:
            # Another owner, or another life of this one.
            if self._session or self._misses:
                yield self._gap(number)
            self._session, self._last = session, 0

    def _went_on(self, before: int, number: int) -> Iterator[bytes]:
        if self._is_whole and before > self._last:
            yield self._gap(number)

    def _gap(self, number: int) -> bytes:
        """Something is missing: the next picture is whole again."""
        self._is_whole = False
        return event_line("gap", number, json.dumps({"from": self._last, "to": number}))


class Listener:
    """A queue of its own at the broker. What fails raises OSError or ValueError."""

    def __init__(
        self, address: BrokerAddress, pictures: Pictures, clock: Clock = time.monotonic
    ) -> None:
        import pika  # noqa: PLC0415

        self._pictures = pictures
        self._clock = clock
        self._came = b""
        self._lost = pika.exceptions.AMQPError
        try:
            nodes = [_parameters(pika, address, host) for host in address.hosts]
            self._connection = pika.BlockingConnection(nodes)
            channel = self._connection.channel()
            queue = channel.queue_declare(
                "", exclusive=True, arguments={"x-max-length": _WAITING}
            ).method.queue
            channel.queue_bind(queue, STATE_EXCHANGE, stream_topic(address.hardware))
            channel.basic_consume(queue, self._take, auto_ack=True)
        except self._lost as error:
            raise ConnectionError(f"{address.name}: {reason(error)}") from None

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Nobody is asked."""

    def receive(self, seconds: float) -> bytes:
        """What comes next. TimeoutError where nothing does."""
        end = self._clock() + seconds
        while not (told := self._told()):
            left = end - self._clock()
            if left <= 0:
                raise TimeoutError
            try:
                self._connection.process_data_events(left)
            except self._lost as error:
                raise ConnectionError(f"the broker is lost: {reason(error)}") from None
        return told

    def _told(self) -> bytes:
        came, self._came = self._came, b""
        return self._pictures.taken(came)

    def close(self) -> None:
        if self._connection.is_open:
            self._connection.close()

    def _take(self, channel: object, method: object, properties: object, body: bytes) -> None:
        self._came += body


def _parameters(pika: Any, address: BrokerAddress, host: str) -> pika.ConnectionParameters:
    password = read_secret(str(address.password)).decode() if address.password else "guest"
    tls = None
    if address.is_tls:
        files = address.files
        context = ssl.create_default_context(cafile=files.roots)
        if files.certificate is not None:
            context.load_cert_chain(files.certificate, files.key)
        tls = pika.SSLOptions(context, host)
    return pika.ConnectionParameters(
        host,
        address.port,
        address.vhost,
        pika.PlainCredentials(address.user, password),
        ssl_options=tls,
        heartbeat=_PATIENCE,
        blocked_connection_timeout=_PATIENCE,
        socket_timeout=_PATIENCE,
    )
