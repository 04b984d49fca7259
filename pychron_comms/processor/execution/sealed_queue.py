"""The queue of a manager where records of the journal wait for the disk."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pychron_comms.errors import ExpiredError, OvertakenError, ShuttingDownError
from pychron_comms.interfaces import ICall, IRequestHandler, Move
from pychron_comms.processor.execution.execution import Event, Execution
from pychron_comms.processor.execution.jobs import Job
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.safeguards.overlap import any_overlap

#: Seconds after which it is looked whether the time of one that waits for the disk is over.
LOOK_EVERY = 0.25

#: Seconds for which an interlock holds that was tested before the disk was waited for.
FRESH = 0.25


class _Guest:
    """One in the antechamber, with its ``execution`` where it acts. ``until``: for how long.

    ``response`` is what comes of it; ``is_over`` once that is known before it has gone on.
    """

    __slots__ = ("call", "execution", "handler", "is_over", "is_sealing", "response", "until")

    def __init__(
        self, handler: IRequestHandler, call: ICall, execution: Execution | None, until: float
    ) -> None:
        self.handler = handler
        self.call = call
        self.execution = execution
        self.until = until
        self.is_sealing = self.is_over = False
        self.response: Deferred[Any] = Deferred()


class SealedQueue(ManagerQueue):
    """Its commands wait for the disk together: all that come while that has others to keep.

    They do so in an antechamber, which they leave for the queue when the disk has their begins, in
    the order in which they came; what the same sender reads meanwhile comes behind them. A begin is
    written there only where its command is next: where the queue is empty, or the manager answers
    at once. One that has waited in the queue has its begin written when its turn has come.

    For what makes safe the disk may take too long: then it passes those before it, and what would
    act on the same part is dropped. A stop, and what makes safe by no command, wait for no disk.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._antechamber: deque[_Guest] = deque()
        # How many of each sender are there.
        self._senders: Counter[str] = Counter()
        self._is_opening = False
        # Who is let on just now: what it overtakes came before it.
        self._going_on: _Guest | None = None
        self._is_looking = False
        self._answers_at_once = False
        # Those that wait in the queue now: its own answer, by the response that was given.
        self._answers: dict[Deferred[Any], Deferred[str]] = {}

    # -- what is asked

    def read(
        self,
        handler: IRequestHandler,
        call: ICall,
        within: float | None = None,
        *,
        ahead: bool = False,
    ) -> str | Deferred[str]:
        if ahead or not self._senders.get(call.sender):
            return super().read(handler, call, within, ahead=ahead)
        return self._admit(handler, call, None, self._seconds_for(call, within)).response

    def submit(
        self, handler: IRequestHandler, call: ICall, within: float | None, execution: Execution
    ) -> str | Deferred[str]:
        if call.safe:
            if not self.is_free:
                super().overtake(call.moves, call.name)
            seconds = call.deadline if within is None else within
        else:
            seconds = self._seconds_for(call, within)
            is_next = not (self._must_wait(reads=False) or execution.is_guarded)
            if not (self._antechamber or is_next):
                return super().submit(handler, call, within, execution)
        guest = self._admit(handler, call, execution, seconds)
        if call.safe or self._answers_at_once or self._antechamber[0] is guest:
            self._seal(guest)
        return guest.response

    def forget(self, response: Deferred[str]) -> bool:
        for guest in self._antechamber:
            if guest.response is response and guest is not self._going_on:
                error = ExpiredError(f"{guest.call.name}: who asked has gone")
                return not guest.call.safe and self._drop(guest, Event.FORGET, error)
        return super().forget(self._answers.get(response, response))

    def make_safe(
        self, moves: Iterable[Move], action: Callable[[], object], why: str
    ) -> Deferred[object]:
        going_on, self._going_on = self._going_on, None
        try:
            return super().make_safe(moves, action, why)
        finally:
            self._going_on = going_on

    # -- the end

    def stop(self) -> Deferred[None]:
        stopped = super().stop()
        self._drop_all(lambda guest: ShuttingDownError(guest.call.name))
        return stopped

    def drop(self, error: Exception) -> None:
        super().drop(error)
        self._drop_all(lambda guest: error)

    @property
    def is_still(self) -> bool:
        return not self._antechamber and super().is_still

    # -- what makes safe

    def overtake(self, moves: Iterable[Move], why: str) -> None:
        super().overtake(moves, why)
        self._overtake_guests(moves, why, self._going_on)

    def _overtake_guests(self, moves: Iterable[Move], why: str, until: _Guest | None) -> None:
        """Drop those that came before one, or all, and would act on these parts."""
        for guest in tuple(self._antechamber):
            if guest is until:
                return
            if guest.execution is not None and any_overlap(moves, guest.call.moves):
                self._drop(guest, Event.OVERTAKE, OvertakenError(guest.call.name, why))

    # -- the antechamber

    def _admit(
        self, handler: IRequestHandler, call: ICall, execution: Execution | None, seconds: float
    ) -> _Guest:
        guest = _Guest(handler, call, execution, self._clock.seconds() + seconds)
        self._antechamber.append(guest)
        self._senders[call.sender] += 1
        if not self._is_looking:
            self._is_looking = True
            self._clock.callLater(LOOK_EVERY, self._look)
        return guest

    def _seal(self, guest: _Guest) -> None:
        assert guest.execution is not None
        guest.is_sealing = True
        guest.execution.seal(partial(self._sealed, guest))

    def _sealed(self, guest: _Guest) -> None:
        guest.is_sealing = False
        self._open()
        # Its begin came with that of the one before it, or the disk has taken too long.
        if guest.call.safe and not guest.is_over and not self._is_opening:
            self._is_opening = True
            self._overtake_guests(guest.call.moves, guest.call.name, guest)
            self._let_on(guest)
            self._is_opening = False
            self._open()

    def _open(self) -> None:
        """Let on all that may go."""
        # One that ends at once comes back here: one loop, not a stack as deep as the antechamber.
        if self._is_opening:
            return
        self._is_opening = True
        while self._antechamber:
            guest = self._antechamber[0]
            execution = guest.execution
            if guest.is_over:
                self._antechamber.popleft()
            elif guest.is_sealing:
                break
            elif execution is not None and self._needs_seal(execution):
                self._seal(guest)
            else:
                self._let_on(guest)
        self._is_opening = False
        if not self._antechamber:
            self._check_still()

    def _needs_seal(self, execution: Execution) -> bool:
        """Whether the queue would hand it over at once."""
        if execution.is_sealed or execution.prevented:
            return False
        return not (self._must_wait(reads=False) or execution.is_guarded)

    def _let_on(self, guest: _Guest) -> None:
        before, self._going_on = self._going_on, guest
        answer: Any
        try:
            answer = self._go_on(guest)
        except Exception:
            answer = Failure()
        self._going_on = before
        # Only now: what was asked meanwhile is behind it.
        self._leave(guest)
        if guest is self._antechamber[0]:
            self._antechamber.popleft()
        if not isinstance(answer, Deferred):
            self._answered(answer, guest)
            return
        if not answer.called:
            self._answers[guest.response] = answer
        answer.addBoth(self._answered, guest)

    def _go_on(self, guest: _Guest) -> str | Deferred[str]:
        left = guest.until - self._clock.seconds()
        execution = guest.execution
        if execution is None:
            return super().read(guest.handler, guest.call, left)
        try:
            execution.may_begin()
            # What makes safe was let in when it came, as where it waits for its turn.
            if not guest.call.safe:
                execution.check_again()
            answer = super().submit(guest.handler, guest.call, left, execution)
        except Exception as error:
            execution.prevent(Event.REFUSE, error)
            raise
        if execution.is_sealed:
            self._answers_at_once = isinstance(answer, str)
        return answer

    def _answered(self, outcome: Any, guest: _Guest) -> None:
        response = guest.response
        self._answers.pop(response, None)
        if guest.execution is None:
            response.callback(outcome)
        else:
            guest.execution.when_written(partial(response.callback, outcome))

    # -- what does not go on

    def _look(self) -> None:
        self._is_looking = bool(self._antechamber)
        if not self._is_looking:
            return
        self._clock.callLater(LOOK_EVERY, self._look)
        now = self._clock.seconds()
        for guest in tuple(self._antechamber):
            if guest.until <= now and not guest.call.safe:
                self._drop(guest, Event.EXPIRE, ExpiredError(guest.call.name))

    def _drop_all(self, error: Callable[[_Guest], Exception]) -> None:
        for guest in tuple(self._antechamber):
            if guest is not self._going_on and not guest.call.safe:
                self._drop(guest, Event.REFUSE, error(guest))

    def _drop(self, guest: _Guest, event: Event, error: Exception) -> bool:
        """Whether it had not gone on, and now never will."""
        execution = guest.execution
        if guest.is_over or not (execution is None or execution.prevent(event, error)):
            return False
        self._leave(guest)
        guest.response.errback(error)
        self._open()
        return True

    def _leave(self, guest: _Guest) -> None:
        guest.is_over = True
        self._senders[guest.call.sender] -= 1
        if not self._senders[guest.call.sender]:
            del self._senders[guest.call.sender]

    # -- those that have waited in the queue

    def _begin(self, job: Job) -> None:
        execution = job.execution
        if execution is None or execution.is_sealed or execution.is_guarded:
            super()._begin(job)
            return
        self._askers.expire_late(job)
        if job.askers:
            self._clearing = job
            self._seal_in_turn(job, execution)

    def _cleared(self, result: None, job: Job) -> None:
        execution = job.execution
        assert execution is not None
        if execution.is_sealed:
            super()._cleared(result, job)
        else:
            self._seal_in_turn(job, execution)

    def _seal_in_turn(self, job: Job, execution: Execution) -> None:
        execution.seal(partial(self._sealed_in_turn, job, execution, self._clock.seconds() + FRESH))

    def _sealed_in_turn(self, job: Job, execution: Execution, fresh_until: float) -> None:
        if job is not self._clearing:
            return  # it was prevented meanwhile
        try:
            execution.may_begin()
        except Exception:
            self._not_cleared(Failure(), job)
            return
        if execution.is_guarded and self._clock.seconds() > fresh_until:
            self._await_clearance(job, execution.clear_again())
        else:
            super()._cleared(None, job)
