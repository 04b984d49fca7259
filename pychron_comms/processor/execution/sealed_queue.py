"""The queue of a manager where records of the journal wait for the disk."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from pychron_comms.interfaces import ICall, IRequestHandler, Move
from pychron_comms.processor.execution.execution import Event, Execution
from pychron_comms.processor.execution.manager_queue import ManagerQueue


class _Guest:
    """One in the antechamber. ``go_on`` takes it to the queue; ``response`` is what comes of it."""

    __slots__ = ("go_on", "is_ready", "response")

    def __init__(self, go_on: Callable[[], Any], *, is_ready: bool) -> None:
        self.go_on = go_on
        self.is_ready = is_ready
        self.response: Deferred[Any] = Deferred()


class SealedQueue(ManagerQueue):
    """Its commands wait for the disk together: once for all that come in one turn of the reactor.

    They do so in an antechamber, which they leave for the queue when their begins are written, in
    the order in which they came; whatever else is asked of the manager meanwhile comes behind them.
    A begin is written there only where its command is next: where the queue is empty, or the
    manager answers at once. So what waits behind a slow command does not stand as begun.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._antechamber: deque[_Guest] = deque()
        self._is_opening = False
        self._answers_at_once = False
        # Those that wait in the queue now: its own answer, by the response that was given.
        self._answers: dict[Deferred[Any], Deferred[str]] = {}

    def read(
        self,
        handler: IRequestHandler,
        call: ICall,
        within: float | None = None,
        *,
        ahead: bool = False,
    ) -> str | Deferred[str]:
        read = super().read
        if ahead or not self._antechamber:
            return read(handler, call, within, ahead=ahead)
        left = self._left(call, within)
        return self._behind(lambda: read(handler, call, left()))

    def submit(
        self, handler: IRequestHandler, call: ICall, within: float | None, execution: Execution
    ) -> str | Deferred[str]:
        submit = super().submit
        if not self._antechamber and (execution.is_guarded or not self.is_free):
            return submit(handler, call, within, execution)
        if not call.safe:
            self._seconds_for(call, within)
        left = self._left(call, within)

        def go_on() -> str | Deferred[str]:
            try:
                execution.check_again()
                answer = submit(handler, call, left(), execution)
            except Exception as error:
                execution.prevent(Event.REFUSE, error)
                raise
            self._answers_at_once = isinstance(answer, str)
            return answer

        if self._antechamber and not self._answers_at_once:
            return self._behind(go_on)
        guest = self._admit(go_on, is_ready=False)
        execution.seal().addBoth(self._sealed, guest)
        return guest.response

    def forget(self, response: Deferred[str]) -> bool:
        return super().forget(self._answers.get(response, response))

    def make_safe(
        self, moves: Iterable[Move], action: Callable[[], object], why: str
    ) -> Deferred[object]:
        make_safe, moves = super().make_safe, tuple(moves)
        return self._behind(lambda: make_safe(moves, action, why))

    def stop(self) -> Deferred[None]:
        return self._behind(super().stop)

    def _behind(self, work: Callable[[], Any]) -> Any:
        """What ``work`` gives, which goes on when all that are in the antechamber have."""
        return self._admit(work, is_ready=True).response if self._antechamber else work()

    def _admit(self, go_on: Callable[[], Any], *, is_ready: bool) -> _Guest:
        guest = _Guest(go_on, is_ready=is_ready)
        self._antechamber.append(guest)
        return guest

    def _sealed(self, outcome: Failure | None, guest: _Guest) -> None:
        guest.is_ready = True
        if isinstance(outcome, Failure):
            guest.go_on = outcome.raiseException
        # One that ends at once comes back here: one loop, not a stack as deep as the antechamber.
        if not self._is_opening:
            self._is_opening = True
            while self._antechamber and self._antechamber[0].is_ready:
                self._let_on(self._antechamber[0])
            self._is_opening = False

    def _let_on(self, guest: _Guest) -> None:
        answer = maybeDeferred(guest.go_on)
        # Only now: what was asked meanwhile is behind it.
        self._antechamber.popleft()
        if not answer.called:
            self._answers[guest.response] = answer
        answer.addBoth(self._answered, guest.response)

    def _answered(self, outcome: Any, response: Deferred[Any]) -> None:
        self._answers.pop(response, None)
        response.callback(outcome)

    def _left(self, call: ICall, within: float | None) -> Callable[[], float]:
        """Tells what is left of the time that was given now."""
        until = self._clock.seconds() + (call.deadline if within is None else within)
        return lambda: until - self._clock.seconds()
