"""A process that ends already bears it to be told so again."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from twisted.logger import Logger

#: What asks a process to end, of which each system has some.
_NAMES = ("SIGINT", "SIGTERM", "SIGBREAK")


def end_once(reactor: Any) -> None:
    """Let only the first signal to end reach this reactor, which takes a second one for a bug.

    To be called in the main thread, before the reactor runs.
    """
    ending = _Ending(reactor)
    reactor.callWhenRunning(ending.watch)
    reactor.addSystemEventTrigger("before", "shutdown", ending.begin)


class _Ending:
    _log = Logger()

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._begun = False
        self._handlers: dict[int, Any] = {}

    def begin(self) -> None:
        """It ends, for whatever reason."""
        self._begun = True

    def watch(self) -> None:
        """Stand before the handlers that are there now."""
        for number in (getattr(signal, name) for name in _NAMES if hasattr(signal, name)):
            handler = signal.getsignal(number)
            if callable(handler):
                self._handlers[number] = handler
                signal.signal(number, self._told)

    def _told(self, number: int, frame: FrameType | None) -> None:
        if not self._begun:
            self._begun = True
            self._handlers[number](number, frame)
        else:
            # The log may just be written to: not here.
            self._reactor.callFromThread(self._say, signal.Signals(number).name)

    def _say(self, name: str) -> None:
        self._log.info("{name}: it stops already", name=name)
