"""Once for each key, and known again after a kill."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pychron_comms.errors import (
    DeviceConnectionError,
    ExpiredError,
    JournalError,
    MalformedRequestError,
    NotPermittedError,
    OutcomeUnknownError,
)
from pychron_comms.interfaces import Effect
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.execution import shares
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.entry import Entry
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.processor.execution.keys import KEEP, KEY_LENGTH
from tests.processor.key_case import ME, OTHER, KeyCase

KEYED = {"type": "System", "command": "Open", "sender": ME, "key": "k"}
REQUEST = {"type": "System", "command": "Open A", "sender": ME, "key": "k"}


class JoinTests(KeyCase):
    def test_a_copy_of_one_that_waits_waits_with_it(self) -> None:
        self.ask("Busy", key="")
        first, copy = self.ask(), self.ask()
        self.assertEqual((self.opening.runs, self.outcome()), (0, "waiting"))
        self.busy.result.callback("")
        self.opening.result.callback("OK")
        self.assertEqual((self.successResultOf(first), self.successResultOf(copy)), ("OK", "OK"))
        self.assertEqual(self.opening.runs, 1)

    def test_a_copy_of_one_that_runs_gets_its_reply(self) -> None:
        first, copy = self.ask(), self.ask()
        self.assertEqual(self.outcome(), "running")
        self.opening.result.callback("OK")
        self.assertEqual((self.successResultOf(first), self.successResultOf(copy)), ("OK", "OK"))
        self.assertEqual(self.opening.runs, 1)

    def test_the_answer_to_one_may_find_that_the_others_have_gone(self) -> None:
        asked, first, second = self.ask(), self.ask(), self.ask()
        # As where the connection of both is found dead by the first reply.
        first.addCallback(lambda reply: self.gate.asker_gone(second))
        self.opening.result.callback("OK")
        self.failureResultOf(second)
        self.assertEqual((self.successResultOf(asked), self.outcome()), ("OK", "done OK"))

    def test_a_copy_shares_a_failure(self) -> None:
        first, copy = self.ask(), self.ask()
        self.opening.result.errback(DeviceConnectionError("gauge"))
        for reply in (first, copy):
            self.failureResultOf(reply, DeviceConnectionError)

    def test_a_copy_after_the_end_gets_the_reply_again(self) -> None:
        self.ask()
        self.opening.result.callback("OK")
        self.assertEqual((self.ask(), self.outcome()), ("OK", "done OK"))
        self.assertEqual(self.opening.runs, 1)

    def test_a_copy_after_a_failure_gets_the_failure_again(self) -> None:
        self.opening.result = DeviceConnectionError("gauge")
        self.assertRaises(DeviceConnectionError, self.ask)
        error = self.assertRaises(DeviceConnectionError, self.ask)
        self.assertEqual(str(error), "device gauge not connected")
        self.assertEqual(self.opening.runs, 1)
        self.assertEqual(self.outcome(), "done ERROR 008 : device gauge not connected")

    def test_a_copy_of_one_that_was_refused_is_not_run_later(self) -> None:
        self.mood.bad = True
        self.assertRaises(NotPermittedError, self.ask)
        self.mood.bad = False
        self.assertRaises(NotPermittedError, self.ask)
        self.assertEqual(self.opening.runs, 0)
        self.assertEqual(self.outcome(), "done ERROR 208 : not permitted: not now")

    def test_one_that_expired_while_it_waited_is_not_run_later(self) -> None:
        self.ask("Busy", key="")
        self.failureResultOf(self.expired(), ExpiredError)
        self.assertRaises(ExpiredError, self.ask)
        self.busy.result.callback("")
        self.assertEqual(self.opening.runs, 0)

    def expired(self) -> Any:
        reply = self.ask(within=1.0)
        self.clock.advance(1)
        return reply

    def test_another_command_of_the_same_key_is_206(self) -> None:
        self.ask()
        for command, request_type in (("Other", "System"), ("Open", "Extra")):
            error = self.assertRaises(
                MalformedRequestError, self.ask, command, request_type=request_type
            )
            self.assertEqual(str(error), "malformed request: key=k was another command's")
        self.assertEqual((self.opening.runs, self.other.runs), (1, 0))
        self.opening.result.callback("OK")
        error = self.assertRaises(MalformedRequestError, self.ask, "Other")
        self.assertEqual(str(error), "malformed request: key=k was another command's")

    def test_who_is_answered_as_one_known_is_counted(self) -> None:
        metrics = Metrics()
        memory = CommandMemory(Audit(self.journal), self.clock, metrics)
        memory.open(KEYED, self.opening)
        for _ in range(3):
            self.assertIsNotNone(memory.find(KEYED, self.opening))
        text = metrics.text()
        self.assertIn('pychron_comms_repeated_total{kind="key"} 3.0\n', text)
        self.assertIn('pychron_comms_repeated_total{kind="plain"} 0.0\n', text)

    def test_each_sender_has_keys_of_its_own(self) -> None:
        self.assertEqual(self.ask("Other"), "done")
        self.assertEqual(self.outcome(sender=OTHER), "never seen")
        self.assertEqual(self.ask("Other", sender=OTHER), "done")
        self.assertEqual(self.other.runs, 2)

    def test_a_key_that_is_too_long_is_206(self) -> None:
        self.assertEqual(self.ask("Other", key="x" * KEY_LENGTH), "done")
        error = self.assertRaises(
            MalformedRequestError, self.ask, "Other", key="x" * (KEY_LENGTH + 1)
        )
        self.assertIn(f"a key of more than {KEY_LENGTH} characters", str(error))
        self.assertEqual(self.other.runs, 1)

    def test_without_a_key_the_same_is_meant_twice(self) -> None:
        for _ in range(2):
            self.ask("Other", key="")
        self.assertEqual(self.other.runs, 2)

    def test_a_read_is_run_each_time_whatever_its_key(self) -> None:
        self.other.effect = Effect.READ
        for _ in range(2):
            self.assertEqual(self.ask("Other"), "done")
        self.assertEqual((self.other.runs, self.outcome()), (2, "never seen"))


class PatienceTests(KeyCase):
    def test_a_copy_that_stops_waiting_does_not_know_the_outcome(self) -> None:
        first, copy = self.ask(), self.ask(within=1.0)
        self.clock.advance(1)
        failure = self.failureResultOf(copy, OutcomeUnknownError)
        self.assertEqual(str(failure.value), "outcome unknown: Open is still running")
        self.opening.result.callback("OK")
        self.assertEqual(self.successResultOf(first), "OK")

    def test_a_copy_that_never_waited_does_not_know_it_either(self) -> None:
        self.ask()
        for within in (0.0, -1.0):
            copy = self.ask(within=within)
            self.clock.advance(0)
            self.failureResultOf(copy, OutcomeUnknownError)

    def test_a_copy_waits_no_longer_than_its_command_may_take(self) -> None:
        # As with a driver that hangs in its thread: what was given up goes on running.
        entry = self.gate._memory.open({**REQUEST, "command": "Open"}, self.opening)
        entry.begin()
        copies = [self.ask(), self.ask(within=1000.0)]
        self.clock.advance(self.opening.deadline)
        for copy in copies:
            self.failureResultOf(copy, OutcomeUnknownError)
        self.assertEqual(self.outcome(), "running")

    def test_many_that_leave_at_once_are_no_work_for_each_other(self) -> None:
        first = self.ask()
        copies = [self.ask(within=1000.0) for _ in range(1000)]
        for copy in copies:
            # A list would be searched from its other end, to the last.
            self.gate.asker_gone(copy)
            self.failureResultOf(copy, OutcomeUnknownError)
        entry = self.gate._memory.find(KEYED, self.opening)
        assert isinstance(entry, Entry)
        self.assertEqual(list(entry._askers), [first])
        self.assertEqual(list(self.gate._memory.waiting), [first])
        self.opening.result.callback("OK")
        self.assertEqual(self.gate._memory.waiting, {})

    def test_a_copy_whose_asker_has_gone_is_no_bug(self) -> None:
        first, copy = self.ask(), self.ask()
        self.gate.asker_gone(copy)
        self.failureResultOf(copy, OutcomeUnknownError)
        self.opening.result.callback("OK")
        self.assertEqual(self.successResultOf(first), "OK")

    def test_what_is_given_up_while_it_runs_is_unknown_ever_after(self) -> None:
        first = self.ask(within=1.0)
        self.clock.advance(1)
        self.failureResultOf(first, OutcomeUnknownError)
        self.assertEqual(self.outcome(), "running")
        self.clock.advance(self.opening.deadline)
        self.assertEqual(self.outcome(), "unknown")
        self.assertRaises(OutcomeUnknownError, self.ask)
        self.assertEqual(self.opening.runs, 1)

    def test_what_goes_on_after_it_was_given_up_is_known_at_its_end(self) -> None:
        memory = CommandMemory(Audit(self.journal), self.clock, Metrics())
        entry = memory.open(REQUEST, self.opening)
        entry.begin()
        entry.answered(Failure(OutcomeUnknownError("Open did not end in 5 s")))
        self.assertEqual(memory.outcome(ME, "k"), "running")
        entry.end("OK")
        self.assertEqual(memory.outcome(ME, "k"), "done OK")


class RecallTests(KeyCase):
    """The journal outlives the gate, as a file outlives kill -9."""

    def restart(self) -> None:
        self.opening.result = Deferred()
        self.opening.runs = 0
        self.gate = self.new_gate()
        self.gate.startService()

    def test_what_ran_when_the_processor_died_is_unknown_and_not_run_again(self) -> None:
        self.ask()
        self.restart()
        self.assertEqual(self.outcome(), "unknown")
        error = self.assertRaises(OutcomeUnknownError, self.ask)
        self.assertIn("the processor stopped during Open", str(error))
        self.assertEqual(self.opening.runs, 0)

    def test_what_was_given_up_is_unknown_still(self) -> None:
        reply = self.ask()
        self.clock.advance(self.opening.deadline)
        self.failureResultOf(reply, OutcomeUnknownError)
        self.restart()
        self.assertEqual(self.outcome(), "unknown")
        self.assertRaises(OutcomeUnknownError, self.ask)

    def test_what_had_ended_has_its_reply(self) -> None:
        self.ask()
        self.opening.result.callback("OK")
        self.restart()
        self.assertEqual((self.outcome(), self.ask()), ("done OK", "OK"))
        self.assertEqual(self.opening.runs, 0)

    def test_what_was_refused_is_asked_anew(self) -> None:
        self.mood.bad = True
        self.assertRaises(NotPermittedError, self.ask)
        self.restart()
        self.assertEqual(self.outcome(), "never seen")
        self.assertRaises(NotPermittedError, self.ask)
        self.assertEqual(self.opening.runs, 0)

    def test_what_is_carried_over_is_as_if_it_was_written(self) -> None:
        self.restart()
        self.ask("Other", key="ended")
        self.ask(key="runs")
        self.journal.turn()
        self.opening.result.callback("OK")
        self.clock.advance(KEEP - 1)
        self.opening.result = Deferred()
        self.ask(key="ran")
        self.journal.turn()
        self.restart()
        self.assertEqual(self.outcome("ended"), "done done")
        self.assertEqual(self.outcome("runs"), "done OK")
        self.assertEqual(self.outcome("ran"), "unknown")
        self.clock.advance(1)
        self.assertEqual(self.outcome("ended"), "never seen")

    def test_what_changes_while_it_is_carried_over_is_told_behind_it(self) -> None:
        self.ask("Other", key="first")
        self.ask(key="runs")
        carried = iter(self.gate._memory.carried())
        begun = next(carried)
        self.opening.result.callback("OK")
        self.ask("Other", key="later")
        rest = list(carried)
        self.assertEqual((begun["event"], begun["key"]), ("begin", "runs"))
        self.assertEqual([each["key"] for each in rest], ["first"])

    def test_no_more_of_them_are_known_again_than_there_is_room_for(self) -> None:
        for number in range(10):
            self.ask("Other", key=f"{number}")
        self.patch(shares, "OVERHEAD", 40_000_000)
        self.restart()
        known = [str(number) for number in range(10) if self.outcome(f"{number}") != "never seen"]
        self.assertEqual(known, ["8", "9"])

    def test_it_is_known_as_the_same_command_of_the_same_sender_only(self) -> None:
        self.ask()
        self.opening.result.callback("OK")
        self.restart()
        self.assertRaises(MalformedRequestError, self.ask, "Other")
        self.assertEqual(self.outcome(sender=OTHER), "never seen")

    def test_a_key_that_was_used_again_has_its_last_reply(self) -> None:
        self.ask("Other")
        self.clock.advance(KEEP)
        self.opening.result = "OK"
        self.ask()
        self.restart()
        self.assertEqual(self.ask(), "OK")

    def test_what_made_safe_unwritten_is_known_by_its_end(self) -> None:
        self.opening.safe, self.opening.result = True, "OK"
        write = self.journal.write

        def full_for_a_moment(event: str, *record: Any) -> int:
            if event == "begin":
                raise JournalError("no space left")
            return write(event, *record)

        self.patch(self.journal, "write", full_for_a_moment)
        self.assertEqual(self.ask(), "OK")
        self.restart()
        self.assertEqual((self.ask(), self.outcome()), ("OK", "done OK"))
        self.assertEqual(self.opening.runs, 0)

    def test_commands_without_a_key_are_passed_over(self) -> None:
        self.ask(key="")
        self.restart()
        self.assertEqual(self.outcome(""), "never seen")

    def test_what_is_older_than_a_day_is_not_recalled(self) -> None:
        reply = self.ask()
        self.clock.advance(90000)
        self.failureResultOf(reply, OutcomeUnknownError)
        self.restart()
        self.assertEqual(self.outcome(), "never seen")
