"""A log for programs: one JSON object in each line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TextIO, cast

from twisted.logger import FileLogObserver, LogEvent, formatEvent
from twisted.python.failure import Failure
from twisted.python.logfile import LogFile

from pychron_comms.process.log_output import LogOutput

#: Where twistd writes in the background, where nothing is said.
_LOG_FILE = "twistd.log"

#: Fields of Twisted's own that say nothing to who reads.
_ITS_OWN = frozenset({"format", "isError", "message", "system", "time", "text", "level", "logger"})


def json_line(event: LogEvent) -> str:
    """``time`` (UTC), ``level``, ``logger``, ``text``, and the event's own fields that JSON has;
    ``traceback`` where it is a failure."""
    level = event.get("log_level")
    line: dict[str, Any] = {
        "time": _time(event.get("log_time", 0.0)),
        "level": level.name if level is not None else "info",
        "logger": str(event.get("log_namespace", "-")),
        "text": formatEvent(event),
    }
    line |= dict(_fields(event))
    failure = event.get("log_failure")
    if isinstance(failure, Failure):
        line["traceback"] = failure.getTraceback()
    return f"{json.dumps(line, ensure_ascii=False)}\n"


def json_observer(file: str, output: LogOutput | TextIO | None) -> FileLogObserver:
    """Writes to where twistd would write its log: to an output, or to what ``--logfile`` says."""
    if output is not None:
        return FileLogObserver(cast(TextIO, output), json_line)
    return FileLogObserver(LogFile.fromFullPath(file or _LOG_FILE), json_line)


def _fields(event: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [
        (name, value)
        for name, value in event.items()
        if isinstance(value, (str, int, float, bool))
        and name not in _ITS_OWN
        and not name.startswith("log_")
    ]


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
