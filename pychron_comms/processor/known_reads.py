"""Reads that have passed the gate before: asked again by what their words mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from twisted.internet.defer import Deferred
from zope.interface import implementer

from pychron_comms.interfaces import (
    ICall,
    IKnownRead,
    IRepeatableCall,
    IRequestHandler,
    Replies,
)
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.wire.context import PLAIN, RequestContext


class Gate(Protocol):
    """What they have passed."""

    #: Who may ask at all, and who may do what.
    access: AccessRules

    def read(
        self, data: str, handler: IRequestHandler, call: ICall, context: RequestContext
    ) -> str | Deferred[str]:
        """The reply to a call that has no need of being done once at most."""

    def queue_of(self, manager: object) -> ManagerQueue:
        """Where its calls wait for that manager."""

    def ask_all(
        self,
        reads: Sequence[KnownRead],
        sender: str,
        context: RequestContext,
        replies: Replies,
    ) -> None:
        """As ``IAsksAgain``."""


@implementer(IKnownRead)
class KnownRead:
    """One of them; ``call`` is what it was understood as."""

    __slots__ = ("call", "command", "handler", "way")

    def __init__(
        self, gate: Gate, handler: IRequestHandler, call: IRepeatableCall, command: str
    ) -> None:
        self.way = gate
        self.handler = handler
        self.call = call
        self.command = command

    def ask(self, sender: str, context: RequestContext) -> str | Deferred[str]:
        self.way.access.admit(sender)
        # Who asked last asks again, nearly always.
        call = self.call = self.call.again(sender, context)
        return self.way.read(self.command, self.handler, call, context)


class Stretch:
    """Asks some of them, one behind the other, of one who may ask at all.

    What the gate asks beside the read itself (the stop, the rules, whether something goes before)
    is the same for all that one sender reads of one manager, and nothing can come between two that
    are answered at once where nothing waits there. So it is asked for the first of them, and for
    the next one again where another manager, or an answer that is to come, was between.
    """

    __slots__ = ("_gate", "_manager", "_queue")

    def __init__(self, gate: Gate) -> None:
        self._gate = gate
        # Whose last read was answered at once, where nothing waits for it; None for no one's.
        self._queue: ManagerQueue | None = None
        self._manager: object = None

    def ask(self, read: KnownRead, sender: str, context: RequestContext) -> str | Deferred[str]:
        """As ``read.ask``."""
        call = read.call = read.call.again(sender, context)
        queue = self._queue
        if queue is not None and call.manager is self._manager:
            reply = queue.read_on(read.handler, call)
            if not isinstance(reply, str):
                self._queue = None
            return reply
        self._queue = None
        reply = self._gate.read(read.command, read.handler, call, context)
        # Of one that was on its way for long, each has other seconds left.
        if isinstance(reply, str) and call.manager is not None and context is PLAIN:
            queue = self._gate.queue_of(call.manager)
            if queue.is_free:
                self._queue, self._manager = queue, call.manager
        return reply
