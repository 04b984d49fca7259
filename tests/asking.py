"""Communicators without a network, and waits on a clock that tests move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from twisted.internet.task import Clock

from pychron_comms.client.waiting import Waiter
from pychron_comms.errors import error_from_line
from pychron_comms.wire.grammar import parse_command
from tests.lasers import ask

Answer = str | BaseException


def clock_waiter(clock: Clock) -> Waiter:
    """Sleeps by moving the clock."""
    return Waiter(clock=clock.seconds, sleep=clock.advance)


class ScriptedCommunicator:
    """Answers by the whole command or by its word, several answers one after the other.

    The last of several is given again and again. An exception is raised.
    """

    def __init__(self, answers: Mapping[str, Answer | Sequence[Answer]] | None = None) -> None:
        self._answers = {
            command: [answer] if isinstance(answer, (str, BaseException)) else list(answer)
            for command, answer in (answers or {}).items()
        }
        self.asked: list[str] = []
        #: What was given beside each command.
        self.timeouts: list[float | None] = []
        self.closed = False

    def ask(self, command: str, timeout: float | None = None) -> str:
        self.asked.append(command)
        self.timeouts.append(timeout)
        answers = self._answers.get(command) or self._answers[parse_command(command).name]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class SimulatedCommunicator(ScriptedCommunicator):
    """Asks the handler of a simulated instrument."""

    def __init__(self, handler: Any) -> None:
        super().__init__()
        self._handler = handler

    def ask(self, command: str, timeout: float | None = None) -> str:
        self.asked.append(command)
        reply = ask(self._handler, command.encode())
        error = error_from_line(reply)
        if error is not None:
            raise error
        return reply
