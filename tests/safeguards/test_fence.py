"""The fence between two processors of the same hardware."""

from __future__ import annotations

import time

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import NotOwnerError
from pychron_comms.safeguards import fence as fence_module
from pychron_comms.safeguards.fence import FenceRule, LeasedFence, unstopped
from tests.doubles import ScriptedCall


class FenceTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.fence = LeasedFence(1.0, self.clock.seconds)

    def passes(self, *, safe: bool = False) -> bool:
        try:
            self.fence.check(safe)
        except NotOwnerError:
            return False
        return True

    def test_nothing_passes_before_it_is_opened(self) -> None:
        self.assertFalse(self.passes())
        self.assertFalse(self.passes(safe=True))

    def test_all_passes_while_it_is_open(self) -> None:
        self.fence.open("1.a", 2.0)
        self.clock.advance(1.999)
        self.assertTrue(self.passes())
        self.assertEqual(self.fence.epoch, "1.a")

    def test_it_shuts_by_itself_and_what_makes_safe_passes_a_while(self) -> None:
        self.fence.open("1.a", 2.0)
        self.clock.advance(2.0)
        self.assertEqual((self.passes(), self.passes(safe=True)), (False, True))
        self.clock.advance(1.0)
        self.assertFalse(self.passes(safe=True))

    def test_renewing_puts_it_off_and_never_back(self) -> None:
        self.fence.open("1.a", 2.0)
        self.fence.renew(3.0)
        self.fence.renew(2.5)
        self.clock.advance(2.9)
        self.assertTrue(self.passes())

    def test_what_has_shut_is_not_opened_by_a_renewal(self) -> None:
        """Between the two another may have owned the hardware."""
        self.fence.open("1.a", 2.0)
        self.clock.advance(2.0)
        self.fence.renew(9.0)
        self.assertFalse(self.passes())

    def test_it_can_be_shut_at_once_and_says_why(self) -> None:
        self.fence.open("1.a", 9.0)
        self.fence.shut("the broker is lost")
        with self.assertRaises(NotOwnerError) as caught:
            self.fence.check(False)
        self.assertIn("the broker is lost", str(caught.exception))
        self.assertTrue(self.passes(safe=True))

    def test_the_rule_refuses_before_anything_is_written(self) -> None:
        rule = FenceRule(self.fence)
        self.assertRaises(NotOwnerError, rule.check, ScriptedCall("Open A"))

    def test_what_makes_safe_has_its_time_from_the_shutting_on(self) -> None:
        self.fence.open("1.a", 9.0)
        self.clock.advance(4.0)
        self.fence.shut("the broker is lost")
        self.clock.advance(0.999)
        self.assertTrue(self.passes(safe=True))
        self.clock.advance(0.001)
        self.assertFalse(self.passes(safe=True))

    def test_shutting_what_has_shut_gives_it_no_more_time(self) -> None:
        self.fence.open("1.a", 2.0)
        self.clock.advance(2.5)
        self.fence.shut("too late")
        self.clock.advance(0.5)
        self.assertFalse(self.passes(safe=True))

    def test_its_end_is_one_for_what_makes_safe_too_and_says_why(self) -> None:
        self.fence.open("1.a", 9.0)
        self.clock.advance(4.0)
        self.fence.end("another owns it")
        self.assertFalse(self.passes(safe=True))
        with self.assertRaises(NotOwnerError) as caught:
            self.fence.check(True)
        self.assertTrue(str(caught.exception).endswith(": another owns it"), caught.exception)

    def test_what_is_left_is_told(self) -> None:
        self.fence.open("1.a", 2.0)
        self.clock.advance(0.5)
        self.assertEqual((self.fence.left, self.fence.is_open), (1.5, True))
        self.clock.advance(1.5)
        self.assertEqual((self.fence.left, self.fence.is_open), (0.0, False))
        self.clock.advance(1.0)
        self.assertEqual(self.fence.left, -1.0)

    def test_it_is_opened_again_under_another_name(self) -> None:
        self.fence.open("1.a", 2.0)
        self.clock.advance(5.0)
        self.fence.open("2.b", 6.0)
        self.assertEqual((self.fence.epoch, self.passes()), ("2.b", True))
        self.clock.advance(1.0)
        self.assertFalse(self.passes())

    def test_the_rule_lets_pass_what_the_fence_does(self) -> None:
        rule = FenceRule(self.fence)
        self.fence.open("1.a", 2.0)
        self.clock.advance(2.0)
        rule.check(ScriptedCall("Close A", safe=True))
        self.assertRaises(NotOwnerError, rule.check, ScriptedCall("Open A"))

    def test_before_it_is_opened_it_says_that_this_one_stands_by(self) -> None:
        with self.assertRaises(NotOwnerError) as caught:
            self.fence.check(False)
        self.assertTrue(str(caught.exception).endswith(": it stands by"), caught.exception)
        self.assertEqual(self.fence.epoch, "")

    def test_its_clock_goes_on(self) -> None:
        self.assertLessEqual(unstopped(), unstopped())

    def test_its_clock_is_the_one_that_goes_on_in_sleep_where_there_is_one(self) -> None:
        self.patch(time, "clock_gettime", {7: 70.0}.get)
        self.patch(time, "monotonic", lambda: 5.0)
        for clock, seconds in ((7, 70.0), (None, 5.0)):
            self.patch(fence_module, "_CLOCK", clock)
            self.assertEqual(unstopped(), seconds)
