"""The state stream for browsers, as server-sent events that go on where they were."""

from __future__ import annotations

from typing import Any

from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from zope.interface import implementer

from pychron_comms.observability.http.requests import NOT_DONE_YET, Request, plain
from pychron_comms.observability.state.audience import Audience
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.observability.state.subscription import Subscription

#: Seconds between beats, and how long a reader may leave all unread.
BEAT = 2.0
STALL = 60.0

#: What happened last, of which a page is told that is opened.
EVENTS = 20

#: Readers at once.
READERS = 600

#: Digits of a number of the stream at most.
_DIGITS = 18

_INCOMPLETE = frozenset({"hello", "gap", "snapshot"})


class EventStream(Resource):
    """``GET /events?pattern=System/valve/*``; without a pattern, all.

    A browser that comes back says where it was (``Last-Event-ID``), and gets what it missed. One
    that comes anew gets, behind the snapshot, the last ``EVENTS`` that happened.
    """

    isLeaf = True

    def __init__(self, stream: StateStream, clock: IReactorTime) -> None:
        super().__init__()
        self._session = stream.session
        self._clock = clock
        self._audience = Audience(stream, self._event, clock, beat=BEAT, events=EVENTS)
        self._readers: set[_Reader] = set()

    @property
    def readers(self) -> int:
        return len(self._readers)

    def render_GET(self, request: Request) -> Any:
        if len(self._readers) >= READERS:
            return plain(request, f"{READERS} readers are here, and no more may be", 503)
        patterns = [each.decode(errors="replace") for each in request.args.get(b"pattern", [b"*"])]
        try:
            reader = _Reader(self._audience, patterns, request, self._clock)
        except ValueError as error:
            return plain(request, str(error), 400)
        self._readers.add(reader)
        request.notifyFinish().addBoth(self._ended, reader)
        reader.begin(*_place(request.getHeader(b"Last-Event-ID")))
        return NOT_DONE_YET

    def close(self) -> None:
        """Say goodbye to all who read: this process ends."""
        for reader in list(self._readers):
            reader.say_goodbye()

    def _event(self, topic: str, number: int, text: str) -> bytes:
        # Who has but a part of how things stand must not be taken for one who has it all.
        place = "" if topic in _INCOMPLETE else f"id: {self._session}:{number}\n"
        return f"{place}event: {topic}\ndata: {text}\n\n".encode()

    def _ended(self, result: Failure | None, reader: _Reader) -> None:
        self._readers.discard(reader)
        reader.end()


@implementer(IPushProducer)
class _Reader:
    """One browser: it is told as fast as it reads."""

    def __init__(
        self, audience: Audience, patterns: list[str], request: Request, clock: IReactorTime
    ) -> None:
        self._request = request
        self._clock = clock
        self._subscription = Subscription(audience, patterns, request.write, self._cut_off)
        self._over = False
        self._stall: IDelayedCall | None = None

    def begin(self, session: str, number: int) -> None:
        self._request.setHeader(b"Content-Type", b"text/event-stream; charset=utf-8")
        self._request.setHeader(b"X-Accel-Buffering", b"no")
        # A reader waits for nothing, so the channel's own time limit for silence must not end it.
        self._request.channel.setTimeout(None)
        self._request.registerProducer(self, True)
        self._request.write(b"retry: 1000\n\n")
        self._subscription.begin(session, number)

    def say_goodbye(self) -> None:
        if not self._over:
            self._request.write(b'event: bye\ndata: {"reason":"the server stops"}\n\n')
            self._request.unregisterProducer()
            self._request.finish()

    def end(self) -> None:
        self._over = True
        self._subscription.end()
        self._cancel_stall()

    def pauseProducing(self) -> None:
        """The browser does not read."""
        self._subscription.pause()
        if self._stall is None:
            self._stall = self._clock.callLater(STALL, self._cut_off, "")

    def resumeProducing(self) -> None:
        self._cancel_stall()
        self._subscription.resume()

    def stopProducing(self) -> None:
        """The connection is gone; ``notifyFinish`` says so too."""

    def _cut_off(self, why: str) -> None:
        self._stall = None
        self._request.channel.forceAbortClient()

    def _cancel_stall(self) -> None:
        if self._stall is not None and self._stall.active():
            self._stall.cancel()
        self._stall = None


def _place(header: bytes | None) -> tuple[str, int]:
    """The session and number where a browser was; nothing where it says none."""
    session, colon, number = (header or b"").decode("ascii", "replace").partition(":")
    # Python reads no number of thousands of digits.
    is_number = colon and number.isdigit() and len(number) <= _DIGITS
    return (session, int(number)) if is_number else ("", 0)
