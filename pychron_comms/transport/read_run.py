"""Known reads that came together, asked together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.interfaces import IKnownRead, Replies, ReplyToCome
from pychron_comms.wire.context import RequestContext
from pychron_comms.wire.grammar import Tags
from pychron_comms.wire.line_table import LineTable

Place = TypeVar("Place")


class Asker(Protocol[Place]):
    """Who asks, and is given the replies."""

    @property
    def sender(self) -> str:
        """How rules and logs call it."""

    def reply_all(self, identifiers: Sequence[str], texts: Sequence[str | bytes]) -> None:
        """Send the replies to what is asked now: they are there at once.

        An id is empty for a plain request; all of them have one, or none has. Bytes are as
        ``render`` takes them.
        """

    def wait_for_all(self, identifiers: Sequence[str]) -> Place:
        """The replies to what is asked now come later, and belong there.

        Of the ids as for ``reply_all``.
        """

    def reply_late_to_all(self, texts: Sequence[str | bytes], place: Place, at: int) -> None:
        """Send replies for which there was to wait, to the one there and those behind it."""

    def expect(self, identifier: str, reply: Deferred[str]) -> None:
        """The reply to a request with this id is that Deferred's to tell."""


#: The text of an error that this command or line of that sender met; how, where it came late.
ErrorText = Callable[[Exception, bytes | str, str, Failure | None], str]


class ReadRun(Generic[Place]):
    """Lines one behind the other that are reads known by their words, on the same terms.

    They differ in nothing but their words and their ids, so who asks them, when, and on which terms
    is found out once for all of them. What becomes of each is heard here, as ``Replies``.
    """

    __slots__ = ("_asker", "_error_text", "_lines", "_names", "_place", "_told", "reads")

    _log = Logger()

    def __init__(
        self,
        lines: Sequence[Any],
        reads: Sequence[IKnownRead],
        names: Sequence[str],
        asker: Asker[Place],
        error_text: ErrorText,
    ) -> None:
        # They begin with those of the run.
        self._lines = lines
        #: All of the same way.
        self.reads = reads
        self._names = names
        self._asker = asker
        self._error_text = error_text
        # How many were answered at once; and, where not all were, the place of the others.
        self._told = 0
        self._place: Any = None

    def asked(self) -> None:
        """They were: what was not answered by now is answered later."""
        if self._place is None and self._told < len(self.reads):
            self._begin()

    def replied(self, at: int, texts: Sequence[str | bytes]) -> None:
        try:
            if self._place is not None:
                self._asker.reply_late_to_all(texts, self._place, at - self._told)
            elif at == self._told:
                self._told += len(texts)
                self._asker.reply_all(self._names[at : self._told], texts)
            else:
                self._asker.reply_late_to_all(texts, self._begin(), at - self._told)
        except Exception:
            self._log.failure("a bug met a reply")

    def _begin(self) -> Place:
        names = self._names[self._told :] if self._told else self._names
        self._place = place = self._asker.wait_for_all(names)
        return place

    def failed(self, at: int, error: Exception) -> None:
        self._failed(error, self._lines[at], at)

    def all_failed(self, error: Exception) -> None:
        """None was asked, of those that were not answered."""
        for at in range(self._told, len(self.reads)):
            self.failed(at, error)

    def later(self, at: int, reply: Deferred[str] | ReplyToCome) -> None:
        if isinstance(reply, Deferred):
            self._asker.expect(self._names[at], reply)
        reply.addCallbacks(self._came, self._came_to_nothing, callbackArgs=(at,), errbackArgs=(at,))

    def _came(self, text: str | bytes, at: int) -> None:
        self.replied(at, (text,))

    def _came_to_nothing(self, failure: Failure, at: int) -> None:
        self._failed(failure.value, self.reads[at].command, at, failure)

    def _failed(
        self, error: Any, command: bytes | str, at: int, failure: Failure | None = None
    ) -> None:
        self.replied(at, (self._error_text(error, command, self._asker.sender, failure),))


def read_run(
    lines: Sequence[Any],
    found: tuple[Tags, bytes, IKnownRead],
    known: LineTable[IKnownRead],
    asker: Asker[Place],
    error_text: ErrorText,
) -> ReadRun[Place] | None:
    """The longest run that these begin with; None where only the first is one, of which those were
    found."""
    tags, words, first = found
    number = tags.get("id", "")
    reads, names, way = [first], [number], first.way
    # What stands between the id and the words, of all of them.
    between = lines[0][len("@id=") + len(number) : -len(words)]
    for line in lines[1:]:
        name, words = "", line
        if number:
            if not isinstance(line, bytes):
                break
            head, _, words = line.partition(between)
            if not (head.startswith(b"@id=") and head[4:].isalnum()):
                break
            name = head[4:].decode()
        read = known.get(words)
        if read is None or read.way is not way:
            break
        reads.append(read)
        names.append(name)
    if len(reads) < 2:
        return None
    return ReadRun(lines, reads, names, asker, error_text)


Read = TypeVar("Read", bound=IKnownRead)


def ask_each(
    ask: Callable[[Read, str, RequestContext], str | Deferred[str] | ReplyToCome],
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
    if texts:
        replies.replied(at + 1 - len(texts), texts)


def _tell(texts: list[str], end: int, replies: Replies) -> list[str]:
    """The replies to those before ``end`` are these; an empty list for what follows."""
    if texts:
        replies.replied(end - len(texts), texts)
    return []
