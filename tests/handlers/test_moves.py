"""The notation of what a command moves, and when two moves may be one."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.handlers.moves import mover
from pychron_comms.interfaces import InTerms, Move
from pychron_comms.safeguards.overlap import may_be_one


class NotationTests(SynchronousTestCase):
    def test_each_form(self) -> None:
        for moves, values, expected in (
            ("", {}, [("", None)]),
            ("stage", {"x": 1.0}, [("stage", None)]),
            ("stage/x={x}", {"x": 1.0}, [("stage/x", 1.0)]),
            ("stage/x={x}", {}, [("stage/x", None)]),
            ("motors/{name}/lock=True", {"name": "mask"}, [("motors/mask/lock", True)]),
            ("motors/{name}/lock=False", {}, [("motors", False)]),
            ("{name}", {"name": "A"}, [("A", None)]),
            ("{name}", {}, [("", None)]),
            ("stage=hole:{x}", {"x": 3}, [("stage", InTerms("hole", 3))]),
            ("stage=hole:{x}", {}, [("stage", None)]),
            ("CDD Supply Set={x}", {"x": 2.0}, [("CDD Supply Set", 2.0)]),
            ("a=-1.5", {}, [("a", -1.5)]),
            (("stage/x={x}", "output"), {"x": 1.0}, [("stage/x", 1.0), ("output", None)]),
            (lambda manager, values: [(manager, values["x"])], {"x": 1.0}, [("laser", 1.0)]),
        ):
            moved = mover(moves, {"x", "name"})("laser", values)
            self.assertEqual(moved, tuple(Move("laser", *each) for each in expected), msg=moves)

    def test_what_is_no_such_text_is_found_when_it_is_declared(self) -> None:
        for text in ("a=b", "a={b", "{a}{b}", "{missing}", "a={missing}", "a=hole:3", "a=True1"):
            self.assertRaises(ValueError, mover, text, {"x", "name", "a", "b"} - {"missing"})


class OneMoveTests(SynchronousTestCase):
    def may(self, one: tuple[str, object], other: tuple[str, object]) -> bool:
        moves = Move("laser", *one), Move("laser", *other)
        self.assertIs(may_be_one(*moves), may_be_one(*reversed(moves)))
        return may_be_one(*moves)

    def test_equal_values_of_one_part_are(self) -> None:
        for one, other, expected in (
            (1.0, 1, True),
            (1.0, 2.0, False),
            ("a", "a", True),
            ("a", "b", False),
            (True, True, True),
            (True, 1.0, False),
            (False, True, False),
            (None, 1.0, True),
            (None, None, True),
        ):
            self.assertIs(self.may(("a", one), ("a", other)), expected, msg=(one, other))

    def test_what_is_said_in_other_terms_cannot_be_told_apart(self) -> None:
        third = InTerms("hole", 3)
        for other, expected in (
            (InTerms("hole", 3), True),
            (InTerms("hole", 4), False),
            (InTerms("point", "p1"), True),
            (1.0, True),
            (None, True),
        ):
            self.assertIs(self.may(("stage", third), ("stage/x", other)), expected, msg=other)

    def test_other_parts_and_other_managers_are_not(self) -> None:
        self.assertFalse(self.may(("stage", None), ("output", None)))
        self.assertTrue(self.may(("stage", None), ("", None)))
        self.assertFalse(may_be_one(Move("laser", "", None), Move("line", "", None)))
