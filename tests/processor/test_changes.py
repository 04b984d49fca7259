"""Which part was changed after which."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Move
from pychron_comms.processor.execution.changes import PARTS, SENDERS, ChangeLog


class ChangeTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.log = ChangeLog()
        self.line, self.laser = object(), object()

    def change(self, *targets: str, manager: object = None) -> int:
        return self.log.note(Move(manager or self.line, target) for target in targets)

    def changed(self, target: str, since: int, manager: object = None) -> bool:
        return self.log.changed_since([Move(manager or self.line, target)], since)

    def test_what_nobody_has_changed_is_as_it_was(self) -> None:
        self.assertFalse(self.changed("A", 0))
        self.change("B")
        self.assertFalse(self.changed("A", 0))

    def test_a_change_is_after_what_came_before_it(self) -> None:
        first = self.change("A")
        self.assertFalse(self.changed("A", first))
        second = self.change("A")
        self.assertTrue(self.changed("A", first))
        self.assertFalse(self.changed("A", second))

    def test_other_parts_and_managers_are_other_matters(self) -> None:
        first = self.change("A")
        self.change("AB")
        self.change("A", manager=self.laser)
        self.assertFalse(self.changed("A", first))

    def test_what_overlaps_is_changed_too(self) -> None:
        for one, other, expected in (
            ("", "A", True),
            ("A", "", True),
            ("stage/x", "stage", True),
            ("stage", "stage/x", True),
            ("stage/x", "stage/y", False),
            ("stage", "stages", False),
        ):
            before = self.change("elsewhere", manager=self.laser)
            self.change(one)
            self.assertEqual(self.changed(other, before), expected, msg=f"{one} {other}")

    def test_each_part_of_several_is_changed(self) -> None:
        before = self.change("Z")
        self.change("A", "B")
        self.assertTrue(self.changed("A", before) and self.changed("B", before))

    def test_one_that_has_not_come_about_leaves_what_was_before(self) -> None:
        first = self.change("stage/x")
        prevented = self.change("stage/x", "stage")
        self.log.take_back([Move(self.line, "stage/x"), Move(self.line, "stage")], prevented)
        for part in ("stage/x", "stage", ""):
            self.assertFalse(self.changed(part, first), msg=part)
            self.assertTrue(self.changed(part, first - 1), msg=part)

    def test_one_that_another_has_followed_takes_nothing_of_that(self) -> None:
        first = self.change("A")
        prevented, last = self.change("A"), self.change("A")
        for number in (prevented, prevented):
            self.log.take_back([Move(self.line, "A")], number)
        self.assertTrue(self.changed("A", first))
        self.assertFalse(self.changed("A", last))
        self.log.take_back([Move(self.laser, "A")], last)
        self.assertTrue(self.changed("A", first))

    def test_too_many_parts_are_all_changed_for_once(self) -> None:
        first = self.change("A")
        for number in range(PARTS):
            self.change(f"P{number}")
        self.assertTrue(self.changed("A", first))
        (parts,) = self.log._others.values()
        self.assertLessEqual(len(parts._at), PARTS)
        # With the manager itself.
        self.assertLessEqual(len(parts._within), PARTS + 1)

    def test_what_was_never_noted_cannot_be_taken_back(self) -> None:
        last = self.change("B")
        self.log.take_back([Move(self.line, "A")], last - 1)
        self.assertFalse(self.changed("A", 0))
        self.assertTrue(self.changed("B", last - 1))


class SenderTests(SynchronousTestCase):
    """Who has changed a part himself."""

    def setUp(self) -> None:
        self.log = ChangeLog()
        self.line = object()

    def change(self, sender: str, target: str = "A") -> int:
        return self.log.note((Move(self.line, target),), sender)

    def changed(self, sender: str, since: int, target: str = "A") -> bool:
        return self.log.changed_by(sender, (Move(self.line, target),), since)

    def test_each_senders_changes_are_his_own(self) -> None:
        first = self.change("me")
        self.assertFalse(self.changed("me", first))
        self.change("other")
        self.assertFalse(self.changed("me", first))
        self.assertTrue(self.changed("other", first))
        self.change("me")
        self.assertTrue(self.changed("me", first))

    def test_what_nobody_asked_for_is_nobodys(self) -> None:
        first = self.change("me")
        self.change("")
        self.assertFalse(self.changed("", first))
        self.assertTrue(self.log.changed_since((Move(self.line, "A"),), first))

    def test_nor_does_it_take_anybodys_place(self) -> None:
        first = self.change("me")
        self.change("me")
        for number in range(SENDERS - 1):
            self.change(f"s{number}", "B")
        self.log.note((Move(self.line, "B"),))
        self.assertTrue(self.changed("me", first))

    def test_what_overlaps_counts(self) -> None:
        first = self.change("me")
        self.change("me", "")
        self.assertTrue(self.changed("me", first))

    def test_one_that_is_taken_back_was_none(self) -> None:
        first = self.change("me")
        second = self.change("me")
        self.log.take_back((Move(self.line, "A"),), second, "me")
        self.assertFalse(self.changed("me", first))
        self.log.take_back((Move(self.line, "A"),), second, "nobody")

    def test_one_is_taken_back_whose_sender_was_forgotten_meanwhile(self) -> None:
        for comes_again in (False, True):
            prevented = self.change("me")
            for number in range(SENDERS):
                self.change(f"s{number}", "B")
            if comes_again:
                self.change("me", "B")
            self.log.take_back((Move(self.line, "A"),), prevented, "me")
            self.assertFalse(self.changed_at_all(prevented - 1), msg=f"{comes_again}")

    def test_of_many_senders_the_last_ones_are_known(self) -> None:
        first = self.change("me")
        self.change("me")
        self.change("other")
        for number in range(SENDERS - 2):
            self.change(f"s{number}", "B")
        self.assertTrue(self.changed("me", first))
        self.change("me", "B")
        self.change("one more", "B")
        self.assertTrue(self.changed("me", first))
        self.assertFalse(self.changed("other", first))
        # That it was changed is known all the same.
        self.assertTrue(self.changed_at_all(first))

    def changed_at_all(self, since: int, target: str = "A") -> bool:
        return self.log.changed_since((Move(self.line, target),), since)

    def forget(self) -> None:
        """So many others come that no sender of before is told apart."""
        for number in range(SENDERS):
            self.change(f"s{number}", "B")

    def test_of_those_who_are_forgotten_the_last_change_of_each_part_counts(self) -> None:
        first = self.change("me")
        last = self.change("other")
        self.change("me", "C")
        self.forget()
        self.assertTrue(self.changed_at_all(first))
        self.assertFalse(self.changed_at_all(last))
        self.assertTrue(self.changed_at_all(last, "C"))
        self.assertTrue(self.changed_at_all(last, ""))

    def test_one_of_theirs_that_is_taken_back_leaves_the_one_before(self) -> None:
        zeroth, first = self.change("me", "C"), self.change("me")
        last = self.change("other")
        self.forget()
        self.log.take_back((Move(self.line, "A"),), last, "other")
        self.assertFalse(self.changed_at_all(first))
        self.assertTrue(self.changed_at_all(zeroth))

    def test_of_too_many_parts_of_theirs_all_are_changed(self) -> None:
        for sender in ("me", "other"):
            last = 0
            for number in range(PARTS):
                last = self.change(sender, f"{sender}-{number}")
        self.forget()
        self.assertTrue(self.changed_at_all(last - 1))
        (parts,) = self.log._others.values()
        self.assertLessEqual(len(parts._at), PARTS)
