"""Commands with a key whose replies are lost: whoever owns the hardware now is asked for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError, error_from_line
from pychron_comms.wire.quoting import quoted

#: What an owner answers where the reply is known: this word, and the reply.
_DONE = "done "

#: What it answers while the reply is still to come.
_TO_COME = frozenset({"waiting", "running"})


class LostReply(NamedTuple):
    """A command that may have been run; ``why`` nobody has heard of its reply."""

    request_type: str
    key: str
    sender: str
    why: str

    @property
    def question(self) -> str:
        return f"Outcome {quoted(self.key)}"


class Outcomes:
    """Finds out what became of them, by their numbers.

    ``ask`` asks the owner for one; ``found`` is told a reply, and ``unknown`` that there is none to
    be had. What nobody answers is asked again by the next ``look``.
    """

    _log = Logger()

    def __init__(
        self,
        ask: Callable[[LostReply], Deferred[str]],
        found: Callable[[int, str], object],
        unknown: Callable[[int, str], object],
    ) -> None:
        self._ask = ask
        self._found = found
        self._unknown = unknown
        self._lost: dict[int, LostReply] = {}
        self._asked: set[int] = set()

    def __contains__(self, number: int) -> bool:
        return number in self._lost

    def lost(self, number: int, reply: LostReply) -> None:
        """One more."""
        self._lost[number] = reply

    def forget(self, number: int) -> None:
        """Nobody waits for that one any more."""
        self._lost.pop(number, None)

    def look(self) -> None:
        """There is an owner: ask for each that is not being asked for."""
        for number in [each for each in self._lost if each not in self._asked]:
            self._asked.add(number)
            answer = self._ask(self._lost[number])
            answer.addBoth(self._answered, number)

    def _answered(self, answer: str | Failure, number: int) -> None:
        self._asked.discard(number)
        lost = self._lost.get(number)
        if lost is None:
            return
        if isinstance(answer, Failure):
            # It can be asked again, while somebody waits.
            if not answer.check(CommandError):
                self._log.failure("a bug met the outcome of a command", answer)
            return
        if answer.startswith(_DONE):
            del self._lost[number]
            self._found(number, answer.removeprefix(_DONE))
        elif answer not in _TO_COME and error_from_line(answer) is None:
            del self._lost[number]
            self._unknown(number, lost.why)
