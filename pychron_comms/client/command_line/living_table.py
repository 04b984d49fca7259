"""What a watch tells as a table on the terminal that stays, and whose rows live. Needs rich."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live as LiveDisplay
from rich.table import Table
from rich.text import Text

from pychron_comms.client.command_line.notices import (
    NOTHING_YET,
    about_connection,
    as_line,
    beside,
    printable,
    shown_value,
)
from pychron_comms.client.watch.notices import Gap, Happened, Item, Live, Lost, Notice
from pychron_comms.interfaces import Severity

_STYLES = {Severity.MINOR: "yellow", Severity.MAJOR: "bold red", Severity.INVALID: "dim strike"}
_DIGITS = re.compile(r"(\d+)")

#: Times a second that the terminal is written anew.
_PER_SECOND = 4


class LivingTable:
    """``items`` are those of the watch; ``show`` is told each notice."""

    def __init__(self, items: Mapping[str, Item]) -> None:
        self._items = items
        self._state = "connecting"
        self._last = ""

    def show(self, notice: Notice) -> None:
        if isinstance(notice, Happened):
            self._last = _happened(notice)
        elif isinstance(notice, Lost):
            self._state = f"{time.strftime('%H:%M:%S')}: {about_connection(notice)}"
        elif isinstance(notice, Live | Gap):
            self._state = about_connection(notice)

    def rendered(self) -> Group:
        lost = self._state not in {"live", "connecting"}
        table = Table(box=None, padding=(0, 2, 0, 0))
        for name in ("", "value", "since", "why"):
            table.add_column(name, header_style="dim")
        for item in sorted(dict(self._items).values(), key=_order):
            style = "dim" if lost else _STYLES.get(item.severity, "")
            cells = (item.path, _value(item), _moment(item.obtained), _why(item))
            table.add_row(*(Text(cell) for cell in cells), style=style)
        state = self._state
        if state == "live" and not self._items:
            state = f"{state}; {NOTHING_YET}"
        return Group(Text(state, "bold red" if lost else "dim"), table, Text(self._last))


@contextmanager
def living_table(out: TextIO, items: Mapping[str, Item]) -> Iterator[LivingTable]:
    """On the terminal ``out``, until the end of the block; the last state stays to be read."""
    table = LivingTable(items)
    with LiveDisplay(
        console=Console(file=out),
        get_renderable=table.rendered,
        refresh_per_second=_PER_SECOND,
        vertical_overflow="ellipsis",
    ):
        yield table


def _value(item: Item) -> str:
    """As people say it, where it is a state."""
    if not isinstance(item.value, bool):
        return shown_value(item)
    if "/valve/" not in item.path:
        return "yes" if item.value else "no"
    if item.details.get("moving"):
        return "opening" if item.details.get("target") else "closing"
    return "open" if item.value else "closed"


def _moment(seconds: float) -> str:
    """A time of today alone, and with its day where it was another."""
    when, today = time.localtime(seconds), time.localtime()
    is_today = when[:3] == today[:3]
    return time.strftime("%H:%M:%S" if is_today else "%Y-%m-%d %H:%M", when)


def _happened(notice: Happened) -> str:
    fields = notice.fields
    if notice.path != "command" or not {"who", "type", "command", "reply"} <= fields.keys():
        return as_line(notice).replace("\t", "  ")
    asked = f"{fields['who']}  {fields['type']}|{fields['command']}  {fields['reply']}"
    return f"{_moment(notice.at)}  {printable(asked)}"


def _why(item: Item) -> str:
    # A colour alone would not reach everybody.
    bad = "" if item.severity is Severity.OK else f"{item.severity.value}: {item.reason}"
    return "; ".join(filter(None, (bad, beside(item))))


def _order(item: Item) -> list[tuple[int, str]]:
    """V10 comes after V9."""
    parts = _DIGITS.split(item.path)
    return [(int(part), "") if part.isdigit() else (0, part) for part in parts]
