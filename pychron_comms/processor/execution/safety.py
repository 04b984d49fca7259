"""What makes one manager safe: in its turn, and done again where something older ended later."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from pychron_comms.errors import OutcomeUnknownError
from pychron_comms.interfaces import ICall, ILaserManager, Move
from pychron_comms.processor.execution.jobs import Job
from pychron_comms.processor.execution.safe_turns import Action, SafeTurn, WaitingTurns
from pychron_comms.safeguards.overlap import overlap

_Done = TypeVar("_Done")


class SafetyLane:
    """As many actions at a time as the manager can take; light comes first, then sender by sender.

    It has no limit: what makes safe is never refused. ``idle`` is called each time that nothing is
    left in it.
    """

    _log = Logger()

    def __init__(self, width: float, idle: Callable[[], None]) -> None:
        self._width = width
        self._idle = idle
        self._taken = 0
        #: Whether anything is being made safe, or waits to be.
        self.busy = False
        self._giving = False
        self._resting: list[Deferred[None]] = []
        #: How many actions have ended.
        self.ended = 0
        self._light = WaitingTurns(self.leave)
        self._others = WaitingTurns(self.leave)

    def enter(self) -> bool:
        """Whether there is room just now, and it is taken; then ``leave`` must follow."""
        has_room = self._taken < self._width
        self._taken += has_room
        # Nobody waits while there is room, but for the moment in which turns are given.
        self.busy = True
        return has_room

    def turn(self, moves: Iterable[Move], call: ICall | None = None) -> Deferred[SafeTurn]:
        """Fires when what moves these parts may begin, with the turn that it must use.

        ``call`` is what is done then; None for what nobody else can ask for.
        """
        if not self.enter():
            return (self._light if puts_out(moves) else self._others).join(moves, call)
        turn = SafeTurn(moves, call, self.leave)
        joined = turn.join()
        turn.come()
        return joined

    def leave(self) -> None:
        """What had its turn has ended, and the next one has it."""
        self._taken -= 1
        self.ended += 1
        # One that ends at once comes back here: one loop, not a stack as deep as the lane.
        if self._giving:
            return
        if self._light.lanes or self._others.lanes:
            self._give()
        if not self._taken:
            self.busy = False
            self._idle()
            resting, self._resting = self._resting, []
            for each in resting:
                each.callback(None)

    def _give(self) -> None:
        """Turns to those who wait, as far as there is room."""
        self._giving = True
        while self._taken < self._width and (turn := self._light.next() or self._others.next()):
            self._taken += 1
            turn.come()
        self._giving = False

    def rest(self) -> Deferred[None]:
        """Fires as soon as nothing is being made safe, or waits to be."""
        rest: Deferred[None] = Deferred()
        if self.busy:
            self._resting.append(rest)
        else:
            rest.callback(None)
        return rest

    async def assured(
        self,
        turn: SafeTurn,
        action: Action[_Done],
        rival: Job | None,
        waits: Callable[[str], None] = lambda name: None,
    ) -> _Done:
        """What the action gives, in its turn. Errors: its own, and 201.

        ``rival`` acts on the same part and had begun before. Which of the two the hardware obeyed
        last nobody can tell, and it may refuse this while it is busy with that: so when it has
        ended this is done again, in another turn, whatever it gave first. Where that was given up
        instead, it may still undo this: 201. ``waits`` is told for what it waits, and that it does
        no longer by an empty text.
        """
        if rival is None:
            return await turn.act(action)
        over = rival.when_over()
        try:
            await turn.act(action)
        except CancelledError:
            raise
        except Exception as error:
            self._log.warn(
                "not made safe while {name} runs: {error}", name=rival.call.name, error=error
            )
        waits(rival.call.name)
        await over
        how = "was given up" if rival.given_up else "ended after it"
        self._log.warn("made safe again: {name} {how}", name=rival.call.name, how=how)
        again = await self.turn(turn.moves, turn.call)
        waits("")
        result = await again.act(action.again())
        if rival.given_up:
            raise OutcomeUnknownError(f"made safe, and {rival.call.name} still runs")
        return result


def puts_out(moves: Iterable[Move]) -> bool:
    """Whether it is the light of a laser that is made safe."""
    return any(
        ILaserManager.providedBy(move.manager) and overlap(move.target, "output") for move in moves
    )
