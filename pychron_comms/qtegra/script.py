"""What Qtegra's remote control script makes of one line: its command, the reply, the errors.

The facts are those of the script for Qtegra that NMGRL publishes, version 19.10, seen from outside.
Words are parted by single blanks and their case counts; names that hold blanks are joined again
where the script does so.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Coroutine
from dataclasses import replace
from typing import Any

from twisted.internet.interfaces import IReactorTime

from pychron_comms.errors import CommandError
from pychron_comms.interfaces import ISpectrometer
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.faults import ALWAYS, faithful
from pychron_comms.qtegra.readers import Unanswered, Values
from pychron_comms.qtegra.words import WORDS, Word

#: A reply, None for silence; where it comes later, a coroutine of it.
Reply = str | None | Coroutine[Any, Any, str | None]


class ParseAndExecute:
    """Runs lines on a spectrometer.

    What the script cannot read, and so leaves without an answer, is answered
    ``Error: Invalid Command``. With a ``faithful_clock`` the script's faults are kept: it is
    silence; an ion counter is switched on by both of its commands, and the reply comes a second
    later by that clock; a far move of the magnet is acknowledged whatever becomes of it;
    ``GetParameters`` never answers.
    """

    def __init__(
        self,
        spectrometer: ISpectrometer,
        *,
        tagged: bool = True,
        faithful_clock: IReactorTime | None = None,
    ) -> None:
        self._spectrometer = spectrometer
        self._unanswered = texts.INVALID if faithful_clock is None else None
        self._words = {**WORDS, **ALWAYS}
        if faithful_clock is not None:
            self._words.update(faithful(faithful_clock))
        if not tagged:
            self._words["GetData"] = replace(WORDS["GetData"], reply=texts.untagged)

    def __call__(self, line: str, sender: str = "") -> Reply:
        """The reply to one line; never raises for what a client may send."""
        name, *words = line.strip().split(" ")
        word = self._words.get(name)
        if word is None:
            return texts.INVALID
        try:
            return self._answer(word, word.read(words))
        except Unanswered:
            return self._unanswered

    def _answer(self, word: Word, values: Values) -> Reply:
        try:
            result = word.call(self._spectrometer, **values)
        except CommandError as error:
            return word.refused(error, values)
        if inspect.isawaitable(result):
            return self._later(word, values, result)
        return word.reply(result)

    async def _later(self, word: Word, values: Values, result: Awaitable[object]) -> str | None:
        try:
            return word.reply(await result)
        except CommandError as error:
            return word.refused(error, values)
