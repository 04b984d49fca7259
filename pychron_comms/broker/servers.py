"""The servers that a processor hears of by way of the broker, and what waits for each."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from pychron_comms.interfaces import IHardwareGate

#: Seconds of silence after which a server is taken for gone. It says something each second.
SILENT = 10.0


class _Server:
    def __init__(self, now: float) -> None:
        self.heard = now
        self.waiting: dict[str, Deferred[str]] = {}


class Servers:
    """By the names of the queues that their replies go to.

    A server that is gone takes along what was bound to its clients' connections, and what waits for
    it and has not begun is not begun.
    """

    def __init__(self, gate: IHardwareGate) -> None:
        self._gate = gate
        self._servers: dict[str, _Server] = {}

    def heard(self, name: str, now: float) -> None:
        """It has said something."""
        server = self._servers.get(name)
        if server is None:
            self._servers[name] = _Server(now)
        else:
            server.heard = now

    def waits(self, name: str, number: str, response: Deferred[str]) -> None:
        """Its request of that number is answered by this."""
        server = self._servers.get(name)
        if server is not None:
            server.waiting[number] = response

    def answered(self, name: str, number: str) -> None:
        server = self._servers.get(name)
        if server is not None:
            server.waiting.pop(number, None)

    def forget(self, name: str, number: str) -> None:
        """Nobody waits for the reply to that request any more."""
        server = self._servers.get(name)
        response = None if server is None else server.waiting.get(number)
        if response is not None:
            self._gate.asker_gone(response)

    def look(self, now: float) -> None:
        """Give up who has been silent too long."""
        gone = [name for name, each in self._servers.items() if now - each.heard > SILENT]
        for name in gone:
            server = self._servers.pop(name)
            self._gate.session_ended(name)
            for response in list(server.waiting.values()):
                self._gate.asker_gone(response)

    def clear(self) -> None:
        """No server is heard any more."""
        self._servers.clear()
