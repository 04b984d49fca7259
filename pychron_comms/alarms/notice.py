"""What people are told of an alarm."""

from __future__ import annotations

from typing import NamedTuple

from pychron_comms.alarms.alarm import CHANGED, CLEARED, RAISED, UNSHELVE, Alarm
from pychron_comms.interfaces import Severity


class Notice(NamedTuple):
    """``what`` has happened to an alarm; ``at`` is Unix time in seconds, ``text`` what to do."""

    alarm: str
    what: str
    severity: Severity
    reason: str
    text: str
    at: float

    @property
    def line(self) -> str:
        """For people, in one line."""
        reason = f": {self.reason}" if self.reason else ""
        return f"{self.alarm} {self.what} ({self.severity.value}){reason}"


def notice_of(alarm: Alarm, what: str, at: float) -> Notice:
    return Notice(alarm.name, what, alarm.current, alarm.reason, alarm.rule.text, at)


def is_news(alarm: Alarm, what: str) -> bool:
    """Whether people are to be told of it: nobody has seen it yet, nor wants to be spared."""
    if alarm.shelf is not None or alarm.acknowledged_by:
        return False
    return what in {RAISED, CHANGED, CLEARED} or (what == UNSHELVE and alarm.is_active)
