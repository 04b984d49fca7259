"""A reactor's turns and a disk that tests step by hand, for what waits for both."""

from __future__ import annotations

import errno
import time
from collections import deque
from collections.abc import Callable

from pychron_comms.journal.syncing import Done, Turns, Work
from pychron_comms.transport.cork import Cork


class SteppedDisk:
    """``turn`` is a turn of the reactor; in it the disk has done what it was asked before, unless
    it ``hangs``. ``asked`` counts what it was; ``cork`` is in while many are told."""

    def __init__(self) -> None:
        self.cork = Cork()
        self.later: list[Callable[[], None]] = []
        self.hangs = False
        self.asked = 0
        self._begun: deque[tuple[Work, Done]] = deque()

    @property
    def turns(self) -> Turns:
        return Turns(self.later.append, self, self.cork)

    @property
    def is_busy(self) -> bool:
        return bool(self._begun)

    def turn(self) -> None:
        self._turn()
        if not self.hangs:
            self.end()

    def turn_and_fail(self) -> None:
        """The same, and the disk cannot keep it."""
        self._turn()
        self.end(OSError(errno.EIO, "bad sector"))

    def end(self, error: OSError | None = None) -> None:
        """It has done what it was asked first, or could not."""
        if not self._begun:
            return
        work, done = self._begun.popleft()
        if error is not None:
            done(error)
            return
        try:
            outcome = work()
        except Exception as raised:
            outcome = raised
        done(outcome)

    def _turn(self) -> None:
        later = self.later.copy()
        self.later.clear()
        for each in later:
            each()

    # -- what a journal asks

    def begin(self, work: Work, done: Done) -> None:
        self.asked += 1
        self._begun.append((work, done))

    def wait(self, seconds: float) -> None:
        if self.hangs:
            time.sleep(max(seconds, 0.0))
        else:
            self.end()

    def stop(self) -> None:
        """There is no thread."""
