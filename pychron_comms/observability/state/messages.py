"""What one who reads a stream is told, in portions that are made once for all who stand alike."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, cast

from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import (
    Change,
    Event,
    StateStream,
    as_json,
    members_of,
)

#: Messages in one portion, and items of a snapshot in one message.
PORTION = 500
PIECE = 100


# A member of a JSON object, but for one that has members of its own.
_TEXT = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*+"'
_NUMBER = r"-?(?:0|[1-9]\d*+)(?:\.\d++)?+(?:[eE][-+]?+\d++)?+"
_MEMBER = f"{_TEXT}:(?:{_TEXT}|{_NUMBER}|true|false|null)"

#: As ``Batch`` and ``StateStream.body`` write nearly all events: the path, and the event's own
#: members. To find that out takes a third of the time that it takes to decode them.
USUAL_EVENT = (
    r'\{"seq":\d++,"prev":\d++,(?:"replayed":true,)?+"path":"([^"\\\x00-\x1f]*+)",'
    r'"t":\d++(?:\.\d++)?+,'
    rf"({_MEMBER}(?:,{_MEMBER})*+)\}}"
)
_USUAL_EVENT = re.compile(USUAL_EVENT, re.ASCII)


class Message(NamedTuple):
    """``topic`` is hello, snapshot, live, change, event, gap, beat or bye; ``text`` is JSON."""

    topic: str
    number: int
    text: str


#: A message of that topic, number and text, as it is on the wire.
Form = Callable[[str, int, str], bytes]


class Batch:
    """Changes for all who were told ``last`` last, as portions of bytes.

    A portion is made when the first of them comes to it.
    """

    def __init__(
        self,
        stream: StateStream,
        changes: Sequence[Change],
        last: int,
        form: Form,
        *,
        replayed: bool = False,
        squashed: int = 0,
    ) -> None:
        self._stream = stream
        self._changes = changes
        self._first = last
        self._form = form
        self._mark = ',"replayed":true' if replayed else ""
        self._made: list[bytes] = []
        #: Changes that are left out, since a newer one of that item is there.
        self.squashed = squashed
        #: The number that they have been told last when they have all of it.
        self.last = changes[-1].number if changes else last

    def __iter__(self) -> Iterator[bytes]:
        for index, start in enumerate(range(0, len(self._changes), PORTION)):
            if index == len(self._made):
                self._made.append(b"".join(self._written(start)))
            yield self._made[index]

    def _written(self, start: int) -> list[bytes]:
        last = self._changes[start - 1].number if start else self._first
        form, body, mark = self._form, self._stream.body, self._mark
        written = []
        for change in islice(self._changes, start, start + PORTION):
            number, _, what = change
            topic = "change" if isinstance(what, Item) else "event"
            text = f'{{"seq":{number},"prev":{last}{mark},{body(change)[1:]}'
            written.append(form(topic, number, text))
            last = number
        return written


def gathered(changes: Sequence[Change], wants: Callable[[str], bool]) -> tuple[list[Change], int]:
    """The newest of each item that is wanted and all events, in their order; how many are left
    out."""
    newest: list[Change] = []
    told: set[str] = set()
    squashed = 0
    for change in reversed(changes):
        path = change.what.path
        if not wants(path):
            continue
        if not isinstance(change.what, Event):
            if path in told:
                squashed += 1
                continue
            told.add(path)
        newest.append(change)
    return newest[::-1], squashed


def fields_of(text: str) -> dict[str, Any]:
    """What a message tells. Raises ValueError for a text that is no JSON object, as a browser
    takes it too."""
    fields = _DECODER.decode(text)
    if not isinstance(fields, dict):
        raise ValueError(f"no object: {text[:80]}")
    return fields


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")


_DECODER = json.JSONDecoder(parse_constant=_no_number)


def event_of(text: str) -> Event:
    """What an ``event`` message of another stream tells: what that said of itself is left out.

    Raises ValueError for a text that is none.
    """
    usual = _USUAL_EVENT.fullmatch(text)
    if usual is not None:
        return Event(*cast(tuple[str, str], usual.groups()))
    fields = fields_of(text)
    path = fields.pop("path", None)
    if not isinstance(path, str):
        raise ValueError("an event without a path")
    for name in ("seq", "prev", "replayed", "t"):
        fields.pop(name, None)
    return Event(path, members_of(fields))


def hello(stream: StateStream) -> Message:
    return _message("hello", stream, {"session": stream.session, "seq": stream.number})


def gap(stream: StateStream, number: int) -> Message:
    """Of what came after that number, something is not kept any more."""
    return _message("gap", stream, {"from": number, "to": stream.number})


def snapshot(stream: StateStream, wants: Callable[[str], bool]) -> Iterable[Message]:
    """How all that is wanted stands now."""
    items = [item.as_json() for item in stream if wants(item.path)]
    for start in range(0, len(items), PIECE):
        piece = items[start : start + PIECE]
        yield _message("snapshot", stream, {"seq": stream.number, "items": piece})


def live(stream: StateStream) -> Message:
    """All of how it stood at this number has been told."""
    return _message("live", stream, {"seq": stream.number})


def beat(stream: StateStream, last: int) -> Message:
    """Nothing is lost, how far the stream is, and what time it is here."""
    fields = {"seq": stream.number, "last": last, "t": round(stream.time(), 6)}
    return _message("beat", stream, fields)


def _message(topic: str, stream: StateStream, fields: dict[str, Any]) -> Message:
    return Message(topic, stream.number, as_json(fields))
