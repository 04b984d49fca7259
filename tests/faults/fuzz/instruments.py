"""Every reading of every ready description, asked over a wire that spoils its answers."""

from __future__ import annotations

from tests.faults.fuzz.choices import Choices
from tests.instruments.garbage import Question, check, check_changed, check_doubled, questions

#: What a fuzzer would take long to find by itself.
WORDS = (
    *(b"9.99E+09", b"1e999", b"-0.0", b"nan", b"0x10", b"1_0", b"9" * 400, b"+ 1", b"1.", b".5"),
    *(b"\r\n", b"\r", b";FF", b"\x06\r\n", b"\x15", b"\x02PV1.0\x03", b"\xaa\0\0\0\0\xff"),
    *(b"OFF", b"OPEN", b"1,0", b"0,1", b"@001ACK", b"00110309", b"\xa0", b"\x1c", b"U"),
)


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    question = choices.one_of(questions())
    truth = choices.one_of(question.truths)
    way = choices.number(4)
    if way == 0:
        check_changed(question, truth, choices.number(256), 1 + choices.number(255))
    elif way == 1:
        check_doubled(question, truth, choices.number(4))
    else:
        _replaced(choices, question, truth, keep=way == 2)


def _replaced(choices: Choices, question: Question, truth: float | str, *, keep: bool) -> None:
    """Other bytes in place of one answer, or within it, in pieces."""
    number = choices.number(4) % question.answers
    at, to = choices.number(64), choices.number(64)
    pieces = choices.pieces(choices.rest())

    def spoil(data: bytes, count: int) -> list[bytes]:
        if count != number:
            return [data]
        return [data[:at], *pieces, data[to:]] if keep else pieces

    check(question, truth, spoil)
