"""The words by which a server and a processor say whose the hardware is."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.safeguards.fence import LeasedFence
from pychron_comms.safeguards.ownership import (
    Answer,
    Standing,
    Verb,
    digest,
    parse_answer,
    question,
)


class WordsTests(SynchronousTestCase):
    def test_a_question_is_from_one_process_and_may_bear_a_token(self) -> None:
        self.assertEqual(question("s1", Verb.ASK), "Lease s1 ask")
        self.assertEqual(question("s1", Verb.RENEW, "p1/c1/2.5"), "Lease s1 renew p1/c1/2.5")

    def test_an_answer_is_read_as_it_was_said(self) -> None:
        for standing in Standing:
            for token in ("", "p1/c1/2.5"):
                answer = Answer(standing, token)
                self.assertEqual(parse_answer(answer.text), answer)
        self.assertEqual(Answer(Standing.HELD).text, "held")

    def test_what_is_no_answer_is_refused(self) -> None:
        for text in ("", "ERROR 206 : malformed request", "Free t1"):
            self.assertRaises(ValueError, parse_answer, text)

    def test_a_key_has_one_digest_of_each_sender_whatever_it_is_made_of(self) -> None:
        digests = {digest(*each) for each in (("a", "k"), ("b", "k"), ("a", "l"), ("ak", ""))}
        self.assertEqual(len(digests), 4)
        # As a server of another version has it.
        self.assertEqual(digest("10.0.0.1", "k"), "83dce1590fc1e007")
        self.assertEqual(digest("a@10.0.0.1", "\u00e9"), "7d483ffa4979a2ec")
        self.assertEqual(digest("a", "é\udc80"), digest("a", "é\udc80"))


class FenceEndTests(SynchronousTestCase):
    def test_an_end_is_final_for_what_makes_safe_too_and_never_opens_what_was_shut(self) -> None:
        now = [10.0]
        fence = LeasedFence(1.0, lambda: now[0])
        fence.end("it stops")
        self.assertEqual(fence.left, float("-inf"))
        fence.open("p1-1", 20.0)
        fence.end("it stops")
        self.assertEqual((fence.is_open, fence.left), (False, -1.0))
