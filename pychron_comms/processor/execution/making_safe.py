"""What makes a manager safe, beside its queue: it passes all that waits there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol, cast

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.interfaces import ICall, IRequestHandler, Move
from pychron_comms.processor.execution.askers import Askers
from pychron_comms.processor.execution.execution import Execution
from pychron_comms.processor.execution.jobs import Job
from pychron_comms.processor.execution.runners import Runner, Take
from pychron_comms.processor.execution.safe_turns import Action, SafeTurn
from pychron_comms.processor.execution.safety import SafetyLane


class Ordinary(Protocol):
    """What else a manager has to do."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing is there to be overtaken, or to be outlasted."""

    def overtake(self, moves: Iterable[Move], why: str) -> None:
        """Drop what has not begun to act on these parts (210)."""

    def rival(self, moves: Iterable[Move]) -> Job | None:
        """What acts on one of these parts, and has begun already."""


class MakingSafe:
    """Has its manager made safe, in the lane's turns, whatever else that has to do.

    What waits to act on the same part is dropped as soon as this is asked for, so that nothing
    undoes it afterwards; where such a one had begun already, it is done again when that has ended,
    and is answered only then. It has no time to wait, and goes on while stopping: its askers' time
    begins with it.
    """

    _log = Logger()

    def __init__(
        self,
        lane: SafetyLane,
        ordinary: Ordinary,
        askers: Askers,
        runner: Runner,
        clock: IReactorTime,
    ) -> None:
        self._lane = lane
        self._ordinary = ordinary
        self._askers = askers
        self._runner = runner
        self._clock = clock

    def submit(
        self, handler: IRequestHandler, call: ICall, within: float | None, execution: Execution
    ) -> str | Deferred[str]:
        """The reply to a command that makes safe. Errors: what it raises, 201 once it has begun."""
        seconds = call.deadline if within is None else min(within, call.deadline)
        if not seconds > 0:
            self._log.warn("{name} comes after its time, and is run", name=call.name)
            seconds = call.deadline
        if self._ordinary.is_empty and self._lane.enter():
            return self._run_at_once(handler, call, seconds, execution)
        job = Job(handler, call, execution, self._clock.seconds())
        answer = self._askers.ask_safe(job, seconds)
        work = Deferred.fromCoroutine(self._run(job, execution))
        work.addBoth(self._ended, job)
        return answer

    def make_safe(
        self, moves: Iterable[Move], action: Callable[[], object], why: str
    ) -> Deferred[object]:
        """What the action gives, which makes these parts safe as a command does."""
        return Deferred.fromCoroutine(self._make_safe(tuple(moves), action, why))

    def _run_at_once(
        self, handler: IRequestHandler, call: ICall, seconds: float, execution: Execution
    ) -> str | Deferred[str]:
        """The short way, for one that has its turn in the lane."""
        try:
            run = partial(self._runner.run, handler, call, execution.take)
            result = execution.hand_over(run)
        except Exception:
            self._lane.leave()
            raise
        if isinstance(result, str):
            self._lane.leave()
            return result
        job = Job(handler, call, execution, self._clock.seconds())
        job.work = result
        answer = self._askers.ask(job, seconds)
        result.addBoth(self._left_lane).addBoth(self._ended, job)
        return answer

    def _left_lane(self, result: str | Failure) -> str | Failure:
        self._lane.leave()
        return result

    def _ended(self, result: str | Failure, job: Job) -> None:
        job.over()
        self._askers.settle(job, result)

    async def _run(self, job: Job, execution: Execution) -> str:
        call = job.call
        turn = await self._turn(call.moves, call.name, call)
        # What has come meanwhile waits for it, and is meant to follow it.
        rival = self._ordinary.rival(call.moves)
        self._askers.begin_time(job)

        def run(take: Take) -> Deferred[str]:
            return self._run_later(job, take)

        def waits(name: str) -> None:
            job.waits_for = name

        def assured() -> Deferred[str]:
            done = self._lane.assured(turn, Action(run, execution.take), rival, waits)
            return Deferred.fromCoroutine(done)

        try:
            result = execution.hand_over(assured)
        except Exception:
            turn.give_back()
            raise
        assert isinstance(result, Deferred)
        job.work = result
        return await result

    def _run_later(self, job: Job, take: Take) -> Deferred[str]:
        run = cast(Callable[..., str], self._runner.run)
        return maybeDeferred(run, job.handler, job.call, take)

    async def _make_safe(
        self, moves: Iterable[Move], action: Callable[[], object], why: str
    ) -> object:
        turn = await self._turn(moves, why)

        def run(take: Take) -> Deferred[object]:
            return self._runner.call(action)

        return await self._lane.assured(turn, Action(run), self._ordinary.rival(moves))

    def _turn(
        self, moves: Iterable[Move], why: str, call: ICall | None = None
    ) -> Deferred[SafeTurn]:
        """Its turn, when that has come."""
        turn = self._lane.turn(moves, call)
        self._ordinary.overtake(moves, why)
        return turn
