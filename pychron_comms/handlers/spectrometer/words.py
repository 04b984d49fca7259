"""Arguments and replies that only a mass spectrometer's commands have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from pychron_comms.handlers.arguments import Argument, BadValue
from pychron_comms.interfaces import Intensity
from pychron_comms.qtegra import formatting as texts


class NameList(Argument):
    """One or more names, parted by commas alone: parameters' names hold blanks."""

    kind = "names"

    def convert(self, value: object) -> tuple[str, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not parts:
            raise BadValue
        return tuple(str(super(NameList, self).convert(part)) for part in parts)

    @property
    def usage(self) -> str:
        return f"{self.name},..."


def decimal(result: object) -> str:
    """A number as Qtegra writes it."""
    return texts.number(cast(float, result))


def csv(result: object) -> str:
    """Numbers as Qtegra writes them, joined by commas."""
    return texts.numbers(cast(Iterable[float], result))


def tagged(result: object) -> str:
    """Each detector's name and value."""
    return texts.data(cast(Sequence[Intensity], result), True)


def assignments(result: object) -> str:
    """``name,value;name,value``."""
    pairs = cast(Iterable[tuple[str, float]], result)
    return ";".join(f"{name},{texts.number(value)}" for name, value in pairs)
