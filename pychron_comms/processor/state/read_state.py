"""A look at a manager, as a read that waits its turn like any other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import cast

from zope.interface import implementer

from pychron_comms.errors import UnknownRequestTypeError
from pychron_comms.handlers.running import RunsCalls
from pychron_comms.interfaces import Effect, ICall, IRequestHandler, Move, Reading
from pychron_comms.processor.state.readings import read
from pychron_comms.wire.context import PLAIN


@implementer(ICall)
class ReadState:
    """A look at all of a manager, as a read that waits its turn like any other."""

    name = "ReadState"
    effect = Effect.READ
    safe = False
    deadline = 30.0
    target = ""
    moves: tuple[Move, ...] = ()
    context = PLAIN
    sender = "state"

    def __init__(self, manager: object, seconds: Callable[[], float]) -> None:
        self.manager = manager
        self._seconds = seconds
        self.readings: Sequence[Reading] = ()
        #: When the manager itself was asked; None while that waits behind a command.
        self.begun: float | None = None

    @property
    def question(self) -> Hashable:
        return ReadState, id(self.manager)

    def same_act(self, other: object) -> bool:
        return False

    def run(self) -> Sequence[Reading] | Awaitable[Sequence[Reading]]:
        self.begun = self._seconds()
        return read(self.manager)

    def reply(self, result: object) -> str:
        self.readings = cast(Sequence[Reading], result)
        return "OK"


@implementer(IRequestHandler)
class StateReader(RunsCalls):
    """Runs looks at managers that never block; no client's line leads here."""

    def prepare(self, data: str, sender: str) -> ReadState:
        raise UnknownRequestTypeError(data)
