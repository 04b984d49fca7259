"""What makes one manager safe: in its turn, and done again where something older ended later."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeVar

from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.logger import Logger

from pychron_comms.interfaces import ILaserManager, Move
from pychron_comms.processor.execution.jobs import Job
from pychron_comms.safeguards.overlap import overlap

_Done = TypeVar("_Done")

#: Begins an action.
Act = Callable[[], Deferred[_Done]]


class SafetyLane:
    """As many actions at a time as the manager can take, the others in order; light comes first.

    It has no limit: what makes safe is never refused. ``idle`` is called each time that nothing is
    left in it.
    """

    _log = Logger()

    def __init__(self, width: float, idle: Callable[[], None]) -> None:
        self._width = width
        self._idle = idle
        self._taken = 0
        self._giving = False
        self._light: deque[Deferred[None]] = deque()
        self._others: deque[Deferred[None]] = deque()

    @property
    def busy(self) -> bool:
        """Whether anything is being made safe, or waits to be."""
        return bool(self._taken or self._light or self._others)

    def enter(self) -> bool:
        """Whether there is room just now, and it is taken; then ``leave`` must follow."""
        has_room = self._taken < self._width
        self._taken += has_room
        return has_room

    def turn(self, moves: Iterable[Move]) -> Deferred[None]:
        """Fires when what moves these parts may begin; ``leave`` must follow."""
        if self.enter():
            return succeed(None)
        waiting = self._light if puts_out(moves) else self._others
        turn: Deferred[None] = Deferred(waiting.remove)
        waiting.append(turn)
        return turn

    def leave(self) -> None:
        """What had its turn has ended, and the next one has it."""
        self._taken -= 1
        # One that ends at once comes back here: one loop, not a stack as deep as the lane.
        if self._giving:
            return
        self._giving = True
        while self._taken < self._width and (waiting := self._light or self._others):
            self._taken += 1
            waiting.popleft().callback(None)
        self._giving = False
        if not self._taken:
            self._idle()

    async def assured(
        self, act: Act[_Done], again: Act[_Done], moves: Iterable[Move], rival: Job | None
    ) -> _Done:
        """What ``act`` gives, whose turn it is. Errors: its own.

        ``rival`` acts on the same part and had begun before. Which of the two the hardware obeyed
        last nobody can tell, and it may refuse this while it is busy with that: so when it has
        ended this is done ``again``, in another turn, whatever ``act`` gave.
        """
        if rival is None:
            return await self._acted(act)
        over = rival.when_over()
        try:
            await self._acted(act)
        except CancelledError:
            raise
        except Exception as error:
            self._log.warn(
                "not made safe while {name} runs: {error}", name=rival.call.name, error=error
            )
        await over
        self._log.warn("made safe again: {name} ended after it", name=rival.call.name)
        await self.turn(moves)
        return await self._acted(again)

    async def _acted(self, act: Act[_Done]) -> _Done:
        try:
            done = await act()
        except Exception:
            self.leave()
            raise
        self.leave()
        return done


def puts_out(moves: Iterable[Move]) -> bool:
    """Whether it is the light of a laser that is made safe."""
    return any(
        ILaserManager.providedBy(move.manager) and overlap(move.target, "output") for move in moves
    )
