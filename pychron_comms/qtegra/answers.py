"""Who answers a Qtegra client: the script itself, or the processor behind our own road."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol, cast

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError, error_line
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.script import ParseAndExecute
from pychron_comms.wire.grammar import NO_TAGS, Request

#: Whether a line is a command that makes safe.
MakesSafe = Callable[[str], bool]


class Answers(Protocol):
    """Who is asked each line."""

    def answer(self, line: str, sender: str) -> str | Deferred[str | None] | None:
        """The reply, None for none; later, perhaps. Never raises, never fails."""

    @property
    def makes_safe(self) -> MakesSafe:
        """Tells of a line whether it makes safe: that is never refused."""


#: The command of the request type ``Spectrometer`` that carries a Qtegra line.
CARRIER = "Qtegra"


def decode(data: bytes) -> str:
    """As .NET's ASCII decoding and ``Trim`` do: a question mark for each byte that is no ASCII."""
    return data.decode("ascii", errors="replace").replace("\ufffd", "?").strip()


class ScriptAnswers:
    """Each line is run here; a bug of ours is logged and answered as a command that is none."""

    _log = Logger()

    def __init__(self, execute: ParseAndExecute, makes_safe: MakesSafe) -> None:
        self._execute = execute
        self.makes_safe = makes_safe

    def answer(self, line: str, sender: str) -> str | Deferred[str | None] | None:
        try:
            reply = self._execute(line)
        except Exception:
            return self._bug(Failure(), line)
        if reply is None or isinstance(reply, str):
            return reply
        return Deferred.fromCoroutine(reply).addErrback(self._bug, line)

    def _bug(self, failure: Failure, line: str) -> str:
        self._log.failure("a bug met {line!r}", failure, line=line)
        return texts.INVALID


class RelayedAnswers:
    """Each line goes to the processor, in the command ``Qtegra`` of the type ``Spectrometer``.

    What the road itself refuses is answered as on every other listener, ``ERROR nnn : text``:
    Qtegra has no words for it, and those who ask for data take just ``ERROR`` for an error.
    """

    _log = Logger()

    def __init__(
        self, ask: Callable[[Request, str], str | Deferred[str]], makes_safe: MakesSafe
    ) -> None:
        self._ask = ask
        self.makes_safe = makes_safe

    def answer(self, line: str, sender: str) -> str | Deferred[str | None] | None:
        try:
            reply = self._ask(Request(NO_TAGS, "", carried(line)), sender)
        except Exception:
            return self._refused(Failure(), line)
        if isinstance(reply, str):
            return reply
        return cast("Deferred[str | None]", reply.addErrback(self._refused, line))

    def _refused(self, failure: Failure, line: str) -> str:
        if not failure.check(CommandError):
            self._log.failure("a bug met {line!r}", failure, line=line)
        return error_line(cast(Exception, failure.value), line)


def carried(line: str) -> str:
    """The command that carries a line: as it is where that says the same, else in JSON."""
    if not line:
        return CARRIER
    if line.isprintable() and line[0] not in "\"'":
        return f"{CARRIER} {line}"
    return json.dumps({"command": CARRIER, "line": line})
