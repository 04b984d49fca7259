"""Lines taken apart and put together: only declared errors, and nothing lost on the way."""

from __future__ import annotations

from pychron_comms.errors import (
    CommandError,
    InvalidCommandError,
    MalformedRequestError,
    error_from_line,
    error_line,
)
from pychron_comms.wire.context import context_of
from pychron_comms.wire.grammar import (
    decode,
    identifier,
    join_tags,
    one_line,
    parse_command,
    parse_reply,
    parse_request,
    payload_length,
    plain_reply,
    split_tags,
    split_type,
    tagged_reply,
)
from pychron_comms.wire.replies import ReplyDecoder
from tests.faults.fuzz.choices import Choices

#: What a fuzzer would take long to find by itself.
WORDS = (
    *(b"@id=1 ", b"@id=7;key=a;within=1.5 ", b"System|", b'{"command": "Open", "name": "A"}'),
    *(b"ERROR 003 : ", b"@id=1;len=2 ", b"%0A", b"\\ud800", b"1e999", b"NaN", b"{}", b"[]"),
)

_LIMIT = 100_000


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    check = choices.one_of((_requests, _tags, _parsed_reply, _made_reply))
    check(choices)


def _requests(choices: Choices) -> None:
    line = choices.rest()
    name = identifier(line)
    try:
        text = decode(line)
        request = parse_request(text)
    except MalformedRequestError as error:
        _assert_one_line(error)
        return
    # The error of a line finds its asker as its reply would.
    assert name == request.tags.get("id", "") or text.count("id=") > 1
    # The type that a server writes before a command is the one that its processor reads.
    assert split_type(f"System|{request.command}") == ("System", request.command)
    try:
        context_of(request.tags)
        command = parse_command(request.command)
    except (InvalidCommandError, MalformedRequestError) as error:
        _assert_one_line(error)
        return
    assert command.name
    assert "command" not in command.arguments or isinstance(command.arguments, str)


def _assert_one_line(error: CommandError) -> None:
    line = error_line(error)
    assert line.splitlines() == [line]
    again = error_from_line(line)
    assert type(again) is type(error)
    assert error_line(again) == line


def _tags(choices: Choices) -> None:
    text = choices.rest().decode("utf-8", errors="replace")
    try:
        tags, rest = split_tags(text)
    except MalformedRequestError:
        return
    again, rest_again = split_tags(join_tags(tags) + rest)
    assert again == tags
    # A line that names no tags may begin with one behind them.
    assert rest_again == rest or not tags
    names = {f"t{number}": value for number, value in enumerate(text.split("x")) if value}
    assert split_tags(join_tags(names) + "Open A") == (names, "Open A")


def _parsed_reply(choices: Choices) -> None:
    line, _, payload = choices.rest().partition(b"\n")
    error_from_line(line.decode("utf-8", errors="replace"))
    try:
        parse_reply(line, payload)
    except ValueError:
        return
    try:
        assert payload_length(line) >= 0
    except ValueError:
        # More digits than Python makes a number of.
        assert len(line) > 4000


def _made_reply(choices: Choices) -> None:
    name = f"{choices.number(256)} {choices.number(256)};%"
    text = choices.rest().decode("utf-8", errors="surrogateescape")
    said = text.encode(errors="replace").decode()
    plain = plain_reply(text)
    assert plain.count(b"\n") == plain.count(b"\r") == 1
    assert plain.endswith(b"\r\n")
    assert one_line(one_line(text)) == one_line(text)
    [(line, payload)] = ReplyDecoder(payload_length, _LIMIT).feed(tagged_reply(name, text))
    reply = parse_reply(line, payload)
    assert reply.tags["id"] == name
    # Blanks at the head of a line part it from its tags.
    assert reply.text == (said if payload else said.lstrip())
