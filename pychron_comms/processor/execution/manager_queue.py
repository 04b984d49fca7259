"""One queue for each manager: one command at a time, in order, each in time or not at all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from pychron_comms.errors import (
    ExpiredError,
    OutcomeUnknownError,
    OvertakenError,
    QueueFullError,
    ShuttingDownError,
)
from pychron_comms.interfaces import Effect, IRequestHandler
from pychron_comms.processor.execution.errand import Errand
from pychron_comms.processor.execution.runners import Runner
from pychron_comms.safeguards.overlap import overlap

#: Commands that may wait for one manager.
QUEUE_LIMIT = 256


class _Asker:
    """One request that waits for a job, until its own time is over."""

    __slots__ = ("answer", "seconds", "timer")

    def __init__(self, answer: Deferred[str], seconds: float, timer: IDelayedCall) -> None:
        self.answer = answer
        self.seconds = seconds
        self.timer = timer

    def settle(self, result: str | Failure) -> None:
        if self.timer.active():
            self.timer.cancel()
        self.answer.callback(result)


class _Job:
    """One command, and those who wait for it: more than one where it is the same read."""

    __slots__ = ("askers", "call", "errand", "handler", "patience", "until", "work")

    def __init__(
        self, handler: IRequestHandler, call: Any, errand: Errand | None, now: float
    ) -> None:
        self.handler = handler
        self.call = call
        self.errand = errand
        self.until = now + call.deadline
        self.patience: IDelayedCall | None = None
        self.askers: list[_Asker] = []
        self.work: Deferred[str] | None = None

    @property
    def begun(self) -> bool:
        """Whether the manager may have been told of it."""
        return self.work is not None and (self.errand is None or self.errand.begun)

    def settle(self, result: str | Failure) -> None:
        for asker in self.askers:
            asker.settle(result)


class ManagerQueue:
    """Hands the calls for one manager to its runner.

    A call begins when nothing else runs. One that makes safe begins at once; what waited to
    actuate the same part is dropped, so that nothing undoes it afterwards. The same read, asked
    again while it waits, is run once. A call whose time passes while it waits is never begun
    (202). One whose asker's time passes while it runs has an unknown outcome (201); it is given up
    when its own time has passed too. The manager stays taken until it has really ended. A call that
    acts comes with its errand, which says whether it may begin, and is told when it does and how it
    ended.
    """

    def __init__(self, runner: Runner, clock: IReactorTime, limit: int = QUEUE_LIMIT) -> None:
        self._runner = runner
        self._clock = clock
        self._limit = limit
        self._running: set[_Job] = set()
        self._waiting: deque[_Job] = deque()
        self._beginning = False
        self._stopping: Deferred[None] | None = None

    def submit(
        self,
        handler: IRequestHandler,
        call: Any,
        within: float | None,
        errand: Errand | None = None,
    ) -> str | Deferred[str]:
        """The reply, or a Deferred of it. Errors: what the call raises, 201, 202, 203, 209, 210."""
        if self._stopping is not None:
            raise ShuttingDownError(call.name)
        seconds = call.deadline if within is None else min(within, call.deadline)
        if not seconds > 0:
            raise ExpiredError(call.name)
        if call.safe:
            self._overtake(call.target, call.name)
        elif self._running or self._waiting:
            return self._wait(handler, call, seconds, errand)
        # The short way: most commands are answered here, with nothing made for them.
        result = self._run(handler, call, errand)
        if isinstance(result, str):
            return result
        job = _Job(handler, call, errand, self._clock.seconds())
        asker = self._add_asker(job, seconds)
        self._follow(job, result)
        return asker.answer

    def peek(self, handler: IRequestHandler, call: Any) -> str | Deferred[str]:
        """The reply to a read, now: beside what runs, and before what waits."""
        return self._runner.run(handler, call)

    def forget(self, response: Deferred[str]) -> bool:
        """Drop the call of this response where it has not begun; False where it has."""
        for job in [*self._waiting, *self._running]:
            for asker in job.askers:
                if asker.answer is response and not job.begun:
                    error = ExpiredError(f"{job.call.name}: who asked has gone")
                    if job.errand is not None:
                        job.errand.prevent(error)
                    self._remove(job, asker)
                    asker.settle(Failure(error))
                    return True
        return False

    def make_safe(self, target: str, action: Callable[[], object], why: str) -> Deferred[object]:
        """Make a part safe beside whatever runs; what waits to act on it is dropped."""
        self._overtake(target, why)
        return self._runner.call(action)

    def stop(self) -> Deferred[None]:
        """Take no more and fail what waits with 209; fires when what runs has ended."""
        self._stopping = Deferred()
        while self._waiting:
            job = self._waiting.popleft()
            job.settle(Failure(ShuttingDownError(job.call.name)))
        for job in self._running:
            if job.errand is not None:
                # It may still be about to begin.
                job.errand.prevent(ShuttingDownError(job.call.name))
        self._check_idle()
        return self._stopping

    def give_up_running(self) -> None:
        """Answer all that still runs with 201; its own end is nobody's then."""
        for job in self._running:
            askers, job.askers = job.askers, []
            for asker in askers:
                asker.settle(Failure(OutcomeUnknownError(f"{job.call.name} ran at the stop")))

    def close(self, make_safe: Callable[[], object] | None) -> Deferred[object]:
        """After ``stop``: make the manager safe, and let its threads go."""
        done = succeed(None) if make_safe is None else self._runner.call(make_safe)
        return done.addBoth(self._closed)

    def _closed(self, result: object) -> object:
        self._runner.stop()
        return result

    def _run(
        self, handler: IRequestHandler, call: Any, errand: Errand | None
    ) -> str | Deferred[str]:
        """The call's reply where it is known at once; what it raises is its end, too."""
        if errand is None:
            return self._runner.run(handler, call)
        return errand.run(lambda: self._runner.run(handler, call))

    def _wait(
        self, handler: IRequestHandler, call: Any, seconds: float, errand: Errand | None
    ) -> Deferred[str]:
        job = self._same_read(call)
        if job is None:
            if len(self._waiting) >= self._limit:
                raise QueueFullError(f"{self._limit} commands wait before {call.name}")
            job = _Job(handler, call, errand, self._clock.seconds())
            self._waiting.append(job)
        return self._add_asker(job, seconds).answer

    def _same_read(self, call: Any) -> _Job | None:
        """A waiting job that answers this call too; not one from before a change."""
        for job in reversed(self._waiting):
            if job.call.effect is not Effect.READ:
                return None
            if job.call.same_read(call):
                return job
        return None

    def _add_asker(self, job: _Job, seconds: float) -> _Asker:
        answer: Deferred[str] = Deferred(lambda _: self._leave(job, asker))
        timer = self._clock.callLater(seconds, lambda: self._give_up(job, asker))
        asker = _Asker(answer, seconds, timer)
        job.askers.append(asker)
        return asker

    def _leave(self, job: _Job, asker: _Asker) -> None:
        """Who asked waits no more; what nobody waits for is not begun."""
        asker.timer.cancel()
        self._remove(job, asker)

    def _give_up(self, job: _Job, asker: _Asker) -> None:
        name = job.call.name
        self._remove(job, asker)
        if not job.begun:
            if job.errand is not None:
                job.errand.prevent(ExpiredError(name))
            asker.settle(Failure(ExpiredError(name)))
            return
        asker.settle(Failure(OutcomeUnknownError(f"{name} did not end in {asker.seconds:g} s")))
        if not job.askers and job.work is not None:
            self._abandon_in_time(job, job.work)

    def _abandon_in_time(self, job: _Job, work: Deferred[str]) -> None:
        """Nobody waits for it any more; it may end all the same, as long as its own time lasts."""
        left = job.until - self._clock.seconds()
        if left > 0:
            job.patience = self._clock.callLater(left, self._runner.abandon, work)
        else:
            self._runner.abandon(work)

    def _remove(self, job: _Job, asker: _Asker) -> None:
        job.askers.remove(asker)
        if job.work is None and not job.askers:
            self._waiting.remove(job)

    def _overtake(self, target: str, why: str) -> None:
        """Whoever waits would undo what is made safe now."""
        for job in [*self._waiting, *self._running]:
            if job.call.effect is Effect.READ or not overlap(target, job.call.target):
                continue
            error = OvertakenError(job.call.name, why)
            if job in self._waiting:
                self._waiting.remove(job)
                # Its reply may find its asker gone, and then others are dropped meanwhile.
                job.settle(Failure(error))
            elif job.errand is not None:
                # It may still be about to begin.
                job.errand.prevent(error)

    def _begin(self, job: _Job) -> None:
        try:
            if job.errand is not None:
                job.errand.check_again()
            result = self._run(job.handler, job.call, job.errand)
        except Exception:
            job.settle(Failure())
            return
        if isinstance(result, str):
            job.settle(result)
        else:
            self._follow(job, result)

    def _follow(self, job: _Job, work: Deferred[str]) -> None:
        job.work = work
        self._running.add(job)
        work.addBoth(self._ended, job)

    def _ended(self, result: str | Failure, job: _Job) -> None:
        self._running.discard(job)
        if job.patience is not None and job.patience.active():
            job.patience.cancel()
        job.settle(result)
        self._begin_waiting()
        self._check_idle()

    def _begin_waiting(self) -> None:
        # A job that ends at once comes back here: one loop, not a stack as deep as the queue.
        if self._beginning:
            return
        self._beginning = True
        while self._waiting and not self._running:
            self._begin(self._waiting.popleft())
        self._beginning = False

    def _check_idle(self) -> None:
        stopping = self._stopping
        if stopping is not None and not self._running and not stopping.called:
            stopping.callback(None)


#: Makes the queue of a manager.
QueueFactory = Callable[[object], ManagerQueue]


class Queues:
    """The queue of each manager, made when it is first asked for."""

    def __init__(self, factory: QueueFactory) -> None:
        self._factory = factory
        # By identity: a manager may compare equal to another, or not hash.
        self._queues: dict[int, ManagerQueue] = {}

    def of(self, manager: object) -> ManagerQueue:
        queue = self._queues.get(id(manager))
        if queue is None:
            queue = self._queues[id(manager)] = self._factory(manager)
        return queue

    def __iter__(self) -> Iterator[ManagerQueue]:
        return iter(list(self._queues.values()))
