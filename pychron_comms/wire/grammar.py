"""The grammar of a line, on both hops. Knows no transport and no hardware.

::

    request   =  [ "@" tags SP ] [ type "|" ] command
    command   =  Name [ SP arguments ]   |   a JSON object with "command"
    tags      =  name "=" value *( ";" name "=" value )
    reply     =  [ "@" tags SP ] text
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote, unquote

from pychron_comms.errors import InvalidCommandError, MalformedRequestError

#: A plain client reads once, at most this many bytes, and takes that for the whole reply.
PLAIN_REPLY_LIMIT = 4096

Tags = Mapping[str, str]
NO_TAGS: Tags = {}

#: What ends a reply.
LINE_END = b"\r\n"

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")
_TYPE = re.compile(r"\s*([A-Za-z]\w*)\s*\|")
_NAME = re.compile(r"([A-Za-z]\w*)(?:[\s,]\s*|$)")
# The tags that programs usually write: an id, and what a server says beside it, which is who asks,
# when that was, and by which connection. Behind them words, which begin with no blank or control,
# as these are cut off at the ends of a line, nor with what begins tags.
_USUAL_TAGS = re.compile(
    rb"@id=([A-Za-z0-9]++)"
    rb"(?:;from=([\w.~:/,+-]++)(?:;sent=(\d++(?:\.\d++)?+))?+"
    rb"(?:;ask=([\w.:-]++);silent=(\d++(?:\.\d++)?+))?+)?+ (?=[!-?A-\xff])"
)
_ID_TAG = re.compile(r"@(?:[^ ]*;)?id=([^; ]+)")
_NUMBERED = re.compile(rb"^@id=(\d{1,18}) ([!-~][ -~]*)\r\n", re.MULTILINE)
_LENGTH_TAG = re.compile(rb"@(?:[^ ]*;)?len=(\d+)[; ]")
_UNSAFE_IN_VALUE = re.compile(r"[^A-Za-z0-9_.~:/,+-]")
_KEPT = ":/,.+"
_NEWLINE = re.compile(r"\r\n|\r|\n")

# Bytes of words whose parts are remembered.
_SHORT = 128


class Request(NamedTuple):
    """One line of a client. ``request_type`` is empty where the line names none."""

    tags: Tags
    request_type: str
    command: str


class Command(NamedTuple):
    """A command word and what follows it: text, or the fields of a JSON object."""

    name: str
    arguments: str | Mapping[str, object]


class Reply(NamedTuple):
    tags: Tags
    text: str


def decode(line: bytes) -> str:
    """A line as text, without the blanks around it; 206 for what is no UTF-8 or holds controls."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise MalformedRequestError(f"not UTF-8 at byte {error.start}") from None
    text = text.strip()
    if not text.isprintable():
        found = _CONTROL.search(text)
        if found:
            raise MalformedRequestError(f"control character {ord(found[0]):#04x}")
    return text


def split_tags(text: str) -> tuple[Tags, str]:
    """The tags at the head of a line, and the rest of it."""
    if not text.startswith("@"):
        return NO_TAGS, text
    head, _, rest = text[1:].partition(" ")
    tags = {}
    for pair in head.split(";"):
        name, equals, value = pair.partition("=")
        if not (name and equals):
            raise MalformedRequestError(f"tag without name or value: {pair}")
        tags[name] = unquote(value) if "%" in value else value
    return tags, rest.lstrip()


def split_words(line: bytes) -> tuple[Tags, bytes]:
    """The tags of a line, and its words as they came: what ``parse_request`` makes of it.

    No words where the tags are other ones than programs usually write.
    """
    if not line.startswith(b"@"):
        return NO_TAGS, line
    found = _USUAL_TAGS.match(line)
    if found is None:
        return NO_TAGS, b""
    number, sender, sent, ask, silent = found.groups()
    tags = {"id": number.decode()}
    if sender is not None:
        tags["from"] = sender.decode()
        if sent is not None:
            tags["sent"] = sent.decode()
        if ask is not None:
            tags["ask"], tags["silent"] = ask.decode(), silent.decode()
    return tags, line[found.end() :]


def join_tags(tags: Tags) -> str:
    """``@name=value;... `` with the blank that ends it; blanks and semicolons percent-encoded.

    Empty for no tags.
    """
    if not tags:
        return ""
    pairs = ";".join([f"{name}={quoted(value)}" for name, value in tags.items()])
    return f"@{pairs} "


def quoted(value: str) -> str:
    """A tag's value, percent-encoded where it must be."""
    # Most values need none, and quoting is slow.
    return quote(value, safe=_KEPT) if _UNSAFE_IN_VALUE.search(value) else value


def split_type(text: str) -> tuple[str, str]:
    """``Type|command`` as its two parts; the type is empty where a line names none.

    A bar counts only behind a single word, so that arguments and JSON may hold one.
    """
    found = _TYPE.match(text) if "|" in text else None
    if found is None:
        return "", text
    return found[1], text[found.end() :].lstrip()


def parse_request(text: str) -> Request:
    """Take a line apart; 206 where its tags are malformed or it holds no command."""
    tags, rest = split_tags(text)
    request_type, command = split_type(rest)
    if not command:
        raise MalformedRequestError("no command")
    return Request(tags, request_type, command)


def parse_line(line: bytes, tags: Tags, words: bytes) -> Request:
    """As ``parse_request`` of a line, of which ``split_words`` gave these. Errors: 206."""
    # What is wrong with others is told by its place in the line.
    parts = _parts(words) if len(words) <= _SHORT and words.isascii() else None
    return parse_request(decode(line)) if parts is None else Request(tags, *parts)


@lru_cache(1024)
def _parts(words: bytes) -> tuple[str, str] | None:
    """The type and the command of what is said again and again; None where it is more, or none."""
    text = decode(words)
    request_type, command = split_type(text)
    return (request_type, command) if command and not text.startswith("@") else None


def write_request(command: str, request_type: str = "", tags: Tags = NO_TAGS) -> str:
    """The line that ``parse_request`` takes apart into these, without its end.

    Errors: 206 for a command that is more than one line.
    """
    if "\n" in command or "\r" in command:
        raise MalformedRequestError("a line end inside a command")
    typed = f"{request_type}|{command}" if request_type else command
    return f"{join_tags(tags)}{typed}" if tags else typed


def identifier(line: bytes) -> str:
    """The id of a request that could not be parsed, so that its error still finds its asker."""
    # The blanks around a line are those that ``decode`` takes away.
    found = _ID_TAG.match(line.decode(errors="replace").strip())
    return unquote(found[1]) if found else ""


def parse_command(text: str) -> Command:
    """The command word and its arguments; 003 where no word begins it, 206 for broken JSON.

    The word ends at a blank or at a comma, since real clients send ``GoToPoint,p1``.
    """
    if text.startswith("{"):
        return _parse_json(text)
    found = _NAME.match(text)
    if found is None:
        raise InvalidCommandError(text)
    return Command(found[1], text[found.end() :])


def _parse_json(text: str) -> Command:
    try:
        fields = json.loads(text, object_pairs_hook=_named_once, parse_constant=_refuse_constant)
        if "\\u" in text:
            _refuse_lone_surrogates(fields)
    except (ValueError, RecursionError) as error:
        raise MalformedRequestError(f"JSON: {error}") from None
    name = fields.pop("command", None)
    if not isinstance(name, str) or not name:
        raise MalformedRequestError('JSON: no "command"')
    return Command(name, fields)


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Of two values for one name nobody can tell which was meant."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        twice = next(
            name for name, count in Counter(each[0] for each in pairs).items() if count > 1
        )
        raise ValueError(f"{twice!r} is given twice")
    return fields


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _refuse_lone_surrogates(fields: object) -> None:
    json.dumps(fields, ensure_ascii=False).encode()


def one_line(text: str) -> str:
    """The text as a plain client can take it: each line end written as a backslash and ``n``."""
    if "\n" in text or "\r" in text:
        return _NEWLINE.sub(r"\\n", text)
    return text


def plain_reply(text: str) -> bytes:
    # "replace": a name out of a file system may hold what UTF-8 cannot write.
    return one_line(text).encode(errors="replace") + b"\r\n"


def tagged_reply(identifier: str, text: str) -> bytes:
    """A reply that bears its request's id; text with line ends travels as a payload behind it."""
    # A server's ids are numbers, and need no quoting; each reply on the hop has one.
    digits = identifier.isascii() and identifier.isdigit()
    name = identifier if digits else quoted(identifier)
    if "\n" not in text and "\r" not in text:
        return f"@id={name} {text}\r\n".encode(errors="replace")
    payload = text.encode(errors="replace")
    return f"@id={name};len={len(payload)} \r\n".encode() + payload


def tagged_replies(identifiers: Sequence[str], texts: Sequence[str | bytes]) -> bytes:
    """As ``tagged_reply`` of each; a text of bytes is as ``numbered_replies`` gives it."""
    pairs = list(zip(identifiers, texts, strict=True))
    lines = "".join(
        [
            f"@id={name} {text if isinstance(text, str) else text.decode()}\r\n"
            for name, text in pairs
        ]
    )
    names = "".join(identifiers)
    plain = names.isascii() and names.isalnum()
    if plain and lines.count("\n") == lines.count("\r") == len(pairs):
        # Nearly always no id needs quoting, and no text is of several lines.
        return lines.encode(errors="replace")
    return b"".join(
        [
            tagged_reply(name, text if isinstance(text, str) else text.decode())
            for name, text in pairs
        ]
    )


def event_line(topic: str, number: int, text: str) -> bytes:
    """A line that answers no request: only who has subscribed gets it."""
    if "\n" in text or "\r" in text:
        text = one_line(text)
    return f"@event={topic};seq={number} {text}\r\n".encode(errors="replace")


#: What a line begins with that answers no request, and has in it that announces a payload.
EVENT_MARK = "@event="
PAYLOAD_MARK = b"len="


def payload_length(line: bytes) -> int:
    """How many bytes of payload follow this line of a reply."""
    if PAYLOAD_MARK not in line:
        return 0
    found = _LENGTH_TAG.match(line + b" ")
    return int(found[1]) if found else 0


def numbered_replies(data: bytes) -> list[tuple[bytes, bytes]]:
    """The number and the text of each reply, if all are such as any client can be given as it is.

    Nearly every reply on the hop is one: its only tag is a number for an id, and its text is
    printable ASCII. None at all where one of them is another, or is not whole.
    """
    if b"@event=" in data or not data.endswith(LINE_END):
        # To look through events for replies takes as long as to read them.
        return []
    found: list[tuple[bytes, bytes]] = _NUMBERED.findall(data)
    return found if len(found) == data.count(b"\n") else []


def parse_reply(line: bytes, payload: bytes) -> Reply:
    """One reply; ValueError for what no server of ours says."""
    head, _, rest = line.partition(b" ")
    if head.startswith(b"@id=") and head[4:].isdigit():
        # Nearly every reply on the hop: an id and no other tag.
        tags: Tags = {"id": head[4:].decode()}
        text = rest.decode().lstrip()
    else:
        try:
            tags, text = split_tags(line.decode())
        except MalformedRequestError as error:
            raise ValueError(str(error)) from None
    return Reply(tags, text + payload.decode() if payload else text)
