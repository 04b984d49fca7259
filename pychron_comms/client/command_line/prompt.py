"""The interactive prompt of ``pychron-ask``. Needs prompt_toolkit and rich."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from rich.console import Console
from rich.table import Table
from rich.text import Text

from pychron_comms.client.command_line.catalogue import OWN_WORDS, Catalogue
from pychron_comms.client.command_line.connection import Connection
from pychron_comms.client.command_line.options import AskOptions
from pychron_comms.client.command_line.output import ANSWERED, Output
from pychron_comms.client.command_line.session import AskSession
from pychron_comms.client.instrument import Asks
from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import CommandError, error_line
from pychron_comms.process.terminal import ToldToEnd

_QUIT = frozenset({"quit", "exit"})


class PromptOutput(Output):
    """Errors in red."""

    def __init__(self, console: Console) -> None:
        super().__init__(sys.stdout, sys.stderr)
        self._console = console

    def reply(self, command: str, reply: str) -> None:
        self._console.print(Text(reply), soft_wrap=True)

    def error(self, command: str, error: CommandError) -> None:
        self._console.print(Text(error_line(error), style="red"), soft_wrap=True)

    def note(self, text: str) -> None:
        self._console.print(Text(text, style="dim"), soft_wrap=True)


class CommandCompleter(Completer):
    """Commands, and what their arguments may be."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get_completions(self, document: Document, event: CompleteEvent) -> Iterator[Completion]:
        for each in self._connection.catalogue.complete(document.text_before_cursor):
            yield Completion(each.text, -each.replaces, display_meta=each.meaning)


class Prompt:
    """Reads lines until ``quit`` or the end of input, and asks each."""

    def __init__(
        self,
        session: AskSession,
        connection: Connection,
        lines: PromptSession[str],
        console: Console,
    ) -> None:
        self._session = session
        self._connection = connection
        self._lines = lines
        self._console = console

    def run(self) -> int:
        while True:
            try:
                line = self._lines.prompt(self._connection.label).strip()
            except ToldToEnd:
                raise
            except KeyboardInterrupt:
                continue
            except EOFError:
                return ANSWERED
            if line.lower() in _QUIT:
                return ANSWERED
            self._obey(line)

    def _obey(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        if word in ("help", "?"):
            self._help(rest.strip())
        elif line:
            self._session.once(line)

    def _help(self, command: str) -> None:
        told = self._connection.catalogue.explain(command)
        if told:
            self._console.print(Text(told), soft_wrap=True)
        elif command:
            self._console.print(Text(self._unknown(command), style="red"))
        else:
            self._console.print(help_table(self._connection.catalogue))

    def _unknown(self, command: str) -> str:
        known = [each.name for each in self._connection.catalogue.commands]
        if not known:
            return "what the server can do is not known: it has not described itself yet"
        return f"no command {command}{did_you_mean(command, known)}"


def help_table(catalogue: Catalogue) -> Table:
    """Every command's usage and what it does."""
    table = Table.grid(padding=(0, 2))
    for command in catalogue.commands:
        table.add_row(Text(command.usage, style="bold"), Text(command.help))
    for word, meaning in OWN_WORDS.items():
        table.add_row(Text(word, style="bold"), Text(meaning))
    return table


def run_prompt(communicator: Asks, options: AskOptions) -> int:
    """Until the person leaves; the exit status. A server may come and go meanwhile."""
    console = Console()
    output = PromptOutput(console)
    connection = Connection(communicator, output.note)
    connection.learn()
    output.note(f"{options.server}: Tab completes, help lists the commands, quit leaves")
    lines = prompt_session(connection, open_history(history_file()))
    return Prompt(AskSession(connection, output, options), connection, lines, console).run()


def prompt_session(connection: Connection, history: History) -> PromptSession[str]:
    """Reads lines, with completion, history, and help for what is being typed below it."""

    def toolbar() -> str:
        return connection.catalogue.explain(session.default_buffer.text) or " "

    session: PromptSession[str] = PromptSession(
        history=history,
        completer=CommandCompleter(connection),
        bottom_toolbar=toolbar,
    )
    return session


def history_file() -> Path:
    """PYCHRON_HISTORY from the environment, or a file in the home folder."""
    named = os.environ.get("PYCHRON_HISTORY")
    return Path(named) if named else Path.home() / ".pychron_ask_history"


def open_history(file: Path) -> History:
    """The lines of earlier sessions; those of this one alone where the file cannot be written."""
    try:
        file.touch(mode=0o600)
    except OSError:
        return InMemoryHistory()
    return FileHistory(str(file))
