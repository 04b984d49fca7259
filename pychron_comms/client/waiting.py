"""Waiting for what a server has begun: polls, a deadline, a way to cancel, progress.

A wait that ends early leaves the hardware as it is, unless ``stop_on_cancel`` asks otherwise.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

#: Seconds that a wait takes at most where its caller names no other deadline.
DEADLINE = 600.0

#: An event that is set, or a function that answers True, to end a wait.
Cancel = threading.Event | Callable[[], bool]


class WaitError(Exception):
    """A wait that ended before what it waited for; the hardware may be at it still."""


class WaitCancelledError(WaitError):
    """The caller has cancelled the wait."""


class DeadlinePassedError(WaitError, TimeoutError):
    """What was waited for took longer than the deadline."""


class Progress(NamedTuple):
    """What is waited for, the seconds it has taken, the seconds it may take (None: any)."""

    what: str
    elapsed: float
    deadline: float | None


class WaitOptions(TypedDict, total=False):
    """What the caller of a blocking method may say of its wait.

    ``deadline`` is in seconds, None for no end; 600 where it is not given. ``progress`` is called
    at every poll. ``stop_on_cancel`` stops the hardware too when the wait is cancelled,
    interrupted from the keyboard or past its deadline.
    """

    deadline: float | None
    cancel: Cancel | None
    progress: Callable[[Progress], None] | None
    stop_on_cancel: bool


def leave_alone() -> None:
    """For what has no command that stops it."""


@dataclass(frozen=True, kw_only=True)
class Waiter:
    """Polls every ``interval`` seconds.

    ``confirm`` polls in a row must say that it is over, since hardware may take a moment to begin.
    """

    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    interval: float = 0.25
    confirm: int = 2

    def until_over(
        self,
        what: str,
        goes_on: Callable[[], bool],
        stop: Callable[[], object],
        *,
        deadline: float | None = DEADLINE,
        cancel: Cancel | None = None,
        progress: Callable[[Progress], None] | None = None,
        stop_on_cancel: bool = False,
    ) -> None:
        """Return when ``goes_on`` answers False; what it raises ends the wait.

        Raises WaitCancelledError and DeadlinePassedError.
        """
        steps = _Steps(self, what, deadline, cancel, progress)
        try:
            self._poll(goes_on, steps)
        except (WaitError, KeyboardInterrupt):
            if stop_on_cancel:
                stop()
            raise

    def _poll(self, goes_on: Callable[[], bool], steps: _Steps) -> None:
        steps.check_cancelled()
        negatives = int(not goes_on())
        while negatives < self.confirm:
            steps.pause()
            negatives = 0 if goes_on() else negatives + 1


class _Steps:
    """The pauses between the polls of one wait, and what may end it there."""

    def __init__(
        self,
        waiter: Waiter,
        what: str,
        deadline: float | None,
        cancel: Cancel | None,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._waiter = waiter
        self._what = what
        self._deadline = deadline
        self._cancelled = cancel.is_set if isinstance(cancel, threading.Event) else cancel
        self._progress = progress
        self._began = waiter.clock()

    def pause(self) -> None:
        elapsed = self._waiter.clock() - self._began
        if self._progress is not None:
            self._progress(Progress(self._what, elapsed, self._deadline))
        self._waiter.sleep(min(self._waiter.interval, self._seconds_left(elapsed)))
        self.check_cancelled()

    def check_cancelled(self) -> None:
        if self._cancelled is not None and self._cancelled():
            raise WaitCancelledError(f"cancelled while waiting for {self._what}")

    def _seconds_left(self, elapsed: float) -> float:
        if self._deadline is None:
            return self._waiter.interval
        if elapsed >= self._deadline:
            raise DeadlinePassedError(f"{self._what} took longer than {self._deadline:g} s")
        return self._deadline - elapsed
