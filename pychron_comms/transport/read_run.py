"""Known reads that came together, asked as one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, Protocol, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.interfaces import IKnownRead, Replies
from pychron_comms.wire.context import RequestContext
from pychron_comms.wire.grammar import NO_TAGS, Tags, split_words, usual_tags
from pychron_comms.wire.line_table import LineTable

Place = TypeVar("Place")


class Asker(Protocol[Place]):
    """Who asks, and is given the replies that come later."""

    @property
    def sender(self) -> str:
        """How rules and logs call it."""

    def begin(self, identifiers: Sequence[str]) -> Place:
        """The replies to what is asked now come later, and belong there.

        All of them have an id, or none has one, which is empty.
        """

    def answered(self, place: Place, at: int, texts: Sequence[str | bytes]) -> None:
        """Send replies for which there was to wait, to the one there and those behind it.

        Bytes are as ``render`` takes them.
        """

    def expect(self, identifier: str, reply: Deferred[str]) -> None:
        """The reply to a request with this id is that Deferred's to tell."""


#: The text of an error that this command or line of that sender met; how, where it came late.
ErrorText = Callable[[Exception, bytes | str, str, Failure | None], str]


class ReadRun(Generic[Place]):
    """Lines one behind the other that are reads known by their words, on the same terms.

    They differ in nothing but their words and their ids, so who asks them, when, and on which terms
    is found out once for all of them. What becomes of each is heard here, as ``Replies``.
    """

    __slots__ = ("_asker", "_error_text", "_lines", "_names", "_place", "reads", "tags")

    _log = Logger()
    _asker: Asker[Place]
    _error_text: ErrorText
    _place: Place

    def __init__(
        self, lines: Sequence[object], reads: Sequence[IKnownRead], names: Sequence[str], tags: Tags
    ) -> None:
        # They begin with those of the run.
        self._lines = lines
        #: All of the same way.
        self.reads = reads
        self._names = names
        #: Those that they have beside their ids.
        self.tags = tags

    def begin(self, asker: Asker[Place], error_text: ErrorText) -> None:
        """They are asked now, and their replies are for him."""
        self._asker = asker
        self._error_text = error_text
        self._place = asker.begin(self._names)

    def replied(self, at: int, texts: Sequence[str | bytes]) -> None:
        try:
            self._asker.answered(self._place, at, texts)
        except Exception:
            self._log.failure("a bug met a reply")

    def failed(self, at: int, error: Exception) -> None:
        self._failed(error, self._lines[at], at)

    def all_failed(self, error: Exception) -> None:
        """None was asked."""
        for at in range(len(self.reads)):
            self.failed(at, error)

    def later(self, at: int, reply: Deferred[str]) -> None:
        self._asker.expect(self._names[at], reply)
        reply.addCallbacks(self._came, self._came_to_nothing, (at,), errbackArgs=(at,))

    def _came(self, text: str, at: int) -> None:
        self.replied(at, (text,))

    def _came_to_nothing(self, failure: Failure, at: int) -> None:
        self._failed(cast(Exception, failure.value), self.reads[at].command, at, failure)

    def _failed(
        self, error: Exception, command: object, at: int, failure: Failure | None = None
    ) -> None:
        said = cast(bytes | str, command)
        self.replied(at, (self._error_text(error, said, self._asker.sender, failure),))


def read_run(
    lines: Sequence[object],
    at: int,
    known: LineTable[IKnownRead],
) -> ReadRun[Place] | None:
    """The longest run that begins with that line; None where it is no known read."""
    number, terms, words = split_words(cast(bytes, lines[at]))
    first = known.get(words)
    if first is None:
        return None
    reads, names = [first], [number.decode()]
    way, is_plain = first.way, not number
    rest = lines[at:]
    for line in rest[1:]:
        if not isinstance(line, bytes):
            break
        number, others, words = split_words(line)
        read = known.get(words)
        if read is None or others != terms or read.way is not way or is_plain is bool(number):
            break
        reads.append(read)
        names.append(number.decode())
    tags = usual_tags(terms) if terms else NO_TAGS
    return ReadRun(rest, reads, names, tags or NO_TAGS)


Read = TypeVar("Read", bound=IKnownRead)


def ask_each(
    ask: Callable[[Read, str, RequestContext], str | Deferred[str]],
    reads: Iterable[Read],
    sender: str,
    context: RequestContext,
    replies: Replies,
) -> None:
    """Ask one after the other; what one raises is its own reply."""
    texts: list[str] = []
    at = -1
    for at, read in enumerate(reads):
        try:
            reply = ask(read, sender, context)
        except Exception as error:
            texts = _tell(texts, at, replies)
            replies.failed(at, error)
            continue
        if isinstance(reply, str):
            texts.append(reply)
        else:
            texts = _tell(texts, at, replies)
            replies.later(at, reply)
    _tell(texts, at + 1, replies)


def _tell(texts: list[str], end: int, replies: Replies) -> list[str]:
    """The replies to those before ``end`` are these; an empty list for what follows."""
    if texts:
        replies.replied(end - len(texts), texts)
    return []
