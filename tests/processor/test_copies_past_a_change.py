"""A copy whose part was changed since its first was done: neither run, nor told ``OK``."""

from __future__ import annotations

from unittest.mock import patch

from twisted.internet.defer import Deferred

from pychron_comms.errors import DeviceConnectionError, ExpiredError, OutcomeUnknownError
from pychron_comms.interfaces import Part
from pychron_comms.processor.execution.execution import Execution
from pychron_comms.wire.copies import KEEP, KEEP_DATAGRAM
from tests.processor.copy_case import OTHER, CopyCase


class PastAChangeTests(CopyCase):
    """Finding B6 of issue 12: on f156da4 another's change did not end a kept reply. On e83ab754 a
    copy that came behind another's ``Close`` opened the valve once more."""

    def is_unknown(self, ask: str = "c9.1") -> bool:
        """Whether a copy is told so, and not run."""
        before = len(self.ran)
        self.failureResultOf(self.ask(ask), OutcomeUnknownError)
        return len(self.ran) == before

    def is_run_again(self, ask: str = "c9.1") -> bool:
        before = self.ran.count("Open A")
        self.assertEqual(self.reply(ask), "OK")
        return self.ran.count("Open A") > before

    def test_by_another_computer(self) -> None:
        self.reply("c1.1")
        self.reply("d1.1", "Close A", OTHER)
        self.assertTrue(self.is_unknown())
        self.assertTrue(self.is_unknown("c10.1"))

    def test_it_says_what_may_be_so(self) -> None:
        self.reply("c1.1")
        self.reply("d1.1", "Close A", OTHER)
        failure = self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.assertIn("Open A was done, and another may have undone it", str(failure.value))

    def test_by_one_with_a_key(self) -> None:
        self.reply("c1.1")
        self.reply("", "Shut A", OTHER, key="k")
        self.assertTrue(self.is_unknown())

    def test_by_a_safe_state(self) -> None:
        self.reply("c1.1")
        self.gate._leases.override(Part("System:A", self.valves, "A"), OTHER, "smoke")
        self.assertTrue(self.is_unknown())

    def test_by_what_another_moved_while_it_ran(self) -> None:
        self.valves.slow["Open A"] = opening = Deferred()
        self.ask("c1.1")
        closing = self.ask("d1.1", "Close A", OTHER)
        opening.callback("OK")
        self.assertEqual(self.successResultOf(closing), "OK")
        self.valves.slow.clear()
        self.assertTrue(self.is_unknown())

    def test_what_failed_has_failed_for_its_copy_too(self) -> None:
        self.valves.slow["Open A"] = opening = Deferred()
        first = self.ask("c1.1")
        opening.errback(DeviceConnectionError("A"))
        self.failureResultOf(first, DeviceConnectionError)
        self.valves.slow.clear()
        self.reply("d1.1", "Close A", OTHER)
        self.failureResultOf(self.ask("c2.1"), DeviceConnectionError)
        self.assertEqual(self.ran, ["Open A", "Close A"])

    def test_who_has_read_the_reply_means_it_anew(self) -> None:
        self.reply("c1.1")
        self.gate.reply_taken("c1.1")
        self.reply("d1.1", "Close A", OTHER)
        self.assertTrue(self.is_run_again())

    def test_and_so_does_who_has_read_that_it_is_unknown(self) -> None:
        self.reply("c1.1")
        self.reply("d1.1", "Close A", OTHER)
        self.assertTrue(self.is_unknown("c2.1"))
        self.gate.reply_taken("c2.1")
        self.assertTrue(self.is_run_again("c3.1"))

    def test_and_who_asks_again_by_the_same_connection(self) -> None:
        self.reply("c1.1")
        self.reply("d1.1", "Close A", OTHER)
        self.assertTrue(self.is_run_again("c1.2"))

    def test_and_by_one_that_has_said_something_else(self) -> None:
        """A client that hears nothing asks again by a new connection."""
        self.reply("c1.1")
        self.reply("d1.1", "Close A", OTHER)
        self.assertTrue(self.is_run_again("c9.2"))

    def test_its_own_change_is_no_copys(self) -> None:
        """Who closes what he has opened does not wait for that reply any more."""
        for change in ("Shut A", "ShutAll"):
            self.reply("c1.1")
            self.reply("d1.1", "Close A", OTHER)
            self.reply("c2.1", change)
            self.assertTrue(self.is_run_again())
            self.gate.reply_taken("c9.1")

    def test_nor_where_another_changed_it_afterwards(self) -> None:
        self.reply("c1.1")
        self.reply("c2.1", "Shut A")
        self.reply("d1.1", "Close A", OTHER)
        self.assertTrue(self.is_run_again())

    def test_one_of_its_own_that_was_before_it_tells_nothing(self) -> None:
        self.reply("c0.1", "Shut A")
        self.reply("c1.1")
        self.reply("d1.1", "Close A", OTHER)
        self.assertTrue(self.is_unknown())

    def test_it_is_so_while_a_copy_may_come(self) -> None:
        self.reply("c1.1")
        self.reply("d1.1", "Close A", OTHER)
        self.clock.advance(KEEP - 0.1)
        self.assertTrue(self.is_unknown())
        self.clock.advance(0.1)
        self.assertTrue(self.is_run_again("c10.1"))

    def test_by_datagram_too_and_not_so_long(self) -> None:
        self.reply("udp.1")
        self.reply("d1.1", "Close A", OTHER)
        self.clock.advance(KEEP_DATAGRAM - 0.1)
        self.assertTrue(self.is_unknown("udp.2"))
        self.clock.advance(0.1)
        self.assertTrue(self.is_run_again("udp.3"))

    def test_what_came_by_datagram_is_meant_anew_past_its_own_change(self) -> None:
        self.reply("udp.1")
        self.reply("", "Shut A")
        self.assertTrue(self.is_run_again("udp.2"))

    def test_not_by_another_part_nor_by_a_read(self) -> None:
        self.reply("c1.1")
        self.reply("c2.1", "Shut B")
        self.reply("c3.1", "Get A")
        self.assertFalse(self.is_run_again())

    def test_not_by_what_was_refused(self) -> None:
        self.reply("c1.1")
        self.failureResultOf(self.ask("c2.1", "Shut A", within=-1.0), ExpiredError)
        self.assertFalse(self.is_run_again())

    def test_not_by_what_was_prevented_when_its_thread_came_to_it(self) -> None:
        self.reply("c1.1")
        with patch.object(Execution, "take", side_effect=ExpiredError("Shut A")):
            self.failureResultOf(self.ask("c2.1", "Shut A", OTHER), ExpiredError)
        self.assertEqual(self.ran, ["Open A"])
        self.assertFalse(self.is_run_again())
