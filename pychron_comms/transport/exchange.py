"""One exchange, whatever the transport: line, request, answer, error text, count."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import (
    CommandError,
    LineTooLongError,
    QueueFullError,
    SecurityError,
    ShuttingDownError,
    error_line,
)
from pychron_comms.interfaces import IKnownRead, Replies, ReplyToCome
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.transport.read_run import Asker as Awaiting
from pychron_comms.transport.read_run import ReadRun, read_run
from pychron_comms.wire.grammar import Request, Tags, identifier, parse_line
from pychron_comms.wire.line_table import LineTable

#: What every exchange counts: ``pychron_comms_NAME_total``.
COUNTED = {
    "lines_too_long": "Lines longer than may be (205).",
    "queue_full": "Commands refused because a queue was full (203).",
    "bugs": "Commands that met a bug (002).",
}

Place = TypeVar("Place")


class Asker(Awaiting[Place], Protocol[Place]):
    """Who a line came from: a connection, or one datagram."""

    def answer(self, request: Request) -> str | Deferred[str] | ReplyToCome:
        """The text of the reply; errors are raised, or are the Deferred's failure."""

    def makes_safe(self, line: bytes) -> bool:
        """Whether a line is a command that makes safe."""

    def reply(self, identifier: str, text: str) -> None:
        """Send the reply to what was just asked; ``identifier`` is empty for a plain request."""


class Reader(Asker[Place], Protocol[Place]):
    """One whose lines are looked up."""

    @property
    def known_reads(self) -> LineTable[IKnownRead] | None:
        """What lines mean that were answered before; None where none of its is looked up."""

    def ask_again(self, reads: Sequence[IKnownRead], tags: Tags, replies: Replies) -> None:
        """Ask some of ``known_reads`` of one way, on terms that are the same for all of them.

        ``tags`` are those beside their ids. Errors: as of ``IAsksAgain``.
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

    def take_next(self, lines: Sequence[object], at: int, asker: Reader[Place]) -> int:
        """Answer the line there, now or later, and known reads behind it that are as it is.

        How many that were.
        """
        known = asker.known_reads
        run: ReadRun[Place] | None = None
        if known is not None and not self.refusing:
            run = read_run(lines, at, known)
        if run is None:
            self.take(cast(bytes, lines[at]), asker)
            return 1
        run.begin(asker, self._error_text)
        try:
            asker.ask_again(run.reads, run.tags, run)
        except Exception as error:
            run.all_failed(error)
        return len(run.reads)

    def take(self, line: bytes, asker: Asker[Place]) -> None:
        """Answer a line, now or later."""
        try:
            request = parse_line(line)
            if self.refusing and not asker.makes_safe(line):
                raise ShuttingDownError(request.command)
            result = asker.answer(request)
        except Exception as error:
            asker.reply(identifier(line), self._error_text(error, line, asker.sender))
            return
        name = request.tags.get("id", "")
        if isinstance(result, str):
            asker.reply(name, result)
            return
        if name and isinstance(result, Deferred):
            asker.expect(name, result)
        place = asker.begin((name,))
        result.addCallbacks(
            self._came,
            self._failed,
            callbackArgs=(asker, place),
            errbackArgs=(request.command, asker, place),
        )

    def refuse(self, error: CommandError, asker: Asker[Place]) -> None:
        """Answer with this error what is not looked at further."""
        asker.reply("", self._error_text(error, b"", asker.sender))

    def _came(self, text: str | bytes, asker: Asker[Place], place: Place) -> None:
        asker.answered(place, 0, (text,))

    def _failed(self, failure: Failure, command: str, asker: Asker[Place], place: Place) -> None:
        error = cast(Exception, failure.value)
        asker.answered(place, 0, (self._error_text(error, command, asker.sender, failure),))

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
