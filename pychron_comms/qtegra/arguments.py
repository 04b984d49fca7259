"""The words of one line, as Qtegra's script takes them apart, and what its commands share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from twisted.internet.interfaces import IReactorTime

from pychron_comms.errors import CommandError
from pychron_comms.interfaces import ISpectrometer
from pychron_comms.qtegra import formatting as texts

#: A reply, None for silence; where it comes later, a coroutine of it.
Reply = str | None | Coroutine[Any, Any, str | None]

#: Runs one command, given the words behind its own.
Command = Callable[[list[str]], Reply]

OK = "OK"


class Unanswered(Exception):
    """The script breaks here: a missing argument, a number that is none, data that is not there."""


class Commands:
    """A part of the script's commands, for one spectrometer."""

    def __init__(
        self, spectrometer: ISpectrometer, tagged: bool, faithful_clock: IReactorTime | None
    ) -> None:
        self._spectrometer = spectrometer
        self._tagged = tagged
        self._faithful_clock = faithful_clock
        self._faithful = faithful_clock is not None

    def table(self) -> dict[str, Command]:
        """The commands by their words."""
        raise NotImplementedError


async def ok_after(work: Awaitable[object], failed: str) -> str:
    """``OK`` when ``work`` has ended; ``failed`` where it fails with an error of a command."""
    try:
        await work
    except CommandError:
        return failed
    return OK


def word(words: list[str], index: int = 0) -> str:
    """Raises Unanswered where there is none."""
    if index >= len(words):
        raise Unanswered
    return words[index]


def number(words: list[str], index: int = 0) -> float:
    """Raises Unanswered where there is none."""
    try:
        return texts.parse_number(word(words, index))
    except ValueError:
        raise Unanswered from None


def name_and_number(words: list[str]) -> tuple[str, float]:
    """``Name with blanks,1.5``; raises Unanswered for anything else."""
    parts = " ".join(words).split(",")
    return parts[0], number(parts, 1)
