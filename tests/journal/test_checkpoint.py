"""A checkpoint is found from the end of its file, and a later one that was cut short is none."""

from __future__ import annotations

from typing import Any

from pychron_comms.journal import checkpoint
from pychron_comms.journal.checkpoint import find_checkpoint, recall
from tests.journal.journal_case import Journals


class CutShortTests(Journals):
    def setUp(self) -> None:
        super().setUp()
        self.journal.write("claim", {"part": "A"})
        self.journal.write("carried", {"records": [{"event": "begin", "key": "first"}]})
        self.journal.write("claim", {"part": "B"})
        self.journal.write("carried", {"records": [{"event": "begin", "key": "second"}]})
        self.journal.write("checkpoint", {"since": 1})
        self.journal.write("claim", {"part": "C"})

    def recalled(self) -> list[Any]:
        return [each.get("key") or each["part"] for each in self.journal.recall()]

    def test_what_was_carried_comes_before_what_was_written_since(self) -> None:
        self.assertEqual(self.recalled(), ["first", "second", "B", "C"])

    def test_of_one_that_was_cut_short_nothing_is_known(self) -> None:
        self.journal.write("carried", {"records": [{"event": "begin", "key": "torn"}]})
        self.journal.write("claim", {"part": "D"})
        self.assertEqual(self.recalled(), ["first", "second", "B", "C", "D"])

    def test_it_is_found_wherever_it_lies_across_two_looks(self) -> None:
        whole = find_checkpoint(self.path)
        assert whole is not None
        for window in range(32, 200):
            self.patch(checkpoint, "_WINDOW", window)
            self.assertEqual(find_checkpoint(self.path), whole, window)

    def test_one_that_says_what_cannot_be_is_passed_over(self) -> None:
        whole = find_checkpoint(self.path)
        for since in (0, 100, "x"):
            self.journal.write("checkpoint", {"since": since})
            self.assertEqual(find_checkpoint(self.path), whole, since)

    def test_lines_that_are_no_records_are_passed_over(self) -> None:
        self.journal.close()
        with self.path.open("a") as file:
            file.write('["event"]\n{"at": "2026"}\n"event"\n{"event"\n')
        told = [each.get("key") or each["part"] for each in recall(self.path, "")]
        self.assertEqual(told, ["first", "second", "B", "C"])


class NothingCarriedTests(Journals):
    def test_one_that_carries_nothing_is_a_checkpoint_too(self) -> None:
        self.journal.write("claim", {"part": "A"})
        self.journal.write("checkpoint", {"since": 1})
        self.journal.write("claim", {"part": "B"})
        place = find_checkpoint(self.path)
        assert place is not None
        self.assertEqual((place.start, place.end), (len(self.lines()[0]) + 1,) * 2)
        self.assertEqual([each["part"] for each in self.journal.recall()], ["B"])
