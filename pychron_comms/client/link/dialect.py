"""How a communicator writes its commands: the settings that both of its forms share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from math import isfinite

from pychron_comms.errors import MalformedRequestError
from pychron_comms.wire.frames import FrameFormat
from pychron_comms.wire.grammar import NO_TAGS, Tags, write_request

#: What tells a server of ours from one that knows no tags: answered at once, and harmless.
PROBE = "PychronReady"

#: Seconds that the answer to the probe may take; at most half of what the asker has.
PROBE_TIME = 1.0

#: Seconds for which the connection must outlive that answer: a server that closes after each
#: reply would lose the command that follows it.
PROBE_REST = 0.02

#: Seconds of silence after which a reply without an end is taken for whole.
QUIET = 0.05

#: Why a command with a key is not sent in the plain form.
NO_KEYS = "the server knows no keys"

#: The longest that anyone may wait: a day, in seconds.
LONGEST = 86_400.0

_TERMINATORS = ("\r", "\n", "\r\n")
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class Form(Enum):
    """What a server understands: tags, or nothing but the command. ``AUTO``: find out.

    ``CLOSING`` is plain, of a server that closes the connection behind each reply, as Qtegra does.
    """

    TAGGED = "tagged"
    PLAIN = "plain"
    CLOSING = "closing"
    AUTO = "auto"


@dataclass(frozen=True)
class Dialect:
    """The form of requests and replies, the end of a line, and the type put before a command.

    ``laboratory`` is the one that is meant, as its server is told with each tagged command.
    """

    form: Form
    terminator: str
    frame: FrameFormat | None
    request_type: str
    closes: bool = False
    laboratory: str = ""

    @classmethod
    def parse(
        cls, form: str, terminator: str, frame: str, request_type: str, laboratory: str = ""
    ) -> Dialect:
        """From a communicator's arguments; ValueError for what contradicts itself.

        Only plain replies are framed, so ``frame`` makes ``auto`` plain.
        """
        if terminator not in _TERMINATORS:
            raise ValueError(f"{terminator!r} ends no line; CR, LF and CRLF do")
        wanted = Form(form)
        closes = wanted is Form.CLOSING
        if closes:
            wanted = Form.PLAIN
        if frame and wanted is Form.TAGGED:
            raise ValueError("tagged replies are never framed")
        if frame:
            wanted = Form.PLAIN
        framed = FrameFormat.parse(frame) if frame else None
        return cls(wanted, terminator, framed, request_type, closes, laboratory)

    def check(self, command: str, key: str = "") -> None:
        """Raise 206 for what is not exactly one line, and for a key that no tag can hold."""
        if key and not _KEY.fullmatch(key):
            raise MalformedRequestError(f"{key!r} is no key: 1 to 128 of letters, digits, . _ : -")
        # Nearly all commands are this, which costs least to tell.
        if command.isascii() and command.isprintable() and not command.isspace() and command:
            return
        if "\n" in command or "\r" in command:
            raise MalformedRequestError("a line end inside a command")
        if not command.strip():
            raise MalformedRequestError("no command")
        try:
            command.encode()
        except UnicodeEncodeError:
            raise MalformedRequestError(f"{command!r} cannot be written as UTF-8") from None

    def plain(self, command: str) -> bytes:
        return self._line(command)

    def tagged(self, number: int, key: str, within: float, command: str) -> bytes:
        """``key`` is told only once; ``within`` is in seconds."""
        tags = {"id": str(number), "key": key, "within": f"{within:.3f}"}
        if self.laboratory:
            tags["lab"] = self.laboratory
        return self._line(command, tags)

    def probe(self, number: int) -> bytes:
        return f"{write_request(PROBE, tags={'id': str(number)})}{self.terminator}".encode()

    def _line(self, command: str, tags: Tags = NO_TAGS) -> bytes:
        return f"{write_request(command, self.request_type, tags)}{self.terminator}".encode()


def checked_seconds(seconds: float) -> float:
    """A timeout; ValueError where it is not above 0 and at most ``LONGEST``."""
    if not (isfinite(seconds) and 0 < seconds <= LONGEST):
        raise ValueError(f"timeout={seconds}: expected seconds, above 0 and at most {LONGEST:g}")
    return seconds
