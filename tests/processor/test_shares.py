"""A bounded room in which none crowds out another."""

from __future__ import annotations

import math

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.processor.execution.shares import OVERHEAD, Shares, _level


class ShareCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.gone: list[str] = []
        self.shares = self.new(10)

    def new(self, things: float, of_each: float = 1000) -> Shares[str, str]:
        return Shares(things * OVERHEAD, of_each * OVERHEAD, self.gone.append)

    def keep(self, sender: str, *names: str, until: float = 10, now: float = 0) -> None:
        for name in names:
            self.shares.keep(sender, name, f"{sender}{name}", texts=0, until=until, now=now)


class ShareTests(ShareCase):
    def test_it_is_kept_for_its_time(self) -> None:
        self.keep("a", "1")
        self.assertEqual(self.shares.get("a", "1", 9.9), "a1")
        self.assertIsNone(self.shares.get("a", "1", 10))
        self.assertIsNone(self.shares.get("b", "1", 0))

    def test_what_is_past_goes_with_the_next(self) -> None:
        self.keep("a", "1", "2")
        self.keep("b", "1", until=20, now=10)
        self.assertEqual((self.gone, len(self.shares)), (["a1", "a2"], 1))

    def test_what_lasts_longer_holds_up_what_came_after_it_and_no_more(self) -> None:
        self.keep("a", "1", until=10)
        self.keep("a", "2", until=5)
        self.keep("a", "3", now=6)
        self.assertEqual(len(self.shares), 3)
        self.assertIsNone(self.shares.get("a", "2", 6))
        self.keep("a", "4", until=20, now=10)
        self.assertEqual(len(self.shares), 1)

    def test_who_has_most_loses_the_oldest(self) -> None:
        self.keep("a", "1", "2")
        self.keep("b", *"12345678")
        self.keep("a", "3")
        self.assertEqual(self.gone, ["b1"])

    def test_each_may_have_its_share(self) -> None:
        self.shares = self.new(10, of_each=2)
        self.keep("a", *"123")
        self.keep("b", *"12")
        self.assertEqual(self.gone, ["a1"])

    def test_what_is_kept_anew_takes_the_place_of_the_old(self) -> None:
        self.keep("a", "1", "1")
        self.assertEqual((len(self.shares), self.shares.size), (1, OVERHEAD))

    def test_and_counts_for_as_long_as_it_is_now(self) -> None:
        for texts in (70, 500, 20):
            self.shares.keep("a", "1", "a1", texts=texts, until=10, now=0)
            self.assertEqual(self.shares.size, OVERHEAD + texts)
        self.shares.keep("a", "1", "a1", texts=11 * OVERHEAD, until=10, now=0)
        self.assertEqual((len(self.shares), self.shares.size), (0, 0))

    def test_what_is_greater_than_the_room_is_not_kept(self) -> None:
        self.keep("b", "1")
        self.shares.keep("a", "1", "a1", texts=11 * OVERHEAD, until=10, now=0)
        self.assertEqual((self.gone, len(self.shares)), (["a1"], 1))

    def test_nothing_is_left_of_who_has_nothing(self) -> None:
        self.keep("a", "1")
        self.keep("b", "1")
        self.shares.forget("a", "1")
        self.shares.forget("a", "1")
        self.shares.forget("b", "1")
        self.assertEqual((self.shares.size, self.shares._senders, self.shares._ranks), (0, {}, {}))

    def test_work_does_not_grow_with_what_is_kept(self) -> None:
        """Finding D13 of issue 12: on f156da4 each that was kept cost a walk over all."""
        self.shares = self.new(20_000)
        looks = 0

        class Counted(str):
            __slots__ = ()

            def __hash__(self) -> int:
                nonlocal looks
                looks += 1
                return super().__hash__()

        for sender in range(10):
            self.keep(f"{sender}", *(Counted(number) for number in range(1000)))
        before = looks
        self.keep("0", Counted("new"))
        self.assertLess(looks - before, 20)

    def test_what_is_forgotten_while_it_is_told_is_left_out(self) -> None:
        self.keep("a", "1", "2", "3")
        telling = iter(self.shares)
        self.assertEqual(next(telling)[1], "1")
        self.shares.forget("a", "2")
        self.keep("a", "4")
        self.assertEqual([name for _, name, _, _ in telling], ["3"])


class FillTests(ShareCase):
    def fill(self, *kept: str) -> list[str]:
        """Senders and names; what is kept of them, in its order."""
        self.shares.fill({(each[0], each[1:]): (each, 0, 10.0) for each in kept})
        return [value for _, _, value, _ in self.shares]

    def test_what_there_is_room_for_is_kept_in_its_order(self) -> None:
        self.assertEqual(self.fill("a1", "b1", "a2"), ["a1", "b1", "a2"])
        self.assertEqual(self.shares.size, 3 * OVERHEAD)
        self.keep("a", "3", now=10)
        self.assertEqual(self.gone, ["a1", "b1", "a2"])

    def test_what_was_kept_elsewhere_takes_what_it_would_have_taken_here(self) -> None:
        self.shares.fill({("a", "1"): ("a1", 500, 10.0), ("b", "1"): ("b1", 70, 10.0)})
        self.assertEqual(self.shares.size, 2 * OVERHEAD + 570)
        self.shares.forget("a", "1")
        self.assertEqual(self.shares.size, OVERHEAD + 70)
        self.shares.forget("b", "1")
        self.assertEqual((self.shares.size, self.shares._senders, self.shares._ranks), (0, {}, {}))

    def test_else_the_newest_and_as_many_of_each(self) -> None:
        self.shares = self.new(5)
        many = [f"a{number}" for number in range(100)]
        self.assertEqual(self.fill("b1", "c1", *many), ["b1", "c1", "a97", "a98", "a99"])

    def test_nobody_has_more_than_his_share(self) -> None:
        self.shares = self.new(10, of_each=2)
        self.assertEqual(self.fill("a1", "a2", "a3", "b1"), ["a2", "a3", "b1"])

    def test_nothing(self) -> None:
        self.assertEqual(self.fill(), [])


class LevelTests(SynchronousTestCase):
    def test_who_has_little_leaves_the_more_to_the_others(self) -> None:
        for sizes, room, level in (
            ([], 10.0, math.inf),
            ([4, 6], 10.0, math.inf),
            ([9, 9], 10.0, 5.0),
            ([1, 9, 9], 10.0, 4.5),
            ([1, 2, 9, 9, 9], 15.0, 4.0),
            ([11], 10.0, 10.0),
        ):
            self.assertEqual(_level(sizes, room), level, sizes)
