"""The repeater over a socket: one persistent connection, pipelined, replies matched by id."""

from __future__ import annotations

import math
import random
from functools import partial
from typing import Any

from twisted.application.internet import ClientService, backoffPolicy
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHandshakeListener,
    INegotiated,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import (
    MalformedRequestError,
    OutcomeUnknownError,
    PychronCommunicationError,
    QueueFullError,
)
from pychron_comms.interfaces import ICommandRepeater
from pychron_comms.transport.socket_tuning import make_prompt
from pychron_comms.wire.context import PLAIN, RequestContext, tags_of
from pychron_comms.wire.grammar import NO_TAGS, Tags, parse_reply, payload_length, write_request
from pychron_comms.wire.replies import ReplyDecoder

#: Bytes of one reply; a processor that sends more is taken for broken.
REPLY_LIMIT = 16 * 1024 * 1024

#: Commands of one connection that may wait for their replies.
PENDING_LIMIT = 10_000

#: Seconds after which the processor knows that a reply was read, and how many it is told at once.
TAKEN_WITHIN = 0.05
TAKEN_AT_ONCE = 100

#: Seconds between looks for those who have waited too long, and what a reply may take on the way.
_SWEEP = 1.0
_GRACE = 0.5

#: Seconds that a handshake of TLS may take.
_HANDSHAKE = 10.0

_TEST_DATA = "are you there"

#: How endpoints on this computer begin.
_NEAR = ("unix:", "tcp:127.0.0.1:", "tcp:localhost:")


@implementer(IHandshakeListener)
class ProcessorConnection(Protocol):
    """One connection to a processor. Ids are never used twice on it."""

    _log = Logger()
    transport: Any

    def __init__(self, repeater: CommandRepeater, clock: IReactorTime, timeout: float) -> None:
        self._repeater = repeater
        self._clock = clock
        self._timeout = timeout
        self._decoder = ReplyDecoder(payload_length, REPLY_LIMIT)
        # By their ids: the reply to come, the time to give up, and the command.
        self._pending: dict[int, tuple[Deferred[str], float, str]] = {}
        self._last_id = 0
        # Asks whose replies were read, and the processor does not know it yet.
        self._taken: list[str] = []
        self._taken_timer: IDelayedCall | None = None
        self._sweep = LoopingCall(self._give_up_late)
        self._sweep.clock = clock

    def send(
        self, request_type: str, data: str, sender: str, context: RequestContext
    ) -> Deferred[str]:
        if self._taken:
            # It may tell whether this one is a copy.
            self._say_taken()
        if len(self._pending) >= PENDING_LIMIT:
            return fail(QueueFullError(f"{PENDING_LIMIT} commands wait for the processor"))
        tags, seconds = {"from": sender}, self._timeout
        if self._repeater.is_near:
            tags["sent"] = f"{self._clock.seconds():.3f}"
        if context is not PLAIN:
            tags |= tags_of(context)
            if context.within is not None:
                # The processor keeps to it as well, and has the better word for it.
                seconds = min(seconds, max(context.within, 0.0) + _GRACE)
        return self._send(data, request_type, tags, seconds)

    def forget(self, response: Deferred[str]) -> None:
        """Tell the processor that nobody waits for this response; nothing where it is not ours."""
        for number, (waiting, _, _) in self._pending.items():
            if waiting is response:
                self.say(f"Forget {number}")
                return

    def say(self, words: str) -> None:
        """Tell the processor something of this connection; its reply is of no use."""
        self._send(words, "", NO_TAGS, self._timeout).addErrback(lambda failure: None)

    def taken(self, ask: str) -> None:
        """Tell the processor, with the next command or a moment later, that a reply was read."""
        self._taken.append(ask)
        if len(self._taken) >= TAKEN_AT_ONCE:
            self._say_taken()
        elif self._taken_timer is None:
            self._taken_timer = self._clock.callLater(TAKEN_WITHIN, self._taken_late)

    def _taken_late(self) -> None:
        self._taken_timer = None
        self._say_taken()

    def _say_taken(self) -> None:
        asks, self._taken = self._taken, []
        if asks:
            self.say(f"Taken {' '.join(asks)}")

    def _send(self, command: str, request_type: str, tags: Tags, seconds: float) -> Deferred[str]:
        """Errors: 206 for a command that is more than one line."""
        number = self._last_id + 1
        line = write_request(command, request_type, {"id": str(number), **tags})
        self._last_id = number
        result: Deferred[str] = Deferred()
        self._pending[number] = (result, self._clock.seconds() + seconds, command)
        self.transport.write(f"{line}\r\n".encode())
        return result

    def connectionMade(self) -> None:
        make_prompt(self.transport)
        self._sweep.start(_SWEEP, now=False)
        self._ready_by = self._clock.seconds() + _HANDSHAKE
        # Of TLS, nothing is sent until both sides know each other: it could only be lost.
        if not INegotiated.providedBy(self.transport):
            self.handshakeCompleted()

    def handshakeCompleted(self) -> None:
        self._ready_by = math.inf
        self._repeater.connected(self)

    def dataReceived(self, data: bytes) -> None:
        try:
            for line, payload in self._decoder.feed(data):
                self._reply_received(line, payload)
        except ValueError as error:
            self._log.error("the processor answers garbage: {error}", error=error)
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._sweep.stop()
        if self._taken_timer is not None:
            self._taken_timer.cancel()
        self._repeater.disconnected(self, reason)
        pending, self._pending = self._pending, {}
        for result, _, data in pending.values():
            result.errback(OutcomeUnknownError(f"the processor was lost during {data}"))

    def _reply_received(self, line: bytes, payload: bytes) -> None:
        reply = parse_reply(line, payload)
        number = int(reply.tags.get("id", ""))
        waiting = self._pending.pop(number, None)
        if waiting is not None:
            waiting[0].callback(reply.text)
        elif 0 < number <= self._last_id:
            self._log.warn("a reply came too late: {text}", text=reply.text)
        else:
            raise ValueError(f"a reply to request {number}, which was never sent")

    def _give_up_late(self) -> None:
        now = self._clock.seconds()
        if self._ready_by <= now:
            self.transport.abortConnection()
        for number in [number for number, (_, time, _) in self._pending.items() if time <= now]:
            result, _, data = self._pending.pop(number)
            result.errback(OutcomeUnknownError(f"no reply in time to {data}"))


@implementer(IProtocolFactory)
class _ConnectionFactory(Factory):
    noisy = False

    def __init__(self, repeater: CommandRepeater, clock: IReactorTime, timeout: float) -> None:
        self._arguments = (repeater, clock, timeout)

    def buildProtocol(self, addr: IAddress | None) -> ProcessorConnection:
        return ProcessorConnection(*self._arguments)


@implementer(IStreamClientEndpoint)
class _WatchedEndpoint:
    """Tells the repeater why an attempt to connect failed."""

    def __init__(self, endpoint: IStreamClientEndpoint, repeater: CommandRepeater) -> None:
        self._endpoint = endpoint
        self._repeater = repeater

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        return self._endpoint.connect(factory).addErrback(self._repeater.attempt_failed)


@implementer(ICommandRepeater)
class CommandRepeater(MultiService):
    """Repeats commands to the processor at one endpoint, over one connection that it keeps.

    ``name`` is how errors and logs call the endpoint. It reconnects with backoff and jitter, at
    most 2.2 s apart. While there is no connection, a command fails at once with 011: it was never
    sent. What was sent and not answered when the connection ends, or ``timeout`` seconds later,
    fails with 201. Nothing is sent twice.
    """

    _log = Logger()

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        name: str,
        clock: IReactorTime,
        timeout: float = 30.0,
    ) -> None:
        super().__init__()
        self._name = name
        #: Whether the processor is on this computer, and so can tell how long a command was on its
        #: way: it may have stood still.
        self.is_near = name.startswith(_NEAR)
        self._connection: ProcessorConnection | None = None
        self._why = "not connected yet"
        client = ClientService(
            _WatchedEndpoint(endpoint, self),
            _ConnectionFactory(self, clock, timeout),
            # Twisted's own jitter is up to a second, which is long for one that only restarts.
            retryPolicy=backoffPolicy(
                initialDelay=0.1, maxDelay=2.0, factor=1.5, jitter=partial(random.uniform, 0, 0.2)
            ),
            clock=clock,
        )
        client.setServiceParent(self)

    def get_response(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[str]:
        if self._connection is None:
            return fail(PychronCommunicationError(self._name, self._why))
        try:
            return self._connection.send(request_type, data, sender, context)
        except MalformedRequestError:
            return fail()

    def asker_gone(self, response: Deferred[str]) -> None:
        if self._connection is not None:
            self._connection.forget(response)

    def session_ended(self, session: str) -> None:
        if self._connection is not None:
            self._connection.say(f"Gone {session}")

    def reply_taken(self, ask: str) -> None:
        if self._connection is not None:
            self._connection.taken(ask)

    def test_connection(self) -> Deferred[None]:
        return self.get_response("test", _TEST_DATA, "").addCallback(self._check_echo)

    def _check_echo(self, text: str) -> None:
        if text != _TEST_DATA:
            raise PychronCommunicationError(self._name, f"its echo was {text}")

    # -- what its connections tell it

    def connected(self, connection: ProcessorConnection) -> None:
        self._connection = connection
        self._log.info("connected to the processor at {name}", name=self._name)

    def disconnected(self, connection: ProcessorConnection, reason: Failure) -> None:
        self._connection = None
        self._why = reason.getErrorMessage()
        self._log.warn("lost the processor at {name}: {why}", name=self._name, why=self._why)

    def attempt_failed(self, failure: Failure) -> Failure:
        why = failure.getErrorMessage()
        if why != self._why:
            self._log.warn("no processor at {name}: {why}", name=self._name, why=why)
        self._why = why
        return failure
