"""Plain commands of just now are known again by the next process, as keys are."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from zope.interface import directlyProvides

from pychron_comms.errors import DeviceConnectionError, OutcomeUnknownError
from pychron_comms.interfaces import IDescribedHandler, Part
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.processor.ending import GRACE
from pychron_comms.wire.copies import KEEP
from tests.processor.copy_case import OTHER, CopyCase, Valves


class RecallTests(CopyCase):
    """Finding B5 of issue 12: copies outlive the server, and here the processor as well."""

    def restart(self, seconds: float = 1.0) -> None:
        """A kill -9, and a start so much later."""
        self.clock.advance(seconds)
        self.valves.slow.clear()
        self.gate = self.new_gate()
        self.gate.startService()

    def test_what_had_ended_answers_its_copy(self) -> None:
        self.reply("c1.1")
        self.restart()
        self.assertEqual(self.reply("c2.1"), "OK")
        self.assertEqual(self.ran, ["Open A"])

    def test_what_ran_is_unknown_to_its_copy_and_not_run_again(self) -> None:
        self.valves.slow["Open A"] = Deferred()
        self.ask("c1.1")
        self.restart()
        self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.assertEqual(self.ran, ["Open A"])

    def test_a_clock_that_was_set_back_makes_nothing_newer(self) -> None:
        self.reply("c1.1", "Open B")
        self.clock.advance(600)
        self.reply("c1.2")
        self.clock = Clock()
        self.restart(1)
        # As if it had been set back to when the last of them ended.
        self.assertEqual(self.reply("c2.1"), "OK")
        self.reply("c3.1", "Open B")
        self.assertEqual(self.ran, ["Open B", "Open A", "Open B"])
        self.clock.advance(KEEP)
        self.reply("c4.1")
        self.assertEqual(self.ran, ["Open B", "Open A", "Open B", "Open A"])

    def test_a_clock_that_was_set_forward_makes_no_key_older(self) -> None:
        self.gate.startService()
        for turned in (False, True):
            key = f"k{turned}"
            self.reply("", key=key)
            if turned:
                self.journal.turn()
            self.set_forward(2 * 86400)
            self.restart()
            self.assertEqual(self.reply("", key=key), "OK")
        self.assertEqual(self.ran, ["Open A"] * 2)

    def test_a_key_that_does_not_say_what_is_left_of_its_time_has_it_until_then(self) -> None:
        self.gate.startService()
        self.reply("", key="k")
        (carried,) = ({**each} for each in self.gate._memory.carried())
        until = carried["until"] - self.clock.seconds()
        event = carried.pop("event")
        del carried["left"]
        for wait, runs in ((until - 2.0, 1), (2.0, 2)):
            self.clock.advance(wait)
            self.journal = MemoryJournal(self.clock.seconds)
            self.journal.write(event, carried)
            self.restart(0.0)
            self.assertEqual(self.reply("", key="k"), "OK")
            self.assertEqual(self.ran, ["Open A"] * runs)

    def set_forward(self, seconds: float) -> None:
        now = self.clock.seconds() + seconds
        self.clock = Clock()
        self.clock.advance(now)
        self.journal._now = self.clock.seconds

    def test_it_is_in_doubt_no_longer_than_it_was(self) -> None:
        self.reply("c1.1")
        self.restart(KEEP)
        self.reply("c2.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_a_key_is_known_long_after_a_copy_would_be(self) -> None:
        self.reply("", key="done")
        self.valves.slow["Open B"] = Deferred()
        self.ask("", "Open B", key="ran").addErrback(lambda failure: None)
        self.restart(60 * KEEP)
        self.assertEqual(self.reply("", key="done"), "OK")
        self.failureResultOf(self.ask("", "Open B", key="ran"), OutcomeUnknownError)
        self.assertEqual(self.ran, ["Open A", "Open B"])

    def test_the_same_connection_means_it_anew(self) -> None:
        self.reply("c1.1")
        self.restart()
        self.reply("c1.2")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_when_its_reply_is_read_it_is_meant_anew(self) -> None:
        self.reply("c1.1")
        self.restart()
        self.gate.reply_taken("c1.1")
        self.reply("c2.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_what_its_sender_has_changed_since_is_meant_anew(self) -> None:
        for change in ("Close A", "Shut A"):
            self.reply("c1.1")
            self.reply("", change, key=change)
            self.restart(KEEP - 1)
            self.reply("c2.1")
            self.assertEqual(self.ran, ["Open A", change, "Open A"])
            self.ran.clear()
            self.clock.advance(KEEP)

    def test_what_another_has_changed_since_is_unknown(self) -> None:
        for change in ("Close A", "Shut A"):
            self.reply("c1.1")
            self.reply("", change, OTHER, key=change)
            self.restart(KEEP - 1)
            self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
            self.assertEqual(self.ran, ["Open A", change])
            self.ran.clear()
            self.clock.advance(KEEP)

    def test_so_is_what_another_made_safe_while_the_disk_was_full(self) -> None:
        self.reply("c1.1")
        self.journal.failing = "the disk is full"
        self.assertEqual(self.reply("", "Close A", OTHER), "OK")
        self.journal.failing = ""
        self.reply("", "Open B", OTHER)
        self.restart(KEEP - 1)
        self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.assertEqual(self.ran, ["Open A", "Close A", "Open B"])

    def test_what_a_safe_state_has_changed_is_too(self) -> None:
        part = Part("System:A", self.valves, "A")
        self.gate._part = lambda name: part
        self.reply("c1.1")
        self.gate._leases.override(part, OTHER, "smoke")
        self.clock.advance(1.0)
        self.gate = self.new_gate()
        self.gate._part = lambda name: part
        self.gate.startService()
        self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.assertEqual(self.ran, ["Open A"])

    def test_a_part_is_found_by_its_type_and_all_that_is_said_behind_it(self) -> None:
        class Named(Valves):
            """Its parts may be called anything."""

            def part(self, name: str) -> Part:
                return Part(f"System:{name}", self, name)

        self.valves = Named()
        directlyProvides(self.valves, IDescribedHandler)
        self.gate = self.new_gate()
        for name, target in (("System:A", "A"), ("System:bus:A", "bus:A"), ("System", "System")):
            part = self.gate._part(name)
            assert part is not None
            self.assertEqual(part.target, target)
        self.assertIsNone(self.gate._part("A:System"))

    def stop(self) -> None:
        """A clean stop, which makes all safe."""
        stopped = self.gate.stopService()
        self.clock.advance(GRACE)
        self.successResultOf(stopped)
        self.gate.close()
        self.journal._is_open = True

    def test_what_a_clean_stop_may_have_undone_is_neither_done_again_nor_told_ok(self) -> None:
        """Seed 7072 of the model: it ran again, since the stop had changed its part."""
        self.reply("c1.1")
        self.stop()
        self.restart(0.1)
        for ask, silent in (("c2.1", 0.0), ("c3.1", 1.2)):
            error = self.failureResultOf(self.ask(ask, silent=silent), OutcomeUnknownError)
            self.assertIn("Open A was done, and the stop may have undone it", str(error.value))
        self.assertEqual(self.ran, ["Open A"])

    def test_so_is_what_ended_while_it_was_stopped(self) -> None:
        self.valves.slow["Open A"] = opening = Deferred()
        first = self.ask("c1.1")
        self.gate.stopService()
        opening.callback("OK")
        self.assertEqual(self.successResultOf(first), "OK")
        self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.clock.advance(GRACE)
        self.gate.close()
        self.journal._is_open = True
        self.restart(0.1)
        self.failureResultOf(self.ask("c3.1"), OutcomeUnknownError)
        self.assertEqual(self.ran, ["Open A"])

    def test_so_is_what_was_done_where_a_stop_was_cut_short_by_a_kill(self) -> None:
        self.reply("c1.1")
        self.gate.stopService()
        self.restart(0.1)
        error = self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.assertIn("Open A was done, and the stop may have undone it", str(error.value))
        self.assertEqual(self.ran, ["Open A"])

    def test_so_is_what_ended_in_a_stop_that_was_cut_short(self) -> None:
        self.valves.slow["Open A"] = opening = Deferred()
        self.ask("c1.1")
        self.gate.stopService()
        opening.callback("OK")
        self.restart(0.1)
        self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.assertEqual(self.ran, ["Open A"])

    def test_what_made_safe_in_a_stop_that_was_cut_short_is_done(self) -> None:
        self.gate.stopService()
        self.reply("c1.1", "Close A")
        self.restart(0.1)
        self.assertEqual(self.reply("c2.1", "Close A"), "OK")

    def test_what_was_done_before_the_hardware_was_lost_is_in_doubt_too(self) -> None:
        self.reply("c1.1")
        self.gate.make_all_safe("the loss of the hardware")
        self.restart(0.1)
        error = self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.assertIn("the loss of the hardware may have undone it", str(error.value))

    def test_a_failure_stays_one_at_a_stop(self) -> None:
        self.valves.slow["Open A"] = failing = Deferred()
        first = self.ask("c1.1")
        failing.errback(DeviceConnectionError("A"))
        self.failureResultOf(first, DeviceConnectionError)
        self.stop()
        self.restart(0.1)
        self.failureResultOf(self.ask("c2.1"), DeviceConnectionError)

    def test_who_has_read_the_reply_means_it_anew_after_a_stop(self) -> None:
        self.reply("c1.1")
        self.gate.reply_taken("c1.1")
        self.stop()
        self.restart(0.1)
        self.gate.reply_taken("c1.1")
        self.reply("c2.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_what_ran_at_a_kill_may_have_gone_on_until_the_start(self) -> None:
        self.valves.slow["Open A"] = Deferred()
        self.ask("c1.1").addErrback(lambda failure: None)
        self.restart(KEEP - 1)
        self.clock.advance(KEEP - 1)
        self.failureResultOf(self.ask("c2.1"), OutcomeUnknownError)
        self.clock.advance(1)
        self.reply("c3.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_what_is_carried_over_is_as_if_it_was_written(self) -> None:
        self.gate.startService()
        self.reply("c0.1", "Open B")
        self.reply("c5.1", "Open D")
        self.reply("c6.1", "Close D")
        self.reply("c1.1")
        self.valves.slow["Open C"] = Deferred()
        self.ask("c3.1", "Open C")
        self.reply("d1.1", "Close B", OTHER)
        self.journal.turn()
        self.restart()
        self.failureResultOf(self.ask("c4.1", "Open C"), OutcomeUnknownError)
        self.assertEqual(self.reply("c2.1"), "OK")
        self.failureResultOf(self.ask("c7.1", "Open B"), OutcomeUnknownError)
        done = ["Open B", "Open D", "Close D", "Open A", "Open C", "Close B"]
        self.assertEqual(self.ran, done)
        self.reply("c8.1", "Open D")
        self.assertEqual(self.ran, [*done, "Open D"])

    def carry_a_long_run(self) -> None:
        """A command that takes 4 s; all files turn over when it has ended."""
        self.gate.startService()
        self.valves.slow["Open A"] = opening = Deferred()
        self.ask("c1.1", within=60)
        self.clock.advance(4)
        opening.callback("OK")
        self.journal.turn()

    def test_a_long_run_that_is_carried_over_is_in_doubt_from_its_end(self) -> None:
        self.carry_a_long_run()
        self.restart(KEEP - 1)
        self.assertEqual(self.reply("c2.1"), "OK")
        self.assertEqual(self.ran, ["Open A"])
        self.clock.advance(1)
        self.reply("c3.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_it_is_so_where_the_clock_is_set_back(self) -> None:
        self.carry_a_long_run()
        self.clock = Clock()
        self.restart(1)
        # As if it had been set back to when that ended.
        self.clock.advance(KEEP - 1)
        self.assertEqual(self.reply("c2.1"), "OK")
        self.clock.advance(1)
        self.reply("c3.1")
        self.assertEqual(self.ran, ["Open A", "Open A"])

    def test_a_long_run_is_in_doubt_from_its_end(self) -> None:
        self.valves.slow["Open A"] = opening = Deferred()
        self.ask("c1.1", within=60)
        self.clock.advance(4)
        opening.callback("OK")
        self.restart(KEEP - 1)
        self.assertEqual(self.reply("c2.1"), "OK")
        self.assertEqual(self.ran, ["Open A"])

    def test_what_says_nothing_of_who_asked_is_not_looked_at(self) -> None:
        self.reply("")
        self.reply("c1.1", "Close A")
        self.restart()
        self.reply("c2.1")
        self.reply("c2.1", "Close A")
        self.assertEqual(self.ran, ["Open A", "Close A", "Open A", "Close A"])

    def test_a_late_copy_is_known_as_such(self) -> None:
        self.reply("c2.1")
        self.restart()
        self.gate.reply_taken("c2.1")
        self.assertEqual(self.reply("c1.1", silent=1.5), "OK")
        self.reply("c3.1", silent=0.9)
        self.assertEqual(self.ran, ["Open A", "Open A"])
