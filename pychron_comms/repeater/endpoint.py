"""The repeater over a socket: one persistent connection to one processor."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.application.internet import backoffPolicy
from twisted.application.service import MultiService
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import CommandError, PychronCommunicationError
from pychron_comms.interfaces import IAsksAgain, ICommandRepeater, IKnownRead, Replies, ReplyToCome
from pychron_comms.observability.metrics import Histogram
from pychron_comms.observability.state.stream import Event
from pychron_comms.repeater.connection import (
    ProcessorConnection,
    ProcessorConnectionFactory,
)
from pychron_comms.repeater.waiting import Wording
from pychron_comms.transport.cork import Cork
from pychron_comms.transport.outage import Outage
from pychron_comms.transport.reconnecting import ReconnectingClient
from pychron_comms.transport.taken import ReadLately
from pychron_comms.transport.tls.refusals import IdentityRefusedError, refused_identity
from pychron_comms.wire.context import PLAIN, RequestContext

_TEST_DATA = "are you there"

#: What a processor is told that shall say how things stand.
SUBSCRIBE = "Subscribe *"

#: Seconds between the first attempts to connect, soon since the processor may be starting as well,
#: and between the last.
FIRST, LONGEST = 0.03, 2.0

_growing = backoffPolicy(FIRST, LONGEST, 1.5, lambda: 0.0)


def _pause(failed: int) -> float:
    """Seconds until the next attempt, after so many: half as many again each time, and up to a
    tenth more, so that no two servers try together."""
    pause: float = _growing(failed - 1)
    return pause * random.uniform(1.0, 1.1)


def why_lost(reason: Failure) -> str:
    """Why a processor's connection ended, for who looks after a laboratory."""
    if reason.check(ConnectionDone):
        # As its system does for a process that is killed, too.
        return "its end was closed: it was stopped, or killed"
    return reason.getErrorMessage()


class StateWatcher(Protocol):
    """Hears how things stand at a processor."""

    def heard(self, topic: str, text: str) -> None:
        """A message of its state stream. Raises ValueError for what is none."""

    def happened(self, events: Sequence[Event]) -> None:
        """What happened there, of which it has told together."""

    def lost(self, reason: str) -> None:
        """The connection to it has ended."""


@implementer(IKnownRead)
class _HopRead(Wording):
    """A read with the words that it has on the hop."""

    __slots__ = ("way",)

    def __init__(self, repeater: CommandRepeater, request_type: str, command: str) -> None:
        super().__init__(request_type, command)
        self.way = repeater

    def ask(self, sender: str, context: RequestContext) -> ReplyToCome:
        connection = self.way.connection
        if connection is None:
            raise self.way.unreachable
        return connection.ask(self, sender, context)


@implementer(ICommandRepeater, IAsksAgain)
class CommandRepeater(MultiService):
    """Repeats commands to the processor at one endpoint, over one connection that it keeps.

    ``name`` is how errors and logs call the endpoint; ``is_near`` whether it is on this computer.
    It reconnects with backoff and jitter, at most 2.2 s apart. While there is no connection, a
    command fails at once with 011: it was never sent. What was sent and not answered when the
    connection ends, or ``timeout`` seconds later, fails with 201. Nothing is sent twice. ``cork``
    is that of the clients' connections in this process; ``hop`` is told how long each reply takes.
    """

    def __init__(
        self,
        endpoint: IStreamClientEndpoint,
        name: str,
        clock: IReactorTime,
        timeout: float = 30.0,
        *,
        is_near: bool = False,
        cork: Cork | None = None,
        hop: Histogram | None = None,
    ) -> None:
        super().__init__()
        self._watcher: StateWatcher | None = None
        self._when_connected: list[Callable[[], None]] = []
        self.hop = hop
        self._name = name
        self.is_near = is_near
        #: Where commands go; None while the processor is away.
        self.connection: ProcessorConnection | None = None
        self._why = "not connected yet"
        self._read_lately = ReadLately(clock)
        self._outage = Outage(f"processor at {name}", clock)
        client = ReconnectingClient(
            endpoint,
            ProcessorConnectionFactory(self, clock, timeout, cork or Cork()),
            self._attempt_failed,
            _pause,
            clock,
        )
        client.setServiceParent(self)

    def watch_state(self, watcher: StateWatcher) -> None:
        """Let ``watcher`` hear how things stand at the processor, while there is a connection."""
        self._watcher = watcher
        if self.connection is not None:
            self.connection.say(SUBSCRIBE)

    def when_connected(self, act: Callable[[], None]) -> None:
        """Call this each time that there is a connection again: the processor may be another."""
        self._when_connected.append(act)

    def cut_off(self) -> None:
        """End the connection now: what was sent and not answered fails with 201."""
        if self.connection is not None:
            self.connection.cut_off()

    def known_read(self, request_type: str, data: str) -> IKnownRead:
        return _HopRead(self, request_type, data)

    def ask_all(
        self,
        reads: Sequence[_HopRead],
        sender: str,
        context: RequestContext,
        replies: Replies,
    ) -> None:
        if self.connection is None:
            raise self.unreachable
        self.connection.ask_all(reads, sender, context, replies)

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""
        return 0 if self.connection is None else self.connection.in_flight

    @property
    def unreachable(self) -> PychronCommunicationError:
        """Why nothing can be sent."""
        return PychronCommunicationError(self._name, self._why)

    def get_response(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[str]:
        if self.connection is None:
            return fail(PychronCommunicationError(self._name, self._why))
        try:
            return self.connection.send(request_type, data, sender, context)
        except CommandError:
            return fail()

    def asker_gone(self, response: Deferred[str]) -> None:
        if self.connection is not None:
            self.connection.forget(response)

    def session_ended(self, session: str, sender: str) -> None:
        if self.connection is not None:
            self.connection.session_ended(session, sender)

    def reply_taken(self, ask: str) -> None:
        self._read_lately.add(ask)
        if self.connection is not None:
            self.connection.taken.add(ask)

    def test_connection(self) -> Deferred[None]:
        return self.get_response("test", _TEST_DATA, "").addCallback(self._check_echo)

    def _check_echo(self, text: str) -> None:
        if text != _TEST_DATA:
            raise PychronCommunicationError(self._name, f"its echo was {text}")

    # -- what its connections tell it

    def connected(self, connection: ProcessorConnection) -> None:
        self.connection = connection
        self._outage.connected()
        for ask in self._read_lately.asks():
            connection.taken.add(ask)
        connection.taken.tell()
        for act in self._when_connected:
            act()
        if self._watcher is not None:
            connection.say(SUBSCRIBE)

    def disconnected(self, connection: ProcessorConnection, reason: Failure) -> None:
        refused = refused_identity(reason.value)
        self._why = str(IdentityRefusedError()) if refused else why_lost(reason)
        if self.connection is None:
            self._outage.attempt_failed(self._why)
            return
        self.connection = None
        # That we have ended it ourselves is no news.
        if self.running:
            self._outage.lost(self._why)
        if self._watcher is not None:
            self._watcher.lost(self._why)

    def told(self, topic: str, text: str) -> None:
        if self._watcher is not None:
            self._watcher.heard(topic, text)

    def happened(self, events: Sequence[Event]) -> None:
        if self._watcher is not None:
            self._watcher.happened(events)

    def _attempt_failed(self, failure: Failure) -> Failure:
        self._why = failure.getErrorMessage()
        self._outage.attempt_failed(self._why)
        return failure
