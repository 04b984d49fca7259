"""One channel to a broker: Deferreds where pika has callbacks, and confirmed publishing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pika.exceptions import AMQPError, ChannelClosed, ConnectionClosed
from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger

from pychron_comms.broker.message import Delivery, Message, from_pika, to_pika


class BrokerError(Exception):
    """Something was not done by the broker, or it is not known to have been."""


class ChannelLostError(BrokerError):
    """The channel has ended, and what was under way with it is not known."""


class UnroutableError(BrokerError):
    """The broker has no queue for a message: it was dropped."""


class RejectedError(BrokerError):
    """The broker has refused a message: its queue is full, or cannot keep it."""


class _Unconfirmed(NamedTuple):
    name: str
    confirmed: Deferred[None]


class _Consumer:
    """Who takes the messages of a queue: as pika gives them, or as they were read already."""

    _log = Logger()

    def __init__(self, queue: str, take: Callable[[Delivery], object]) -> None:
        self._queue = queue
        self._take = take

    def __call__(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        message = from_pika(properties, body, method.routing_key)
        self.take(Delivery(message, bool(method.redelivered), method.delivery_tag))

    def take(self, delivery: Delivery) -> None:
        try:
            self._take(delivery)
        except Exception:
            self._log.failure("a bug met a message of {queue}", queue=self._queue)


class BrokerChannel:
    """A channel of a connection. When it ends, all that waits fails with ChannelLostError.

    ``ended`` is called then, with why; also where a queue that is consumed is gone, after which the
    channel is of no use.
    """

    def __init__(self, channel: Any) -> None:
        self._channel = channel
        self._calls: dict[Deferred[Any], None] = {}
        self._unconfirmed: OrderedDict[int, _Unconfirmed] = OrderedDict()
        self._returned: set[str] = set()
        self._number = 0
        #: Messages that were acknowledged one by one.
        self.acked = 0
        self.why = ""
        self.ended: Callable[[str], object] = lambda why: None
        channel.add_on_close_callback(lambda _, reason: self._over(_reason(reason)))
        channel.add_on_cancel_callback(lambda frame: self._cancelled())
        channel.add_on_return_callback(self._was_returned)

    def ask(self, method: str, **arguments: Any) -> Deferred[Any]:
        """Call one of pika's methods that has an answer; fires with it."""
        if self.why:
            return fail(ChannelLostError(self.why))
        answer: Deferred[Any] = Deferred()

        def answered(*frames: Any) -> None:
            if answer in self._calls:
                del self._calls[answer]
                answer.callback(frames[0] if frames else None)

        self._calls[answer] = None
        try:
            getattr(self._channel, method)(callback=answered, **arguments)
        except AMQPError as error:
            del self._calls[answer]
            return fail(ChannelLostError(repr(error)))
        return answer

    def consume(
        self,
        queue: str,
        take: Callable[[Delivery], object],
        *,
        auto_ack: bool = False,
        arguments: Mapping[str, Any] | None = None,
    ) -> Deferred[Any]:
        """Fires when ``take`` will be given each message of the queue."""
        return self.ask(
            "basic_consume",
            queue=queue,
            on_message_callback=_Consumer(queue, take),
            auto_ack=auto_ack,
            arguments=dict(arguments or {}),
        )

    def ack(self, tag: int, *, multiple: bool = False) -> None:
        """Nothing tells whether the broker has seen it but the answer to an ``ask`` after it.

        On a channel that is being closed it is not sent; what was delivered there comes again.
        """
        if self.why:
            return
        self.acked += 1
        try:
            self._channel.basic_ack(tag, multiple)
        except AMQPError as error:
            self._over(repr(error))

    def confirm(self) -> Deferred[Any]:
        """From its firing on, ``publish`` tells what became of a message."""
        return self.ask("confirm_delivery", ack_nack_callback=self._was_confirmed)

    def publish(self, exchange: str, topic: str, message: Message) -> Deferred[None]:
        """Fires when the broker has it in each of its queues. Errors: BrokerError."""
        if self.why:
            return fail(ChannelLostError(self.why))
        self._number += 1
        confirmed: Deferred[None] = Deferred()
        name = message.name or str(self._number)
        self._unconfirmed[self._number] = _Unconfirmed(name, confirmed)
        if not message.name:
            message = message._replace(name=name)
        self._emit(exchange, topic, message, mandatory=True)
        return confirmed

    def tell(self, exchange: str, topic: str, message: Message) -> None:
        """Publish on a channel without ``confirm``: nobody will know what became of it."""
        if not self.why:
            self._emit(exchange, topic, message, mandatory=False)

    def close(self) -> None:
        """What is not acknowledged goes back to its queue."""
        if not self.why and self._channel.is_open:
            self._channel.close()

    def _emit(self, exchange: str, topic: str, message: Message, *, mandatory: bool) -> None:
        try:
            self._channel.basic_publish(
                exchange, topic, message.body, to_pika(message), mandatory=mandatory
            )
        except AMQPError as error:
            self._over(repr(error))

    def _was_confirmed(self, frame: Any) -> None:
        method = frame.method
        tags = [method.delivery_tag]
        if method.multiple:
            tags = [tag for tag in self._unconfirmed if tag <= method.delivery_tag]
        is_kept = method.NAME == "Basic.Ack"
        for tag in tags:
            waiting = self._unconfirmed.pop(tag, None)
            if waiting is None:
                continue
            if waiting.name in self._returned:
                self._returned.discard(waiting.name)
                waiting.confirmed.errback(UnroutableError("there is no queue for it"))
            elif is_kept:
                waiting.confirmed.callback(None)
            else:
                waiting.confirmed.errback(RejectedError("its queue is full"))

    def _was_returned(self, channel: Any, method: Any, properties: Any, body: bytes) -> None:
        # It comes before the confirmation, and names what it is about.
        self._returned.add(properties.message_id)

    def _cancelled(self) -> None:
        """A queue was deleted, or its node is gone."""
        self._over("a queue is gone")
        if self._channel.is_open:
            self._channel.close()

    def _over(self, why: str) -> None:
        if self.why:
            return
        self.why = why or "closed"
        error = ChannelLostError(self.why)
        calls, self._calls = self._calls, {}
        unconfirmed, self._unconfirmed = self._unconfirmed, OrderedDict()
        for call in calls:
            call.errback(error)
        for waiting in unconfirmed.values():
            waiting.confirmed.errback(error)
        self.ended(self.why)


def _reason(reason: object) -> str:
    if isinstance(reason, ChannelClosed | ConnectionClosed):
        return f"{reason.reply_code} {reason.reply_text}"
    return str(reason) or repr(reason)
