"""The repeater where server and processor are one process: the embedded default."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from pychron_comms.interfaces import ICommandRepeater, IHardwareGate, IKnownRead, ReplyToCome
from pychron_comms.wire.context import PLAIN, RequestContext
from pychron_comms.wire.grammar import write_request


@implementer(IKnownRead)
class _LocalRead:
    """A read for a gate in this process, which may know it too by now."""

    def __init__(self, gate: IHardwareGate, request_type: str, command: str) -> None:
        self._gate = gate
        self._type = request_type
        self._words = write_request(command, request_type).encode()
        self.command = command

    def ask(self, sender: str, context: RequestContext) -> str | Deferred[str] | ReplyToCome:
        known = self._gate.reads.get(self._words)
        if known is not None:
            return known.ask(sender, context)
        return self._gate.process_server_request(self._type, self.command, sender, context)


@implementer(ICommandRepeater)
class LocalRepeater:
    """Hands each command to a gate in this process."""

    def __init__(self, gate: IHardwareGate) -> None:
        self._gate = gate

    def get_response(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[str]:
        try:
            result = self._gate.process_server_request(request_type, data, sender, context)
        except Exception:
            return fail()
        return succeed(result) if isinstance(result, str) else result

    def known_read(self, request_type: str, data: str) -> IKnownRead:
        return _LocalRead(self._gate, request_type, data)

    def asker_gone(self, response: Deferred[str]) -> None:
        self._gate.asker_gone(response)

    def session_ended(self, session: str) -> None:
        self._gate.session_ended(session)

    def reply_taken(self, ask: str) -> None:
        self._gate.reply_taken(ask)

    def test_connection(self) -> Deferred[None]:
        return succeed(None)
