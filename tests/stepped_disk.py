"""A reactor's turns and a disk that tests step by hand, for what waits for both."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable

from pychron_comms.journal.syncing import Done, Sync, Turns


class SteppedDisk:
    """``turn`` is a turn of the reactor; in it the disk has done what it was asked before, unless
    it ``hangs``. ``syncs`` counts what it was asked."""

    def __init__(self) -> None:
        self.later: list[Callable[[], None]] = []
        self.hangs = False
        self.syncs = 0
        self._under_way: tuple[Sync, Done] | None = None

    @property
    def turns(self) -> Turns:
        return Turns(self.later.append, self)

    @property
    def is_busy(self) -> bool:
        return self._under_way is not None

    def turn(self) -> None:
        self._turn()
        if not self.hangs:
            self.end()

    def turn_and_fail(self) -> None:
        """The same, and the disk cannot keep it."""
        self._turn()
        self.end(OSError(errno.EIO, "bad sector"))

    def end(self, error: OSError | None = None) -> None:
        """It has done what it was asked, or could not."""
        if self._under_way is None:
            return
        (sync, done), self._under_way = self._under_way, None
        try:
            sync()
        except OSError as raised:
            error = raised
        done(error)

    def _turn(self) -> None:
        later = self.later.copy()
        self.later.clear()
        for each in later:
            each()

    # -- what a journal asks

    def begin(self, sync: Sync, done: Done) -> None:
        assert self._under_way is None, "one sync at a time"
        self.syncs += 1
        self._under_way = sync, done

    def wait(self, seconds: float) -> None:
        if self.hangs:
            time.sleep(max(seconds, 0.0))
        else:
            self.end()

    def stop(self) -> None:
        """There is no thread."""
