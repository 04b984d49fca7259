"""However many pages are asked for, they take a small part of the loop."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.http.page_turns import AHEAD, PARTS, PageTurns

#: Seconds that a page of these tests takes: what is used ahead is gone with three of them.
COST = AHEAD / PARTS / 2


class PageTurnsTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.turns = PageTurns(self.clock)
        self.done: list[str] = []

    def page(self, name: str) -> Callable[[], None]:
        def work() -> None:
            self.clock.rightNow += COST
            self.done.append(name)

        return work

    def test_a_page_and_its_files_are_answered_as_they_come(self) -> None:
        for name in "abc":
            self.turns.wait(self.page(name), "10.0.0.1")
        self.assertEqual(self.done, ["a", "b", "c"])

    def test_many_take_no_more_than_their_part_of_the_time(self) -> None:
        for _ in range(1000):
            self.turns.wait(self.page("x"), "10.0.0.1")
        began, before = self.clock.seconds(), len(self.done)
        self.clock.pump([COST] * 500)
        share = (len(self.done) - before) * COST / (self.clock.seconds() - began)
        self.assertLessEqual(share, 1 / PARTS * 1.05)
        self.assertGreaterEqual(share, 1 / PARTS * 0.7)

    def test_one_is_done_in_a_turn_of_the_loop(self) -> None:
        for _ in range(100):
            self.turns.wait(self.page("x"), "10.0.0.1")
        before = len(self.done)
        self.clock.advance(PARTS * COST)
        self.assertEqual(len(self.done), before + 1)

    def test_hosts_take_turns(self) -> None:
        for _ in range(100):
            self.turns.wait(self.page("flood"), "10.0.0.1")
        self.turns.wait(self.page("other"), "10.0.0.2")
        self.clock.pump([COST] * 2 * PARTS * 2)
        self.assertIn("other", self.done)
        self.assertLess(len(self.done), 10)

    def test_one_that_fails_holds_up_no_other(self) -> None:
        for name in "abc":
            self.turns.wait(self.page(name), "10.0.0.1")

        def broken() -> None:
            raise ValueError

        self.turns.wait(broken, "10.0.0.1")
        self.turns.wait(self.page("d"), "10.0.0.1")
        with self.assertRaises(ValueError):
            self.clock.advance(1.0)
        self.clock.advance(1.0)
        self.assertEqual(self.done[-1], "d")
