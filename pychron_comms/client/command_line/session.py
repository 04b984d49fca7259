"""What ``pychron-ask`` does with a command: asks it, waits behind it, repeats it."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager

from pychron_comms.client.command_line.options import AskOptions
from pychron_comms.client.command_line.output import (
    ANSWERED,
    REFUSED,
    Output,
    is_refusal,
    status_of,
)
from pychron_comms.client.command_line.waits import Poll, poll_for
from pychron_comms.client.command_line.which_laboratory import for_another
from pychron_comms.client.instrument import Asks
from pychron_comms.client.outcome import OutcomeLostError, UnsettledError
from pychron_comms.client.settling import question_about
from pychron_comms.client.waiting import Progress, Waiter, WaitError, leave_alone
from pychron_comms.errors import (
    IS_TYPE,
    AnotherLaboratoryError,
    CommandError,
    InvalidCommandError,
    OutcomeUnknownError,
)

# A lease that is bound to who claims it.
_ENDS_WITH_CONNECTION = re.compile(r"(?:^|\|)\s*Claim\s.*\sconnection\s*$")

_IS_TYPE = re.compile(rf"{IS_TYPE}(\w+)")

ShowProgress = Callable[[Progress], None]


@contextmanager
def progress_on_terminal() -> Iterator[ShowProgress | None]:
    """What shows a wait on stderr; None in a pipe, or where rich is not installed."""
    if not sys.stderr.isatty():
        yield None
        return
    try:
        from pychron_comms.client.command_line.progress import status_line  # noqa: PLC0415
    except ModuleNotFoundError:
        yield None
        return
    with status_line(sys.stderr) as show:
        yield show


class AskSession:
    """Commands to one server. Methods that run them answer an exit status."""

    def __init__(
        self,
        communicator: Asks,
        output: Output,
        options: AskOptions,
        *,
        waiter: Waiter | None = None,
        progress: Callable[[], AbstractContextManager[ShowProgress | None]] = progress_on_terminal,
        ask: Callable[[str], str] | None = None,
        last_key: Callable[[], str] = str,
    ) -> None:
        """``ask`` asks what is not a poll; ``last_key`` tells the key of what it sent last."""
        self._communicator = communicator
        self._output = output
        self._options = options
        self._waiter = waiter or Waiter()
        self._progress = progress
        self._ask_command = ask or communicator.ask
        self._last_key = last_key

    def run(self, lines: Iterable[str]) -> int:
        """The command of the options; without one those of ``lines``, to the first that fails."""
        if self._options.watch is not None:
            return self._watch(self._options.command, self._options.watch)
        if self._options.command:
            return self._alone(self._options.command)
        return self._each(lines)

    def once(self, command: str) -> int:
        """Ask, and write the reply, behind a wait where the options want one."""
        try:
            reply = self._ask(command)
        except CommandError as error:
            self._output.error(command, error)
            self._tell_how_to_look(error)
            self._tell_where_the_type_stands(command, error)
            return status_of(error)
        self._output.reply(command, reply)
        return REFUSED if is_refusal(reply) else ANSWERED

    def _alone(self, command: str) -> int:
        """The one command for which there is a connection."""
        status = self.once(command)
        if status == ANSWERED and _ENDS_WITH_CONNECTION.search(command):
            self._output.note(
                "that lease ends with this connection, which is now; without the word it lasts"
            )
        return status

    def _each(self, lines: Iterable[str]) -> int:
        for line in lines:
            command = line.strip()
            if command and not command.startswith("#"):
                status = self.once(command)
                if status != ANSWERED:
                    self._output.note(f"ended at: {command}")
                    return status
        return ANSWERED

    def _watch(self, command: str, seconds: float) -> int:
        try:
            while True:
                self._watch_once(command)
                self._waiter.sleep(seconds)
        except KeyboardInterrupt:
            return ANSWERED

    def _watch_once(self, command: str) -> None:
        try:
            self._output.reply(command, self._communicator.ask(command))
        except CommandError as error:
            self._output.error(command, error)

    def _ask(self, command: str) -> str:
        poll = poll_for(command) if self._options.wait else None
        try:
            reply = self._ask_command(command)
        except KeyboardInterrupt:
            raise self._interrupted(command) from None
        if poll is not None:
            self._wait(command, poll)
        return reply

    def _interrupted(self, command: str) -> OutcomeUnknownError:
        text = str(OutcomeUnknownError(f"{command} was interrupted"))
        return OutcomeLostError(self._options.server, command, text, self._last_key())

    def _tell_how_to_look(self, error: CommandError) -> None:
        if isinstance(error, AnotherLaboratoryError):
            self._output.note(for_another(self._options.server))
        if isinstance(error, UnsettledError) and error.key:
            words = ["pychron-ask", "-s", self._options.server]
            if self._options.request_type:
                words += ["--type", self._options.request_type]
            question = question_about(error)
            words += [question] if "|" in question else question.split(" ")
            self._output.note(f"look what became of it: {shlex.join(words)}")

    def _tell_where_the_type_stands(self, command: str, error: CommandError) -> None:
        """``CO2 Enable`` is what people write first."""
        named = _IS_TYPE.search(str(error)) if isinstance(error, InvalidCommandError) else None
        if named is None or self._options.request_type:
            return
        words = [each for each in command.split() if each.casefold() != named[1].casefold()]
        self._output.note(f"the type stands in front: --type {named[1]} {' '.join(words)}".rstrip())

    def _wait(self, command: str, poll: Poll) -> None:
        try:
            with self._progress() as show:
                self._waiter.until_over(
                    command,
                    lambda: poll.ask(self._communicator.ask),
                    leave_alone,
                    deadline=self._options.deadline,
                    progress=show,
                )
        except (CommandError, WaitError) as error:
            raise OutcomeUnknownError(f"{command} was begun, but then: {error}") from error
        except KeyboardInterrupt:
            raise OutcomeUnknownError(f"{command} was begun and goes on; interrupted") from None
