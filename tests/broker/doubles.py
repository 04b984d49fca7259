"""A broker's channel as pika has it, which does what the test says and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, NamedTuple

from pika import BasicProperties, spec
from pika.exceptions import ChannelWrongStateError
from pika.frame import Method

from pychron_comms.broker.channel import BrokerChannel
from pychron_comms.observability.metrics import Metrics


def withheld(metrics: Metrics) -> float:
    """How many lines of the log were counted instead of written."""
    found = re.search(
        r"^pychron_comms_log_lines_withheld_total (.*)$", metrics.text(), re.MULTILINE
    )
    return float(found[1]) if found else 0.0


class Published(NamedTuple):
    exchange: str
    topic: str
    body: bytes
    properties: BasicProperties
    mandatory: bool


class PikaChannel:
    """Calls nothing back by itself: the broker's answers are the test's."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.published: list[Published] = []
        self.acked: list[int] = []
        self.is_open = True
        self.log: list[str] = []
        self._answers: list[Callable[..., None]] = []

    def wrapped(self) -> BrokerChannel:
        return BrokerChannel(self)

    # -- what pika has

    def add_on_close_callback(self, callback: Callable[..., None]) -> None:
        self.on_close = callback

    def add_on_cancel_callback(self, callback: Callable[..., None]) -> None:
        self.on_cancel = callback

    def add_on_return_callback(self, callback: Callable[..., None]) -> None:
        self.on_return = callback

    def confirm_delivery(self, ack_nack_callback: Any, callback: Any) -> None:
        self.on_confirm = ack_nack_callback
        self._ask("confirm_delivery", callback)

    def basic_qos(self, callback: Any, **arguments: Any) -> None:
        self._ask("basic_qos", callback, **arguments)

    def queue_bind(self, callback: Any, **arguments: Any) -> None:
        self._ask("queue_bind", callback, **arguments)

    def basic_consume(self, callback: Any, on_message_callback: Any, **arguments: Any) -> None:
        self.on_message = on_message_callback
        self._ask("basic_consume", callback, **arguments)

    def basic_ack(self, tag: int, multiple: bool) -> None:
        if not self.is_open:
            raise ChannelWrongStateError("Channel is closing.")
        self.acked.append(tag)
        self.log.append(f"ack {tag}")

    def basic_publish(
        self,
        exchange: str,
        topic: str,
        body: bytes,
        properties: BasicProperties,
        mandatory: bool,
    ) -> None:
        self.published.append(Published(exchange, topic, body, properties, mandatory))
        self.log.append(f"publish {topic}")

    def close(self) -> None:
        self.is_open = False

    def _ask(self, method: str, callback: Callable[..., None], **arguments: Any) -> None:
        self.asked.append((method, arguments))
        self.log.append(method)
        self._answers.append(callback)

    # -- what the broker does

    def answer(self) -> None:
        """To what was asked first and has no answer yet."""
        self._answers.pop(0)(None)

    def confirm(self, tag: int, *, multiple: bool = False) -> None:
        self.on_confirm(Method(1, spec.Basic.Ack(tag, multiple)))

    def reject(self, tag: int, *, multiple: bool = False) -> None:
        self.on_confirm(Method(1, spec.Basic.Nack(tag, multiple)))

    def hand_back(self, number: int) -> None:
        """What was published so many-th, since there is no queue for it."""
        message = self.published[number]
        self.on_return(self, spec.Basic.Return(312, "NO_ROUTE"), message.properties, message.body)

    def deliver(
        self,
        body: bytes,
        properties: BasicProperties,
        *,
        tag: int = 1,
        redelivered: bool = False,
        topic: str = "",
    ) -> None:
        method = spec.Basic.Deliver("c", tag, redelivered, "", topic)
        self.on_message(self, method, properties, body)

    def break_off(self, why: str = "gone") -> None:
        self.is_open = False
        self.on_close(self, ConnectionError(why))
