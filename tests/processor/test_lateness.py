"""How long a command was on its way, by clocks that are one or two."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.processor.lateness import CREDIBLE, DELAY, LATELY, Lateness, on_the_way


class LatenessTests(SynchronousTestCase):
    """Of a server whose clock is 500 s ahead."""

    def setUp(self) -> None:
        self.lateness = Lateness()

    def age(self, left: float, came: float) -> float:
        return round(self.lateness.age(f"{left + 500:.3f}", came), 2)

    def test_the_first_has_none_and_tells_what_the_others_take(self) -> None:
        self.assertEqual(self.age(1.0, 1.01), 0.0)
        self.assertEqual(self.age(2.0, 5.01), 3.0)
        self.assertEqual(self.age(6.0, 6.04), 0.0)

    def test_a_quicker_one_tells_it_better(self) -> None:
        self.assertEqual(self.age(1.0, 3.0), 0.0)
        self.assertEqual(self.age(3.0, 3.01), 0.0)
        self.assertEqual(self.age(4.0, 6.01), 2.0)

    def test_it_is_so_however_long_this_computer_has_run(self) -> None:
        began = 1e6
        self.assertEqual(self.age(began, began + 0.01), 0.0)
        for second in range(1, 5):
            left = began + second
            self.assertEqual(self.age(left, left + 3.01), 3.0)

    def test_one_that_is_slow_after_a_long_silence_hides_nothing(self) -> None:
        self.age(1.0, 1.01)
        self.assertEqual(self.age(100.0, 103.01), 2.98)
        self.assertEqual(self.age(104.0, 107.01), 2.98)

    def test_what_clocks_part_by_counts_for_nothing(self) -> None:
        for minute in range(600):
            came = minute * 60.0
            self.assertEqual(self.age(came * (1 - 1e-4), came), 0.0, minute)

    def test_a_way_that_is_longer_from_now_on_is_learned(self) -> None:
        ages = [self.age(second, second + (0.0 if second < 10 else 0.2)) for second in range(200)]
        self.assertEqual(ages[10], 0.2)
        self.assertEqual(ages[10 + 3 * int(LATELY)], 0.0)

    def test_what_is_no_time_tells_nothing(self) -> None:
        self.age(1.0, 1.01)
        for word in ("soon", "nan", "inf", "-inf"):
            self.assertEqual(self.lateness.age(word, 9.0), 0.0)
        self.assertEqual(self.age(2.0, 5.01), 3.0)

    def test_a_clock_that_jumped_tells_nothing(self) -> None:
        self.age(1.0, 1.01)
        self.assertEqual(self.age(-4000.0, 2.0), 0.0)

    def test_the_bounds_of_what_is_believed_count_for_nothing(self) -> None:
        for seconds, told in (
            (DELAY, 0.0),
            (DELAY + 0.001, DELAY + 0.001),
            (CREDIBLE - 0.001, CREDIBLE - 0.001),
            (CREDIBLE, 0.0),
        ):
            self.assertEqual(on_the_way("0", seconds), told)

    def test_by_one_clock_it_is_the_difference(self) -> None:
        self.assertEqual(on_the_way("97.5", 100.0), 2.5)
        for sent in ("99.99", "100.5", "soon", "nan", "-4000"):
            self.assertEqual(on_the_way(sent, 100.0), 0.0, sent)
