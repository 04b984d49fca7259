"""Bytes to lines, replies and frames: the same ones however the bytes are cut."""

from __future__ import annotations

from pychron_comms.wire.frames import FrameFormat
from pychron_comms.wire.grammar import payload_length
from pychron_comms.wire.lines import LineDecoder, TelnetFilter
from pychron_comms.wire.replies import ReplyDecoder
from tests.faults.fuzz.choices import Choices

_NOTATIONS = ("L2,-,C4", "L3,-,C4", "L4,-,C4", "L9,-,C4")

#: What a fuzzer would take long to find by itself.
WORDS = (b"\r\n", b"\r\x00", b"\xff\xfa", b"\xff\xf0", b"@id=1;len=3 ", b"L4,-,C4", b"000C")


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    check = choices.one_of((_lines, _telnet, _replies, _frames))
    check(choices)


def _lines(choices: Choices) -> None:
    limit = 1 + choices.number(32)
    cut = Choices(bytes(choices.number(256) for _ in range(9)))
    data = choices.rest()
    whole, parts = LineDecoder(limit), LineDecoder(limit)
    expected = whole.feed(data)
    assert [line for piece in cut.pieces(data) for line in parts.feed(piece)] == expected
    assert whole.unfinished == parts.unfinished
    assert len(whole.unfinished) <= limit
    assert whole.take_pending() == parts.take_pending()
    for line in expected:
        assert line is None or (0 < len(line) <= limit and b"\r" not in line and b"\n" not in line)


def _telnet(choices: Choices) -> None:
    cut = Choices(bytes(choices.number(256) for _ in range(9)))
    data = choices.rest()
    whole, parts = TelnetFilter(), TelnetFilter()
    expected = whole.feed(data)
    assert b"".join(parts.feed(piece) for piece in cut.pieces(data)) == expected
    assert whole.inside == parts.inside
    # What holds no 255 is no negotiation; what a negotiation hides is never made up.
    assert b"\xff" in data or expected == data
    assert len(expected) <= len(data)


def _replies(choices: Choices) -> None:
    limit = 1 + choices.number(32)
    cut = Choices(bytes(choices.number(256) for _ in range(9)))
    data = choices.rest()
    assert _decoded(limit, [data]) == _decoded(limit, cut.pieces(data))


def _decoded(limit: int, pieces: list[bytes]) -> tuple[list[tuple[bytes, bytes]], object]:
    """The replies, and how it ended: idle or not, or a fault."""
    decoder = ReplyDecoder(payload_length, limit)
    replies = []
    try:
        for piece in pieces:
            for line, payload in decoder.feed(piece):
                assert len(line) <= limit
                assert len(payload) == payload_length(line) <= limit
                replies.append((line, payload))
    except ValueError:
        return replies, "fault"
    return replies, decoder.is_idle


def _frames(choices: Choices) -> None:
    frame = FrameFormat.parse(choices.one_of(_NOTATIONS))
    data = choices.rest()
    _parsed(data)
    try:
        text = frame.decode(data)
    except ValueError:
        text = None
    if text is not None:
        assert frame.encode(text).lower() == data[: len(frame.encode(text))].lower()
    try:
        encoded = frame.encode(data)
    except ValueError:
        assert len(data) + frame.length_digits + 4 >= 16**frame.length_digits
        return
    assert frame.decode(encoded) == data
    assert all(frame.decode(encoded[:end]) is None for end in range(min(len(encoded), 20)))
    assert frame.decode(encoded + b"\r\n") == data


def _parsed(data: bytes) -> None:
    try:
        found = FrameFormat.parse(data.decode("latin-1"))
    except ValueError:
        return
    assert 1 <= found.length_digits <= 9
