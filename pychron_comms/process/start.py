"""How a service starts: where it cannot, it ends with one line that says what to do."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.logger import ILogObserver, Logger
from twisted.python.components import Componentized

_HINTS = {
    errno.EADDRINUSE: "something listens there already; `pychron-lab doctor` says what",
    errno.EADDRNOTAVAIL: "this computer has no such address",
    errno.EACCES: "this account may not; ports below 1024 are root's",
}


class InUseError(ValueError):
    """What this service needs, another process has: no mistake of the configuration."""


class StartError(SystemExit, Exception):
    """A start that cannot be; ends the program with status 1 and ``str()`` on standard error.

    It is an Exception too, so that twistd, which started the service in the background, takes its
    pid file away and tells who waits for it; of a bare SystemExit it would tell nobody.
    """


class ExplainedStart(MultiService):
    """A service whose start, where it cannot listen, fails in one line and not in a traceback.

    ``in_background``: nobody sees its standard error, so that the line must go to the log.
    ``log_observer``: what takes the log, where it is not twistd's own; ``log_ends`` is called when
    all of it has stopped, and little more is logged.
    """

    in_background = False
    log_observer: ILogObserver | None = None
    log_ends: Callable[[], None] | None = None
    _log = Logger()

    def setServiceParent(self, parent: Any) -> None:
        # twistd begins its log when it has the application, and asks that for its observer.
        if self.log_observer is not None and isinstance(parent, Componentized):
            parent.setComponent(ILogObserver, self.log_observer)
        super().setServiceParent(parent)

    def privilegedStartService(self) -> None:
        try:
            super().privilegedStartService()
        except (CannotListenError, OSError) as error:
            text = f"{self.name}: cannot start: {explained(error)}"
            if self.in_background:
                self._log.critical("{text}", text=text)
            raise StartError(text) from None

    def stopService(self) -> Deferred[None]:
        """Fires when all of it has ended, or has been given up."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop_and_say_so())

    async def _stop(self) -> None:
        """End all of it, in its order."""
        await MultiService.stopService(self)

    async def _stop_and_say_so(self) -> None:
        try:
            await self._stop()
        finally:
            if self.log_ends is not None:
                self.log_ends()


def explained(error: Exception) -> str:
    """Where a listener could not be, why, and what to do about it."""
    if not isinstance(error, CannotListenError):
        return str(error)
    port = error.port.decode() if isinstance(error.port, bytes) else str(error.port)
    where = f"{error.interface}:{port}" if error.interface else port
    cause = error.socketError
    number = getattr(cause, "errno", None)
    why = getattr(cause, "strerror", None) or str(cause)
    hint = f" ({_HINTS[number]})" if number in _HINTS else ""
    return f"{where}: {why}{hint}"
