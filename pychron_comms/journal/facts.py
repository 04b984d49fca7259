"""What can be asked of a record: who, which part, what came of it, and how long it took."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pychron_comms.journal.moments import micros_of

_ERROR = re.compile(r"ERROR (\d+)")

#: What happens to an alarm, in the alarms' own journal.
ALARM = "alarm"

#: Of a reply that is no error; one without a number, as Qtegra has them.
FINE, UNNUMBERED = 0, -1


class Facts(NamedTuple):
    """``at`` in microseconds since 1970. ``code`` of the reply, ``seconds`` that it took, or None.

    An end has those of its begin. Texts that are not there are empty.
    """

    at: int
    event: str
    who: str
    type: str
    target: str
    key: str
    code: int | None
    seconds: float | None


def facts_of(values: Mapping[str, Any], begin: Facts | None = None) -> Facts:
    """``begin``: of the command that this is the end of. Errors: ValueError for no record."""
    at, event = micros_of(str(values["at"])), str(values["event"])
    code = code_of(values.get("reply"))
    if begin is not None:
        seconds = (at - begin.at) / 1e6
        return begin._replace(at=at, event=event, code=code, seconds=seconds)
    type_, target = _subject(event, values)
    who = str(values.get("sender") or values.get("owner") or values.get("by") or "")
    return Facts(at, event, who, type_, target, str(values.get("key") or ""), code, None)


def alarm_words(about: Mapping[str, Any]) -> str:
    """What happened to an alarm, and how it stood then."""
    state = about.get("state")
    reason = state.get("reason") if isinstance(state, dict) else ""
    return ": ".join(str(each) for each in (about.get("what"), reason) if each)


def code_of(reply: Any) -> int | None:
    """The number of an error, 0 for what is none, -1 for one without a number."""
    if not isinstance(reply, str):
        return None
    error = _ERROR.match(reply)
    if error is not None:
        return int(error[1])
    return UNNUMBERED if reply.startswith(("ERROR", "failed")) else FINE


def target_of(command: str) -> str:
    """The part that a command names: its first argument."""
    if command.startswith("{"):
        return _json_target(command)
    words = command.split(maxsplit=2)
    return words[1].strip("\"',") if len(words) > 1 else ""


def _subject(event: str, values: Mapping[str, Any]) -> tuple[str, str]:
    part, item = values.get("part"), values.get("item")
    if event == ALARM and isinstance(item, str):
        return _item_subject(item)
    if isinstance(part, str):
        type_, _, target = part.partition(":")
        return type_, target
    return str(values.get("type") or ""), target_of(str(values.get("command") or ""))


def _item_subject(path: str) -> tuple[str, str]:
    """Of what stands at that path of the state stream: a valve is found by its own name."""
    type_, _, rest = path.partition("/")
    return type_, rest if type_ == "device" else rest.rpartition("/")[2]


def _json_target(command: str) -> str:
    try:
        fields = json.loads(command)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(fields, dict):
        return ""
    others = (value for key, value in fields.items() if key != "command")
    return next((str(value) for value in others if isinstance(value, (str, int, float))), "")
