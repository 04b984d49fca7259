"""One record: a JSON object on one line, chained by its hash to the record before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from typing import Any, NamedTuple

from pychron_comms.errors import JournalError

#: Events that the journal writes by itself; their field ``after`` is the hash before them.
CONTINUED = "continued"
TORN = "torn"

#: These two as well: what must be known again after a start, in ``records``, and that it is all.
CARRIED = "carried"
CHECKPOINT = "checkpoint"

#: What has become of a file whose next one has a ``CONTINUED`` that says ``lost``.
TAKEN_AWAY = "removed, moved, cut or written to by others"

#: What the processor writes first, and last.
START = "start"
STOP = "stop"

#: What tells of a command that was not begun.
REFUSED = "refused"

#: Bytes in UTF-8 of each text of such a record, at most; what is longer says how long it was.
LONGEST = 1024

#: All of a record but its hash, of its number and its event; the whole line, of its hash as well.
BODY = b'{"n":%d,%b}'
LINE = b'{"n":%d,%b,"hash":"%b"}\n'

_OWN = frozenset({"n", "at", "event", "hash"})
_HASH = b',"hash":"'
_END = b'"}'
_TAIL = len(_HASH) + 64 + len(_END)
_FORM = {"separators": (",", ":"), "allow_nan": False, "default": str}
_READABLE = json.JSONEncoder(ensure_ascii=False, **_FORM)  # type: ignore[arg-type]
_ASCII = json.JSONEncoder(**_FORM)  # type: ignore[arg-type]


class Record(NamedTuple):
    """``values``: all that it says, its hash included. ``body``: its bytes without the hash."""

    number: int
    event: str
    values: Mapping[str, Any]
    body: bytes
    hash: str

    @property
    def at(self) -> str:
        """Its time, as it writes it; texts of this form are ordered as the times are."""
        return str(self.values["at"])

    @property
    def after(self) -> str | None:
        """The hash before it, where it is an event of the journal's own that names it."""
        own = self.event in {CONTINUED, TORN}
        return str(self.values.get("after")) if own else None


def time_text(seconds: float) -> str:
    """Seconds since 1970 as ``2026-03-02T10:14:05.116000Z``."""
    whole, micros = divmod(round(seconds * 1e6), 1_000_000)
    return f"{_second(whole)}.{micros:06d}Z"


@lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]


#: What is to be a record: all that it says but its place in the chain, as JSON, without braces.
Event = bytes


def event_of(at: str, name: str, fields: Mapping[str, Any]) -> Event:
    """``at`` as ``time_text`` has it. Errors: 214 for fields that JSON cannot say, or that are the
    journal's own."""
    if not _OWN.isdisjoint(fields):
        raise JournalError(f"{', '.join(sorted(_OWN))} are fields of the journal's own")
    head = text = f'"at":"{at}","event":{_quoted(name)}'
    try:
        for key, value in fields.items():
            kind = type(value)
            # An encoder is called for the few that are neither: it costs as much as all the rest.
            if kind is str:
                text += f",{_quoted(key)}:{_quoted(value)}"
            else:
                text += f",{_quoted(key)}:{value if kind is int else _READABLE.encode(value)}"
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 cannot write
        return f"{head},{_ASCII.encode(fields)[1:-1]}".encode()
    except (ValueError, TypeError, RecursionError) as error:
        raise JournalError(error) from error


def bounded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same with each text cut to ``LONGEST`` bytes."""
    return {
        key: _cut(value) if isinstance(value, str) and len(value) * 4 > LONGEST else value
        for key, value in fields.items()
    }


def _cut(text: str) -> str:
    data = text.encode(errors="surrogatepass")
    if len(data) <= LONGEST:
        return text
    mark = f"... ({len(text)} characters)"
    return data[: LONGEST - len(mark)].decode(errors="ignore") + mark


def json_bytes(value: Any, *, ascii_only: bool = False) -> bytes:
    """On one line, without blanks, in the order given; what JSON does not know as its ``str``."""
    if ascii_only:
        return _ASCII.encode(value).encode()
    try:
        return _READABLE.encode(value).encode()
    except UnicodeEncodeError:  # a lone surrogate, which UTF-8 cannot write
        return _ASCII.encode(value).encode()


def read_line(line: bytes) -> Record | None:
    """The record that a line is, its newline taken off; None for a line that is none."""
    tail = line[-_TAIL:]
    if not (tail.startswith(_HASH) and tail.endswith(_END)):
        return None
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict):
        return None
    number, event, digest = values.get("n"), values.get("event"), values.get("hash")
    if not (isinstance(number, int) and isinstance(event, str) and isinstance(digest, str)):
        return None
    if not isinstance(values.get("at"), str):
        return None
    return Record(number, event, values, line[:-_TAIL] + b"}", digest)
