"""When managers are looked at: each once a period, and in a moment after it was moved."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import UnknownRequestTypeError
from pychron_comms.handlers.running import RunsCalls
from pychron_comms.interfaces import Effect, ICall, IRequestHandler, Move, Reading
from pychron_comms.processor.state.readings import read
from pychron_comms.wire.context import PLAIN

#: Seconds after the end of a command in which its manager is looked at; what ends meanwhile is
#: seen by the same look, so that no manager is looked at more often, however much is done.
SOON = 0.05

#: Managers that are asked in one turn of the reactor: commands come between.
AT_ONCE = 8

#: Runs a read of a manager where its methods run, in its turn; fires when it has ended.
Submit = Callable[["ReadState"], object]


@implementer(ICall)
class ReadState:
    """A look at all of a manager, as a read that waits its turn like any other."""

    name = "ReadState"
    effect = Effect.READ
    safe = False
    deadline = 30.0
    target = ""
    moves: tuple[Move, ...] = ()
    context = PLAIN
    sender = "state"

    def __init__(self, manager: object) -> None:
        self.manager = manager
        self.readings: Sequence[Reading] = ()

    def same_read(self, other: object) -> bool:
        return isinstance(other, ReadState) and other.manager is self.manager

    def run(self) -> Sequence[Reading] | Awaitable[Sequence[Reading]]:
        return read(self.manager)

    def reply(self, result: object) -> str:
        self.readings = cast(Sequence[Reading], result)
        return "OK"


@implementer(IRequestHandler)
class StateReader(RunsCalls):
    """Runs looks at managers that never block; no client's line leads here."""

    def prepare(self, data: str, sender: str) -> ReadState:
        raise UnknownRequestTypeError(data)


class Seer(Protocol):
    """Is told what is seen of each manager, by its name."""

    def saw(self, name: str, readings: Sequence[Reading]) -> None:
        """So it stands."""

    def cannot_see(self, name: str, why: str) -> None:
        """It did not say how it stands."""

    def looked(self) -> None:
        """All that were to be looked at now have been asked."""


class Watched:
    """One manager under its name in paths, and the look at it that is under way."""

    def __init__(self, name: str, manager: object) -> None:
        self.name = name
        self.manager = manager
        self.busy = False
        self.again = False


class Looks:
    """Looks at each manager once a ``period`` (seconds; 0 for never), and where ``soon`` is said.

    The managers of a period are asked ``AT_ONCE`` in a turn of the reactor. ``submit`` takes a look
    through the manager's own queue, so that none passes a command or waits in the reactor. A look
    that has not ended is not begun again.
    """

    def __init__(self, submit: Submit, seer: Seer, *, clock: IReactorTime, period: float) -> None:
        self._submit = submit
        self._seer = seer
        self._clock = clock
        self._period = period
        # By identity: a manager may compare equal to another, or not hash.
        self._watched: dict[int, Watched] = {}
        # Those that commands have moved since they were looked at.
        self._due: dict[Watched, None] = {}
        self._timer: IDelayedCall | None = None
        # Those that this period's look has not asked yet.
        self._left: deque[Watched] = deque()
        self._turn: IDelayedCall | None = None
        self._loop = LoopingCall(self._look)
        self._loop.clock = clock

    def watch(self, managers: Mapping[str, object]) -> None:
        """Look at these, by the names that their items' paths begin with."""
        self._watched |= {id(each): Watched(name, each) for name, each in managers.items()}

    def name_of(self, manager: object) -> str | None:
        """None where it is not watched."""
        watched = self._watched.get(id(manager))
        return None if watched is None else watched.name

    def start(self) -> None:
        if self._period:
            self._loop.start(self._period)

    def stop(self) -> None:
        if self._loop.running:
            self._loop.stop()
        self._left.clear()
        for timer in (self._timer, self._turn):
            if timer is not None and timer.active():
                timer.cancel()

    def soon(self, manager: object) -> None:
        """Look at it in a moment: whoever waits for a reply would wait for the look, too."""
        watched = self._watched.get(id(manager))
        if watched is not None and self._loop.running:
            self._due[watched] = None
            if self._timer is None:
                self._timer = self._clock.callLater(SOON, self._look_where_due)

    def _look_where_due(self) -> None:
        self._timer = None
        due, self._due = self._due, {}
        for watched in due:
            self._read(watched, again=True)
        self._seer.looked()

    def _look(self) -> None:
        if not self._left:
            self._left.extend(self._watched.values())
            self._ask_some()

    def _ask_some(self) -> None:
        self._turn = None
        for _ in range(min(AT_ONCE, len(self._left))):
            self._read(self._left.popleft())
        if self._left:
            self._turn = self._clock.callLater(0, self._ask_some)
        else:
            self._seer.looked()

    def _read(self, watched: Watched, *, again: bool = False) -> None:
        if not self._loop.running:
            return
        if watched.busy:
            # What it reads just now may be from before the change.
            watched.again = watched.again or again
            return
        watched.busy = True
        call = ReadState(watched.manager)
        try:
            result = self._submit(call)
        except Exception:
            self._over(Failure(), watched, call)
            return
        if isinstance(result, Deferred):
            result.addBoth(self._over, watched, call)
        else:
            self._over(result, watched, call)

    def _over(self, result: object, watched: Watched, call: ReadState) -> None:
        watched.busy = False
        if isinstance(result, Failure):
            self._seer.cannot_see(watched.name, result.getErrorMessage())
        else:
            self._seer.saw(watched.name, call.readings)
        if watched.again:
            watched.again = False
            self._read(watched)
