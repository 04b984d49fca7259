"""The request type ``Spectrometer``: Qtegra's commands on our own road.

The words and replies are Qtegra's; errors are ``ERROR nnn : text``, and lists are joined by commas,
since a line can hold no CR. The command ``Qtegra`` carries a line of Qtegra's own and gives just
the text that Qtegra would.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from contextlib import suppress
from typing import cast

from twisted.plugin import IPlugin
from zope.interface import implementer

from pychron_comms.errors import ManagerUnavailableError
from pychron_comms.handlers.arguments import Text
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import DEADLINE, Call, CommandSpec, command, declared_commands
from pychron_comms.handlers.replies import value
from pychron_comms.handlers.spectrometer.detectors import DetectorCommands
from pychron_comms.handlers.spectrometer.source import SourceCommands
from pychron_comms.interfaces import (
    Effect,
    ICall,
    IHardware,
    IRequestHandlerFactory,
    ISpectrometer,
    Move,
)
from pychron_comms.qtegra.answers import CARRIER
from pychron_comms.qtegra.readers import Unanswered
from pychron_comms.qtegra.script import ParseAndExecute, Reply
from pychron_comms.qtegra.words import WORDS
from pychron_comms.wire.context import PLAIN


@implementer(ICall)
class QtegraCall:
    """A line of Qtegra's, not yet run.

    Rules and queues take it for the command of our own that the line holds, with the values that
    Qtegra reads there; a line that holds none, or that Qtegra cannot read, changes nothing.
    """

    name = CARRIER
    effect = Effect.READ
    deadline = DEADLINE
    safe = False
    target = ""
    context = PLAIN
    moves: tuple[Move, ...] = ()

    def __init__(
        self, execute: ParseAndExecute, manager: ISpectrometer, line: str, sender: str
    ) -> None:
        self.manager = manager
        self.sender = sender
        self.line = line
        self._execute = execute

    def resemble(self, command: CommandSpec, word: str, arguments: Sequence[str]) -> None:
        """Be taken for this command."""
        self.name = word
        self.effect = command.effect
        self.deadline = command.deadline
        with suppress(Unanswered):
            read = WORDS[word].read(list(arguments))
            # A driver may overlook what blanks stand around a name.
            values = {name: _bare(value) for name, value in read.items()}
            self.safe = command.makes_safe(values)
            self.target = str(values.get(command.target, command.target))
            self.moves = command.moved(self.manager, values)

    @property
    def question(self) -> Hashable:
        if not self.effect.reads:
            return None
        return CARRIER, id(self.manager), self.line

    def same_act(self, other: ICall) -> bool:
        return other.sender == self.sender and self._says_the_same(other)

    def _says_the_same(self, other: ICall) -> bool:
        return isinstance(other, QtegraCall) and (other.manager, other.line) == (
            self.manager,
            self.line,
        )

    def run(self) -> Reply:
        return self._execute(self.line)

    def reply(self, result: object) -> str:
        return str(result)


def _bare(value: object) -> object:
    return " ".join(value.split()) if isinstance(value, str) else value


class SpectrometerHandler(SourceCommands, DetectorCommands, BaseHandler):
    """The commands of the mass spectrometer."""

    request_type = "Spectrometer"

    def __init__(self, hardware: IHardware, manager: ISpectrometer) -> None:
        super().__init__(hardware, manager)
        self._spectrometer = manager
        self._execute = ParseAndExecute(manager, tagged=manager.tag_data)

    def prepare(self, data: str, sender: str) -> ICall:
        call = cast(Call, super().prepare(data, sender))
        if call.name != CARRIER:
            return call
        line = str(call.values["line"])
        carried = QtegraCall(self._execute, self._spectrometer, line, sender)
        word, *arguments = line.strip().split(" ")
        if word in WORDS:
            carried.resemble(self._commands[word], word, arguments)
        return carried

    def moves_of(self, text: str) -> tuple[Move, ...]:
        return super().moves_of(text.removeprefix(f"{CARRIER} "))

    @command(
        CARRIER,
        arguments=(Text("line", default=""),),
        reply=value,
        # For those who know no more of it than its name.
        effect=Effect.ACTUATE,
        help="run a line of Qtegra's own, and reply with just what Qtegra would",
    )
    def qtegra(self, manager: ISpectrometer, sender: str, line: str) -> Reply:
        return self._execute(line)


_COMMANDS = declared_commands(SpectrometerHandler)


def qtegra_line_makes_safe(line: str) -> bool:
    """Whether a line of Qtegra's own is a command that makes safe."""
    word, *arguments = line.strip().split(" ")
    if word not in WORDS:
        return False
    try:
        return _COMMANDS[word].makes_safe(WORDS[word].read(arguments))
    except Unanswered:
        return False


@implementer(IPlugin, IRequestHandlerFactory)
class SpectrometerHandlerFactory:
    request_types: Sequence[str] = ("Spectrometer",)

    def build(self, hardware: IHardware) -> SpectrometerHandler:
        manager = hardware.manager("spectrometer")
        if not ISpectrometer.providedBy(manager):
            raise ManagerUnavailableError("Spectrometer")
        return SpectrometerHandler(hardware, manager)
