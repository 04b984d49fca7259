"""The stage: holes, places by name, corrections by camera, traces."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import InvalidArgumentsError, InvalidSampleHolderError, PositionError
from pychron_comms.interfaces import Position
from pychron_comms.lab.simulated.laser.holder import holes_in_rows
from pychron_comms.lab.simulated.laser.stage import Stage
from tests.lasers import build_laser


class HoleTests(SynchronousTestCase):
    def test_numbered_left_to_right_and_top_to_bottom(self) -> None:
        self.assertEqual(
            holes_in_rows([1, 2], 3.0), {1: (0.0, 1.5), 2: (-1.5, -1.5), 3: (1.5, -1.5)}
        )

    def test_221_hole(self) -> None:
        rows = [7, 9, 11, 13, 15, 15, 15, 17, 17, 17, 15, 15, 15, 13, 11, 9, 7]
        holes = holes_in_rows(rows, 2.0)
        self.assertEqual(len(holes), 221)
        self.assertEqual(len(set(holes.values())), 221)
        self.assertEqual(holes[111], (0.0, 0.0))


class StageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.stage: Stage = build_laser(self.clock).stage

    def test_home_at_first(self) -> None:
        self.assertEqual(self.stage.position, Position(0.0, 0.0, 0.0))
        self.assertFalse(self.stage.is_moving(""))

    def test_axes_move_at_their_own_time(self) -> None:
        self.stage.move({"x": 10.0, "y": 5.0})
        self.clock.advance(0.5)
        self.assertEqual(self.stage.position, Position(5.0, 5.0, 0.0))
        self.assertTrue(self.stage.is_moving(""))
        self.assertTrue(self.stage.is_moving("x"))
        self.assertFalse(self.stage.is_moving("y"))
        self.assertFalse(self.stage.is_moving("z"))

    def test_one_axis_out_of_reach_moves_none(self) -> None:
        self.assertRaises(PositionError, self.stage.move, {"x": 1.0, "y": 26.0})
        self.assertFalse(self.stage.is_moving(""))

    def test_go_home(self) -> None:
        self.stage.go_to_position("t1")
        self.clock.advance(2.0)
        self.assertEqual(self.stage.position, Position(-20.0, 20.0, 5.0))
        self.stage.go_home()
        self.clock.advance(2.0)
        self.assertEqual(self.stage.position, Position(0.0, 0.0, 0.0))

    def test_places_by_name(self) -> None:
        self.stage.go_to_position("flat")
        self.clock.advance(1.0)
        self.assertEqual(self.stage.position, Position(3.0, 4.0, 0.0))
        self.stage.go_to_point("p1")
        self.clock.advance(1.0)
        self.assertEqual(self.stage.position, Position(1.0, 2.0, 0.0))

    def test_places_that_are_unknown(self) -> None:
        for go, name, said in (
            (self.stage.go_to_position, "p1", "no position named p1"),
            (self.stage.go_to_point, "t1", "no point named t1"),
        ):
            error = self.assertRaises(PositionError, go, name)
            self.assertEqual(str(error), f"positioning error. {said}")

    def test_holders(self) -> None:
        self.assertEqual(self.stage.holder, "221-hole")
        self.stage.set_holder("pair")
        self.stage.go_to_hole(2, False)
        self.clock.advance(1.0)
        self.assertEqual(self.stage.position, Position(2.0, 0.0, 0.0))
        error = self.assertRaises(PositionError, self.stage.go_to_hole, 3, False)
        self.assertEqual(str(error), "positioning error. no hole 3 in pair")
        self.assertRaises(InvalidSampleHolderError, self.stage.set_holder, "nope")
        self.assertEqual(self.stage.holder, "pair")

    def test_autocentering_follows_the_move(self) -> None:
        self.stage.go_to_hole(1, True)
        self.assertTrue(self.stage.autocentering)
        self.clock.advance(1.6)
        self.assertFalse(self.stage.is_moving(""))
        self.assertTrue(self.stage.autocentering)
        self.clock.advance(1.0)
        self.assertFalse(self.stage.autocentering)

    def test_autocentering_ends_early(self) -> None:
        for end in (
            self.stage.cancel_autocentering,
            self.stage.stop,
            self.stage.go_home,
            lambda: self.stage.go_to_hole(2, False),
        ):
            self.stage.go_to_hole(1, True)
            end()
            self.assertFalse(self.stage.autocentering)

    def test_a_refused_move_ends_nothing(self) -> None:
        self.stage.go_to_hole(1, True)
        self.assertRaises(PositionError, self.stage.move, {"x": 99.0})
        self.assertTrue(self.stage.autocentering)
        self.assertTrue(self.stage.is_moving(""))

    def test_trace_follows_the_corners(self) -> None:
        self.stage.trace("l1", 1.0)
        self.assertTrue(self.stage.tracing)
        self.assertTrue(self.stage.is_moving(""))
        self.clock.advance(1.5)
        self.assertEqual(self.stage.position, Position(1.5, 0.0, 0.0))
        self.clock.advance(1.5)
        self.assertEqual(self.stage.position, Position(2.0, 1.0, 0.0))
        self.clock.advance(1.0)
        self.assertEqual(self.stage.position, Position(2.0, 2.0, 0.0))
        self.assertFalse(self.stage.tracing)
        self.assertFalse(self.stage.is_moving(""))

    def test_trace_is_no_faster_than_the_stage(self) -> None:
        self.stage.trace("l1", 1000.0)
        self.clock.advance(0.3)
        self.assertTrue(self.stage.tracing)
        self.clock.advance(0.2)
        self.assertFalse(self.stage.tracing)

    def test_trace_that_cannot_be(self) -> None:
        self.assertRaises(PositionError, self.stage.trace, "l2", 1.0)
        self.assertRaises(InvalidArgumentsError, self.stage.trace, "l1", 0.0)
        self.stage.move({"y": 20.0})
        self.clock.advance(2.0)
        self.stage.declare_home("y")
        self.assertRaises(PositionError, self.stage.trace, "far", 1.0)
        self.assertFalse(self.stage.is_moving(""))
        self.assertFalse(self.stage.tracing)

    def test_stop_trace(self) -> None:
        self.stage.trace("l1", 1.0)
        self.clock.advance(1.0)
        self.stage.stop_trace()
        self.assertFalse(self.stage.tracing)
        self.clock.advance(5.0)
        self.assertEqual(self.stage.position, Position(1.0, 0.0, 0.0))

    def test_stop_trace_leaves_a_move_alone(self) -> None:
        self.stage.move({"x": 5.0})
        self.stage.stop_trace()
        self.assertTrue(self.stage.is_moving("x"))

    def test_a_move_ends_a_trace(self) -> None:
        self.stage.trace("l1", 1.0)
        self.stage.move({"x": 5.0})
        self.assertFalse(self.stage.tracing)

    def test_stop(self) -> None:
        self.stage.move({"x": 10.0, "z": 10.0})
        self.clock.advance(0.1)
        self.stage.stop()
        self.clock.advance(5.0)
        self.assertEqual(self.stage.position, Position(1.0, 0.0, 1.0))

    def test_declare_home(self) -> None:
        self.stage.move({"x": 10.0, "y": 10.0})
        self.clock.advance(1.0)
        self.stage.declare_home("x")
        self.assertEqual(self.stage.position, Position(0.0, 10.0, 0.0))
