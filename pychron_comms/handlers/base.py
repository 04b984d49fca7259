"""What every request type answers: help, flags and devices, and the words of a link test."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from functools import cached_property

from zope.interface import implementer

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import (
    DeviceConnectionError,
    InvalidArgumentsError,
    InvalidCommandError,
)
from pychron_comms.handlers.arguments import Text
from pychron_comms.handlers.command import (
    Call,
    CommandSpec,
    command,
    declared_commands,
)
from pychron_comms.handlers.devices import DeviceCommands, named_device
from pychron_comms.handlers.gate_commands import GateCommands, no_manager
from pychron_comms.handlers.replies import done, value
from pychron_comms.handlers.running import RunsCalls
from pychron_comms.interfaces import (
    Effect,
    ICall,
    IDescribedHandler,
    IHardware,
    Move,
    Part,
)
from pychron_comms.safeguards.overlap import may_be_one
from pychron_comms.safeguards.proof import words_of
from pychron_comms.wire.context import PLAIN
from pychron_comms.wire.grammar import Command, parse_command
from pychron_comms.wire.line_table import LineTable

__all__ = ["BaseHandler", "named_device"]

# In JSON by its other name: "command" is the word itself there.
_COMMAND = Text("command", keys=("name",), default=None)

_LEAVING = frozenset({"bye", "exit", "logout", "quit"})


@implementer(IDescribedHandler)
class BaseHandler(RunsCalls, GateCommands, DeviceCommands):
    """A table of commands, and the manager that most of them are for."""

    #: The type as ``Help`` and ``Describe`` show it.
    request_type = ""

    def __init__(self, hardware: IHardware, manager: object) -> None:
        self.hardware = hardware
        self.manager = manager
        self._commands = declared_commands(type(self))
        self._test_counter = itertools.count(1)
        # What the texts of commands that act mean, as calls to be made again: each runs but once.
        self._meanings: LineTable[Call] = LineTable()

    def prepare(self, data: str, sender: str) -> ICall:
        known = self._meanings.get(data.encode(errors="surrogatepass"))
        return self._understood(data, sender) if known is None else known.again(sender, PLAIN)

    def _understood(self, data: str, sender: str) -> Call:
        name, arguments = self._parsed(data)
        spec = self._spec(name)
        call = Call(self, spec, name, spec.values(name, arguments), sender)
        # Calls that read are known by the gate.
        if not call.effect.reads:
            self._meanings.keep(data.encode(errors="surrogatepass"), call, sender)
        return call

    def knows(self, word: str) -> bool:
        return word in self._commands

    def part(self, name: str) -> Part:
        if name == self.request_type and self.manager is not None:
            return Part(name, self.manager, "")
        full = f"{self.request_type}:{name}"
        target = self.target_of(name)
        if target:
            return Part(full, self.manager, target)
        try:
            return Part(full, self.hardware.device(name), "")
        except DeviceConnectionError:
            reason = f"{self.request_type} has no part and no device of that name"
            raise InvalidArgumentsError("target", f"{name} ({reason})") from None

    def target_of(self, name: str) -> str:
        """The part of the manager that people call so, as commands name it; empty for none."""
        for spec in self._commands.values():
            by_argument = spec.target in {each.name for each in spec.arguments}
            if not by_argument and name in {spec.target, spec.target.rpartition("/")[2]}:
                return spec.target
        return ""

    def matcher(self, text: str) -> Callable[[ICall], bool]:
        moves = self.moves_of(text)
        return lambda call: any(may_be_one(*pair) for pair in itertools.product(moves, call.moves))

    def moves_of(self, text: str) -> tuple[Move, ...]:
        name, arguments = parse_command(text)
        if not isinstance(arguments, str):
            raise InvalidArgumentsError(name, "a text is wanted, no JSON")
        spec = self._spec(name)
        values = spec.leading_values(arguments)
        try:
            manager = spec.manager(self, values)
        except KeyError as error:
            raise InvalidArgumentsError(name, f"which {error.args[0]}") from None
        moves = spec.moved(manager, values)
        if not moves:
            raise InvalidArgumentsError(name, "it does not act on hardware, and is never held back")
        return () if spec.safe is True else moves

    # Made once: they are long, and whoever asks for them again and again must not cost the others.

    @cached_property
    def _help_of_all(self) -> str:
        names = " ".join(self._commands)
        return f"{self.request_type} commands: {names} -- Help Name tells more"

    @cached_property
    def _description(self) -> str:
        specs = dict.fromkeys(self._commands.values())
        commands = [self._described(spec) for spec in specs]
        return json.dumps({"type": self.request_type, "commands": commands})

    def _described(self, spec: CommandSpec) -> dict[str, object]:
        """With what its answer rests on, for each part of this laboratory."""
        told = spec.describe()
        if spec.told_by is not None and (proofs := words_of(self.manager, spec.told_by)):
            told["proofs"] = proofs
        return told

    def _parsed(self, data: str) -> Command:
        try:
            return parse_command(data)
        except InvalidCommandError as error:
            raise InvalidCommandError(data, self._instead(data)) from error

    def _spec(self, name: str) -> CommandSpec:
        spec = self._commands.get(name)
        if spec is None:
            raise InvalidCommandError(name, self._instead(name))
        return spec

    def _instead(self, name: str) -> str:
        """What to type for a word that is no command."""
        if name.lower() in _LEAVING:
            return "; to leave telnet, type Ctrl-] and then quit"
        # Those that begin alike: a flood of unknown words must cost little.
        alike = [each for each in self._commands if each[0].lower() == name[:1].lower()]
        near = "; did you mean Help?" if name == "?" else did_you_mean(name, alike)
        return f"{near} (Help lists the commands)"

    @command(
        "Help",
        arguments=(_COMMAND,),
        reply=value,
        effect=Effect.READ,
        manager=no_manager,
        help="list the commands, or tell of one",
    )
    def help(self, manager: None, sender: str, command: str | None) -> str:
        if command is None:
            return self._help_of_all
        spec = self._spec(command)
        also = f" (also {', '.join(spec.names[1:])})" if spec.names[1:] else ""
        units = "".join(
            f"; {argument.name} in {argument.unit}" for argument in spec.arguments if argument.unit
        )
        return f"{spec.usage}: {spec.help}{units}{also}"

    @command(
        "Describe",
        arguments=(_COMMAND,),
        reply=value,
        effect=Effect.READ,
        manager=no_manager,
        help="the commands, or one of them, with arguments, units and ranges, as JSON",
    )
    def describe(self, manager: None, sender: str, command: str | None) -> str:
        if command is not None:
            return json.dumps(self._described(self._spec(command)))
        return self._description

    @command(
        "GetError",
        reply=lambda result: "OK" if result is None else str(result),
        effect=Effect.READ,
        manager=no_manager,
        help="what is wrong, or OK",
    )
    def get_error(self, manager: object, sender: str) -> object:
        return None

    @command(
        "PychronReady",
        "SendTest",
        reply=done,
        effect=Effect.READ,
        manager=no_manager,
        help="OK, from the process that owns the hardware",
    )
    def pychron_ready(self, manager: None, sender: str) -> None:
        return None

    @command(
        "ReadTest",
        reply=value,
        effect=Effect.IDEMPOTENT,
        manager=no_manager,
        help="a counter from 1 to 12 and round again, to see whether replies are fresh",
    )
    def read_test(self, manager: None, sender: str) -> int:
        return (next(self._test_counter) - 1) % 12 + 1

    @command(
        "Watch",
        "WakeScreen",
        reply=done,
        effect=Effect.READ,
        manager=no_manager,
        help="OK; a server has no screen to wake",
    )
    def wake_screen(self, manager: None, sender: str) -> None:
        return None
