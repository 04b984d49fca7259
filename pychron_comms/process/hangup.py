"""SIGHUP: to read the configuration again, or that the terminal is gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

from twisted.internet.error import ReactorNotRunning
from twisted.logger import Logger

#: Standard input, output and error.
_STREAMS = (0, 1, 2)

_log = Logger()


class Hangup:
    """Calls ``act`` in the reactor's thread for each SIGHUP.

    A terminal that is closed sends the same signal to what it started; then the reactor stops,
    unless the process was started to outlive it (``nohup``). To be made in the main thread;
    ``watch`` when the reactor runs.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        act: Callable[[], None],
        is_terminal: Callable[[int], bool] = os.isatty,
    ) -> None:
        self._reactor = reactor
        self._act = act
        self._is_terminal = is_terminal
        self._had_terminal = self._has_terminal() and not _is_ignored()

    def watch(self) -> None:
        """Nothing, on systems that have no such signal."""
        if hasattr(signal, "SIGHUP"):
            signal.signal(signal.SIGHUP, self._told)

    def _told(self, number: int, frame: FrameType | None) -> None:
        # Neither the log nor anything else may be touched in the middle of what runs now.
        self._reactor.callFromThread(self.heard)

    def heard(self) -> None:
        """The signal has come."""
        if self._had_terminal and not self._has_terminal():
            self._log.info("SIGHUP: the terminal is gone")
            with suppress(ReactorNotRunning):  # it stops already
                self._reactor.stop()
            return
        self._act()

    def _has_terminal(self) -> bool:
        return any(self._is_terminal(each) for each in _STREAMS)


def end_with_terminal(reactor: Any) -> None:
    """For a service that reads its configuration at a start alone: it stops as Ctrl-C stops it.

    Without a handler the system would end the process at once, and leave the hardware as it is.
    """
    reactor.callWhenRunning(Hangup(reactor, _nothing_is_read).watch)


def _nothing_is_read() -> None:
    _log.warn("SIGHUP: the configuration is read at a start alone; nothing changes")


def _is_ignored() -> bool:
    return hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
