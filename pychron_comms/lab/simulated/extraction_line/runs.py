"""What the data-collection program tells of its runs, kept for who looks."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from twisted.logger import Logger
from zope.interface import implementer

from pychron_comms.interfaces import IReactorManager, IRunReport, IShowsState, Reading, Source

#: Characters of what was told of a run that the state stream passes on.
_SHOWN = 200


class RunEvent(NamedTuple):
    """``time`` is in seconds of Unix time; ``kind`` is the command's word."""

    time: float
    kind: str
    text: str
    sender: str


@implementer(IRunReport, IReactorManager, IShowsState)
class RunReport:
    """Logs every event, and keeps the last ``limit`` of them in ``events``.

    It shows the run and the series that are on: what was told of each, empty for none.
    """

    _log = Logger()

    def __init__(self, now: Callable[[], float] = time.time, limit: int = 1000) -> None:
        self.events: deque[RunEvent] = deque(maxlen=limit)
        self._now = now
        # Nobody has told this process yet.
        self._shown = {path: Reading(path, "", source=Source.ASSUMED) for path in ("run", "series")}

    def readings(self) -> Sequence[Reading]:
        return list(self._shown.values())

    def start_run(self, text: str, sender: str) -> None:
        self._note("StartRun", text, sender)
        self._show("run", text[:_SHOWN] or "unnamed", sender)

    def complete_run(self, text: str, sender: str) -> None:
        self._note("CompleteRun", text, sender)
        self._show("run", "", sender)

    def start_mult_runs(self, text: str, sender: str) -> None:
        self._note("StartMultRuns", text, sender)
        self._show("series", text[:_SHOWN] or "unnamed", sender)

    def complete_mult_runs(self, text: str, sender: str) -> None:
        self._note("CompleteMultRuns", text, sender)
        self._show("series", "", sender)

    def _note(self, kind: str, text: str, sender: str) -> None:
        self.events.append(RunEvent(self._now(), kind, text, sender))
        self._log.info("{kind} from {sender}: {text}", kind=kind, sender=sender, text=text)

    def _show(self, path: str, value: str, sender: str) -> None:
        details = {"since": round(self._now(), 3), "by": sender}
        self._shown[path] = Reading(path, value, source=Source.COMMANDED, details=details)
