"""One queue for each manager: one command at a time, in order, each in time or not at all."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
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
from pychron_comms.processor.runners import Runner

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

    __slots__ = ("askers", "call", "handler", "work")

    def __init__(self, handler: IRequestHandler, call: Any) -> None:
        self.handler = handler
        self.call = call
        self.askers: list[_Asker] = []
        self.work: Deferred[str] | None = None

    def settle(self, result: str | Failure) -> None:
        for asker in self.askers:
            asker.settle(result)


class ManagerQueue:
    """Hands the calls for one manager to its runner.

    A call begins when nothing else runs. One that makes safe begins at once; what waited to
    actuate the same part is dropped, so that nothing undoes it afterwards. The same read, asked
    again while it waits, is run once. A call whose time passes while it waits is never begun
    (202); one whose time passes while it runs is given up, its outcome unknown (201), and the
    manager stays taken until it has really ended.
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
        self, handler: IRequestHandler, call: Any, within: float | None
    ) -> str | Deferred[str]:
        """The reply, or a Deferred of it. Errors: what the call raises, 201, 202, 203, 209, 210."""
        if self._stopping is not None:
            raise ShuttingDownError(call.name)
        seconds = call.deadline if within is None else min(within, call.deadline)
        if not seconds > 0:
            raise ExpiredError(call.name)
        if call.safe:
            self._drop_overtaken(call)
        elif self._running or self._waiting:
            return self._wait(handler, call, seconds)
        # The short way: most commands are answered here, with nothing made for them.
        result = self._runner.run(handler, call)
        if isinstance(result, str):
            return result
        job = _Job(handler, call)
        asker = self._add_asker(job, seconds)
        self._follow(job, result)
        return asker.answer

    def stop(self) -> Deferred[None]:
        """Take no more and fail what waits with 209; fires when what runs has ended."""
        self._stopping = Deferred()
        while self._waiting:
            job = self._waiting.popleft()
            job.settle(Failure(ShuttingDownError(job.call.name)))
        self._check_idle()
        return self._stopping

    def close(self, make_safe: Callable[[], object] | None) -> Deferred[object]:
        """After ``stop``: make the manager safe, and let its threads go."""
        done = succeed(None) if make_safe is None else self._runner.call(make_safe)
        return done.addBoth(self._closed)

    def _closed(self, result: object) -> object:
        self._runner.stop()
        return result

    def _wait(self, handler: IRequestHandler, call: Any, seconds: float) -> Deferred[str]:
        job = self._same_read(call)
        if job is None:
            if len(self._waiting) >= self._limit:
                raise QueueFullError(f"{self._limit} commands wait before {call.name}")
            job = _Job(handler, call)
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
        if job.work is None:
            asker.settle(Failure(ExpiredError(name)))
            return
        asker.settle(Failure(OutcomeUnknownError(f"{name} did not end in {asker.seconds:g} s")))
        if not job.askers:
            self._runner.abandon(job.work)

    def _remove(self, job: _Job, asker: _Asker) -> None:
        job.askers.remove(asker)
        if job.work is None and not job.askers:
            self._waiting.remove(job)

    def _drop_overtaken(self, call: Any) -> None:
        for job in [job for job in self._waiting if _overtakes(call, job.call)]:
            self._waiting.remove(job)
            job.settle(Failure(OvertakenError(job.call.name, call.name)))

    def _begin(self, job: _Job) -> None:
        try:
            result = self._runner.run(job.handler, job.call)
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


def _overtakes(safe: Any, waiting: Any) -> bool:
    """Whether a waiting call would undo what a safe one does."""
    if waiting.effect is Effect.READ:
        return False
    return not safe.target or not waiting.target or safe.target == waiting.target


#: Makes the queue of a manager.
QueueFactory = Callable[[object], ManagerQueue]
