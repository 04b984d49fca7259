"""What each command does, for who must know it before the processor has answered.

The package's own commands are known from their declarations, from the first command on and while
the processor is away. What else there is, and what a laboratory has changed, the processor tells
(``Describe``).
"""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import Any

from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from pychron_comms.errors import (
    CommandError,
    InvalidCommandError,
    MalformedRequestError,
    OutcomeUnknownError,
    PychronCommunicationError,
)
from pychron_comms.handlers.command import CommandSpec
from pychron_comms.handlers.spectrometer.handler import qtegra_line_makes_safe
from pychron_comms.interfaces import ALWAYS, SOMETIMES, Effect, ICommandRepeater
from pychron_comms.interfaces.identity_enum import IdentityEnum
from pychron_comms.qtegra.answers import CARRIER
from pychron_comms.wire.grammar import parse_command

#: Types that may be describing themselves at a time.
_LEARNING = 8

#: Types that did not describe themselves: how many are remembered, the length of their names, and
#: seconds until one is asked again.
_REFUSED = 100
_NAME = 64
_AGAIN = 10.0

#: Bytes of a line in which all words are looked for at once.
_SHORT = 1024

#: Characters of a command whose values are looked at to see whether it makes safe.
_VALUES = 256


class Nature(IdentityEnum):
    """What a command does, whatever its values; or, for the third, with these."""

    READS = "reads"
    MAKES_SAFE = "makes safe"
    MAKES_SAFE_SO = "makes safe with these values"
    ACTS = "acts"
    UNKNOWN = "is not known, and taken to act"


#: The commands of a type by their words, as they are declared.
Declarations = Mapping[str, Mapping[str, CommandSpec]]

#: What is told of each word of a type.
_Words = Mapping[str, Nature]


class CommandCatalogue:
    """Begins with ``declared``; asks each type to describe itself, until it has.

    Only what the processor describes is remembered, so that invented types cost no memory. A
    command that is not known acts.
    """

    def __init__(
        self, repeater: ICommandRepeater, clock: IReactorTime, declared: Declarations
    ) -> None:
        self._repeater = repeater
        self._clock = clock
        self._declared = declared
        self._types: dict[str, _Words] = {
            request_type: {word: _nature(spec.describe()) for word, spec in specs.items()}
            for request_type, specs in declared.items()
        }
        self._safe_words = SafeWords(self._types)
        self._described: set[str] = set()
        self._learning: set[str] = set()
        self._refused: OrderedDict[str, float] = OrderedDict()

    def nature(self, request_type: str, data: str, sender: str) -> Nature:
        """What that command does. ``sender`` asks for what must be asked first."""
        if request_type not in self._described:
            self._learn(request_type, sender)
        return self.known_nature(request_type, data)

    def is_certain_of(self, request_type: str) -> bool:
        """Whether the processor that is there now has described this type."""
        return request_type in self._described

    def learn_anew(self) -> None:
        """Another processor is there, perhaps: what is known holds until it has been asked."""
        self._described.clear()

    def may_make_safe(self, line: bytes) -> bool:
        """Whether a line has such a word at all: quickly, since each line that waits is asked."""
        return self._safe_words.are_in(line)

    def known_nature(self, request_type: str, data: str) -> Nature:
        """The same, of what is known now."""
        words = self._types.get(request_type)
        if words is None:
            return Nature.UNKNOWN
        word = data.partition(" ")[0]
        nature = words.get(word)
        if nature is not None and nature is not Nature.MAKES_SAFE_SO and word != CARRIER:
            # Whatever its values are.
            return nature
        try:
            word, arguments = parse_command(data)
        except (InvalidCommandError, MalformedRequestError):
            return Nature.UNKNOWN
        nature = words.get(word, Nature.UNKNOWN)
        if word == CARRIER and nature is Nature.ACTS:
            line = arguments if isinstance(arguments, str) else str(arguments.get("line", ""))
            return Nature.MAKES_SAFE_SO if qtegra_line_makes_safe(line) else nature
        if nature is Nature.MAKES_SAFE_SO and not self._makes_safe(request_type, word, arguments):
            return Nature.ACTS
        return nature

    def _makes_safe(
        self, request_type: str, word: str, arguments: str | Mapping[str, object]
    ) -> bool:
        """Whether it does with these values, as far as our own declarations tell."""
        spec = self._declared.get(request_type, {}).get(word)
        if spec is None or (isinstance(arguments, str) and len(arguments) > _VALUES):
            return False
        try:
            return spec.makes_safe(spec.values(word, arguments))
        except CommandError:
            return False

    def _learn(self, request_type: str, sender: str) -> None:
        if request_type in self._learning or len(self._learning) >= _LEARNING:
            return
        if self._refused.get(request_type, -_AGAIN) + _AGAIN > self._clock.seconds():
            return
        self._learning.add(request_type)
        description = self._repeater.get_response(request_type, "Describe", sender)
        description.addBoth(self._answered, request_type)
        description.addCallback(partial(self._learned, request_type))
        description.addErrback(partial(self._not_learned, request_type))

    def _answered(self, answer: str | Failure, request_type: str) -> str | Failure:
        self._learning.discard(request_type)
        return answer

    def _learned(self, request_type: str, description: str) -> None:
        words: dict[str, Nature] = {}
        for command in json.loads(description)["commands"]:
            nature = _nature(command)
            words |= dict.fromkeys((command["name"], *command["aliases"]), nature)
        self._types[request_type] = words
        self._safe_words = SafeWords(self._types)
        self._described.add(request_type)
        self._refused.pop(request_type, None)

    def _not_learned(self, request_type: str, failure: Failure) -> None:
        # While the processor is down it is asked again with the next command.
        if failure.check(PychronCommunicationError, OutcomeUnknownError):
            return
        if len(request_type) <= _NAME:
            self._refused[request_type] = self._clock.seconds()
            self._refused.move_to_end(request_type)
            if len(self._refused) > _REFUSED:
                self._refused.popitem(last=False)


class SafeWords:
    """The words that make safe, or carry what may; in JSON they may be in disguise."""

    __slots__ = ("_pattern", "_words")

    def __init__(self, types: Mapping[str, _Words]) -> None:
        safe = {Nature.MAKES_SAFE, Nature.MAKES_SAFE_SO}
        words = {word for each in types.values() for word, nature in each.items() if nature in safe}
        self._words = [word.encode() for word in ["\\", CARRIER, *sorted(words)]]
        self._pattern = re.compile(b"|".join(map(re.escape, self._words)))

    def are_in(self, line: bytes) -> bool:
        """Whether any of them is."""
        if len(line) <= _SHORT:
            return self._pattern.search(line) is not None
        # All at once is quicker in a short line; in a long one of the right letters it is not by
        # far: 7 ms for 60 KB of "A", where one after another takes 0.3 ms.
        return any(word in line for word in self._words)


def _nature(command: Mapping[str, Any]) -> Nature:
    """Of a command as it describes itself."""
    if command["effect"] == Effect.READ.value:
        return Nature.READS
    if command["safe"] == ALWAYS:
        return Nature.MAKES_SAFE
    return Nature.MAKES_SAFE_SO if command["safe"] == SOMETIMES else Nature.ACTS
