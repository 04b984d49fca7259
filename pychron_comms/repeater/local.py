"""The repeater where server and processor are one process: the embedded default."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from pychron_comms.interfaces import ICommandRepeater, IHardwareGate
from pychron_comms.wire.context import PLAIN, RequestContext


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

    def asker_gone(self, response: Deferred[str]) -> None:
        self._gate.asker_gone(response)

    def session_ended(self, session: str) -> None:
        self._gate.session_ended(session)

    def reply_taken(self, ask: str) -> None:
        self._gate.reply_taken(ask)

    def test_connection(self) -> Deferred[None]:
        return succeed(None)
