"""A copy may be under way for long: it lies, or its first asking has been refused meanwhile."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from pychron_comms.errors import (
    CommandError,
    LeasedError,
    NotOwnerError,
    OutcomeUnknownError,
    OvertakenError,
)
from pychron_comms.interfaces import Part
from pychron_comms.processor.execution.plain_command import LATE, PlainCommand
from pychron_comms.wire.copies import KEEP, KEEP_DATAGRAM
from tests.processor.copy_case import OTHER, CopyCase


class LyingTests(CopyCase):
    """Seed 7025 of the model: copies lay at a processor that stood still, and ran again."""

    def setUp(self) -> None:
        super().setUp()
        self.reply("c1.1")

    def test_what_left_its_server_in_time_is_a_copy(self) -> None:
        self.clock.advance(KEEP + 2)
        self.assertEqual(self.reply("c2.1", age=2.5), "OK")
        self.assertEqual(self.ran, ["Open A"])

    def test_what_left_it_later_is_none(self) -> None:
        self.clock.advance(KEEP + 2)
        self.reply("c2.1", age=1.9)
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_others_that_end_meanwhile_push_it_out_no_sooner(self) -> None:
        self.clock.advance(KEEP + 2)
        self.reply("c5.1", "Open B")
        self.assertEqual(self.reply("c2.1", age=2.5), "OK")
        self.assertEqual(self.ran, ["Open A", "Open B"])

    def test_so_it_is_with_datagrams(self) -> None:
        self.reply("udp.3", "Open B")
        self.clock.advance(KEEP_DATAGRAM + 2)
        self.assertEqual(self.reply("udp.4", "Open B", age=2.5), "OK")
        self.reply("udp.5", "Open B", age=1.9)
        self.assertEqual(self.ran, ["Open A", "Open B", "Open B"])

    def test_what_lies_for_longer_than_any_time_is_forgotten(self) -> None:
        self.clock.advance(KEEP + LATE)
        self.reply("c5.1", "Open B")
        self.assertEqual(self.gate._memory.copies.kept, 1)


class RunningTests(CopyCase):
    def test_what_still_runs_is_waited_for_by_its_copy_however_long_it_takes(self) -> None:
        self.valves.slow["Open A"] = opening = Deferred()
        self.valves.deadline = 60.0
        first = self.ask("c1.1", within=60)
        self.clock.advance(KEEP + 1)
        copy = self.ask("c2.1", within=60)
        opening.callback("OK")
        self.assertEqual([self.successResultOf(each) for each in (first, copy)], ["OK", "OK"])
        self.assertEqual(self.ran, ["Open A"])


class RefusedTests(CopyCase):
    """Seed 7059 of the model: the sender was told that it is not done, and his copy did it."""

    def refuse(self, ask: str) -> None:
        part = Part("System:A", self.valves, "A")
        self.gate._leases.claim(part, OTHER, 60)
        self.failureResultOf(self.ask(ask), LeasedError)
        self.gate._leases.release(part, OTHER)

    def is_refused(self, ask: str, **how: float) -> bool:
        before = list(self.ran)
        answer = self.ask(ask, **how)
        if self.ran == before:
            self.failureResultOf(answer, LeasedError)
            return True
        self.assertEqual(self.successResultOf(answer), "OK")
        return False

    def test_a_connection_that_was_made_before_brings_a_copy(self) -> None:
        self.refuse("c2.1")
        self.clock.advance(1)
        self.assertTrue(self.is_refused("c1.1", silent=1.1))
        self.assertTrue(self.is_refused("c3.1", silent=1.1))

    def test_so_does_one_that_was_made_before_it_was_told_again(self) -> None:
        self.refuse("c2.1")
        self.clock.advance(1)
        self.assertTrue(self.is_refused("c1.1", silent=1.1))
        self.assertTrue(self.is_refused("c3.1", silent=0.5))
        self.assertFalse(self.is_refused("c4.1"))

    def test_so_does_one_that_has_said_nothing_since_before_it_was_asked(self) -> None:
        self.clock.advance(1)
        self.refuse("c2.1")
        self.clock.advance(1)
        self.assertTrue(self.is_refused("c1.5", silent=1.1))
        self.assertFalse(self.is_refused("c1.6", silent=0.9))

    def test_who_comes_afterwards_means_it(self) -> None:
        self.refuse("c1.1")
        self.assertFalse(self.is_refused("c2.1"))

    def test_so_does_who_asks_by_the_same_connection(self) -> None:
        self.refuse("c1.1")
        self.assertFalse(self.is_refused("c1.2", silent=0.5))

    def test_it_is_so_for_its_time_only(self) -> None:
        self.refuse("c2.1")
        self.clock.advance(KEEP)
        self.assertFalse(self.is_refused("c1.1", silent=KEEP + 1))

    def test_a_datagram_does_not_tell_when_it_was_sent(self) -> None:
        self.refuse("udp.1")
        self.clock.advance(KEEP_DATAGRAM - 0.1)
        self.assertTrue(self.is_refused("udp.2"))
        self.clock.advance(0.1)
        self.assertFalse(self.is_refused("udp.3"))

    def test_not_either_where_one_asked_by_a_connection_meanwhile(self) -> None:
        self.refuse("udp.1")
        self.clock.advance(1)
        self.assertTrue(self.is_refused("c1.1", silent=1.5))
        self.assertTrue(self.is_refused("udp.2"))

    def test_what_has_run_since_is_the_answer(self) -> None:
        self.refuse("c2.1")
        self.reply("c3.1")
        self.assertEqual(self.reply("c1.1", silent=1), "OK")
        self.assertEqual(self.ran, ["Open A"])

    def test_what_was_overtaken_is_so_too(self) -> None:
        self.valves.slow["Shut B"] = Deferred()
        self.ask("c0.1", "Shut B")
        opening = self.ask("udp.1")
        self.reply("d1.1", "Close A", OTHER)
        self.failureResultOf(opening, OvertakenError)
        self.valves.slow["Shut B"].callback("OK")
        self.failureResultOf(self.ask("udp.2"), OvertakenError)

    def test_a_flood_of_refusals_pushes_out_nothing_that_was_run(self) -> None:
        self.reply("c1.1")
        memory = self.gate._memory.copies
        for number in range(1000):
            refused = self.ask(f"udp.{number + 2}", f"Open B{number}", within=-1.0)
            self.failureResultOf(refused, CommandError)
        self.assertLess(len(memory._refused), 300)
        # Another sender's have room beside them.
        before = len(memory._refused)
        self.failureResultOf(self.ask("udp.1", "Open B", OTHER, within=-1.0), CommandError)
        self.assertEqual(len(memory._refused), before + 1)
        self.assertEqual(self.reply("c2.1"), "OK")
        self.assertEqual(self.ran, ["Open A"])


class MadeSafeTests(CopyCase):
    def test_a_copy_while_all_is_made_safe_is_not_told_ok(self) -> None:
        """The laser that it made ready is put out just now."""
        self.reply("c1.1")
        self.valves.slow["Open B"] = Deferred()
        running = self.ask("c5.1", "Open B")
        self.gate.stopService()
        self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.clock.advance(10)
        self.failureResultOf(running, OutcomeUnknownError)
        self.assertEqual(self.ran, ["Open A", "Open B"])

    def test_no_laser_waits_until_all_copies_have_been_told(self) -> None:
        undone: list[str] = []
        undo = PlainCommand.undo
        self.patch(PlainCommand, "undo", lambda *its: (undone.append(its[1]), undo(*its)))
        for number in range(50):
            self.reply(f"c{number}.1", f"Open {number}")
        self.gate.stopService()
        self.assertEqual(undone, [])
        for ask in ("c98.1", "c99.1"):
            self.failureResultOf(self.ask(ask, "Open 7"), OutcomeUnknownError)
        self.assertEqual(undone, ["the stop"])

    def test_nor_when_the_hardware_was_lost(self) -> None:
        self.reply("c1.1")
        self.gate.give_up(NotOwnerError("no word from the server"))
        error = self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.assertIn(" the loss of the hardware may have undone it", str(error.value))
        self.gate.reply_taken("c2.1")
        self.reply("c3.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])
