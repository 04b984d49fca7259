"""All mistakes of a configuration that can be found at once, and not only the first.

Reading stops at the first. So that is taken out of what was read, and it is read again, until all
is well: what then comes up does not come of the one before.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pychron_comms.config.key_lines import key_lines
from pychron_comms.config.table import ConfigError, Gone, Place, Table

#: So many are told: who has more than that mends these first.
MOST = 20

#: Times that a configuration is read: some mistakes take two steps to pass.
_READINGS = 3 * MOST

#: Reads all of it, and builds what it describes. Raises ConfigError for the first mistake.
Build = Callable[[Table], object]


def all_mistakes(first: ConfigError, build: Build) -> list[ConfigError]:
    """The first and the others that are no consequence of it, in the order of their lines.

    At most ``MOST``. The file of the first is read again.
    """
    found = [first]
    if first.place is not None:
        found += _Search(first.place.file, build).after(first)
    # What has no line is said last.
    return sorted(found, key=lambda each: (each.line is None, each.line))


class _Search:
    """Passes over one mistake after the other, in what was read of the file."""

    def __init__(self, file: str, build: Build) -> None:
        text = Path(file).read_text("utf-8")
        self._file = file
        self._build = build
        self._values: dict[str, Any] = tomllib.loads(text)
        self._lines = key_lines(text)
        #: Of these, nothing is told: they are as they are since something was passed over.
        self._altered: set[Place] = set()
        self._mended: set[tuple[Place, tuple[str, str]]] = set()
        #: Names of what was taken out as a whole: whoever names them does so rightly.
        self._gone: set[str] = set()

    def after(self, error: ConfigError) -> Iterator[ConfigError]:
        told = 1
        for _ in range(_READINGS):
            if told >= MOST or not self._pass_over(error):
                return
            try:
                self._build(Table(self._values, self._file, lines=lambda: self._lines))
            except ConfigError as another:
                error = another
            except ValueError:
                # It names no key, so that there is nothing to pass over.
                return
            else:
                return
            if self._is_news(error):
                told += 1
                yield error

    def _is_news(self, error: ConfigError) -> bool:
        if error.place in self._altered:
            return False
        text = str(error)
        return not any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) for name in self._gone)

    def _pass_over(self, error: ConfigError) -> bool:
        """Whether that could be done."""
        place = error.place
        if place is None or place.file != self._file:
            return False
        table = self._found(place.steps)
        if not isinstance(table, dict):
            return False
        if error.slip is not None and self._mend(table, place, error.slip):
            return True
        if place.key in table:
            del table[place.key]
            self._altered.add(place)
            if not table and place.steps:
                # What it stood in may want one of them.
                self._alter(place.steps)
            return True
        return self._take_out(place.steps)

    def _mend(self, table: dict[str, Any], place: Place, slip: tuple[str, str]) -> bool:
        """Put what was meant where the slip is; once, for it may be wrong too."""
        if (place, slip) in self._mended:
            return False
        self._mended.add((place, slip))
        written, meant = slip
        if place.key == meant and place.key not in table:
            table[meant] = table.pop(written)
            self._altered.add(place)
            return True
        value = table.get(place.key)
        if value == written:
            table[place.key] = meant
        elif isinstance(value, list):
            table[place.key] = [meant if each == written else each for each in value]
        else:
            return False
        return True

    def _take_out(self, steps: tuple[str | int, ...]) -> bool:
        """A table as a whole: it cannot be without what it lacks."""
        if not steps:
            return False
        *above, last = steps
        holder = self._found(tuple(above))
        table = self._found(steps)
        if not isinstance(table, dict) or isinstance(table, Gone):
            return False
        self._gone.update(str(each) for each in (table.get("name"), last) if isinstance(each, str))
        if isinstance(last, int):
            holder[last] = Gone()
        else:
            del holder[last]
            if above:
                # The table that it stood in may want one.
                self._alter(above)
        return True

    def _alter(self, steps: Sequence[str | int]) -> None:
        *above, last = steps
        self._altered.add(Place(self._file, tuple(above), str(last)))

    def _found(self, steps: tuple[str | int, ...]) -> Any:
        """What these lead to; None where it is not in this file."""
        found: Any = self._values
        for step in steps:
            if isinstance(step, int):
                found = found[step] if isinstance(found, list) and step < len(found) else None
            else:
                found = found.get(step) if isinstance(found, dict) else None
        return found
