"""The configuration file: TOML, read so that a mistake names file, line, key and what is wanted."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from pychron_comms.config.key_lines import key_lines
from pychron_comms.config.nearest import did_you_mean, nearest
from pychron_comms.config.toml_mistakes import mistake_in

_REQUIRED: Final = object()


class Place(NamedTuple):
    """A key of a table of a file; ``steps`` lead there: keys, and numbers in arrays of tables."""

    file: str
    steps: tuple[str | int, ...]
    key: str


class ConfigError(Exception):
    """A mistake in a configuration; ``str()`` is one line for the person who made it.

    ``place`` is None where no key is at fault, and ``line`` where there is none to name. ``slip``:
    what was written, and what was likely meant: a word, or a key.
    """

    def __init__(
        self,
        text: str,
        *,
        place: Place | None = None,
        line: int | None = None,
        slip: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(text)
        self.place = place
        self.line = line
        self.slip = slip


class Gone(dict[str, Any]):
    """Stands for a table of an array that is to be passed over: the others keep their numbers."""


#: Gives the line of each key by its path.
Lines = Callable[[], Mapping[str, int]]


class Table:
    """One table of a configuration file.

    Every reading method takes the key, gives the default where the key is absent (a key without
    a default must be there), and raises ConfigError for a value that is not what it expects.
    ``finish`` raises for a key that nobody has read, so that a typing error is not passed over.
    """

    def __init__(
        self,
        values: Mapping[str, Any],
        file: str,
        path: str = "",
        lines: Lines = dict,
        steps: tuple[str | int, ...] = (),
    ) -> None:
        self._values = values
        self._file = file
        self._path = path
        self._steps = steps
        self._lines = lines
        self._unread = set(values)
        self._known: set[str] = set()
        self._children: dict[str, Table] = {}

    @classmethod
    def load(cls, file: str | Path) -> Table:
        """The whole of a file; ConfigError where it cannot be read or is no TOML."""
        try:
            text = Path(file).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file}: cannot be read: {error}") from None
        return cls.parse(text, str(file))

    @classmethod
    def parse(cls, text: str, file: str) -> Table:
        try:
            values = tomllib.loads(text)
        except (ValueError, RecursionError) as error:
            mistake = mistake_in(text, error)
            where = _where(file, mistake.line)
            raise ConfigError(f"{where}: {mistake.text}", line=mistake.line) from None
        return cls(values, file, lines=cache(lambda: key_lines(text)))

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def text(self, key: str, default: Any = _REQUIRED) -> str:
        return self._read(key, default, str, "a text")

    def flag(self, key: str, default: Any = _REQUIRED) -> bool:
        return self._read(key, default, bool, "true or false")

    def number(
        self,
        key: str,
        default: Any = _REQUIRED,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> float:
        expected = "a number" + _bounds(minimum, maximum)
        value = self._read(key, default, (int, float), expected)
        self._check_bounds(key, value, minimum, maximum, expected)
        return float(value) if key in self._values else value

    def integer(
        self,
        key: str,
        default: Any = _REQUIRED,
        *,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> int:
        expected = "a whole number" + _bounds(minimum, maximum)
        value = self._read(key, default, int, expected)
        self._check_bounds(key, value, minimum, maximum, expected)
        return value

    def scalar(self, key: str, default: Any = _REQUIRED) -> float | str:
        """A number as it stands, or a text."""
        return self._read(key, default, (int, float, str), "a number or a text")

    def choice(self, key: str, choices: Sequence[str], default: Any = _REQUIRED) -> str:
        expected = "one of " + ", ".join(choices)
        value = self._read(key, default, str, expected)
        if key in self._values and value not in choices:
            raise self.error(key, expected, choices)
        return value

    def texts(self, key: str, default: Any = _REQUIRED) -> list[str]:
        return self._read_list(key, default, str, "a list of texts")

    def text_or_texts(self, key: str, default: Any = _REQUIRED) -> list[str]:
        """A list of texts, or one text, which is a list of one."""
        value = self._read(key, default, (str, list), "a text or a list of texts")
        return [value] if isinstance(value, str) else self.texts(key, default)

    def scalars(self, key: str, default: Any = _REQUIRED) -> list[Any]:
        """What an item may say: texts, numbers, true, false."""
        values = self._read(key, default, list, "a list of texts, numbers, true or false")
        if not all(isinstance(each, bool) or _fits(each, (str, int, float)) for each in values):
            raise self.error(key, "a list of texts, numbers, true or false")
        return list(values)

    def numbers(self, key: str, default: Any = _REQUIRED) -> list[float]:
        return self._read_list(key, default, (int, float), "a list of numbers")

    def table(self, key: str) -> Table:
        """The table of that name; an empty one where it is absent."""
        return self._child(key, self._read(key, {}, dict, "a table"), (key,))

    def tables(self, key: str) -> list[Table]:
        """The array of tables of that name; an empty list where it is absent."""
        values = self._read_list(key, [], dict, f"tables, each begun with [[{self._key(key)}]]")
        return [
            self._child(f"{key}[{index}]", value, (key, index))
            for index, value in enumerate(values)
            if not isinstance(value, Gone)
        ]

    def named_tables(self, key: str) -> dict[str, Table]:
        """The tables below that name, by their own names."""
        below = self.table(key)
        return {name: below.table(name) for name in below}

    def texts_by_name(self, key: str) -> dict[str, str]:
        """A table of texts, by their names."""
        below = self.table(key)
        return {name: below.text(name) for name in below}

    def over(self, base: Table) -> Table:
        """What stands here, and what only ``base`` has.

        Tables are laid over each other; in arrays of tables one with the same ``name`` takes the
        other's place, and further ones are added.
        """
        values = _laid_over(self._values, base._values)
        return Table(values, self._file, self._path, self._lines, self._steps)

    @property
    def values(self) -> Mapping[str, Any]:
        """All that stands here, as it stands, whoever reads it."""
        return self._values

    def rest(self) -> dict[str, Any]:
        """What nobody has read yet, as it stands, for a reader that checks it in its own way."""
        rest = {key: self._values[key] for key in self._values if key in self._unread}
        self._unread.clear()
        return rest

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def pass_over(self, key: str) -> None:
        """Leave a key to another reader of the same file."""
        self._take(key)

    def error(self, key: str, expected: str, known: Collection[str] = ()) -> ConfigError:
        """To raise for a value that is wrong in a way that only its reader knows.

        ``known`` are the words that it, or each of a list, could have been, for the nearest one.
        """
        if key in self._values:
            value = self._values[key]
            words = value if isinstance(value, list) else [value]
            strange = (each for each in words if isinstance(each, str) and each not in known)
            word = next(strange, "")
            meant = nearest(word, known)
            hint = f"; did you mean {meant}?" if meant else ""
            slip = (word, meant) if meant else None
            return self.mistake(key, f"expected {expected}, got {value!r}{hint}", slip)
        typed = nearest(key, self._unread)
        hint = f"; is {typed} meant for it?" if typed else ""
        slip = (typed, key) if typed else None
        return self.mistake(key, f"expected {expected}, and it is missing{hint}", slip)

    def finish(self) -> None:
        """Raise for the first key here or below that nobody has read.

        It names every key that this table takes, whether it stands in the file or not.
        """
        for key in sorted(self._unread):
            known = sorted(self._known)
            raise self.mistake(
                key,
                f"no such key is known{did_you_mean(key, known)} "
                f"(known here: {', '.join(known) or 'none'})",
            )
        for child in self._children.values():
            child.finish()

    def mistake(self, key: str, text: str, slip: tuple[str, str] | None = None) -> ConfigError:
        """To raise for what no expectation says; ``text`` is all that is told beside the place.

        ``slip`` as in ConfigError.
        """
        lines = self._lines()
        line = lines.get(self._key(key), lines.get(self._path))
        told = f"{_where(self._file, line)}: {self._key(key)}: {text}"
        place = Place(self._file, self._steps, key)
        return ConfigError(told, place=place, line=line, slip=slip)

    def _take(self, key: str) -> None:
        self._unread.discard(key)
        self._known.add(key)

    def beside(self, name: str) -> Path:
        """A file that the configuration names, as seen from its folder."""
        return Path(self._file).parent / name

    def name_of(self, key: str) -> str:
        """A key as mistakes name it."""
        return self._key(key)

    def _key(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def _child(self, key: str, values: Mapping[str, Any], steps: tuple[str | int, ...]) -> Table:
        # One for all its readers: a key that any of them has read is known.
        if key not in self._children:
            below = (*self._steps, *steps)
            self._children[key] = Table(values, self._file, self._key(key), self._lines, below)
        return self._children[key]

    def _read(self, key: str, default: Any, kinds: Any, expected: str) -> Any:
        self._take(key)
        if key not in self._values:
            if default is _REQUIRED:
                raise self.error(key, expected)
            return default
        value = self._values[key]
        if not _fits(value, kinds):
            raise self.error(key, expected)
        return value

    def _read_list(self, key: str, default: Any, kinds: Any, expected: str) -> list[Any]:
        values = self._read(key, default, list, expected)
        if not all(_fits(value, kinds) for value in values):
            raise self.error(key, expected)
        return list(values)

    def _check_bounds(
        self,
        key: str,
        value: float,
        minimum: float | None,
        maximum: float | None,
        expected: str,
    ) -> None:
        if key in self._values and not (
            (minimum is None or value >= minimum) and (maximum is None or value <= maximum)
        ):
            raise self.error(key, expected)


def _where(file: str, line: int | None) -> str:
    return file if line is None else f"{file}:{line}"


def _laid_over(upper: Mapping[str, Any], lower: Mapping[str, Any]) -> dict[str, Any]:
    together = {**lower, **upper}
    for key in upper.keys() & lower.keys():
        above, below = upper[key], lower[key]
        if isinstance(above, dict) and isinstance(below, dict):
            together[key] = _laid_over(above, below)
        elif _are_tables(above) and _are_tables(below):
            names = {each.get("name") for each in above}
            # Those of the upper first: so their numbers, and lines, are those of its file.
            together[key] = [*above, *(each for each in below if each.get("name") not in names)]
    return together


def _are_tables(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _fits(value: object, kinds: Any) -> bool:
    """Whether it is of these kinds; a number must be finite, and a bool is none."""
    if isinstance(value, bool):
        return kinds is bool
    if not isinstance(value, kinds):
        return False
    return not isinstance(value, (int, float)) or abs(value) <= sys.float_info.max


def _bounds(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum:.15g} to {maximum:.15g}"
    if minimum is not None:
        return f", {minimum:.15g} or more"
    return f", at most {maximum:.15g}" if maximum is not None else ""
