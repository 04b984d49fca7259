"""Who waits for a job of a queue: what becomes of it when he goes, or has waited long enough."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.processor.execution.askers import Askers
from pychron_comms.processor.execution.execution import Event
from pychron_comms.processor.execution.jobs import Job


class AskersTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.prevented: list[tuple[Event, str]] = []
        self.abandoned: list[Job] = []
        self.begins = False
        self.askers = Askers(self.clock, self.prevent, self.abandoned.append)

    def prevent(self, job: Job, event: Event, error: Exception) -> bool:
        self.prevented.append((event, str(error)))
        if self.begins:
            return False
        self.askers.settle(job, "prevented")
        return True

    def job(self, *, safe: bool = False) -> Job:
        call: Any = SimpleNamespace(name="Open A", safe=safe, deadline=10.0)
        handler: Any = None
        return Job(handler, call, None, self.clock.seconds())

    def test_what_nobody_waits_for_any_more_is_kept_from_beginning_by_its_name(self) -> None:
        job = self.job()
        first, second = self.askers.ask(job, 5.0), self.askers.ask(job, 5.0)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        self.assertEqual(self.prevented, [])
        second.cancel()
        self.failureResultOf(second, CancelledError)
        ((event, error),) = self.prevented
        self.assertIs(event, Event.FORGET)
        self.assertIn("Open A", error)
        self.assertEqual((self.abandoned, self.clock.getDelayedCalls()), ([], []))

    def test_what_has_begun_is_abandoned_when_the_last_one_goes(self) -> None:
        self.begins = True
        job = self.job()
        answer = self.askers.ask(job, 5.0)
        answer.cancel()
        self.failureResultOf(answer, CancelledError)
        self.assertEqual(self.abandoned, [job])

    def test_after_a_standstill_those_have_waited_enough_whose_time_is_over(self) -> None:
        job = self.job()
        short, long = self.askers.ask(job, 5.0), self.askers.ask(job, 5.5)
        self.clock.rightNow = 5.0
        self.askers.expire_late(job)
        self.assertIn("Open A", str(self.failureResultOf(short).value))
        self.assertNoResult(long)
        self.clock.rightNow = 5.5
        self.askers.expire_late(job)
        self.assertEqual(self.successResultOf(long), "prevented")
        self.assertIs(self.prevented[0][0], Event.EXPIRE)

    def test_the_time_of_what_makes_safe_has_not_begun_however_long_it_was(self) -> None:
        job = self.job(safe=True)
        answer = self.askers.ask_safe(job, 5.0)
        self.clock.rightNow = 100.0
        self.askers.expire_late(job)
        self.assertNoResult(answer)
