"""Parts that must be made safe, until they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import OutcomeUnknownError, error_from_line
from pychron_comms.interfaces import ICall, ILaserManager, Move, Part
from pychron_comms.safeguards.lease_records import UNSAFE, Diary
from pychron_comms.safeguards.overlap import overlap

#: Brings a part to its safe state; fires when it is there.
MakeSafe = Callable[[Part, str], Deferred[object]]

#: Seconds until what failed is tried again: at first, and at most; each time twice as many.
FIRST, MOST = 1.0, 60.0


class Trouble(NamedTuple):
    """A part that could not be made safe; ``since`` in seconds of Unix time."""

    part: Part
    why: str
    error: str
    since: float


class _Unsafe:
    """One part, and why it must be made safe. ``trouble`` is there once that has failed."""

    __slots__ = ("delay", "part", "running", "timer", "trouble", "why")

    def __init__(self, part: Part) -> None:
        self.part = part
        self.why = ""
        self.running = 0
        self.delay = FIRST
        self.timer: IDelayedCall | None = None
        self.trouble: Trouble | None = None

    def wait_no_more(self) -> None:
        if self.timer is not None and self.timer.active():
            self.timer.cancel()
        self.timer = None


class UnsafeParts:
    """Makes parts safe; where it fails, tries again until it is done or somebody takes it over.

    The first failure is logged and written down, so that the next process tries on where this one
    ends; then the end of it. Who has begun to move the part meanwhile knows better: it is left to
    him. A laser's light is taken over only by who commands the light.
    """

    _log = Logger()

    def __init__(
        self, clock: IReactorTime, now: Callable[[], float], diary: Diary, make_safe: MakeSafe
    ) -> None:
        self._clock = clock
        self._now = now
        self._diary = diary
        self._make_safe = make_safe
        self._parts: dict[str, _Unsafe] = {}
        self._stopped = False

    def add(self, part: Part, why: str) -> None:
        """Make it safe, at once."""
        unsafe = self._parts.setdefault(part.name, _Unsafe(part))
        unsafe.why = why
        unsafe.delay = FIRST
        self._try(unsafe)

    def goes_on(self, call: ICall) -> None:
        """A command acts, and takes its time: what it moves is its sender's affair."""
        if not self._parts or call.safe:
            return
        for unsafe in list(self._parts.values()):
            if unsafe.timer is not None and any(_takes(each, unsafe.part) for each in call.moves):
                self._over(unsafe, f"left to {call.sender}: {call.name}")

    def ended(self, call: ICall, reply: str) -> None:
        """A command is over: done, or it changed nothing for certain."""
        if self._parts and error_from_line(reply) is None:
            self.goes_on(call)

    def troubles(self) -> list[Trouble]:
        """What could not be made safe yet, in the order in which it was to be."""
        return [each.trouble for each in self._parts.values() if each.trouble is not None]

    def carried(self) -> list[Mapping[str, Any]]:
        """What a later process must know, when older records are dropped."""
        return [
            {"event": UNSAFE, "part": name, "why": unsafe.why}
            for name, unsafe in self._parts.items()
        ]

    def stop(self) -> None:
        """Try no more; the next process does."""
        self._stopped = True
        for unsafe in self._parts.values():
            unsafe.wait_no_more()

    def _try(self, unsafe: _Unsafe) -> None:
        unsafe.wait_no_more()
        unsafe.running += 1
        made = self._make_safe(unsafe.part, unsafe.why)
        made.addCallbacks(self._done, self._failed, callbackArgs=(unsafe,), errbackArgs=(unsafe,))

    def _done(self, done: object, unsafe: _Unsafe) -> None:
        unsafe.running -= 1
        # Of several, the last tells how the part is.
        if not unsafe.running:
            self._over(unsafe, "nothing is known to make it safe" if done == [] else "OK")

    def _failed(self, failure: Failure, unsafe: _Unsafe) -> None:
        unsafe.running -= 1
        if unsafe.running:
            return
        part, error = unsafe.part, failure.getErrorMessage()
        if unsafe.trouble is None:
            self._tell(failure, part)
            unsafe.trouble = Trouble(part, unsafe.why, error, self._now())
            self._diary.note(UNSAFE, part=part.name, why=unsafe.why, error=error)
        if not self._stopped:
            unsafe.timer = self._clock.callLater(unsafe.delay, self._try, unsafe)
            unsafe.delay = min(2 * unsafe.delay, MOST)

    def _tell(self, failure: Failure, part: Part) -> None:
        if failure.check(OutcomeUnknownError):
            # What still runs there may undo it: no bug of a driver's.
            self._log.warn(
                "{part} is not known to be safe: {error}; it is tried again",
                part=part.name,
                error=str(failure.value),
            )
            return
        self._log.failure(
            "{part} could not be made safe; it is tried again", failure, part=part.name
        )

    def _over(self, unsafe: _Unsafe, reply: str) -> None:
        unsafe.wait_no_more()
        del self._parts[unsafe.part.name]
        if unsafe.trouble is not None:
            self._log.warn("{part} is unsafe no more: {reply}", part=unsafe.part.name, reply=reply)
        self._diary.note("safe", part=unsafe.part.name, reply=reply)


def _takes(move: Move, part: Part) -> bool:
    """Whether who moves that has the part in his hands."""
    if move.manager is not part.manager or not overlap(move.target, part.target):
        return False
    gives_light = ILaserManager.providedBy(part.manager) and overlap(part.target, "output")
    return not gives_light or overlap(move.target, "output")
