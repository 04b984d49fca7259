"""One queue for each manager: one command at a time, in order, each in time or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import (
    ExpiredError,
    OutcomeUnknownError,
    OvertakenError,
    QueueFullError,
    ShuttingDownError,
)
from pychron_comms.interfaces import ICall, IRequestHandler, Move
from pychron_comms.processor.execution.askers import Askers
from pychron_comms.processor.execution.execution import Event, Execution
from pychron_comms.processor.execution.jobs import Job
from pychron_comms.processor.execution.making_safe import MakingSafe
from pychron_comms.processor.execution.runners import Runner
from pychron_comms.processor.execution.safety import SafetyLane
from pychron_comms.processor.execution.waiting_jobs import WaitingJobs
from pychron_comms.safeguards.overlap import any_overlap

#: Commands that may wait for one manager.
QUEUE_LIMIT = 256

#: Of one sender, whatever the others have.
ASSURED = 8


class ManagerQueue:
    """Hands the calls for one manager to its runner, so that nothing runs that it does not know of.

    A call begins when nothing else runs; of those that wait, the senders take turns. One whose time
    passes before its manager's thread has taken it is never begun (202). One whose asker's time
    passes while it runs has an unknown outcome (201); it is given up when its own time has passed
    too. The manager stays taken until it has really ended. The same read, asked again while it
    waits, is run once. Reads pass what waits for its interlocks.

    What makes safe begins beside what runs, as many at a time as ``width`` says; ordinary calls
    wait for it (``MakingSafe``).
    """

    _log = Logger()

    def __init__(
        self, runner: Runner, clock: IReactorTime, limit: int = QUEUE_LIMIT, width: float = 1
    ) -> None:
        self._runner = runner
        self._clock = clock
        self._limit = limit
        self._safety = SafetyLane(width, self._begin_waiting)
        self._askers = Askers(clock, self._prevent, self._abandon)
        self._making_safe = MakingSafe(self._safety, self, self._askers, runner, clock)
        self._waiting = WaitingJobs()
        #: How many have waited at once at most, since this queue was made.
        self.high_water = 0
        # Reads that commands elsewhere wait for, at most one for each manager.
        self._ahead = WaitingJobs()
        # The next that acts, while its interlocks are tested.
        self._clearing: Job | None = None
        self._running: Job | None = None
        self._beginning = False
        self._stopping: Deferred[None] | None = None

    # -- what is asked

    def read(
        self,
        handler: IRequestHandler,
        call: ICall,
        within: float | None = None,
        *,
        ahead: bool = False,
    ) -> str | Deferred[str]:
        """The reply to a call that does not act. Errors: what it raises, 201, 202, 203, 209.

        ``ahead``: before all that waits, for a command that is about to begin.
        """
        if within is None and self._stopping is None:
            seconds = call.deadline
        else:
            seconds = self._seconds_for(call, within)
        if ahead and self._running is not None:
            return self._add(Job(handler, call, None, self._clock.seconds()), seconds, self._ahead)
        if not ahead and self._must_wait(reads=True):
            return self._wait(handler, call, seconds, None)
        result = self._runner.run(handler, call, None)
        return result if isinstance(result, str) else self._read(handler, call, result, seconds)

    def read_on(self, handler: IRequestHandler, call: ICall) -> str | Deferred[str]:
        """As ``read``, just behind one that was answered at once while the queue ``is_free``."""
        result = self._runner.run(handler, call, None)
        if isinstance(result, str):
            return result
        return self._read(handler, call, result, call.deadline)

    def submit(
        self, handler: IRequestHandler, call: ICall, within: float | None, execution: Execution
    ) -> str | Deferred[str]:
        """The reply to a call that acts. Errors: what it raises, 201, 202, 203, 207, 209, 210, 214.

        Of these, one that makes safe gets only its own, and 201 once it has begun.
        """
        if call.safe:
            return self._making_safe.submit(handler, call, within, execution)
        seconds = self._seconds_for(call, within)
        if self._must_wait(reads=False):
            return self._wait(handler, call, seconds, execution)
        clearing = execution.clear(call.deadline)
        # The short way: most commands are answered here, with nothing made for them.
        if clearing is None:
            now = self._clock.seconds()
            run = partial(self._runner.run, handler, call, execution.take)
            result = execution.hand_over(run, now + seconds)
            if isinstance(result, str):
                return result
            return self._answer_later(Job(handler, call, execution, now), result, seconds)
        job = Job(handler, call, execution, self._clock.seconds())
        answer = self._add(job, seconds, None)
        self._await_clearance(job, clearing)
        return answer

    def forget(self, response: Deferred[str]) -> bool:
        """Drop the call of this response where it has not begun; False where it has.

        False, too, where it makes safe: that is done for whoever asked.
        """
        return self._askers.forget(response)

    def make_safe(
        self, moves: Iterable[Move], action: Callable[[], object], why: str
    ) -> Deferred[object]:
        """Make parts safe, as a command that does so."""
        return self._making_safe.make_safe(moves, action, why)

    # -- the end

    def stop(self) -> Deferred[None]:
        """Take nothing more but what makes safe, and fail what waits with 209.

        Fires when what runs has ended.
        """
        self._stopping = Deferred()
        for job in self._prospects():
            self._prevent(job, Event.REFUSE, ShuttingDownError(job.call.name))
        self._check_still()
        return self._stopping

    def drop(self, error: Exception) -> None:
        """Fail what has not begun, but for what makes safe; what comes later is taken."""
        for job in self._prospects():
            self._prevent(job, Event.REFUSE, error)

    def give_up_running(self) -> None:
        """Answer all that still runs with 201; what makes safe waits for it no longer (201)."""
        job = self._running
        if job is not None:
            if job.execution is not None:
                job.execution.lose()
            error = OutcomeUnknownError(f"{job.call.name} ran at the stop")
            self._askers.settle(job, Failure(error))
            job.give_up()

    def made_safe(self) -> Deferred[None]:
        """Fires as soon as nothing is being made safe, or waits to be."""
        return self._safety.rest()

    @property
    def safe_actions(self) -> int:
        """How many that made safe have ended, since this queue was made."""
        return self._safety.ended

    def close(self) -> None:
        """After ``stop``: let the manager's threads go."""
        self._runner.stop()

    # -- how it stands

    @property
    def waiting(self) -> int:
        """How many commands that act wait for their turn just now."""
        return sum(1 for job in self._waiting.jobs if job.execution is not None)

    @property
    def is_free(self) -> bool:
        """Whether nothing runs, waits, or is made safe."""
        return not self._safety.busy and self.is_empty

    @property
    def is_still(self) -> bool:
        """Whether nothing has been handed to the manager, or is about to be."""
        return self._running is None and self._clearing is None and not self._safety.busy

    # -- what it is to what makes safe

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there to be overtaken, or to be outlasted."""
        return not (self._running or self._clearing or self._waiting.jobs or self._ahead.jobs)

    def rival(self, moves: Iterable[Move]) -> Job | None:
        """What acts on one of these parts, and has begun already."""
        rival = self._running
        return rival if rival is not None and _acts_on(rival, moves) else None

    def overtake(self, moves: Iterable[Move], why: str) -> None:
        """Drop what has not begun to act on these parts (210)."""
        for job in self._prospects():
            if _acts_on(job, moves):
                self._prevent(job, Event.OVERTAKE, OvertakenError(job.call.name, why))

    # -- waiting

    def _seconds_for(self, call: ICall, within: float | None) -> float:
        if self._stopping is not None:
            raise ShuttingDownError(call.name)
        seconds = call.deadline if within is None else min(within, call.deadline)
        if not seconds > 0:
            raise ExpiredError(call.name)
        return seconds

    def _must_wait(self, *, reads: bool) -> bool:
        if self._running is not None or self._safety.busy:
            return True
        if self._clearing is None:
            return bool(self._waiting.jobs)
        return self._clearing.cleared or not reads

    def _wait(
        self, handler: IRequestHandler, call: ICall, seconds: float, execution: Execution | None
    ) -> Deferred[str]:
        job = self._waiting.same_read(call) if execution is None else None
        if job is not None:
            return self._askers.ask(job, seconds)
        if len(self._waiting.jobs) >= self._limit and self._waiting.of(call.sender) >= ASSURED:
            raise QueueFullError(f"{self._limit} commands wait before {call.name}")
        job = Job(handler, call, execution, self._clock.seconds())
        answer = self._add(job, seconds, self._waiting)
        self.high_water = max(self.high_water, len(self._waiting.jobs))
        return answer

    def _add(self, job: Job, seconds: float, place: WaitingJobs | None) -> Deferred[str]:
        if place is not None:
            place.add(job)
        return self._askers.ask(job, seconds)

    def _prospects(self) -> list[Job]:
        """All that may not have begun yet."""
        last = [job for job in (self._clearing, self._running) if job is not None]
        return [*self._waiting.jobs, *self._ahead.jobs, *last]

    # -- giving up

    def _prevent(self, job: Job, event: Event, error: Exception) -> bool:
        """Whether it had not begun, and now never will."""
        if job.execution is None:
            if job.work is not None:
                return False
        elif not job.execution.prevent(event, error):
            return False
        job.leave_place()
        self._askers.settle(job, Failure(error))
        if job is self._clearing:
            self._clearing = None
            self._begin_waiting()
        return True

    def _abandon(self, job: Job) -> None:
        if job.work is not None and not job.waits_for:
            self._runner.abandon(job.work)

    # -- beginning and ending

    def _read(
        self, handler: IRequestHandler, call: ICall, work: Deferred[str], seconds: float
    ) -> Deferred[str]:
        """The answer to a read that was begun at once."""
        job = Job(handler, call, None, self._clock.seconds())
        return self._answer_later(job, work, seconds)

    def _answer_later(self, job: Job, work: Deferred[str], seconds: float) -> Deferred[str]:
        """The answer to one that was begun at once."""
        answer = self._askers.ask(job, seconds)
        self._follow(job, work)
        return answer

    def _begin_waiting(self) -> None:
        # A job that ends at once comes back here: one loop, not a stack as deep as the queue.
        if not (self._beginning or self.is_empty):
            self._beginning = True
            while (job := self._next()) is not None:
                self._begin(job)
            self._beginning = False
        if self._stopping is not None:
            self._check_still()

    def _next(self) -> Job | None:
        """The next whose turn it is, if it may begin."""
        if self._running is not None:
            return None
        clearing, busy = self._clearing, self._safety.busy
        job = None
        if clearing is not None and clearing.cleared and not busy:
            job, self._clearing = clearing, None
        elif self._ahead.jobs:
            job = self._ahead.next()
        elif busy or (clearing is not None and clearing.cleared):
            return None
        elif clearing is not None:
            job = self._waiting.next_read()
        else:
            job = self._waiting.next()
        return job

    def _begin(self, job: Job) -> None:
        self._askers.expire_late(job)
        if not job.askers:
            return
        execution = job.execution
        try:
            if execution is None:
                result = self._runner.run(job.handler, job.call, None)
            else:
                execution.check_again()
                if not job.cleared:
                    clearing = execution.clear(job.until - self._clock.seconds())
                    if clearing is not None:
                        self._await_clearance(job, clearing)
                        return
                run = partial(self._runner.run, job.handler, job.call, execution.take)
                result = execution.hand_over(run, job.patient_until)
        except Exception:
            self._askers.settle(job, Failure())
            return
        if isinstance(result, str):
            self._askers.settle(job, result)
        else:
            self._follow(job, result)

    def _await_clearance(self, job: Job, clearing: Deferred[None]) -> None:
        self._clearing = job
        clearing.addCallbacks(
            self._cleared, self._not_cleared, callbackArgs=(job,), errbackArgs=(job,)
        )

    def _cleared(self, result: None, job: Job) -> None:
        job.cleared = True
        self._begin_waiting()

    def _not_cleared(self, failure: Failure, job: Job) -> None:
        self._clearing = None
        self._askers.settle(job, failure)
        self._begin_waiting()

    def _follow(self, job: Job, work: Deferred[str]) -> None:
        job.work = work
        self._running = job
        work.addBoth(self._ended, job)

    def _ended(self, result: str | Failure, job: Job) -> None:
        self._running = None
        # What makes safe again goes before what waits.
        job.over()
        self._askers.settle(job, result)
        self._begin_waiting()

    def _check_still(self) -> None:
        stopping = self._stopping
        if stopping is not None and not stopping.called and self.is_still:
            stopping.callback(None)


def _acts_on(job: Job, moves: Iterable[Move]) -> bool:
    """Whether it moves one of these parts, or has not been kept from it."""
    execution = job.execution
    return execution is not None and not execution.prevented and any_overlap(moves, job.call.moves)
