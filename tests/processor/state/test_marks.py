"""What commands move is marked, until the last of them has ended."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Severity
from pychron_comms.processor.state.marks import Marks
from tests.observability.state.test_stream import valve


class MarkTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.marks = Marks()
        self.item = replace(valve(), details={"target": False})

    def test_it_is_marked_with_where_it_is_moved_to(self) -> None:
        self.marks.begin(self.item.path, True)
        self.assertEqual(self.marks.seen(self.item).details, {"target": True, "moving": True})

    def test_where_nobody_says_whereto_its_own_target_stays(self) -> None:
        self.marks.begin(self.item.path, None)
        self.assertEqual(self.marks.seen(self.item).details["target"], False)

    def test_it_rests_when_the_last_has_ended(self) -> None:
        for value in (True, False):
            self.marks.begin(self.item.path, value)
        self.marks.end(self.item.path, False)
        self.assertIs(self.marks.seen(self.item).details["moving"], True)
        self.marks.end(self.item.path, True)
        self.assertIs(self.marks.seen(self.item).details["moving"], False)

    def test_an_end_without_a_begin_does_no_harm(self) -> None:
        self.marks.end(self.item.path, True)
        self.marks.begin(self.item.path, True)
        self.marks.end(self.item.path, False)
        self.assertIs(self.marks.seen(self.item).details["moving"], True)

    def test_what_stands_other_than_it_was_told_is_serious_and_keeps_a_worse_reason(self) -> None:
        left = replace(self.item, details={"target": True})
        self.assertEqual(self.marks.seen(left).severity, Severity.MAJOR)
        self.assertEqual(self.marks.seen(left.invalid("no answer")).reason, "no answer")

    def test_how_it_stands_is_told_in_words_or_as_the_number_that_it_is(self) -> None:
        for value, target, said in (
            (False, True, "it was told open, and says closed"),
            (True, False, "it was told closed, and says open"),
            (3.0, 5.0, "it was told 5.0, and says 3.0"),
            ("down", "up", "it was told up, and says down"),
        ):
            left = replace(self.item, value=value, details={"target": target})
            self.assertEqual(self.marks.seen(left).reason, said)

    def test_what_has_no_target_stays_as_it_is(self) -> None:
        item = replace(self.item, details={})
        self.assertIs(self.marks.seen(item), item)
