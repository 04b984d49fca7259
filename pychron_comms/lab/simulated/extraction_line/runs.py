"""What the data-collection program tells of its runs, kept for who looks."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from twisted.logger import Logger
from zope.interface import implementer

from pychron_comms.interfaces import IReactorManager, IRunReport


class RunEvent(NamedTuple):
    """``time`` is in seconds of Unix time; ``kind`` is the command's word."""

    time: float
    kind: str
    text: str
    sender: str


@implementer(IRunReport, IReactorManager)
class RunReport:
    """Logs every event, and keeps the last ``limit`` of them in ``events``."""

    _log = Logger()

    def __init__(self, now: Callable[[], float] = time.time, limit: int = 1000) -> None:
        self.events: deque[RunEvent] = deque(maxlen=limit)
        self._now = now

    def start_run(self, text: str, sender: str) -> None:
        self._note("StartRun", text, sender)

    def complete_run(self, text: str, sender: str) -> None:
        self._note("CompleteRun", text, sender)

    def start_mult_runs(self, text: str, sender: str) -> None:
        self._note("StartMultRuns", text, sender)

    def complete_mult_runs(self, text: str, sender: str) -> None:
        self._note("CompleteMultRuns", text, sender)

    def _note(self, kind: str, text: str, sender: str) -> None:
        self.events.append(RunEvent(self._now(), kind, text, sender))
        self._log.info("{kind} from {sender}: {text}", kind=kind, sender=sender, text=text)
