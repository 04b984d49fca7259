"""The tags and the words of a line, as they are taken apart where it comes in."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import MalformedRequestError
from pychron_comms.wire.grammar import (
    NO_TAGS,
    decode,
    parse_line,
    parse_request,
    split_tags,
    split_words,
)


class WordsTests(SynchronousTestCase):
    def test_a_line_without_tags_is_all_words(self) -> None:
        for line in (b"Open A", b" Open A ", b"", b"Open @id=7"):
            self.assertEqual(split_words(line), (NO_TAGS, line))

    def test_usual_tags_are_those_that_the_whole_line_has(self) -> None:
        """What a server says beside an id, each with and without the others."""
        asks, sents = (b"", b";ask=c-1.3;silent=0.250"), (b"", b";sent=12.5", b";sent=12")
        for sent in sents:
            for ask in asks:
                head = b"@id=7;from=10.0.0.1" + sent + ask
                tags, words = split_words(head + b" System|Open A ")
                self.assertEqual(tags, split_tags(f"{head.decode()} System|Open A")[0])
                self.assertEqual(words, b"System|Open A ")
        self.assertEqual(split_words(b"@id=a7 Open A"), ({"id": "a7"}, b"Open A"))

    def test_others_are_left_to_who_reads_the_whole_line(self) -> None:
        for line in (
            b"@key=1 Open A",
            b"@id=7;key=1 Open A",
            b"@from=a;id=7 Open A",
            b"@id=7;from=a;silent=1 Open A",
            b"@id=7;from=a%20b Open A",
            b"@id=7  Open A",
            b"@id=7 @id=8 Open A",
            b"@id=7",
        ):
            self.assertEqual(split_words(line), (NO_TAGS, b""), line)


class TakenApartTests(SynchronousTestCase):
    """What was taken apart already means what the whole line does, its mistakes too."""

    def test_it_is_what_the_whole_line_is(self) -> None:
        for line in (
            b"Open A",
            b"@id=7;from=10.0.0.1 System|Open A",
            b"@id=7;from=" + b"a" * 500 + b";sent=1.5 System|Open A",
            "@id=7 System|SetSampleHolder Pl\u00e4ttchen".encode(),
            b"@id=7 " + b"x" * 500,
            b"@id=7 @x",
        ):
            self.assertEqual(
                parse_line(line, *split_words(line)), parse_request(decode(line)), line
            )

    def test_what_is_wrong_is_told_by_its_place_in_the_line(self) -> None:
        for line, reason in (
            (b"@id=7 Open \xe9", "not UTF-8 at byte 11"),
            (b"@id=7;from=10.0.0.1 \xe9", "not UTF-8 at byte 20"),
            (b"@id=7 Open\x07A", "control character 0x07"),
            (b"@id=7 System|", "no command"),
        ):
            error = self.assertRaises(MalformedRequestError, parse_line, line, *split_words(line))
            self.assertEqual(error.details, (reason,), line)
