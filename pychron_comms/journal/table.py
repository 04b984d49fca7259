"""Records as lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pychron_comms.journal.record import CARRIED, json_bytes

_SHOWN = frozenset({"n", "at", "event", "hash", "of", "sender", "type", "command", "reply"})
_LINE = "{:>8}  {:<23}  {:<15}  {:<36}  {}"
HEADING = _LINE.format("record", "time (UTC)", "sender", "command", "what came of it")

Values = Mapping[str, Any]


class Entry(NamedTuple):
    """``values``: as they stand. ``about``: the same, and for an end what its begin tells."""

    values: Values
    about: Values


def entries(records: Iterable[Values]) -> Iterator[Entry]:
    """Each record, an end with what it is the end of."""
    begun: dict[Any, Values] = {}
    for values in records:
        if values["event"] == "begin":
            begun[values["n"]] = values
        of = values.get("of")
        begin = begun.get(of, {}) if isinstance(of, int) else {}
        if begin and values["event"] == "end":
            del begun[of]
        yield Entry(values, {**begin, **values})


def table_line(entry: Entry) -> str:
    about = entry.about
    time = str(about["at"])[:23].replace("T", " ")
    asked = "|".join(str(about[key]) for key in ("type", "command") if about.get(key))
    cells = (about["n"], time, about.get("sender") or "", asked, _what_came(entry))
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


def _what_came(entry: Entry) -> str:
    values = entry.values
    event = str(values["event"])
    parts = [] if event == "end" and "reply" in values else [event]
    if "reply" in values:
        parts.append(str(values["reply"]))
    if isinstance(values.get("of"), int):
        parts.append(f"(of {values['of']})")
    if event == CARRIED:
        return f"{event} {len(values.get('records', ()))}"
    parts += [f"{key}={_short(values[key])}" for key in values if _tells(key, values)]
    return " ".join(parts)


def _tells(key: str, values: Values) -> bool:
    return key not in _SHOWN and values[key] not in ("", None)


def _short(value: Any) -> str:
    return value if isinstance(value, str) else json_bytes(value).decode()
