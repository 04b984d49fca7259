"""The repeater where server and processor are one process: the embedded default."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from pychron_comms.interfaces import ICommandRepeater, IHardwareGate


@implementer(ICommandRepeater)
class LocalRepeater:
    """Hands each command to a gate in this process."""

    def __init__(self, gate: IHardwareGate) -> None:
        self._gate = gate

    def get_response(
        self, request_type: str, data: str, sender: str, within: float | None = None
    ) -> Deferred[str]:
        try:
            result = self._gate.process_server_request(request_type, data, sender, within)
        except Exception:
            return fail()
        return succeed(result) if isinstance(result, str) else result

    def test_connection(self) -> Deferred[None]:
        return succeed(None)
