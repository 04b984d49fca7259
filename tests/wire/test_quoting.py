"""Words and quotes."""

from __future__ import annotations

import shlex
import sys
import time
from types import FrameType

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire.quoting import quoted, split_quoted
from tests.properties import holds


def _shell(text: str) -> list[str] | str:
    try:
        return shlex.split(text)
    except ValueError as error:
        return str(error)


def _ours(text: str) -> list[str] | str:
    try:
        return split_quoted(text)
    except ValueError as error:
        return str(error)


def _calls(text: str) -> int:
    """How many functions are called for it, those in C too."""
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    sys.setprofile(count)
    try:
        _ours(text)
    finally:
        sys.setprofile(None)
    return calls


class QuotingTests(SynchronousTestCase):
    def test_each_form(self) -> None:
        for text in (
            *("", " ", "a", " a  b ", "'a b' c", '"a b"c', "''", '"" x', r"a\ b", r"\\", "a\\\n"),
            *(r'"a\"b"', r'"a\\"', r'"a\b"', r"'a\'", "'a", '"a', r'"a\"', r'"a\\', "a\\", "'a\\"),
            *("a\x0bb", "a\u2003b", 'a"', "\t'\r\n'\n", "it's", "# no"),
        ):
            self.assertEqual(_ours(text), _shell(text), msg=repr(text))

    @holds
    @given(st.text(alphabet="ab \t\n\r\"'\\\u00e9#", max_size=20))
    def test_it_is_what_a_shell_makes_of_it(self, text: str) -> None:
        self.assertEqual(_ours(text), _shell(text))

    @holds
    @given(st.lists(st.text(alphabet="ab \t\n\r\"'\\\u00e9#", max_size=12), max_size=3))
    def test_words_that_are_quoted_are_read_as_they_are(self, words: list[str]) -> None:
        text = " ".join(quoted(word) for word in words)
        self.assertEqual((_ours(text), _shell(text)), (words, words))

    def test_a_long_text_is_read_in_time(self) -> None:
        for piece, count in (("a", 65_536), ("\\a", 32_768), ("' '", 22_000), ("a ", 32_768)):
            for around in ("'", '"', ""):
                text = f"{around}{piece * count}{around}"
                began = time.process_time()
                _ours(text)
                # Where it is not linear, seconds.
                self.assertLess(time.process_time() - began, 0.5, msg=text[:5])

    def test_no_step_is_taken_for_each_of_many_quotes(self) -> None:
        for text in ('""' * 1000, "''" * 1000, r"\a" * 1000, r'"a"\'b' * 1000, '"' * 1999):
            self.assertLess(_calls(text), 30, msg=text[:5])
