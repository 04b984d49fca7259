"""Every ready description, asked over a wire that spoils: no value comes of garbage."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.incoming import LONGEST_ANSWER
from tests import properties
from tests.instruments.garbage import (
    Question,
    check,
    check_changed,
    check_doubled,
    questions,
)

#: A reading, and what its instrument is.
asked = st.integers(0, 10_000).map(
    lambda number: (
        question := questions()[number % len(questions())],
        question.truths[number // len(questions()) % len(question.truths)],
    )
)

#: What no answer of text has in it.
_NO_TEXT = [*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0x7F, 0x100)]


def named(name: str) -> list[Question]:
    return [each for each in questions() if each.description.name == name]


class GarbageTests(SynchronousTestCase):
    @properties.holds
    @given(asked, st.integers(0, 40), st.integers(1, 255))
    def test_a_changed_byte(self, case: tuple[Question, object], at: int, change: int) -> None:
        check_changed(*case, at, change)

    def test_every_bit_of_what_has_a_checksum(self) -> None:
        for question in questions():
            if question.is_checked:
                for bit in range(8 * 24):
                    check_changed(question, question.truths[-1], bit // 8, 1 << bit % 8)

    @properties.holds
    @given(asked, st.integers(0, 3), st.lists(st.binary(max_size=12), max_size=4))
    def test_bytes_of_no_sense(
        self, case: tuple[Question, object], where: int, pieces: list[bytes]
    ) -> None:
        last = where % case[0].answers
        check(*case, lambda data, count: pieces if count == last else [data])

    @properties.holds
    @given(asked, st.integers(0, 40), st.integers(0, 3))
    def test_an_answer_that_is_cut(
        self, case: tuple[Question, object], at: int, where: int
    ) -> None:
        """Cut in two pieces it is the same; without its second half it is none."""
        question, truth = case
        last = where % question.answers
        told = check(question, truth, lambda data, count: [data[:at], data[at:]])
        self.assertEqual(told, question.told(truth, lambda data, count: [data]))
        end = question.line
        whole = check(question, truth, lambda data, count: [data[:at]] if count == last else [data])
        # Some say their line's end and nothing behind it that is not passed over.
        self.assertIn(whole, (None, told), end)

    @properties.holds
    @given(asked, st.integers(0, 3))
    def test_an_answer_that_comes_twice(self, case: tuple[Question, object], where: int) -> None:
        check_doubled(*case, where)

    @properties.holds
    @given(asked, st.integers(0, 40), st.sampled_from(_NO_TEXT))
    def test_a_byte_that_is_no_text(
        self, case: tuple[Question, object], at: int, byte: int
    ) -> None:
        """Noise within an answer of text, or before it, is never passed over."""
        question, truth = case
        texts: list[bool] = []

        def spoil(data: bytes, count: int) -> list[bytes]:
            texts.append(data.rstrip(b"\r\n").decode("latin-1").isprintable())
            within = at % max(1, len(data.rstrip(b"\r\n")))
            return [data[:within] + bytes([byte]) + data[within:]]

        told = check(question, truth, spoil)
        if all(texts):
            self.assertIsNone(told, question.place)

    def test_a_long_answer_is_no_number(self) -> None:
        for question in questions():
            last = question.answers - 1
            for text in (b"1", b" ", b"1.", b"x"):
                long = text * (LONGEST_ANSWER // len(text) - 1)
                end = question.line
                self.assertIsNone(
                    check(
                        question,
                        question.truths[0],
                        lambda data, count, long=long, end=end, last=last: (
                            [long + end] if count == last else [data]
                        ),
                    )
                )


class MeaningTests(SynchronousTestCase):
    def test_a_number_that_is_a_word_is_so_with_any_digits(self) -> None:
        """9.9E+9 means that the gauge is off, and no pressure."""
        (question,) = named("granville-phillips-ig")
        for text in (b"9.9E+9", b"9.90E+09", b"9.900E9", b" 9.90E+009"):
            told = check(question, 1e-9, lambda data, count, text=text: [text + b"\r"])
            assert told is not None
            self.assertEqual((told.value, told.reason), (None, "off"))
