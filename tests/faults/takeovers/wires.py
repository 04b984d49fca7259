"""Connections to the model's broker, and their channels as pika has them."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import Any, cast

from pika import BasicProperties, spec
from pika.frame import Method
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectError, ConnectionLost
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.broker.channel import BrokerChannel, ChannelLostError
from pychron_comms.broker.link import BrokerLink
from pychron_comms.broker.log_reader import OFFSET
from tests.faults.model.processes import Process, Turn
from tests.faults.takeovers.broker import ModelBroker
from tests.faults.takeovers.queues import Queue, Stored

#: Seconds on the way, either way.
LATENCY = 0.001

#: Seconds without a sign of life after which either end gives a connection up.
SILENCE = 9.0

Act = Callable[[], object]


class Way:
    """One direction of a connection: first in, first out, and nothing is lost on the way."""

    def __init__(self, broker: ModelBroker) -> None:
        self._clock = broker.clock
        self._last = 0.0
        self.stalled_until = 0.0

    def put(self, act: Act) -> None:
        now = self._clock.seconds()
        self._last = max(now + LATENCY, self.stalled_until, self._last)
        self._clock.callLater(self._last - now, self._arrive, act)

    def _arrive(self, act: Act) -> None:
        # It was stalled after that had left.
        if self._clock.seconds() < self.stalled_until:
            self.put(act)
        else:
            act()


class Wire:
    """A connection. Either end may think it open when the other one has given it up."""

    def __init__(self, broker: ModelBroker, process: Process, client: Any) -> None:
        self.broker = broker
        self.process = process
        self._client = client
        self.up, self.down = Way(broker), Way(broker)
        self.is_open_there = self.is_open_here = True
        self._held: deque[Act] | None = None
        self._publishes = False
        self.channels: list[ModelChannel] = []
        broker.wires.append(self)
        process.own(self)

    # -- bytes

    def ask(self, act: Act, *, publishes: bool = False) -> None:
        """The broker does that when it hears of it."""
        if self.is_open_here:
            self.up.put(lambda: self._heard(act, publishes=publishes))

    def tell(self, act: Act) -> None:
        """The client does."""
        if self.is_open_there:
            self.down.put(lambda: self.process.when_awake(lambda: self._told(act), Turn.NETWORK))

    def _heard(self, act: Act, *, publishes: bool) -> None:
        if not self.is_open_there:
            return
        self._publishes = self._publishes or publishes
        if self._held is None and self._publishes and self.broker.alarm:
            self.heed_alarm()
        if self._held is not None:
            self._held.append(act)
        else:
            act()

    def _told(self, act: Act) -> None:
        if self.is_open_here:
            act()

    def heed_alarm(self) -> None:
        """A broker that is short of memory reads nothing more of who publishes."""
        if self.broker.alarm and self._publishes and self._held is None:
            self._held = deque()
            self.tell(lambda: self._client.owner.blocked(self.broker.alarm or "memory"))
        elif not self.broker.alarm and self._held is not None:
            held, self._held = self._held, None
            self.tell(lambda: self._client.owner.blocked(""))
            for act in held:
                if self.is_open_there:
                    act()

    # -- its end

    def stall(self, seconds: float) -> None:
        """Nothing passes; each end gives it up if that lasts too long."""
        clock = self.broker.clock
        until = clock.seconds() + seconds
        self.up.stalled_until = self.down.stalled_until = until
        if seconds > SILENCE:
            clock.callLater(SILENCE - 1, self.given_up)
            self.process.callLater(SILENCE, self.end, "no sign of life")

    def given_up(self) -> None:
        """The broker has heard nothing for too long."""
        self.tell(lambda: self.end("320 CONNECTION_FORCED"))
        self._close_there()

    def broken(self) -> None:
        """The broker is dead, and its computer says so."""
        self.tell(lambda: self.end("Connection was closed"))
        self._close_there()

    def die(self) -> None:
        """Its process is dead: what it has sent arrives, and then its end."""
        self.is_open_here = False
        self.up.put(self._close_there)

    def loseConnection(self) -> None:
        if self.is_open_here:
            self.ask(self._close_there)
            self.process.callLater(0, self.end, "closed")

    abortConnection = loseConnection

    def end(self, why: str) -> None:
        if self.is_open_here:
            self.up.put(self._close_there)
            self.is_open_here = False
            self.process.disown(self)
            for channel in self.channels:
                channel.over(why)
            self._client.connectionLost(Failure(ConnectionLost(why)))

    def _close_there(self) -> None:
        if self.is_open_there:
            self.is_open_there = False
            if self in self.broker.wires:
                self.broker.wires.remove(self)
            for channel in self.channels:
                channel.close_there()


class ModelConnection(Protocol):
    """Stands for ``BrokerConnection``. ``owner``: the link that keeps it."""

    transport: Any

    def __init__(self, owner: Any) -> None:
        self.owner = owner
        self._is_open = self._has_ended = False

    def connectionMade(self) -> None:
        wire = self.transport
        wire.ask(lambda: wire.tell(self._opened))

    def channel(self) -> Deferred[BrokerChannel]:
        wire, opening = self.transport, Deferred[BrokerChannel]()
        if not wire.is_open_here:
            return fail(ChannelLostError("closed"))
        channel = ModelChannel(wire)
        wrapped = BrokerChannel(channel)

        def opened() -> None:
            channel.opening = None
            opening.callback(wrapped)

        channel.opening = opening
        wire.ask(lambda: wire.tell(opened))
        return opening

    def close(self) -> None:
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._has_ended:
            self._has_ended = True
            self.owner.disconnected(self, reason.getErrorMessage())

    def _opened(self) -> None:
        self.owner.connected(self)


class Consumer:
    """A consumer of a channel, at the broker."""

    def __init__(self, channel: ModelChannel, take: Any, queue: Queue, *, auto_ack: bool) -> None:
        self._channel = channel
        self._take = take
        self._queue = queue
        self._auto_ack = auto_ack
        self.ahead = 10**9 if auto_ack or not channel.ahead else channel.ahead
        self.unacknowledged: dict[int, Stored] = {}

    def give(self, stored: Stored) -> None:
        channel = self._channel
        tag = next(channel.tags)
        if self._auto_ack:
            self._queue.acknowledge(self, stored)
        else:
            self.unacknowledged[tag] = stored
        method = spec.Basic.Deliver("c", tag, stored.redelivered, "", stored.topic)
        channel.wire.tell(lambda: channel.deliver(self._take, method, stored))

    def cancelled(self) -> None:
        self._channel.wire.tell(self._channel.cancelled)

    def acknowledge(self, tag: int, *, multiple: bool) -> None:
        tags = [each for each in self.unacknowledged if each <= tag] if multiple else [tag]
        for each in tags:
            stored = self.unacknowledged.pop(each, None)
            if stored is not None:
                self._queue.acknowledge(self, stored)

    def leave(self) -> None:
        self._queue.leave(self)


class ModelChannel:
    """Both ends of a channel; its methods are those of pika's that the road calls."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.is_open = True
        self.opening: Deferred[BrokerChannel] | None = None
        self.ahead = 0
        self.tags = itertools.count(1)
        self._consumers: list[Consumer] = []
        self._published = 0
        self._on_close: Any = None
        self._on_cancel: Any = None
        self._on_return: Any = None
        self._on_confirm: Any = None
        wire.channels.append(self)

    # -- what pika has

    def add_on_close_callback(self, callback: Any) -> None:
        self._on_close = callback

    def add_on_cancel_callback(self, callback: Any) -> None:
        self._on_cancel = callback

    def add_on_return_callback(self, callback: Any) -> None:
        self._on_return = callback

    def confirm_delivery(self, ack_nack_callback: Any, callback: Any) -> None:
        self._on_confirm = ack_nack_callback
        self._asks(lambda: None, callback)

    def basic_qos(self, callback: Any, prefetch_count: int) -> None:
        def prefetch() -> None:
            self.ahead = prefetch_count

        self._asks(prefetch, callback)

    def exchange_declare(self, callback: Any, **names: Any) -> None:
        self._asks(lambda: None, callback)

    def queue_declare(self, callback: Any, queue: str, arguments: Any = None, **kind: Any) -> None:
        self._asks(lambda: self.wire.broker.declare(queue, arguments or {}), callback)

    def queue_bind(self, callback: Any, queue: str, exchange: str, routing_key: str) -> None:
        self._asks(lambda: self.wire.broker.bind(queue, exchange, routing_key), callback)

    def basic_consume(
        self, callback: Any, queue: str, on_message_callback: Any, auto_ack: bool, arguments: Any
    ) -> None:
        def consume() -> None:
            there = self.wire.broker.queues.get(queue)
            if there is None:
                self.wire.tell(lambda: self.over("404 NOT_FOUND"))
                return
            consumer = Consumer(self, on_message_callback, there, auto_ack=auto_ack)
            self._consumers.append(consumer)
            self.wire.tell(lambda: self._answered(callback))
            start = arguments.get(OFFSET, 0)
            there.consume(consumer, 0 if start == "first" else start)

        self.wire.ask(lambda: consume() if self.is_open else None)

    def basic_ack(self, tag: int, multiple: bool) -> None:
        def acknowledge() -> None:
            for consumer in self._consumers:
                consumer.acknowledge(tag, multiple=multiple)

        self.wire.ask(acknowledge)

    def basic_publish(
        self,
        exchange: str,
        topic: str,
        body: bytes,
        properties: BasicProperties,
        mandatory: bool,
    ) -> None:
        self._published += 1
        tag = self._published

        def kept(is_kept: bool | None) -> None:
            if is_kept is None and mandatory:
                method = spec.Basic.Return(312, "NO_ROUTE")
                self.wire.tell(lambda: self._on_return(self, method, properties, body))
            answer = spec.Basic.Nack(tag) if is_kept is False else spec.Basic.Ack(tag)
            if self._on_confirm is not None:
                self.wire.tell(lambda: self._confirmed(answer))

        publish = self.wire.broker.publish
        self.wire.ask(lambda: publish(exchange, topic, properties, body, kept), publishes=True)

    def close(self) -> None:
        self.is_open = False
        self.wire.ask(self.close_there)
        self._on_close(self, "closed")

    # -- what the broker does

    def deliver(self, take: Any, method: Any, stored: Stored) -> None:
        if self.is_open:
            take(self, method, stored.properties, stored.body)

    def cancelled(self) -> None:
        if self.is_open:
            self._on_cancel(None)

    def over(self, why: str) -> None:
        """It has ended, with its connection or without."""
        opening, self.opening = self.opening, None
        if opening is not None:
            opening.errback(ChannelLostError(why))
        elif self.is_open:
            self.is_open = False
            self._on_close(self, why)

    def close_there(self) -> None:
        consumers, self._consumers = self._consumers, []
        for consumer in consumers:
            consumer.leave()

    def _asks(self, act: Act, callback: Any) -> None:
        def done() -> None:
            act()
            self.wire.tell(lambda: self._answered(callback))

        self.wire.ask(done)

    def _answered(self, callback: Any) -> None:
        if self.is_open:
            callback(None)

    def _confirmed(self, answer: Any) -> None:
        if self.is_open:
            self._on_confirm(Method(1, answer))


@implementer(IStreamClientEndpoint)
class BrokerEndpoint:
    """Where the model's broker is, for one process."""

    def __init__(self, broker: ModelBroker, process: Process) -> None:
        self._broker = broker
        self._process = process
        self.stalled_until = 0.0

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        connecting: Deferred[IProtocol] = Deferred(lambda _: None)
        self._process.callLater(LATENCY, self._connected, factory, connecting)
        return connecting

    def _connected(self, factory: IProtocolFactory, connecting: Deferred[IProtocol]) -> None:
        if connecting.called:
            return
        if not self._broker.is_up or self._broker.clock.seconds() < self.stalled_until:
            connecting.errback(Failure(ConnectError(string="nobody is there")))
            return
        protocol: Any = factory.buildProtocol(cast(Any, None))
        wire = Wire(self._broker, self._process, protocol)
        protocol.makeConnection(wire)
        connecting.callback(protocol)


def link_to(broker: ModelBroker, process: Process, endpoint: BrokerEndpoint) -> type[BrokerLink]:
    """The real link, with connections of the model's."""

    class ModelLink(BrokerLink):
        def endpoint(self) -> IStreamClientEndpoint:
            return endpoint

        def protocol(self) -> Any:
            return ModelConnection(self)

    return ModelLink
