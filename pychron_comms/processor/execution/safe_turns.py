"""Whose turn it is to make a manager safe; who asks for the same meanwhile has the same turn."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.python.failure import Failure

from pychron_comms.errors import as_bug
from pychron_comms.interfaces import ICall, Move
from pychron_comms.processor.execution.runners import Take

_Done = TypeVar("_Done")

#: Begins an action, whose thread says ``take``.
Run = Callable[[Take], Deferred[_Done]]


def _nothing() -> None:
    """Nobody is told."""


class Action(NamedTuple, Generic[_Done]):
    """What one asks for: ``run`` it, and say by ``take`` that it begins."""

    run: Run[_Done]
    take: Take = _nothing

    def again(self) -> Action[_Done]:
        """The same, of what has begun already."""
        return Action(self.run)


class SafeTurn:
    """One action, for all who asked for it before it began.

    Each of them waits for ``join``, and must then say ``act`` or ``give_back``. It begins when the
    last has, so that all has been written down before it. ``over`` is called when it has ended.
    """

    __slots__ = (
        "_due",
        "_is_given_up",
        "_over",
        "_results",
        "_run",
        "_takes",
        "_waiting",
        "_work",
        "call",
        "moves",
    )

    def __init__(self, moves: Iterable[Move], call: ICall | None, over: Callable[[], None]) -> None:
        #: The parts that it makes safe.
        self.moves = moves
        #: What is done; None for what nobody else can ask for.
        self.call = call
        self._over = over
        self._waiting: list[Deferred[SafeTurn]] = []
        self._due = 0
        self._is_given_up = False
        self._takes: list[Take] = []
        self._results: list[Deferred[Any]] = []
        self._run: Run[Any] | None = None
        self._work: Deferred[Any] | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether anybody waits for it."""
        return bool(self._waiting)

    def join(self) -> Deferred[SafeTurn]:
        """Fires when its turn has come."""
        joined: Deferred[SafeTurn] = Deferred(self._waiting.remove)
        self._waiting.append(joined)
        return joined

    def come(self) -> None:
        """It is its turn."""
        joined, self._waiting = self._waiting, []
        self._due = len(joined)
        for each in joined:
            each.callback(self)

    def act(self, action: Action[_Done]) -> Deferred[_Done]:
        """What the action gives; the first one's is run, for all."""
        result: Deferred[_Done] = Deferred(self._given_up)
        self._takes.append(action.take)
        self._results.append(result)
        self._run = self._run or action.run
        self.give_back()
        return result

    def give_back(self) -> None:
        """One of them does nothing in it."""
        self._due -= 1
        if self._due:
            return
        if self._run is None:
            self._over()
        else:
            self._work = maybeDeferred(self._run, self._take)
            self._work.addBoth(self._ended)

    def _take(self) -> None:
        for take in self._takes:
            take()

    def _given_up(self, result: Deferred[Any]) -> None:
        """Nobody waits for this any more; what nobody waits for is ended, where that can be."""
        others = [each for each in self._results if each is not result and not each.called]
        if not others and self._work is not None:
            self._is_given_up = True
            self._work.cancel()

    def _ended(self, outcome: object | Failure) -> None:
        self._over()
        if isinstance(outcome, Failure) and not self._is_given_up:
            outcome = _as_driven(outcome)
        for each in self._results:
            if not each.called:
                each.callback(outcome)


def _as_driven(failure: Failure) -> Failure:
    """That of what nobody has given up: where it says that it was cancelled, its driver says so."""
    error = failure.value
    return Failure(as_bug(error)) if isinstance(error, CancelledError) else failure


class WaitingTurns:
    """Turns that wait: those of one sender in their order, and the senders one by one.

    So whoever asks a thousand times holds up another's by one. A sender who asks again for what he
    waits for already, has it once: it begins after he has asked for all of them.
    """

    __slots__ = ("_over", "lanes")

    def __init__(self, over: Callable[[], None]) -> None:
        self._over = over
        #: Those whose turn comes, each with what waits in his lane; for others to look at.
        self.lanes: OrderedDict[str, OrderedDict[Hashable, SafeTurn]] = OrderedDict()

    def join(self, moves: Iterable[Move], call: ICall | None) -> Deferred[SafeTurn]:
        """Fires when its turn has come."""
        lane = self.lanes.setdefault("" if call is None else call.sender, OrderedDict())
        key = _key(call)
        turn = lane.get(key)
        if turn is None or call is None or turn.call is None or not call.same_act(turn.call):
            if turn is not None:
                key = object()
            turn = lane[key] = SafeTurn(moves, call, self._over)
        return turn.join()

    def next(self) -> SafeTurn | None:
        """The one whose turn it is, taken away; None where nobody waits any more."""
        while self.lanes:
            sender, lane = self.lanes.popitem(last=False)
            _, turn = lane.popitem(last=False)
            if lane:
                self.lanes[sender] = lane
            if turn.is_wanted:
                return turn
        return None


def _key(call: ICall | None) -> Hashable:
    """What two that do the same have in common."""
    if call is None:
        return object()
    return call.name, *((id(move.manager), move.target) for move in call.moves)
