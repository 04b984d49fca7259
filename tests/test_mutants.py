"""How ``make mutants`` puts a mutant in its place, finds its tests, and counts."""

from __future__ import annotations

import inspect
import os
import signal
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.wire import crc
from tests.mutants.equivalent import Equivalent, Equivalents
from tests.mutants.figures import End, Figures, table
from tests.mutants.forks import BROKEN, Forks
from tests.mutants.mutants import ROOT, Lines, Mutant, changed, with_twins
from tests.mutants.reach import ENOUGH, Reach
from tests.mutants.trial import NOTICED, attempt

PATH = "pychron_comms/transport/turns.py"
CHANGE = "- if size > 0:\n+ if size >= 0:"

SOURCE = '''
class Turns:
    def take(self, size: int = 1) -> bool:
        """Whether it is his turn."""
        if size > 0:
            self.say(
                "taken",
                size,
            )
        return True

    def say(self, word: str, size: int) -> None:
        print(word, size)
'''
TAKE = SOURCE[SOURCE.index("    def take") : SOURCE.index("\n    def say")]


def mutant(old: str, new: str, number: int = 1) -> Mutant:
    return changed(
        PATH, SOURCE, "Turns.take", number,
        original=TAKE, text=TAKE.replace(old, new),
    )  # fmt: skip


class MutantTests(SynchronousTestCase):
    def test_it_says_where_it_is_and_what_it_changes(self) -> None:
        made = mutant("size > 0", "size >= 0")
        self.assertEqual(made.name, "transport.turns.Turns.take")
        self.assertEqual((made.line, made.change), (5, CHANGE))

    def test_a_test_that_reaches_its_statement_may_notice_it(self) -> None:
        self.assertEqual(mutant("size > 0", "size >= 0").reached, Lines(5, 5))
        self.assertEqual(mutant('"taken"', '"TAKEN"').reached, Lines(6, 9))
        self.assertEqual(mutant("return True", "return False").reached, Lines(10, 10))

    def test_a_default_may_be_noticed_wherever_its_function_is_called(self) -> None:
        made = mutant("size: int = 1", "size: int = 2")
        self.assertTrue(made.in_head)
        self.assertEqual(made.reached, Lines(4, 10))

    def test_a_type_checker_sees_each_beside_the_original(self) -> None:
        made = [mutant("size > 0", "size >= 0", 3), mutant("return True", "return None", 4)]
        source, spans = with_twins(SOURCE, made)
        self.assertEqual(list(spans), [("Turns.take", 0), ("Turns.take", 3), ("Turns.take", 4)])
        rows = source.splitlines()
        for number, line in [(0, "return True"), (3, "if size >= 0:"), (4, "return None")]:
            first, last = spans["Turns.take", number]
            self.assertIn(f"def mutant_take_{number}(", rows[first - 1])
            self.assertIn(line, [row.strip() for row in rows[first - 1 : last]])
        self.assertIn(TAKE, source)

    def test_the_quickest_of_those_that_reach_a_line_are_tried_first(self) -> None:
        reach = Reach()
        reach.add({"slow": (2.0, {PATH: [1, 2]}), "quick": (1.0, {PATH: [2], "b": [1]})})
        self.assertEqual(reach.of(PATH, Lines(1, 1)), ["slow"])
        self.assertEqual(reach.of(PATH, Lines(1, 2)), ["quick", "slow"])
        self.assertEqual(reach.of(PATH, Lines(3, 9)), [])

    def test_those_of_its_own_room_come_first_and_too_many_are_not_tried(self) -> None:
        reach = Reach()
        own = "tests.transport.test_places.A.test_a"
        reach.add({own: (9.0, {PATH: [1]}), "b": (0.5, {PATH: [1]}), "c": (0.6, {PATH: [1]})})
        self.assertEqual(reach.of(PATH, Lines(1, 1)), [own, "b"])
        mirror = "tests.transport.test_turns.A.test_a"
        reach.add({mirror: (0.9, {PATH: [1]})})
        self.assertEqual(reach.of(PATH, Lines(1, 1)), [mirror, own])
        reach.add({"d": (ENOUGH + 1, {PATH: [2]})})
        self.assertEqual(reach.of(PATH, Lines(2, 2)), ["d"])


class Case(SynchronousTestCase):
    """No test of the suite: passes as long as a checksum is right."""

    def runTest(self) -> None:
        self.assertEqual(crc.compute_crc(b"123456789"), "374b")


class ForkTests(SynchronousTestCase):
    """In forks, so that this process keeps the true function."""

    def ends(self, *works: Callable[[], int]) -> list[int]:
        forks = Forks(1)
        for number, work in enumerate(works):
            forks.start(str(number), work)
        return [status for _, status in forks.ends()]

    def mutant(self, new: str) -> Mutant:
        path = "pychron_comms/wire/crc.py"
        source = (ROOT / path).read_text("utf-8")
        original = inspect.getsource(crc.compute_crc)
        text = original.replace("crc = 0xFFFF", f"crc = {new}")
        self.assertNotEqual(text, original)
        return changed(path, source, "compute_crc", 1, original=original, text=text)

    def test_a_mutant_is_noticed_where_a_test_fails_with_it(self) -> None:
        tests = [Case("runTest")]
        self.assertEqual(
            self.ends(
                partial(attempt, self.mutant("0xFFFE"), tests, 0.1),
                partial(attempt, self.mutant("65535"), tests, 0.1),
            ),
            [NOTICED, 0],
        )
        self.assertEqual(crc.compute_crc(b"123456789"), "374b")

    def test_a_mistake_of_the_tool_is_no_test_that_failed(self) -> None:
        def broken() -> int:
            os.dup2(1, 2)
            raise OSError("no such function")

        self.assertEqual(self.ends(broken), [BROKEN])

    def test_one_that_ends_its_process_has_an_end_of_its_own(self) -> None:
        def ended() -> int:
            os.kill(os.getpid(), signal.SIGXCPU)
            return 0

        self.assertEqual(self.ends(ended, lambda: 0), [-signal.SIGXCPU, 0])

    def test_each_has_a_folder_that_is_gone_afterwards(self) -> None:
        said = Path(self.mktemp()).absolute()

        def write() -> int:
            Path("left").write_text("", "utf-8")
            said.write_text(os.getcwd(), "utf-8")
            return 0

        self.assertEqual(self.ends(write), [0])
        self.assertFalse(Path(said.read_text("utf-8")).exists())


class FiguresTests(SynchronousTestCase):
    def test_an_equivalent_is_one_change_in_one_place(self) -> None:
        known = Equivalents([Equivalent("transport.turns.Turns.take", CHANGE, "none is empty")])
        self.assertEqual(known.reason("transport.turns.Turns.take", CHANGE), "none is empty")
        other = "- if size > 0:\n+ if size > 1:"
        self.assertEqual(known.reason("transport.turns.Turns.take", other), "")
        self.assertEqual(known.reason("transport.turns.Turns.give", CHANGE), "")

    def test_each_that_is_listed_has_a_reason(self) -> None:
        for each in Equivalents.read().entries:
            self.assertTrue(each.reason and each.where and each.change, each)

    def test_what_no_test_can_tell_apart_does_not_count(self) -> None:
        ends = Counter({
            End.KILLED: 95, End.ENDLESS: 2, End.SURVIVED: 2, End.NO_TESTS: 1, End.EQUIVALENT: 7,
            End.TYPES: 50,
        })  # fmt: skip
        figures = Figures("wire", ends)
        self.assertEqual((figures.killed, figures.survived, figures.noticed), (97, 3, 0.97))
        self.assertEqual(
            table([figures]).splitlines()[1].split(),
            ["wire", "157", "50", "7", "97", "3", "97.0%"],
        )
