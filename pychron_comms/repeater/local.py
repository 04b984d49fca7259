"""The repeater where server and processor are one process: the embedded default."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from pychron_comms.interfaces import (
    IAsksAgain,
    ICommandRepeater,
    IHardwareGate,
    IKnownRead,
    Replies,
    ReplyToCome,
)
from pychron_comms.transport.read_run import ask_each
from pychron_comms.wire.context import PLAIN, RequestContext
from pychron_comms.wire.grammar import write_request


@implementer(IKnownRead)
class _LocalRead:
    """A read for a gate in this process, which may know it too by now."""

    def __init__(self, way: LocalRepeater, request_type: str, command: str) -> None:
        self.way = way
        self._type = request_type
        self._words = write_request(command, request_type).encode()
        self.command = command

    def ask(self, sender: str, context: RequestContext) -> str | Deferred[str] | ReplyToCome:
        gate = self.way.gate
        known = gate.reads.get(self._words)
        if known is not None:
            return known.ask(sender, context)
        return gate.process_server_request(self._type, self.command, sender, context)


@implementer(ICommandRepeater, IAsksAgain)
class LocalRepeater:
    """Hands each command to a gate in this process."""

    def __init__(self, gate: IHardwareGate) -> None:
        self.gate = gate

    def get_response(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[str]:
        try:
            result = self.gate.process_server_request(request_type, data, sender, context)
        except Exception:
            return fail()
        return succeed(result) if isinstance(result, str) else result

    def known_read(self, request_type: str, data: str) -> IKnownRead:
        return _LocalRead(self, request_type, data)

    def ask_all(
        self,
        reads: Sequence[_LocalRead],
        sender: str,
        context: RequestContext,
        replies: Replies,
    ) -> None:
        ask_each(_LocalRead.ask, reads, sender, context, replies)

    def asker_gone(self, response: Deferred[str]) -> None:
        self.gate.asker_gone(response)

    def session_ended(self, session: str, sender: str) -> None:
        self.gate.session_ended(session)

    def reply_taken(self, ask: str) -> None:
        self.gate.reply_taken(ask)

    def test_connection(self) -> Deferred[None]:
        return succeed(None)
