"""A command of one request, between its line and its reply."""

from __future__ import annotations

from collections.abc import Hashable

from zope.interface import implementer

from pychron_comms.errors import ReplyTooLongError
from pychron_comms.handlers.moves import Values
from pychron_comms.handlers.spec import CommandSpec, ServesHardware
from pychron_comms.interfaces import ICall, IRepeatableCall, Move, Source
from pychron_comms.wire.context import PLAIN, RequestContext

#: Bytes of a reply, half of what ends the hop, which others share: a driver may read rubbish.
LONGEST = 1 << 23

# Characters that have no more bytes than that.
_FEW = LONGEST // 4


@implementer(IRepeatableCall)
class Call:
    """A command of one request, checked and converted, not yet run."""

    __slots__ = (
        "_handler",
        "_spec",
        "context",
        "deadline",
        "effect",
        "manager",
        "moves",
        "name",
        "safe",
        "sender",
        "values",
    )

    def __init__(
        self, handler: ServesHardware, spec: CommandSpec, name: str, values: Values, sender: str
    ) -> None:
        self.name = name
        self.sender = sender
        self.context = PLAIN
        self.values = values
        self.effect = spec.effect
        self.deadline = spec.deadline
        self.manager = spec.manager(handler, values)
        if spec.check is not None:
            spec.check(self.manager, values)
        self.safe = spec.makes_safe(values) if spec.safe else False
        self._handler = handler
        self._spec = spec
        self.moves: tuple[Move, ...] = () if spec.effect.reads else spec.moved(self.manager, values)

    @property
    def target(self) -> str:
        return str(self.values.get(self._spec.target, self._spec.target))

    @property
    def question(self) -> Hashable:
        if not self.effect.reads:
            return None
        # Values need not be hashable, nor managers be equal to themselves alone.
        return id(self._spec), id(self.manager), repr(self.values)

    @property
    def named(self) -> dict[str, str]:
        """The parts of the manager that its arguments name, by what they are: a valve, a gauge."""
        pairs = ((each.names, self.values.get(each.name)) for each in self._spec.arguments)
        return {names: str(value) for names, value in pairs if names and value is not None}

    @property
    def told_by(self) -> Source | None:
        """What its answer rests on at best, where its command says so."""
        return self._spec.told_by

    def again(self, sender: str, context: RequestContext) -> Call:
        # Its manager is found anew, and asked again what it would refuse.
        spec = self._spec
        manager = spec.manager(self._handler, self.values)
        if manager is not self.manager:
            other = Call(self._handler, spec, self.name, self.values, sender)
            other.context = context
            return other
        if spec.check is not None:
            spec.check(manager, self.values)
        if self.effect.reads and sender == self.sender and context is self.context:
            return self
        # Asked by another or anew: all else is of its words and its manager.
        other = Call.__new__(Call)
        other._handler = self._handler
        other._spec = spec
        other.context = context
        other.deadline = self.deadline
        other.effect = self.effect
        other.manager = manager
        other.moves = self.moves
        other.name = self.name
        other.safe = self.safe
        other.sender = sender
        other.values = self.values
        return other

    def same_act(self, other: ICall) -> bool:
        # What depends on who asks, or on what he said beside it, may do something else.
        same_asker = other.sender == self.sender and not self._spec.takes_context
        return same_asker and self._says_the_same(other)

    def _says_the_same(self, other: ICall) -> bool:
        return (
            isinstance(other, Call)
            and other._spec is self._spec
            and other.manager is self.manager
            and other.values == self.values
        )

    def run(self) -> object:
        method, values = self._spec.method, self.values
        if self._spec.takes_context:
            values = {**values, "context": self.context}
        return method(self._handler, self.manager, self.sender, **values)

    def reply(self, result: object) -> str:
        text = self._spec.reply(result)
        if len(text) > _FEW and (length := len(text.encode())) > LONGEST:
            raise ReplyTooLongError(length, LONGEST)
        return text
