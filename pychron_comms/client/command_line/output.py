"""How ``pychron-ask`` writes: the reply alone on stdout, everything else on stderr."""

from __future__ import annotations

import json
from typing import TextIO

from pychron_comms.client.outcome import UnsettledError
from pychron_comms.errors import (
    CommandError,
    OutcomeUnknownError,
    PychronCommunicationError,
    error_line,
)
from pychron_comms.process.typed import as_typed

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"

#: Exit statuses.
ANSWERED, REFUSED, FAILED = 0, 1, 2


def status_of(error: CommandError) -> int:
    """2 where the command was not sent, or nobody knows what came of it; 1 for a plain ERROR."""
    failed = isinstance(error, (PychronCommunicationError, OutcomeUnknownError))
    return FAILED if failed else REFUSED


def is_refusal(reply: str) -> bool:
    """Whether a reply without a number is Qtegra's for what it refuses."""
    return reply == "Error" or reply.startswith("Error:")


class Output:
    """With ``as_json`` each reply and each error is one JSON object on ``out``."""

    def __init__(
        self, out: TextIO, err: TextIO, as_json: bool = False, *, in_colour: bool = False
    ) -> None:
        """``in_colour``: errors are red, for a terminal."""
        self._in_colour = in_colour
        self._out = out
        self._err = err
        self._as_json = as_json

    def reply(self, command: str, reply: str) -> None:
        line = json.dumps({"command": command, "reply": reply}) if self._as_json else reply
        write_line(self._out, line)

    def error(self, command: str, error: CommandError) -> None:
        if self._as_json:
            told = {"code": error.code, "class": type(error).__name__, "text": str(error)}
            if isinstance(error, UnsettledError):
                told["key"] = error.key
            write_line(self._out, json.dumps({"command": command, "error": told}))
        else:
            line = as_typed(error_line(error))
            write_line(self._err, f"{_RED}{line}{_PLAIN}" if self._in_colour else line)

    def note(self, text: str) -> None:
        write_line(self._err, as_typed(f"pychron-ask: {text}"))


def write_line(stream: TextIO, text: str) -> None:
    """At once: who reads a pipe waits for it."""
    # A terminal's encoding may know fewer letters than a reply holds.
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
    stream.flush()
