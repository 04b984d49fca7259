"""The state stream on a connection of the line protocol, beside its replies."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from pychron_comms.observability.state.pace import Pace
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.observability.state.subscription import Message, Subscription
from pychron_comms.wire.grammar import event_line

#: Seconds between beats: with two of them missed, a reader knows that something is lost.
BEAT = 1.0


class EventLines:
    """Sends one subscription's messages as lines ``@event=TOPIC;seq=N JSON``.

    ``send`` writes to the connection, and must not be called while that is full: between ``pause``
    and ``resume`` changes are gathered, the newest of each item. ``cut_off`` ends the connection of
    a reader that left too many events unread, and says why. What comes within ``apart`` seconds of
    what was sent last leaves together.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        cut_off: Callable[[str], None],
        clock: IReactorTime,
        apart: float = 0.0,
    ) -> None:
        self._pace = Pace(self._write, clock, apart)
        self._send = send
        self._cut_off = cut_off
        self._subscription: Subscription | None = None
        self._paused = False
        self._beats = LoopingCall(self._beat)
        self._beats.clock = clock

    def follow(
        self, stream: StateStream, patterns: Sequence[str], session: str = "", number: int = 0
    ) -> None:
        """Begin, or begin anew with other patterns. ValueError for patterns that cannot be."""
        following = Subscription(stream, patterns, self._pace.go)
        if self._subscription is not None:
            self._subscription.end()
        self._subscription = following
        following.begin(session, number)
        self._write()
        if not self._beats.running:
            self._beats.start(BEAT, now=False)

    def end(self) -> None:
        self._pace.stop()
        if self._subscription is not None:
            self._subscription.end()
        if self._beats.running:
            self._beats.stop()

    def pause(self) -> None:
        """The client does not read."""
        self._paused = True

    def resume(self) -> None:
        """It has read what was sent."""
        self._paused = False
        self._write()

    def _beat(self) -> None:
        if self._subscription is not None and not self._paused:
            self._subscription.beat()

    def _write(self) -> None:
        following = self._subscription
        while following is not None and following.waiting:
            if following.failed:
                self.end()
                self._cut_off(following.failed)
                return
            if self._paused:
                return
            lines = b"".join(map(_line, following.take()))
            if lines:
                self._send(lines)


def _line(message: Message) -> bytes:
    return event_line(message.topic, message.number, message.text)
