"""What a watch tells, as lines for a person or a pipe."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TextIO

from pychron_comms.client.command_line.output import write_line
from pychron_comms.client.watch.notices import Gap, Happened, Item, Live, Lost, Notice
from pychron_comms.interfaces import Severity

#: Characters of a value on a line; a drawing of the whole line has thousands.
_LONGEST = 200

#: Of a watch whose patterns are no item's name.
NOTHING_YET = "nothing there has such a name so far"


class NoticeLines:
    """Writes a line for each: time, path, value, severity, and its reason or what is beside, with
    tabs between.

    With ``as_json`` a JSON object, with nothing left out. What concerns the connection goes to
    ``err``; and so does that nothing is there, where all has come and none of it was an item.
    """

    def __init__(self, out: TextIO, err: TextIO, as_json: bool = False) -> None:
        self._out = out
        self._err = err
        self._as_json = as_json
        self._has_items = False

    def show(self, notice: Notice) -> None:
        if isinstance(notice, Item | Happened):
            self._has_items = self._has_items or isinstance(notice, Item)
            line = json.dumps(as_json(notice)) if self._as_json else as_line(notice)
            write_line(self._out, line)
        elif not isinstance(notice, Live):
            self._tell(about_connection(notice))
        elif not self._has_items:
            self._tell(NOTHING_YET)

    def _tell(self, text: str) -> None:
        write_line(self._err, f"pychron-ask: {text}")


def as_json(notice: Item | Happened) -> Mapping[str, Any]:
    """With the words that the server's own event lines have."""
    if isinstance(notice, Item):
        return notice.as_json()
    return {"path": notice.path, "t": notice.at, **notice.fields}


def as_line(notice: Item | Happened) -> str:
    if isinstance(notice, Happened):
        fields = " ".join(f"{name}={_word(each)}" for name, each in notice.fields.items())
        return "\t".join((_moment(notice.at), printable(notice.path), printable(fields)))
    cells = [_moment(notice.obtained), printable(notice.path), shown_value(notice)]
    cells.append("gone" if notice.is_gone else notice.severity.value)
    told = notice.reason if notice.severity is not Severity.OK else ""
    if told or beside(notice):
        cells.append("; ".join(filter(None, (printable(told), beside(notice)))))
    return "\t".join(cells)


def beside(item: Item) -> str:
    """In words, what an item has beside its value: ``moving, owner=10.0.0.7``.

    What it moves to is its next value, and a holder's hundred holes are for programs.
    """
    words = [
        name if value is True else f"{name}={','.join(map(_word, _texts(value)))}"
        for name, value in item.details.items()
        if value and name not in {"target", "gone"} and (value is True or _texts(value))
    ]
    return printable(", ".join(words))


def _texts(value: object) -> list[str]:
    """A text, or those of a list of nothing else; none of anything else."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return value
    return []


def about_connection(notice: Live | Gap | Lost) -> str:
    """In words."""
    if isinstance(notice, Lost):
        return printable(f"no connection ({notice.reason}); what was told may be so no more")
    return "some changes were missed" if isinstance(notice, Gap) else "live"


def shown_value(item: Item) -> str:
    """With its unit; cut where it is long."""
    value = item.value
    text = value if isinstance(value, str) else _word(value)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}..."
    return printable(f"{text} {item.unit}" if item.unit else text)


def printable(text: str) -> str:
    """What a name or reply holds of line ends and a terminal's own codes is written as such."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def _word(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, str) and value and not set(value) & {" ", '"'}:
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="milliseconds")
