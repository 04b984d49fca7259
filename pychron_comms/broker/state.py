"""How things stand, told to whoever listens at the broker: once, however many they are.

A message has event lines, as a connection that follows the stream has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import starmap

from twisted.internet.interfaces import IReactorTime

from pychron_comms.broker.channel import BrokerChannel
from pychron_comms.broker.message import STATE as STATE_MESSAGE
from pychron_comms.broker.message import Message
from pychron_comms.broker.names import REPLIES
from pychron_comms.broker.ticks import Ticks
from pychron_comms.observability.state import messages
from pychron_comms.observability.state.audience import Audience
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.observability.state.subscription import Subscription
from pychron_comms.transport.broker_strings import STATE_EXCHANGE, stream_topic
from pychron_comms.wire.grammar import event_line, parse_reply

#: Seconds between beats, and between two pictures of all for who has come meanwhile.
BEAT = 1.0
PICTURE = 5.0


class StateTeller:
    """Publishes one set's stream by the topic ``SET.stream``."""

    def __init__(
        self, hardware: str, stream: StateStream, channel: BrokerChannel, clock: IReactorTime
    ) -> None:
        self._topic = stream_topic(hardware)
        self._stream = stream
        self._channel = channel
        self._audience = Audience(stream, event_line, clock, beat=BEAT)
        self._is_blocked = False
        self._following = self._anew()
        self._pictures = Ticks(self.tell_all, PICTURE, clock)

    def start(self) -> None:
        self._following.begin()
        self._pictures.start()

    def stop(self) -> None:
        self._following.end()
        self._pictures.stop()

    def block(self, is_blocked: bool) -> None:
        """The broker takes nothing: what changes is gathered, the newest of each item."""
        self._is_blocked = is_blocked
        if is_blocked:
            self._following.pause()
        else:
            self._following.resume()

    def tell_one(self, queue: str) -> None:
        """How everything stands, to one server."""
        self._channel.tell(REPLIES, queue, Message(STATE_MESSAGE, self._picture()))

    def tell_all(self) -> None:
        """To whoever listens."""
        if not self._is_blocked:
            self._tell(self._picture())

    def _picture(self) -> bytes:
        stream = self._stream
        told = [
            messages.hello(stream),
            *messages.snapshot(stream, lambda path: True),
            messages.live(stream),
        ]
        return b"".join(starmap(event_line, told))

    def _anew(self) -> Subscription:
        return Subscription(self._audience, ["*"], self._tell, self._late)

    def _late(self, why: str) -> None:
        """The broker has taken nothing for so long that events are lost: who listens sees it."""
        self._following = self._anew()
        self._following.begin()

    def _tell(self, lines: bytes) -> None:
        self._channel.tell(STATE_EXCHANGE, self._topic, Message(STATE_MESSAGE, lines))


def lines_of(message: Message) -> Iterator[tuple[str, str]]:
    """The topics and texts that such a message has. Raises ValueError for what is none."""
    for line in message.body.split(b"\r\n")[:-1]:
        tags, text = parse_reply(line, b"")
        yield tags["event"], text
