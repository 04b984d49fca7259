"""When commands may begin, without a transport."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.backpressure import Backpressure
from pychron_comms.transport.budget import BudgetLimits, HostBudget


class BackpressureTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.host = HostBudget(BudgetLimits(commands=10))

    def pressure(self, limit: int) -> Backpressure:
        return Backpressure(limit, self.host)

    def test_at_the_limit_none_begins_until_half_are_answered(self) -> None:
        pressure = self.pressure(4)
        for _ in range(3):
            pressure.begin()
        self.assertTrue(pressure.room)
        pressure.begin()
        self.assertFalse(pressure.room)
        pressure.end()
        self.assertFalse(pressure.room)
        pressure.end()
        self.assertTrue(pressure.room)

    def test_none_begins_while_replies_are_unread_a_second_time_too(self) -> None:
        pressure = self.pressure(4)
        for _ in range(2):
            pressure.is_unread = True
            self.assertFalse(pressure.room)
            pressure.is_unread = False
            self.assertTrue(pressure.room)

    def test_both_must_be_over(self) -> None:
        pressure = self.pressure(2)
        pressure.begin()
        pressure.begin()
        pressure.is_unread = True
        pressure.end()
        pressure.end()
        self.assertFalse(pressure.room)
        pressure.is_unread = False
        self.assertTrue(pressure.room)

    def test_the_host_must_have_room_but_each_connection_may_have_one(self) -> None:
        self.host.commands = 10
        pressure = self.pressure(4)
        self.assertTrue(pressure.room)
        pressure.begin()
        self.assertEqual((pressure.room, pressure.only_lacks_room), (0, True))
        # Connections that have one each may be more than there is room for.
        self.host.commands = 12
        self.assertEqual((pressure.room, pressure.only_lacks_room), (0, True))
        self.host.commands = 9
        self.assertEqual((pressure.room, pressure.only_lacks_room), (1, False))

    def test_an_end_calls_who_waits_for_room(self) -> None:
        called: list[str] = []
        pressure = self.pressure(4)
        pressure.begin()
        self.host.commands = 10
        self.host.waiting.append(lambda: bool(called.append("now")))
        pressure.end()
        self.assertEqual((called, self.host.commands), (["now"], 9))
