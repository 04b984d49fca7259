"""What ``make mutants`` counts, and what it leaves out."""

from __future__ import annotations

from collections import Counter

from twisted.trial.unittest import SynchronousTestCase

from tests.mutants.__main__ import sample
from tests.mutants.equivalent import Equivalent, Equivalents
from tests.mutants.figures import Figures, table

NAME = "pychron_comms.transport.turns.xǁTurnsǁtake__mutmut_3"
CHANGE = "- if size > 0:\n+ if size >= 0:"


class MutantsTests(SynchronousTestCase):
    def test_a_sample_is_the_same_for_the_same_seed(self) -> None:
        names = [f"mutant-{number}" for number in range(100)]
        drawn = sample("wire", 0.1, 1, names)
        self.assertEqual(len(set(drawn)), 10)
        self.assertEqual(drawn, sample("wire", 0.1, 1, names[::-1]))
        self.assertNotEqual(drawn, sample("wire", 0.1, 2, names))
        self.assertEqual(len(sample("wire", 0.001, 1, names)), 1)
        self.assertEqual(sample("wire", 1.0, 1, names), sorted(names))

    def test_an_equivalent_is_one_change_in_one_place(self) -> None:
        known = Equivalents([Equivalent("transport.turns.xǁTurnsǁtake", CHANGE, "none is empty")])
        self.assertEqual(known.reason(NAME, CHANGE), "none is empty")
        self.assertEqual(known.reason(NAME, "- if size > 0:\n+ if size > 1:"), "")
        self.assertEqual(known.reason(NAME.replace("take", "give"), CHANGE), "")

    def test_each_that_is_listed_has_a_reason(self) -> None:
        for each in Equivalents.read().entries:
            self.assertTrue(each.reason and each.where and each.change, each)

    def test_what_no_test_can_tell_apart_does_not_count(self) -> None:
        ends = Counter({
            "killed": 95, "timeout": 2, "survived": 2, "no tests": 1, "equivalent": 7,
            "caught by type check": 50,
        })  # fmt: skip
        figures = Figures("wire", ends)
        self.assertEqual((figures.killed, figures.survived, figures.noticed), (97, 3, 0.97))
        self.assertEqual(
            table([figures]).splitlines()[1].split(),
            ["wire", "157", "50", "7", "97", "3", "97.0%"],
        )
