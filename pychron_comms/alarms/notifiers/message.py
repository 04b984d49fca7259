"""What is sent: one message about all that has happened since the last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pychron_comms.alarms.notice import Notice

#: Alarms that a message tells of; how many there are beside them, it says.
MOST = 20

#: Characters of a line, and of a subject.
_LINE, _SUBJECT = 400, 120


@dataclass(frozen=True, kw_only=True)
class Message:
    """``subject`` is one line, ``body`` several; ``notices`` are what it is about."""

    subject: str
    body: str
    notices: Sequence[Notice] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "subject": self.subject,
            "text": self.body,
            "alarms": [
                {
                    "name": each.alarm,
                    "what": each.what,
                    "sev": each.severity.value,
                    "reason": each.reason,
                    "text": each.text,
                    "t": round(each.at, 3),
                }
                for each in self.notices
            ],
        }


def message_about(notices: Sequence[Notice], lost: int, place: str) -> Message:
    """One message about all of these, newest last; ``lost`` more are not told of.

    ``place`` is the laboratory's computer, so that who gets it knows where.
    """
    told = notices[-MOST:]
    more = len(notices) - len(told) + lost
    lines = [line for each in told for line in _lines(each)]
    if more:
        lines.insert(0, f"{more} more before these")
    last = told[-1]
    beside = len(notices) + lost - 1
    subject = f"{last.line} and {beside} more" if beside else last.line
    return Message(
        subject=_one_line(f"[{place}] {subject}", _SUBJECT), body="\n".join(lines), notices=told
    )


def trial(place: str) -> Message:
    """What ``Alarms|Test`` sends."""
    text = "This is a test: no alarm is the reason. Alarms will come like this."
    return Message(subject=f"[{place}] test of the alarms", body=text)


def _lines(notice: Notice) -> list[str]:
    at = datetime.fromtimestamp(notice.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines = [_one_line(f"{at}  {notice.line}", _LINE)]
    if notice.text:
        lines.append(_one_line(f"    {notice.text}", _LINE))
    return lines


def _one_line(text: str, most: int) -> str:
    """A subject of two lines would be a header of its own."""
    flat = "".join(each if each.isprintable() else " " for each in text)
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"
