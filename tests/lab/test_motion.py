"""Motions and activities: what follows a clock."""

import math

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import PositionError
from pychron_comms.lab.simulated.activity import Activity
from pychron_comms.lab.simulated.laser.curve import interpolate
from pychron_comms.lab.simulated.laser.motion import Motion, Travel


class InterpolateTests(SynchronousTestCase):
    points = ((0.0, 0.0), (10.0, 5.0), (20.0, 25.0))

    def test_between(self) -> None:
        self.assertEqual(interpolate(5.0, self.points), 2.5)
        self.assertEqual(interpolate(15.0, self.points), 15.0)

    def test_at_points(self) -> None:
        self.assertEqual([interpolate(x, self.points) for x, _ in self.points], [0.0, 5.0, 25.0])

    def test_level_outside(self) -> None:
        self.assertEqual(interpolate(-1.0, self.points), 0.0)
        self.assertEqual(interpolate(99.0, self.points), 25.0)


class MotionTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        travel = Travel(minimum=-5.0, maximum=20.0, speed=4.0)
        self.motion = Motion("x", self.clock, travel, position=2.0)

    def test_stands_at_first(self) -> None:
        self.assertEqual(self.motion.position, 2.0)
        self.assertFalse(self.motion.moving)

    def test_moves_at_its_speed(self) -> None:
        self.motion.begin(10.0)
        self.assertTrue(self.motion.moving)
        self.assertEqual(self.motion.remaining, 2.0)
        self.clock.advance(0.5)
        self.assertEqual(self.motion.position, 4.0)
        self.clock.advance(1.5)
        self.assertEqual(self.motion.position, 10.0)
        self.assertFalse(self.motion.moving)
        self.clock.advance(100)
        self.assertEqual(self.motion.position, 10.0)
        self.assertEqual(self.motion.remaining, 0.0)

    def test_no_way_to_go(self) -> None:
        self.motion.begin(2.0)
        self.assertFalse(self.motion.moving)
        self.assertEqual(self.motion.position, 2.0)

    def test_turns_where_it_is(self) -> None:
        self.motion.begin(10.0)
        self.clock.advance(1.0)
        self.motion.begin(2.0)
        self.clock.advance(0.5)
        self.assertEqual(self.motion.position, 4.0)

    def test_stop(self) -> None:
        self.motion.begin(10.0)
        self.clock.advance(1.0)
        self.motion.stop()
        self.assertFalse(self.motion.moving)
        self.clock.advance(10.0)
        self.assertEqual(self.motion.position, 6.0)

    def test_follows_a_course(self) -> None:
        self.motion.follow([(1.0, 4.0), (3.0, 0.0)])
        self.clock.advance(2.0)
        self.assertEqual(self.motion.position, 2.0)
        self.assertTrue(self.motion.moving)
        self.clock.advance(1.0)
        self.assertEqual(self.motion.position, 0.0)
        self.assertFalse(self.motion.moving)

    def test_outside_its_travel(self) -> None:
        for target in (-5.01, 20.01, math.inf, math.nan):
            error = self.assertRaises(PositionError, self.motion.begin, target)
            self.assertEqual(str(error), f"positioning error. x {target:g} is outside -5 to 20")
        self.assertFalse(self.motion.moving)

    def test_course_that_leaves_the_travel_is_not_begun(self) -> None:
        self.assertRaises(PositionError, self.motion.follow, [(1.0, 3.0), (2.0, 21.0)])
        self.assertFalse(self.motion.moving)

    def test_declare_zero(self) -> None:
        self.motion.begin(10.0)
        self.clock.advance(1.0)
        self.motion.declare_zero()
        self.assertEqual(self.motion.position, 0.0)
        self.assertFalse(self.motion.moving)
        self.motion.begin(14.0)
        self.assertRaises(PositionError, self.motion.begin, 14.5)
        self.motion.begin(-11.0)
        self.assertRaises(PositionError, self.motion.begin, -11.5)

    def test_schedules_nothing(self) -> None:
        self.motion.begin(10.0)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class ActivityTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.activity = Activity(self.clock)

    def test_never_begun(self) -> None:
        self.assertFalse(self.activity.active)
        self.assertFalse(self.activity.complete)

    def test_runs_and_ends(self) -> None:
        self.activity.begin(2.0)
        self.clock.advance(1.9)
        self.assertTrue(self.activity.active)
        self.assertFalse(self.activity.complete)
        self.clock.advance(0.1)
        self.assertFalse(self.activity.active)
        self.assertTrue(self.activity.complete)

    def test_stopped(self) -> None:
        self.activity.begin(math.inf)
        self.clock.advance(1e9)
        self.assertTrue(self.activity.active)
        self.activity.stop()
        self.assertFalse(self.activity.active)
        self.assertFalse(self.activity.complete)
