"""Pika under Twisted: the one module that imports pika, but for the messages' properties.

Pika brings an adapter of its own, which is not used: importing it chooses the reactor, a refused
login loses its reason in it, and it may pin a returned message to the wrong publication.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any
from typing import Protocol as Interface

import pika
from pika.channel import Channel
from pika.connection import Connection
from pika.exceptions import AMQPError, AMQPHeartbeatTimeout
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.broker.channel import BrokerChannel, ChannelLostError
from pychron_comms.broker.frames import (
    Confirmed,
    Delivered,
    bare_header_of,
    first_of,
    message_frames,
)
from pychron_comms.broker.version import check_product
from pychron_comms.transport.cork import Cork
from pychron_comms.transport.outbox import Outbox
from pychron_comms.transport.socket_tuning import receive_directly


class Timer:
    """A timer as pika wants it."""

    def __init__(self, call: IDelayedCall) -> None:
        self._call = call

    def cancel(self) -> None:
        if self._call.active():
            self._call.cancel()


class _PromptChannel(Channel):
    """Tells of deliveries and confirmations directly: pika would look for each of their frames who
    waits for it."""

    _confirmed: Callable[[Any], object] | None = None

    def confirm_delivery(self, ack_nack_callback: Any, callback: Any = None) -> None:
        self._confirmed = ack_nack_callback
        super().confirm_delivery(ack_nack_callback, callback)

    def take(self, came: Delivered | Confirmed) -> None:
        if isinstance(came, Confirmed):
            if self._confirmed is not None:
                self._confirmed(came.frame)
        elif came.consumer in self._consumers and came.consumer not in self._cancelled:
            # Of a channel that is being closed, the broker takes it back.
            self._consumers[came.consumer].take(came.delivery)


class _Pika(Connection):
    """Pika's part that knows no transport, on one of Twisted's."""

    def __init__(self, parameters: Any, clock: IReactorTime, *, told: BrokerConnection) -> None:
        self._clock = clock
        self._told = told
        super().__init__(
            parameters,
            lambda _: told.opened(),
            lambda _, error: told.refused(error),
            lambda _, error: told.closed(error),
            internal_connection_workflow=False,
        )

    def _adapter_call_later(self, delay: float, callback: Callable[[], object]) -> Timer:
        return Timer(self._clock.callLater(delay, callback))

    def _adapter_remove_timeout(self, timeout_id: Timer) -> None:
        timeout_id.cancel()

    def _adapter_add_callback_threadsafe(self, callback: Callable[[], object]) -> None:
        raise NotImplementedError("nothing here runs in another thread")

    def _adapter_connect_stream(self) -> None:
        raise NotImplementedError("Twisted connects")

    def _adapter_disconnect_stream(self) -> None:
        if isinstance(self._error, AMQPHeartbeatTimeout):
            # A computer that lost its power, or its cable, takes no last bytes.
            self._told.break_off()
        else:
            self._told.end()

    def _adapter_emit_data(self, data: bytes) -> None:
        self._told.write(data)

    def _output_marshaled_frames(self, marshaled_frames: Sequence[bytes]) -> None:
        # A message has three, which pika would write one by one.
        super()._output_marshaled_frames([b"".join(marshaled_frames)])

    # The short way of what comes and goes with each command.

    def _create_channel(self, channel_number: int, on_open_callback: Any) -> _PromptChannel:
        return _PromptChannel(self, channel_number, on_open_callback)

    def _read_frame(self) -> tuple[int, Any]:
        first = first_of(self._frame_buffer)
        if first is not None and first.channel in self._channels:
            return first.end, first
        try:
            return super()._read_frame()
        except Exception:
            # Properties that the broker takes, and pika cannot read. To end the connection for them
            # would give the message to the next processor, and so to each for ever.
            bare = bare_header_of(self._frame_buffer)
            if bare is None:
                raise
            return bare

    def _process_frame(self, frame_value: Any) -> None:
        if isinstance(frame_value, Delivered | Confirmed):
            self._channels[frame_value.channel].take(frame_value)
        else:
            super()._process_frame(frame_value)

    def _send_message(self, channel_number: int, method_frame: Any, content: Any) -> None:
        properties, body = content
        if len(body) <= self._body_max_length:
            frames = message_frames(channel_number, method_frame, properties, body)
            if frames is not None:
                self._output_marshaled_frames([frames])
                return
        super()._send_message(channel_number, method_frame, content)

    # What an adapter calls.

    def begin(self) -> None:
        self._on_stream_connected()

    def feed(self, data: bytes) -> None:
        self._on_data_available(data)

    def end(self, error: BaseException) -> None:
        # What the broker said before, if it did, is the better reason.
        self._on_stream_terminated(error if self._error is None else None)


class ConnectionOwner(Interface):
    """Who keeps a connection to a broker, and is told of it."""

    def connected(self, connection: BrokerConnection) -> None:
        """It may be used."""

    def disconnected(self, connection: BrokerConnection, why: str) -> None:
        """It has ended, or never came so far."""

    def blocked(self, why: str) -> None:
        """The broker takes nothing more of it until ``why`` is empty."""


class BrokerConnection(Protocol):
    """One connection to a broker. What is written while the ``cork`` is in leaves when it is drawn,
    and it is in while a chunk of what the broker says is worked off."""

    _log = Logger()
    transport: Any

    def __init__(
        self, owner: ConnectionOwner, parameters: Any, clock: IReactorTime, cork: Cork
    ) -> None:
        self._owner = owner
        self._cork = cork
        self._why = ""
        self._broken_by = "it has ended the connection"
        self._ended = False
        self._pika = _Pika(parameters, clock, told=self)
        # Deferreds of channels that are not open yet.
        self._opening: dict[Deferred[BrokerChannel], None] = {}

    def channel(self) -> Deferred[BrokerChannel]:
        """A new channel. Errors: ChannelLostError."""
        opening: Deferred[BrokerChannel] = Deferred()

        def opened(channel: Any) -> None:
            if opening in self._opening:
                del self._opening[opening]
                opening.callback(BrokerChannel(channel))

        self._opening[opening] = None
        try:
            self._pika.channel(on_open_callback=opened)
        except AMQPError as error:
            del self._opening[opening]
            return fail(ChannelLostError(repr(error)))
        return opening

    def close(self) -> None:
        """Say good-bye; the end comes later."""
        if self._pika.is_open:
            self._pika.close()
        else:
            self.transport.abortConnection()

    # -- Twisted's side

    def connectionMade(self) -> None:
        self.transport.setTcpNoDelay(True)
        receive_directly(self.transport, self)
        self._outbox = Outbox(self.transport, self._cork)
        self._pika.begin()

    def dataReceived(self, data: bytes) -> None:
        try:
            with self._cork:
                self._pika.feed(data)
        except AMQPError as error:
            self._why = f"it speaks no AMQP that can be read: {error!r}"
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._broken_by = reason.getErrorMessage()
        try:
            # It says next what the broker said of it, if that said something.
            self._pika.end(reason.value or ConnectionDone())
        except AMQPError as error:
            self._log.debug("at its end: {error!r}", error=error)
        self._over("")

    # -- pika's side

    def write(self, data: bytes) -> None:
        self._outbox.write(data)

    def end(self) -> None:
        """When all of it is written."""
        self._outbox.close()

    def break_off(self) -> None:
        """At once."""
        self._why = "no word from it for so long"
        self.transport.abortConnection()

    def opened(self) -> None:
        try:
            check_product(self._pika.server_properties or {})
        except ValueError as error:
            self._why = str(error)
            self.close()
            return
        self._pika.add_on_connection_blocked_callback(
            lambda _, frame: self._owner.blocked(str(frame.method.reason) or "it says not why")
        )
        self._pika.add_on_connection_unblocked_callback(lambda _, frame: self._owner.blocked(""))
        self._owner.connected(self)

    def refused(self, error: object) -> None:
        """It was never open."""
        self._over(explained(error))
        self.transport.abortConnection()

    def closed(self, error: object) -> None:
        """It was."""
        self._over(explained(error))

    def _over(self, said: str) -> None:
        if self._ended:
            return
        self._ended = True
        why = self._why = self._why or said or self._broken_by
        opening, self._opening = self._opening, {}
        for each in opening:
            each.errback(ChannelLostError(why))
        self._owner.disconnected(self, why)


def explained(error: object) -> str:
    """Why the broker has ended a connection, for a person; empty where it said nothing."""
    if isinstance(
        error, pika.exceptions.ProbableAuthenticationError | pika.exceptions.AuthenticationError
    ):
        return f"it refuses user and password: {error}"
    if isinstance(error, pika.exceptions.ProbableAccessDeniedError):
        return f"it refuses the vhost: {error}"
    if isinstance(error, pika.exceptions.ConnectionClosed):
        return f"{error.reply_code} {error.reply_text}"
    return ""


def parameters_for(
    vhost: str, user: str, password: str, name: str, heartbeat: int
) -> pika.ConnectionParameters:
    """What pika must know; where the broker is, is Twisted's affair."""
    # What pika logs, we say in our own words.
    logging.getLogger("pika").setLevel(logging.CRITICAL)
    return pika.ConnectionParameters(
        virtual_host=vhost,
        credentials=pika.PlainCredentials(user, password),
        heartbeat=heartbeat,
        client_properties={"connection_name": name, "product": "pychron_comms"},
    )
