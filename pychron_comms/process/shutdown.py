"""How a process ends: one thing after the other, and each within its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

#: Seconds that each part of a stop may take; the longest sum is below 10, when a person loses
#: patience, but where much waits to be made safe: then below 30. systemd's units give 45.
#: Commands in flight that a processor elsewhere has:
IN_FLIGHT = 4.0
#: A gate to hardware: what runs has 4 s to end; then the hardware is made safe, in 4 s, or in 20
#: where much waits for that.
GATE = 24.2
#: A connection to a processor, and the replies that its end makes.
REPEATERS = 0.5
#: Replies that wait in buffers until their clients read them.
FLUSH = 1.0
#: Listeners.
LISTENERS = 0.25

_POLL = 0.02


class Shutdown:
    """Waits for the parts of a stop. No wait fails: what goes wrong is logged, the rest goes on."""

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    def ended(self, what: str, work: Callable[[], Any], seconds: float) -> Deferred[bool]:
        """Fires when ``work`` has ended (True), or after that many seconds (False).

        ``work`` is not cancelled: what has begun may still end.
        """
        done: Deferred[bool] = Deferred()
        timer = self._clock.callLater(seconds, self._too_late, done, what, seconds)

        def over(result: object) -> None:
            if timer.active():
                timer.cancel()
                done.callback(True)

        maybeDeferred(work).addErrback(self._broke, what).addCallback(over)
        return done

    def until(self, what: str, condition: Callable[[], bool], seconds: float) -> Deferred[bool]:
        """Fires when ``condition`` holds (True), or after that many seconds (False)."""
        look = LoopingCall(lambda: look.stop() if condition() else None)
        look.clock = self._clock
        done = self.ended(what, lambda: look.start(_POLL), seconds)
        return done.addCallback(_stopped, look)

    def _too_late(self, done: Deferred[bool], what: str, seconds: float) -> None:
        self._log.warn(
            "{what}: not over in {seconds:g} s; stopping all the same", what=what, seconds=seconds
        )
        done.callback(False)

    def _broke(self, failure: Failure, what: str) -> None:
        self._log.failure("{what}: could not be stopped", failure, what=what)


def _stopped(result: bool, look: LoopingCall) -> bool:
    if look.running:
        look.stop()
    return result
