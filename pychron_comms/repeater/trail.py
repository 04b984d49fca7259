"""What was sent to which processor, so that nothing runs at two of them where a route changes.

Each gate knows the keys and the copies of what it was sent. Where a type goes to another gate from
now on, that is known here alone: what ran at the old one would run again at the new one.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from pychron_comms.errors import PychronCommunicationError
from pychron_comms.safeguards.ownership import digest
from pychron_comms.wire.context import RequestContext
from pychron_comms.wire.copies import connection_of

#: Seconds after its reply in which the same plain line may be its copy, as with the gate.
KEEP = 5.0

#: Keys that are known here, the newest.
KEYS = 100_000


class Line(NamedTuple):
    """A plain command, by what a copy of it is known."""

    sender: str
    request_type: str
    text: str


class SentLine:
    """A plain line that was sent ``to`` a processor, and who asked it; ``asked_at``: the first."""

    __slots__ = (
        "_connections",
        "asked_at",
        "asks",
        "ended_at",
        "is_taken",
        "joined",
        "to",
        "under_way",
    )

    def __init__(self, to: str, at: float) -> None:
        self.to = to
        self.asked_at = at
        #: When the last of its replies came; None while none has.
        self.ended_at: float | None = None
        self.is_taken = False
        self.asks: list[str] = []
        self.under_way: list[Deferred[str]] = []
        #: Who waits for the first of its replies, beside those it was sent for.
        self.joined: list[Deferred[str]] = []
        self._connections: set[str] = set()

    def asked(self, ask: str, response: Deferred[str]) -> None:
        """It was sent for that ask."""
        self.is_taken = False
        self.asks.append(ask)
        self.under_way.append(response)
        connection = connection_of(ask)
        if connection:
            self._connections.add(connection)

    def is_meant_by(self, context: RequestContext, now: float) -> bool:
        """Whether who asks the same now may mean this one, and no new one."""
        if connection_of(context.ask) in self._connections:
            return False
        return not self.is_taken or now - context.silent < self.asked_at

    def tell_joined(self, outcome: str | Failure) -> None:
        """One of its responses has come."""
        joined, self.joined = self.joined, []
        for each in joined:
            each.callback(outcome)


class Trail:
    """The plain lines of the last seconds, and the newest keys, with where each was sent.

    ``lines`` are in it while they run and ``KEEP`` seconds more, ``keys`` until ``KEYS`` newer ones
    are. No work grows with what is kept.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._lines: dict[Line, SentLine] = {}
        self._asks: dict[str, SentLine] = {}
        self._ended: deque[tuple[float, Line, SentLine]] = deque()
        self._keys: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._joined: list[SentLine] = []
        # What earlier processes of this server sent, as far as the processors have told.
        self._known_before: dict[str, str] = {}

    def find(self, line: Line) -> SentLine | None:
        """Where that line was sent, if it runs or did lately."""
        if self._ended and self._ended[0][0] <= self._clock.seconds() - KEEP:
            self._forget_old()
        return self._lines.get(line)

    def line_sent(self, line: Line, ask: str, to: str, response: Deferred[str]) -> None:
        """It was sent there, after it was looked for; the response is to come."""
        sent = self._lines.get(line)
        if sent is None or sent.to != to or sent.is_taken:
            sent = self._lines[line] = SentLine(to, self._clock.seconds())
        sent.asked(ask, response)
        self._asks[ask] = sent
        response.addBoth(self._answered, response, line, sent)

    def reply_taken(self, ask: str) -> None:
        """The reply to that ask was read."""
        sent = self._asks.get(ask)
        if sent is not None and sent.asks[-1] == ask:
            sent.is_taken = True

    def join(self, sent: SentLine) -> Deferred[str]:
        """The reply to a line that is ``under_way``, for one more."""
        joined: Deferred[str] = Deferred()
        sent.joined.append(joined)
        self._joined.append(sent)
        return joined

    def is_joined(self, response: Deferred[str]) -> bool:
        """Whether somebody else waits for this response too."""
        return any(response in sent.under_way for sent in self._joined)

    def key_sent(self, sender: str, key: str, to: str, response: Deferred[str]) -> None:
        """A command of that key was sent there."""
        self._keys[sender, key] = to
        self._keys.move_to_end((sender, key))
        if len(self._keys) > KEYS:
            self._keys.popitem(last=False)
        response.addErrback(self._key_failed, sender, key)

    def keys_known(self, at: str, digests: Iterable[str]) -> None:
        """A processor knows the keys that these stand for, from before."""
        self._known_before.update(dict.fromkeys(digests, at))

    def where_key_went(self, sender: str, key: str) -> str:
        """Where a command of that key was sent; empty where that is not known."""
        went = self._keys.get((sender, key), "")
        if not went and self._known_before:
            return self._known_before.get(digest(sender, key), "")
        return went

    def _answered(
        self, outcome: str | Failure, response: Deferred[str], line: Line, sent: SentLine
    ) -> str | Failure:
        sent.under_way.remove(response)
        if sent.joined:
            self._joined = [each for each in self._joined if each is not sent]
            sent.tell_joined(outcome)
        if not sent.under_way:
            now = sent.ended_at = self._clock.seconds()
            if isinstance(outcome, Failure) and _was_never_sent(outcome):
                self._forget(line, sent)
            else:
                self._ended.append((now, line, sent))
        return outcome

    def _key_failed(self, failure: Failure, sender: str, key: str) -> Failure:
        if _was_never_sent(failure):
            self._keys.pop((sender, key), None)
        return failure

    def _forget_old(self) -> None:
        oldest = self._clock.seconds() - KEEP
        while self._ended and self._ended[0][0] <= oldest:
            ended_at, line, sent = self._ended.popleft()
            # It may have been asked again since.
            if sent.ended_at == ended_at and not sent.under_way:
                self._forget(line, sent)

    def _forget(self, line: Line, sent: SentLine) -> None:
        if self._lines.get(line) is sent:
            del self._lines[line]
        for ask in sent.asks:
            self._asks.pop(ask, None)


def _was_never_sent(failure: Failure) -> bool:
    return bool(failure.check(PychronCommunicationError))
