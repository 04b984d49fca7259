"""Arguments and replies that only a mass spectrometer's commands have."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from pychron_comms.handlers.arguments import Argument, BadValue
from pychron_comms.handlers.command import command
from pychron_comms.handlers.replies import Reply
from pychron_comms.interfaces import Effect, Intensity, ISpectrometer
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.words import WORDS


class NameList(Argument):
    """One or more names, parted by commas alone: parameters' names hold blanks."""

    kind = "names"
    wanted = "one or more names"

    def convert(self, value: object) -> tuple[str, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list) or not parts:
            raise BadValue
        return tuple(str(super(NameList, self).convert(part)) for part in parts)

    @property
    def usage(self) -> str:
        return f"{self.name},..."


def qtegra_command(
    word: str,
    *,
    effect: Effect,
    reply: Reply,
    help: str,  # noqa: A002
    **declared: Any,
) -> Callable[..., object]:
    """A method that calls the spectrometer as that word of Qtegra's does, declared by its words.

    What else is declared is what ``command`` takes.
    """
    row = WORDS[word]

    def method(handler: object, manager: ISpectrometer, sender: str, **values: object) -> object:
        return row.call(manager, **values)

    declare = command(*row.names, effect=effect, reply=reply, help=help, **declared)
    return declare(method)


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
    return texts.assignments(cast(Iterable[tuple[str, float]], result))
