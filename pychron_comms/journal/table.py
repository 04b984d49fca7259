"""Records as lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple

from pychron_comms.journal.facts import ALARM, Facts, alarm_words, facts_of
from pychron_comms.journal.moments import told
from pychron_comms.journal.record import CARRIED, json_bytes, time_text

# What has a column of its own, or is for programs.
_SHOWN = frozenset({"n", "at", "event", "hash", "of", "sender", "type", "command", "reply", "ask"})
_TIMES = frozenset({"since", "until"})
_LINE = "{:>8}  {:<30}  {:<15}  {:<36}  {}"
HEADING = _LINE.format("record", "time", "sender", "command", "what came of it")

Values = Mapping[str, Any]


class Entry(NamedTuple):
    """``values``: as they stand. ``about``: the same, and for an end what its begin tells."""

    values: Values
    about: Values
    facts: Facts


class Entries:
    """Puts ends to their begins."""

    def __init__(self) -> None:
        self._begun: dict[Any, Entry] = {}

    def of(self, records: Iterable[Values]) -> Iterator[Entry]:
        """Each record, an end with what it is the end of; what has no time is passed over."""
        for values in records:
            of, begin = values.get("of"), None
            if values["event"] == "end" and isinstance(of, int):
                begin = self._begun.pop(of, None)
            try:
                facts = facts_of(values, begin.facts if begin else None)
            except ValueError:
                continue
            entry = Entry(values, {**begin.values, **values} if begin else values, facts)
            if facts.event == "begin":
                self._begun[values["n"]] = entry
            yield entry


def table_lines(entries: Iterable[Entry], zone: tzinfo | None = None) -> Iterator[str]:
    """A line for each; a begin and the end that comes next are one, by the begin's number and time.

    ``zone``: of their times; None for this computer's.
    """
    begin: Entry | None = None
    for entry in entries:
        if begin is not None:
            is_its_end = entry.facts.event == "end" and entry.values.get("of") == begin.values["n"]
            yield table_line(_whole(begin, entry) if is_its_end else begin, zone)
            if is_its_end:
                begin = None
                continue
        begin = entry if entry.facts.event == "begin" else None
        if begin is None:
            yield table_line(entry, zone)
    if begin is not None:
        yield table_line(begin, zone)


def table_line(entry: Entry, zone: tzinfo | None = None) -> str:
    """``zone``: of its times; None for this computer's."""
    about = entry.about
    asked = "|".join(str(about[key]) for key in ("type", "command") if about.get(key))
    if entry.facts.event == ALARM:
        asked = f"alarm {about.get('alarm', '')}"
    time = told(str(about["at"]), zone)
    cells = (about["n"], time, about.get("sender") or "", asked, _what_came(entry, zone))
    return _LINE.format(*(printable(str(cell)) for cell in cells)).rstrip()


def json_line(entry: Entry) -> str:
    """As it stands in the file; what no terminal should show is escaped."""
    text = json_bytes(entry.values).decode()
    return text if text.isprintable() else json_bytes(entry.values, ascii_only=True).decode()


def counted(count: int, word: str) -> str:
    """``1 finding``, ``2 findings``."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"


def printable(text: str) -> str:
    """Without what could move a terminal's cursor, or be taken for another line."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else _escaped(each) for each in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _whole(begin: Entry, end: Entry) -> Entry:
    values = {**begin.values, "event": "end"}
    if "reply" in end.values:
        values["reply"] = end.values["reply"]
    return Entry(values, begin.about, end.facts)


def _what_came(entry: Entry, zone: tzinfo | None) -> str:
    values = entry.values
    event = str(values["event"])
    if event == ALARM:
        by = f", by {values['by']}" if values.get("by") else ""
        return f"{alarm_words(values)}{by}"
    if event == CARRIED:
        return f"{event} {counted(len(values.get('records', ())), 'record')}"
    parts = [] if event == "end" and "reply" in values else [event]
    if "reply" in values:
        parts.append(str(values["reply"]))
    if entry.facts.seconds is not None:
        parts.append(f"after {entry.facts.seconds:.3f} s")
    if isinstance(values.get("of"), int):
        parts.append(f"(of {values['of']})")
    parts += [f"{key}={_short(key, values[key], zone)}" for key in values if _tells(key, values)]
    return " ".join(parts)


def _tells(key: str, values: Values) -> bool:
    return key not in _SHOWN and values[key] not in ("", None)


def _short(key: str, value: Any, zone: tzinfo | None) -> str:
    if key in _TIMES and isinstance(value, (int, float)) and 0 < value < 1e11:
        return told(time_text(value), zone)
    return value if isinstance(value, str) else json_bytes(value).decode()
