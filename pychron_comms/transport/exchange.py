"""One exchange, whatever the transport: line, request, answer, error text, count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import (
    CommandError,
    LineTooLongError,
    QueueFullError,
    SecurityError,
    ShuttingDownError,
    as_bug,
    error_line,
)
from pychron_comms.interfaces import IKnownRead, Replies, ReplyToCome
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.transport.read_run import Asker as Awaiting
from pychron_comms.transport.read_run import read_run
from pychron_comms.wire.grammar import (
    NO_TAGS,
    Request,
    Tags,
    identifier,
    parse_line,
    split_words,
)
from pychron_comms.wire.line_table import LineTable

#: What every exchange counts: ``pychron_comms_NAME_total``.
COUNTED = {
    "lines_too_long": "Lines longer than may be (205).",
    "queue_full": "Commands refused because a queue was full (203).",
    "bugs": "Commands that met a bug (002).",
}

Place = TypeVar("Place")

# The tags and the words of a line, and what is known of these.
_Found = tuple[Tags, bytes, IKnownRead | None]


class Asker(Protocol[Place]):
    """Who a line came from: a connection, or one datagram."""

    @property
    def sender(self) -> str:
        """How rules and logs call it."""

    def answer(self, request: Request) -> str | Deferred[str] | ReplyToCome:
        """The text of the reply; errors are raised, or are the Deferred's failure."""

    @property
    def known_reads(self) -> LineTable[IKnownRead] | None:
        """What lines mean that were answered before; None where its lines are not looked up."""

    def ask_again(self, read: IKnownRead, tags: Tags) -> str | Deferred[str] | ReplyToCome:
        """As ``answer``, of one of ``known_reads``."""

    def makes_safe(self, line: bytes) -> bool:
        """Whether a line is a command that makes safe."""

    def reply(self, identifier: str, text: str) -> None:
        """Send the reply to what was just asked; ``identifier`` is empty for a plain request."""

    def wait(self, identifier: str) -> Place:
        """The reply to what was just asked comes later, and belongs there."""

    def reply_late(self, text: str | bytes, place: Place) -> None:
        """Send the reply for which there was to wait; bytes are as ``render`` takes them."""


class Reader(Asker[Any], Awaiting[Any], Protocol):
    """One who may ask many things at once."""

    def ask_all(self, reads: Sequence[IKnownRead], tags: Tags, replies: Replies) -> None:
        """Ask some of ``known_reads`` of one way, on terms that are the same for all of them.

        ``tags`` are the first one's. Errors: as of ``IAsksAgain``.
        """


class Exchange:
    """What becomes of a line at one listener. ``name`` is how metrics call the listener.

    Each line is answered once, a bug too: that is 002, counted, and in the log. While ``refusing``
    every command gets 209 that does not make safe.
    """

    _log = Logger()

    def __init__(self, name: str, metrics: Metrics, log: SenderLog) -> None:
        self.refusing = False
        self._senders = log
        self._counters = {
            what: metrics.counter(f"pychron_comms_{what}_total", meaning, listener=name)
            for what, meaning in COUNTED.items()
        }

    def take(self, line: bytes, asker: Asker[Place], found: _Found | None = None) -> None:
        """Answer a line, now or later; ``found``: its tags and words, and what is known of them."""
        result: str | Deferred[str] | ReplyToCome
        try:
            if found is None:
                tags, words = split_words(line) if line.startswith(b"@") else (NO_TAGS, line)
                known = asker.known_reads
                read = known.get(words) if known is not None and not self.refusing else None
            else:
                tags, words, read = found
            if read is not None:
                command = read.command
                result = asker.ask_again(read, tags)
            else:
                request = parse_line(line, tags, words)
                tags, _, command = request
                if self.refusing and not asker.makes_safe(line):
                    raise ShuttingDownError(command)
                result = asker.answer(request)
        except BaseException as raised:
            # A driver's SystemExit would cost a server its connection, with all that is on it.
            error = raised if isinstance(raised, Exception) else as_bug(raised)
            asker.reply(identifier(line), self._error_text(error, line, asker.sender))
            return
        name = tags.get("id", "")
        if isinstance(result, str):
            asker.reply(name, result)
            return
        place = asker.wait(name)
        result.addCallbacks(
            asker.reply_late,
            self._failed,
            callbackArgs=(place,),
            errbackArgs=(command, asker, place),
        )

    def take_from(self, lines: Sequence[Any], at: int, asker: Reader) -> int:
        """Answer the line there, and together with it what it stands together with.

        Those are known reads. How many that were; of each, what ``take`` makes of it.
        """
        line, known = lines[at], asker.known_reads
        if known is None or self.refusing or at + 1 == len(lines):
            self.take(line, asker)
            return 1
        tags, words = split_words(line)
        read = known.get(words)
        run = None
        if read is not None:
            rest = lines[at:] if at else lines
            run = read_run(rest, (tags, words, read), known, asker, self._error_text)
        if run is None:
            self.take(line, asker, (tags, words, read))
            return 1
        try:
            asker.ask_all(run.reads, tags, run)
        except Exception as error:
            run.all_failed(error)
        run.asked()
        return len(run.reads)

    def refuse(self, error: CommandError, asker: Asker[Place]) -> None:
        """Answer with this error what is not looked at further."""
        asker.reply("", self._error_text(error, b"", asker.sender))

    def _failed(self, failure: Failure, command: str, asker: Asker[Place], place: Place) -> None:
        error = cast(Exception, failure.value)
        asker.reply_late(self._error_text(error, command, asker.sender, failure), place)

    def _error_text(
        self, error: Exception, command: bytes | str, sender: str, failure: Failure | None = None
    ) -> str:
        if isinstance(error, QueueFullError):
            self._counters["queue_full"].value += 1
        elif isinstance(error, LineTooLongError):
            self._counters["lines_too_long"].value += 1
        elif isinstance(error, SecurityError):
            self._senders.warn(
                self._log,
                "refused a command of {sender} (013): {reason}; see hosts and roles in [access]",
                sender=sender,
                reason=str(error),
            )
        elif not isinstance(error, CommandError):
            self._counters["bugs"].value += 1
            self._senders.failure(
                self._log,
                "a bug met {command!r} of {sender}",
                failure or Failure(error),
                command=command,
                sender=sender,
            )
        return error_line(error, command)
