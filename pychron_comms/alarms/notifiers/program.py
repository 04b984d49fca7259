"""A program of the laboratory's own: a modem, a lamp, a script."""

from __future__ import annotations

import os
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ProcessDone
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from pychron_comms.alarms.notifiers.message import Message
from pychron_comms.alarms.notifiers.settings import ProgramSettings

#: Bytes of what it says that are told where it fails.
_SAID = 400


class ProgramSender:
    """Gets the message on its standard input, the subject as ``PYCHRON_SUBJECT``.

    It has gone when the program has ended with the status 0.
    """

    def __init__(self, settings: ProgramSettings, reactor: Any) -> None:
        self._command = list(settings.command)
        self._reactor = reactor

    def send(self, message: Message) -> Deferred[object]:
        run = _Run(message.body)
        environment = {**os.environ, "PYCHRON_SUBJECT": message.subject}
        self._reactor.spawnProcess(run, self._command[0], self._command, env=environment)
        return run.ended


class _Run(ProcessProtocol):
    transport: Any

    def __init__(self, body: str) -> None:
        self._body = body
        self._said = b""
        self.ended: Deferred[object] = Deferred(lambda _: self._kill())

    def connectionMade(self) -> None:
        self.transport.write(self._body.encode() + b"\n")
        self.transport.closeStdin()

    def outReceived(self, data: bytes) -> None:
        self._said = (self._said + data)[-_SAID:]

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        if self.ended.called:
            return
        if reason.check(ProcessDone):
            self.ended.callback(None)
        else:
            said = self._said.decode(errors="replace").strip().rpartition("\n")[2]
            self.ended.errback(ValueError(said or _how_it_ended(reason.value)))

    def _kill(self) -> None:
        if self.transport.pid is not None:
            self.transport.signalProcess("KILL")


def _how_it_ended(error: Any) -> str:
    if error.signal is not None:
        return f"the program was ended by signal {error.signal}"
    return f"the program ended with status {error.exitCode}"
