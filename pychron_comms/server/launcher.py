"""``RemoteLaunch``: start the one program that the configuration names, and no other."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence

from twisted.internet.interfaces import IProcessTransport, IReactorProcess
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.errors import LaunchError, NotPermittedError
from pychron_comms.safeguards.roles import EVERYONE_OPERATES, Roles
from pychron_comms.wire.context import OBSERVE, least_role


class _Launched(ProcessProtocol):
    running = True

    def processEnded(self, reason: Failure) -> None:
        self.running = False


class Launcher:
    """Starts ``command``, its program and arguments; an empty one refuses.

    While a program it has started still runs, it starts no second one. Who may only look starts
    none at all.
    """

    _log = Logger()

    def __init__(
        self, command: Sequence[str], reactor: IReactorProcess, roles: Roles = EVERYONE_OPERATES
    ) -> None:
        self._command = list(command)
        self._reactor = reactor
        self._roles = roles
        self._launched: _Launched | None = None

    def launch(self, sender: str, role: str) -> str:
        """``OK`` when the program runs; ``role`` is the most that is allowed where it came in.

        Errors: 013, 208 for an observer and where none is configured, 212 cannot be started.
        """
        self._roles.admit(sender)
        if least_role(self._roles.role_of(sender), role) == OBSERVE:
            raise NotPermittedError(f"RemoteLaunch; {sender} may only look")
        if not self._command:
            raise NotPermittedError("no program to launch is configured")
        if self._launched is None or not self._launched.running:
            self._launched = self._start()
        return "OK"

    def _start(self) -> _Launched:
        program = self._command[0]
        path = shutil.which(program)
        if path is None:
            raise LaunchError(program, "no such program")
        launched = _Launched()
        try:
            process: IProcessTransport = self._reactor.spawnProcess(
                launched, path, self._command, env=dict(os.environ)
            )
        except OSError as error:
            raise LaunchError(program, error) from None
        self._log.info("launched {program}, pid {pid}", program=program, pid=process.pid)
        return launched
