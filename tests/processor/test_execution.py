"""One command that acts: every state and everything that can happen in it."""

from __future__ import annotations

import threading
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import (
    ExpiredError,
    JournalError,
    NoResponseError,
    NotPermittedError,
    OvertakenError,
    ShuttingDownError,
)
from pychron_comms.processor.execution.execution import (
    MOVES,
    Event,
    Execution,
    IllegalMoveError,
    State,
)
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks
from tests.doubles import ScriptedCall
from tests.executions import KeptRecord, execution_of

BUG = "a bug"

#: As the table in the module's docstring: for each state, what each event makes of it.
TABLE = {
    #             take     end      lose       expire     overtake     forget       refuse
    "waiting": ("begun", BUG, BUG, "expired", "overtaken", "forgotten", "refused"),
    "begun": (BUG, "ended", "unknown", None, None, None, None),
    "unknown": (BUG, "ended", None, None, None, None, None),
    "ended": (BUG, BUG, None, None, None, None, None),
    "expired": (None, BUG, None, None, None, None, None),
    "overtaken": (None, BUG, None, None, None, None, None),
    "forgotten": (None, BUG, None, None, None, None, None),
    "refused": (None, BUG, None, None, None, None, None),
}


class Held:
    """Interlocks that let nothing begin."""

    def guard(self, call: object) -> bool:
        return True

    def hold(self, call: object, seconds: float) -> Deferred[Any]:
        return fail(NotPermittedError("the pump is off"))


class ClearingTests(SynchronousTestCase):
    def test_what_an_interlock_refuses_can_be_taken_by_no_thread(self) -> None:
        interlocks: Any = Held()
        execution = Execution(
            ScriptedCall("Open"), KeptRecord(), AccessRules(), interlocks, Clock()
        )
        clearing = execution.clear(1.0)
        assert clearing is not None
        self.failureResultOf(clearing, NotPermittedError)
        self.assertTrue(execution.prevented)
        error = self.assertRaises(NotPermittedError, execution.take)
        self.assertIn("the pump is off", str(error))


class StateTests(SynchronousTestCase):
    def execution(self, state: State = State.WAITING) -> Execution:
        execution = execution_of(ScriptedCall("Open"))
        execution.state = state
        return execution

    def test_each_event_does_in_each_state_what_the_table_says(self) -> None:
        for name, row in TABLE.items():
            for event, after in zip(Event, row, strict=True):
                execution = self.execution(State(name))
                if after is BUG:
                    self.assertRaises(IllegalMoveError, execution._move, event)
                else:
                    changed = execution._move(event)
                    self.assertEqual(changed, after is not None, msg=(name, event))
                self.assertEqual(
                    execution.state.value, name if after in (None, BUG) else after, msg=event
                )

    def test_the_table_knows_every_state(self) -> None:
        self.assertEqual({state.value for state in State}, set(TABLE))
        self.assertEqual(set(MOVES), set(State))

    def test_it_begins_when_it_is_taken_and_not_before(self) -> None:
        execution = self.execution()
        self.assertFalse(execution.begun)
        execution.take()
        self.assertTrue(execution.begun)


class RaceTests(SynchronousTestCase):
    def test_of_the_managers_thread_and_the_reactors_exactly_one_wins(self) -> None:
        executions = [execution_of(ScriptedCall("Open")) for _ in range(500)]
        taken: list[bool] = []
        ready = threading.Barrier(2)

        def take_all() -> None:
            ready.wait(10)
            for execution in executions:
                try:
                    execution.take()
                except ExpiredError:
                    taken.append(False)
                else:
                    taken.append(True)

        thread = threading.Thread(target=take_all)
        thread.start()
        ready.wait(10)
        # From the other end, so that they meet.
        prevented = [
            each.prevent(Event.EXPIRE, ExpiredError("Open")) for each in reversed(executions)
        ]
        thread.join(10)
        self.assertEqual(taken, [not each for each in reversed(prevented)])


class HandOverTests(SynchronousTestCase):
    """Between the hand-over to the manager's thread and the moment in which that takes it."""

    def setUp(self) -> None:
        self.record = KeptRecord()
        self.execution = execution_of(ScriptedCall("Open"), self.record)
        self.work: Deferred[str] = Deferred()
        self.outcomes: list[Any] = []

    def hand_over(self) -> None:
        result = self.execution.hand_over(lambda: self.work)
        assert not isinstance(result, str)
        result.addBoth(self.outcomes.append)

    def test_its_begin_is_written_before_it_is_handed_over(self) -> None:
        def run() -> str:
            self.assertEqual(self.record.events, ["begin"])
            self.execution.take()
            return "OK"

        self.assertEqual(self.execution.hand_over(run), "OK")
        self.assertEqual(self.record.events, ["begin", "OK"])

    def test_who_looks_on_is_told_of_one_that_takes_its_time_and_of_no_other(self) -> None:
        told: list[str] = []
        self.patch(self.record, "goes_on", lambda: told.append("goes on"))
        self.hand_over()
        self.assertEqual(told, ["goes on"])
        execution = execution_of(ScriptedCall("Open"), self.record)

        def run() -> Deferred[str]:
            execution.take()
            return succeed("OK")

        execution.hand_over(run)
        self.assertEqual(told, ["goes on"])

    def test_one_that_cannot_be_written_down_is_not_handed_over(self) -> None:
        self.record.failing = JournalError("the disk is full")
        self.assertRaises(JournalError, self.execution.hand_over, self.fail)
        self.assertIs(self.execution.state, State.REFUSED)

    def test_until_it_is_taken_it_can_be_prevented(self) -> None:
        self.hand_over()
        self.assertTrue(self.execution.prevent(Event.OVERTAKE, OvertakenError("Open", "Close")))
        self.assertEqual(self.record.events, ["begin", "OvertakenError"])
        error = self.assertRaises(OvertakenError, self.execution.take)
        self.work.errback(error)
        self.assertEqual(self.record.events, ["begin", "OvertakenError"])

    def test_afterwards_it_cannot(self) -> None:
        self.hand_over()
        self.execution.take()
        self.assertFalse(self.execution.prevent(Event.EXPIRE, ExpiredError("Open")))
        self.work.callback("OK")
        self.assertEqual(self.record.events, ["begin", "OK"])

    def test_what_may_not_be_done_any_more_is_prevented_for_that_reason(self) -> None:
        class Forbidden:
            """A rule that has changed."""

            def check(self, call: Any) -> None:
                raise NotPermittedError("observers only")

        execution = Execution(
            ScriptedCall("Open"),
            self.record,
            AccessRules([], [Forbidden()]),
            Interlocks(lambda handler, read, ahead: "", Clock()),
            Clock(),
        )
        self.assertRaises(NotPermittedError, execution.check_again)
        self.assertEqual((execution.prevented, execution.state), (True, State.REFUSED))
        error = self.assertRaises(NotPermittedError, execution.take)
        self.assertIn("observers only", str(error))

    def test_the_first_reason_stays(self) -> None:
        self.hand_over()
        self.execution.prevent(Event.EXPIRE, ExpiredError("Open"))
        self.assertFalse(self.execution.prevent(Event.REFUSE, ShuttingDownError("Open")))
        self.assertRaises(ExpiredError, self.execution.take)

    def test_one_that_never_comes_to_its_manager_has_an_end(self) -> None:
        self.hand_over()
        self.work.errback(RuntimeError("no thread"))
        self.assertEqual(self.record.events, ["begin", "RuntimeError"])
        self.assertIs(self.execution.state, State.REFUSED)

    def test_one_that_is_given_up_is_unknown(self) -> None:
        self.hand_over()
        self.execution.take()
        self.work.cancel()
        self.assertEqual(self.record.events, ["begin", "OutcomeUnknownError"])
        self.assertIs(self.execution.state, State.UNKNOWN)
        self.assertTrue(self.outcomes[0].check(CancelledError))

    def test_one_that_ends_after_its_asker_was_told_201_is_written_as_it_ended(self) -> None:
        self.hand_over()
        self.execution.take()
        self.execution.lose()
        self.work.errback(NoResponseError())
        self.assertEqual(self.record.events, ["begin", "NoResponseError"])
        self.assertIs(self.execution.state, State.ENDED)

    def test_a_runner_that_does_not_say_when_it_begins_is_a_bug(self) -> None:
        error = self.assertRaises(IllegalMoveError, self.execution.hand_over, lambda: "OK")
        self.assertEqual(str(error), "Open: Event.END while State.WAITING")

    def test_what_is_written_of_one_that_was_given_up_names_it(self) -> None:
        written: list[Any] = []
        self.patch(self.record, "end", written.append)
        self.hand_over()
        self.execution.take()
        self.work.cancel()
        self.assertIn("Open was given up", str(written[0].value))

    def test_one_whose_begin_could_not_be_written_with_others_never_begins(self) -> None:
        self.record.failing = JournalError("no space left")
        told: list[bool] = []
        self.execution.seal(lambda: told.append(self.execution.prevented))
        self.assertEqual((told, self.record.events), ([True], []))
        self.assertRaises(JournalError, self.execution.may_begin)
        self.assertRaises(JournalError, self.execution.take)
