"""A disk that takes its time, hangs or fails, while each record waits for it."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from twisted.internet.defer import Deferred

from pychron_comms.errors import (
    ExpiredError,
    InterlockError,
    JournalError,
    NotPermittedError,
    OutcomeUnknownError,
    OvertakenError,
    ShuttingDownError,
)
from pychron_comms.interfaces import Effect, Move
from pychron_comms.journal import group
from pychron_comms.processor.execution.sealed_entry import SAFE_PATIENCE
from pychron_comms.processor.execution.sealed_queue import FRESH, LOOK_EVERY
from pychron_comms.safeguards.rules import Condition, Rule
from pychron_comms.wire.context import RequestContext
from tests.doubles import ScriptedHandler
from tests.processor.test_sealed_queue import Logged, SealedCase

BAD = OSError(errno.EIO, "bad sector")


class SlowDiskCase(SealedCase):
    def setUp(self) -> None:
        super().setUp()
        self.disk.hangs = True

    def ask_as(self, sender: str, command: str) -> Any:
        return self.gate.process_server_request("System", command, sender, RequestContext())

    def turn_on(self) -> None:
        """The disk works as it should."""
        self.disk.hangs = False
        for _ in range(4):
            self.turn()


class Reads(SlowDiskCase):
    def test_of_others_wait_for_no_disk(self) -> None:
        self.ask("Open A")
        self.turn()
        self.assertEqual(self.ask_as("10.0.0.2", "Read"), "OK")

    def test_of_the_same_computer_come_behind_what_it_asked(self) -> None:
        self.ask("Open A")
        read = self.ask("Read")
        self.turn()
        self.assertNoResult(read)
        self.turn_on()
        self.assertEqual((self.successResultOf(read), self.log), ("OK", ["Open A", "Read"]))

    def test_of_the_same_computer_have_their_time(self) -> None:
        self.ask("Open A")
        read = self.ask("Read", within=1.0)
        self.clock.pump([LOOK_EVERY] * 3)
        self.assertNoResult(read)
        self.clock.advance(LOOK_EVERY)
        self.failureResultOf(read, ExpiredError)
        self.turn_on()
        self.assertEqual(self.log, ["Open A"])

    def test_are_answered_at_once_when_nothing_of_that_computer_waits_any_more(self) -> None:
        opening = self.ask("Open A", within=1.0)
        self.clock.pump([LOOK_EVERY] * 4)
        self.failureResultOf(opening, ExpiredError)
        self.assertEqual(self.ask("Read"), "OK")

    def test_are_not_while_another_of_that_computer_still_waits(self) -> None:
        hasty, opening = self.ask("Open A", within=1.0), self.ask("Open B")
        self.clock.pump([LOOK_EVERY] * 4)
        self.failureResultOf(hasty, ExpiredError)
        read = self.ask("Read")
        self.turn_on()
        self.assertEqual(self.log, ["Open B", "Read"])
        self.assertEqual([self.successResultOf(each) for each in (opening, read)], ["OK", "OK"])


class WhatActs(SlowDiskCase):
    def test_is_not_run_before_the_disk_has_its_begin(self) -> None:
        reply = self.ask("Open A")
        self.turn()
        self.clock.advance(2.0)
        self.turn()
        self.assertEqual((self.written(), self.log), ([], []))
        self.disk.end()
        self.assertEqual(self.log, ["Open A"])
        self.assertNoResult(reply)
        self.disk.end()
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_is_told_in_time_that_it_was_not_begun_and_never_is(self) -> None:
        reply = self.ask("Open A", within=1.0, key="k")
        self.turn()
        self.clock.pump([LOOK_EVERY] * 4)
        self.assertIn("Open A", str(self.failureResultOf(reply, ExpiredError).value))
        self.turn_on()
        self.assertEqual(self.log, [])
        # The disk has its begin, so its end is told too.
        begin, end = self.written()
        self.assertEqual((begin, end.partition(":")[0]), ("begin Open A", "end ERROR 202 "))
        self.assertRaises(ExpiredError, self.ask, "Open A", key="k")

    def test_of_which_the_disk_has_neither_is_written_down_as_refused(self) -> None:
        reply = self.ask("Open A", within=1.0)
        self.turn()
        self.clock.pump([LOOK_EVERY] * 4)
        self.failureResultOf(reply, ExpiredError)
        self.disk.end(BAD)
        self.assertEqual(self.written(), ["refused Open A"])

    def test_is_told_that_it_was_refused_when_that_is_written_or_after_a_moment(self) -> None:
        over: list[Callable[[], None]] = []
        self.patch(self.journal, "refused", lambda fields, done: over.append(done))
        self.mood.bad = True
        one, other = self.ask("Open A"), self.ask("Open B")
        self.assertNoResult(one)
        over[0]()
        self.failureResultOf(one, NotPermittedError)
        self.clock.advance(SAFE_PATIENCE - 0.01)
        self.assertNoResult(other)
        self.clock.advance(0.01)
        self.failureResultOf(other, NotPermittedError)
        over[1]()

    def test_is_refused_where_the_disk_fails_and_so_is_what_came_behind(self) -> None:
        first = self.ask("Open A")
        self.turn()
        second = self.ask("Open B")
        self.disk.end(BAD)
        for each in (first, second):
            self.failureResultOf(each, JournalError)
        self.assertEqual(self.log, [])

    def test_whose_asker_has_gone_is_not_begun(self) -> None:
        reply = self.ask("Open A")
        self.turn()
        self.gate.asker_gone(reply)
        self.failureResultOf(reply, ExpiredError)
        self.turn_on()
        self.assertEqual(self.log, [])

    def test_nor_is_any_other_for_that(self) -> None:
        first, second = self.ask("Open A"), self.ask("Open B")
        self.turn()
        self.gate.asker_gone(second)
        told = str(self.failureResultOf(second, ExpiredError).value)
        self.assertIn("Open B: who asked has gone", told)
        self.turn_on()
        self.assertEqual((self.log, self.successResultOf(first)), (["Open A"], "OK"))

    def test_what_runs_is_no_affair_of_who_has_gone(self) -> None:
        self.disk.hangs = False
        reply = self.ask("Move A")
        self.turn()
        self.gate.asker_gone(reply)
        self.calls["Move A"].result.callback("moved")
        self.turn()
        self.assertEqual(self.successResultOf(reply), "moved")

    def test_what_has_waited_in_the_queue_has_its_begin_on_the_disk_too(self) -> None:
        self.disk.hangs = False
        self.ask("Move A")
        self.turn()
        self.disk.hangs = True
        reply = self.ask("Open B")
        self.calls["Move A"].result.callback("moved")
        self.turn()
        self.assertEqual(self.log, ["Move A"])
        # Nothing waits for the disk but what acts.
        self.assertEqual(self.ask_as("10.0.0.2", "Read"), "OK")
        self.turn_on()
        self.assertEqual((self.log[-1], self.successResultOf(reply)), ("Open B", "OK"))

    def test_what_has_waited_there_is_refused_where_the_disk_fails(self) -> None:
        self.disk.hangs = False
        self.ask("Move A")
        self.turn()
        self.disk.hangs = True
        refused, next_one = self.ask("Open B"), self.ask("Open A")
        self.calls["Move A"].result.callback("moved")
        self.turn()
        self.disk.end(BAD)
        self.failureResultOf(refused, JournalError)
        self.turn_on()
        self.assertEqual(self.log, ["Move A", "Open A"])
        self.assertEqual(self.successResultOf(next_one), "OK")

    def test_what_has_waited_there_is_given_up_in_time(self) -> None:
        self.disk.hangs = False
        self.ask("Move A")
        self.turn()
        self.disk.hangs = True
        reply = self.ask("Open B", within=1.0, key="k")
        self.calls["Move A"].result.callback("moved")
        self.turn()
        self.clock.advance(1.0)
        self.failureResultOf(reply, ExpiredError)
        self.turn_on()
        self.assertEqual(self.log, ["Move A"])
        self.assertEqual(self.written()[-1].partition(":")[0], "end ERROR 202 ")

    def test_what_a_rule_guards_is_tested_first_and_then_waits_for_the_disk(self) -> None:
        gauge = ScriptedHandler(Logged(self.log, "Gauge", "", effect=Effect.READ, manager="gauge"))
        condition = Condition("x", Move("gauge", ""), gauge, "Gauge", "is", "OK")
        rule = Rule("Open A", lambda call: call.target == "A", [condition], "")
        self.gate = self.new_gate(rule)
        reply = self.ask("Open A")
        self.turn()
        self.assertEqual(self.log, ["Gauge"])
        self.turn_on()
        self.assertEqual((self.log, self.successResultOf(reply)), (["Gauge", "Open A"], "OK"))

    def test_what_a_rule_guards_is_tested_again_where_the_disk_took_its_time(self) -> None:
        gauge = Logged(self.log, "Gauge", "", effect=Effect.READ, manager="gauge")
        place = ScriptedHandler(gauge)
        condition = Condition("x", Move("gauge", ""), place, "Gauge", "is", "OK")
        rule = Rule("Open A", lambda call: call.target == "A", [condition], "")
        self.gate = self.new_gate(rule)
        reply = self.ask("Open A")
        self.turn()
        gauge.result = "no"
        self.clock.advance(FRESH + 0.1)
        self.turn_on()
        self.failureResultOf(reply, InterlockError)
        self.assertEqual(self.log, ["Gauge", "Gauge"])
        # Its begin is written, and so is that it was kept from beginning.
        begin, end = self.written()
        self.assertEqual((begin, end.partition(":")[0]), ("begin Open A", "end ERROR 207 "))
        # What comes behind it is held up by nothing, and is run where it holds again.
        gauge.result = "OK"
        reply = self.ask("Open A")
        self.turn_on()
        self.assertEqual((self.log[2:], self.successResultOf(reply)), (["Gauge", "Open A"], "OK"))

    def test_what_a_rule_guards_is_done_where_all_holds_when_it_is_tested_again(self) -> None:
        # Of the same manager, whose turn it is.
        gauge = ScriptedHandler(Logged(self.log, "Gauge", "", effect=Effect.READ))
        condition = Condition("x", Move("manager", ""), gauge, "Gauge", "is", "OK")
        rule = Rule("Open A", lambda call: call.target == "A", [condition], "")
        self.gate = self.new_gate(rule)
        opening, other = self.ask("Open A"), self.ask("Open B")
        self.turn()
        self.clock.advance(FRESH + 0.1)
        self.turn_on()
        self.assertEqual(self.log, ["Gauge", "Gauge", "Open A", "Open B"])
        for each in (opening, other):
            self.assertEqual(self.successResultOf(each), "OK")

    def test_what_comes_behind_one_whose_rule_is_tested_does_not_stand_as_begun(self) -> None:
        self.disk.hangs = False
        gauge = Logged(self.log, "Gauge", "", effect=Effect.READ, manager="gauge")
        gauge.result = Deferred()
        condition = Condition("x", Move("gauge", ""), ScriptedHandler(gauge), "Gauge", "is", "OK")
        rule = Rule("Open A", lambda call: call.target == "A", [condition], "")
        self.gate = self.new_gate(rule)
        replies = [self.ask("Open C"), self.ask("Open A"), self.ask("Open B")]
        self.turn_on()
        replies.append(self.ask("Open C"))
        self.turn_on()
        self.assertEqual(self.written(), ["begin Open C", "end OK"])
        self.assertEqual(self.log, ["Open C", "Gauge"])
        gauge.result.callback("OK")
        self.turn_on()
        self.assertEqual(self.log[2:], ["Open A", "Open B", "Open C"])
        self.assertEqual([self.successResultOf(each) for each in replies], ["OK"] * 4)


class WhatMakesSafe(SlowDiskCase):
    def test_is_done_after_a_moment_and_answered_after_another(self) -> None:
        reply = self.ask("Close A")
        self.turn()
        self.clock.advance(SAFE_PATIENCE - 0.01)
        self.assertEqual(self.log, [])
        self.clock.advance(0.01)
        self.assertEqual(self.log, ["Close A"])
        self.assertNoResult(reply)
        self.clock.advance(SAFE_PATIENCE)
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_is_done_where_a_lease_has_come_between(self) -> None:
        reply = self.ask("Close A")
        self.mood.bad = True
        self.turn_on()
        self.assertEqual((self.log, self.successResultOf(reply)), (["Close A"], "OK"))

    def test_is_written_down_when_the_disk_goes_on(self) -> None:
        self.ask("Close A")
        self.clock.pump([SAFE_PATIENCE] * 2)
        self.turn_on()
        self.assertEqual(self.written(), ["begin Close A", "end OK"])
        begin, end = list(self.journal.records())[self.begun :]
        self.assertEqual(end["of"], begin["n"])

    def test_stands_for_itself_where_the_disk_lost_its_begin(self) -> None:
        self.ask("Close A", key="k")
        self.turn()
        self.clock.pump([SAFE_PATIENCE] * 2)
        self.disk.end(BAD)
        self.turn_on()
        self.assertEqual(self.written(), ["end Close A"])
        (record,) = list(self.journal.records())[self.begun :]
        self.assertEqual((record["key"], record["reply"]), ("k", "OK"))

    def test_is_done_at_once_where_the_disk_fails(self) -> None:
        reply = self.ask("Close A")
        self.turn()
        self.disk.end(BAD)
        self.assertEqual(self.log, ["Close A"])
        self.turn_on()
        self.assertEqual(self.written(), ["end Close A"])
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_passes_what_waits_before_it_and_drops_what_would_undo_it(self) -> None:
        dropped, other = self.ask("Open A"), self.ask("Open B")
        self.turn()
        self.ask("Close A")
        follows = self.ask("Open A")
        self.clock.advance(SAFE_PATIENCE)
        self.assertEqual(self.log, ["Close A"])
        failure = self.failureResultOf(dropped, OvertakenError)
        told = "overtaken: Open A was dropped when Close A made safe"
        self.assertEqual(str(failure.value), told)
        self.turn_on()
        self.assertEqual(self.log, ["Close A", "Open B", "Open A"])
        for each in (other, follows):
            self.assertEqual(self.successResultOf(each), "OK")

    def test_and_what_would_not_is_run_behind_it(self) -> None:
        replies = [self.ask("Open B"), self.ask("Close A")]
        self.turn()
        self.clock.advance(SAFE_PATIENCE)
        self.assertEqual(self.log, ["Close A"])
        self.turn_on()
        self.assertEqual(self.log, ["Close A", "Open B"])
        self.assertEqual([self.successResultOf(each) for each in replies], ["OK", "OK"])

    def test_tells_who_asked_in_his_time_that_it_still_runs(self) -> None:
        self.calls["Close A"].result = Deferred()
        reply = self.ask("Close A", within=1.0)
        self.disk.hangs = False
        self.turn()
        self.assertEqual(self.log, ["Close A"])
        self.clock.advance(0.9)
        self.assertNoResult(reply)
        self.clock.advance(0.1)
        self.failureResultOf(reply, OutcomeUnknownError)

    def test_that_is_dropped_by_nothing_of_its_own_kind(self) -> None:
        first, second = self.ask("Close A"), self.ask("Close A")
        self.clock.pump([SAFE_PATIENCE] * 2)
        self.assertEqual([self.successResultOf(each) for each in (first, second)], ["OK"] * 2)

    def test_keeps_its_order_while_the_disk_is_quick_enough(self) -> None:
        self.ask("Open A")
        self.ask("Close A")
        self.turn()
        self.clock.advance(SAFE_PATIENCE / 2)
        self.turn_on()
        self.assertEqual(self.log, ["Open A", "Close A"])

    def test_whose_asker_has_gone_is_done_all_the_same(self) -> None:
        reply = self.ask("Close A")
        self.gate.asker_gone(reply)
        self.clock.advance(SAFE_PATIENCE)
        self.assertEqual(self.log, ["Close A"])

    def test_drops_at_once_what_waits_behind_a_slow_command(self) -> None:
        self.disk.hangs = False
        self.ask("Move B")
        self.turn()
        self.disk.hangs = True
        opening = self.ask("Open A")
        self.ask("Close A")
        self.failureResultOf(opening, OvertakenError)
        self.clock.advance(SAFE_PATIENCE)
        self.assertEqual(self.log, ["Move B", "Close A"])


class TheEnd(SlowDiskCase):
    def test_waits_for_no_disk_but_to_make_safe(self) -> None:
        opening, closing = self.ask("Open A"), self.ask("Close B")
        self.turn()
        stopped = self.gate.stopService()
        self.assertIn("Open A", str(self.failureResultOf(opening, ShuttingDownError).value))
        self.clock.advance(SAFE_PATIENCE)
        self.successResultOf(stopped)
        self.assertEqual(self.log, ["Close B"])
        with patch.object(group, "LAST_SYNC", 0.01):
            self.gate.close()
        self.assertEqual(self.successResultOf(closing), "OK")

    def test_leaves_a_reply_that_says_what_is_true(self) -> None:
        self.disk.hangs = False
        reply = self.ask("Open A")
        self.disk.hangs = True
        self.turn()
        self.disk.end()
        self.assertNoResult(reply)
        self.successResultOf(self.gate.stopService())
        with patch.object(group, "LAST_SYNC", 0.01):
            self.gate.close()
        self.assertEqual((self.log, self.successResultOf(reply)), (["Open A"], "OK"))

    def test_of_ownership_drops_what_waits_for_the_disk(self) -> None:
        opening = self.ask("Open A")
        self.turn()
        self.gate.give_up(ExpiredError("it is another's"))
        self.assertIn("it is another's", str(self.failureResultOf(opening, ExpiredError).value))
        self.turn_on()
        self.assertEqual(self.log, [])

    def test_is_not_yet_while_something_waits_for_the_disk(self) -> None:
        self.assertTrue(self.gate.is_still)
        self.ask("Close A")
        self.assertFalse(self.gate.is_still)


class CarriedOver(SlowDiskCase):
    def test_is_what_runs_once_the_disk_has_its_begin(self) -> None:
        self.disk.hangs = False
        self.calls["Close A"].result = Deferred()
        self.disk.hangs = True
        self.ask("Close A", key="k")
        self.clock.advance(SAFE_PATIENCE)
        self.assertEqual((self.log, list(self.gate._memory.carried())), (["Close A"], []))
        self.turn()
        self.disk.end()
        (carried,) = self.gate._memory.carried()
        self.assertEqual((carried["event"], carried["key"]), ("begin", "k"))
