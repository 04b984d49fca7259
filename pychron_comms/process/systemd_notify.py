"""What a service tells systemd of itself: that it is ready, what it does, that it still lives.

The protocol is one datagram for each word (``sd_notify``). Where no supervisor asks for it, on
other systems or started by hand, nothing is sent.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

#: Sends one datagram; OSError where it cannot.
Send = Callable[[bytes], object]

#: What a service does now, in a few words, for ``systemctl status``.
Status = Callable[[], "Deferred[str]"]

#: Seconds between looks at the status.
STATUS_EVERY = 5.0


def notify_socket(environ: Mapping[str, str]) -> Send | None:
    """The way to the supervisor; None where there is none."""
    name = environ.get("NOTIFY_SOCKET", "")
    # "@" stands for the NUL of an abstract name.
    address = "\0" + name[1:] if name.startswith("@") else name
    if address[:1] not in {"/", "\0"} or not hasattr(socket, "AF_UNIX"):
        return None
    sender = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sender.setblocking(False)
    return lambda datagram: sender.sendto(datagram, address)


def watchdog_interval(environ: Mapping[str, str], pid: int) -> float | None:
    """Seconds between signs of life: half of what the supervisor waits; None where it does not."""
    if environ.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    try:
        seconds = int(environ.get("WATCHDOG_USEC", "0")) / 1e6
    except ValueError:
        return None
    return seconds / 2 if seconds > 0 else None


class Supervision(Service):
    """Tells the supervisor of a process; to be started after, and stopped before, all else.

    ``send`` is None where there is no supervisor. Signs of life come from the reactor's own loop,
    so that a reactor that hangs gives none, every ``interval`` seconds; None for never.
    """

    _log = Logger()

    def __init__(self, send: Send | None, interval: float | None, clock: IReactorTime) -> None:
        self._send = send
        self._interval = interval
        self._clock = clock
        self._loops: list[LoopingCall] = []
        self._status: Status | None = None
        self._told = ""
        self._asking = False
        self._failed = False

    @classmethod
    def from_environment(
        cls, environ: Mapping[str, str], pid: int, clock: IReactorTime
    ) -> Supervision:
        """As the supervisor that started the process ``pid`` wants it."""
        return cls(notify_socket(environ), watchdog_interval(environ, pid), clock)

    def show(self, status: Status) -> None:
        """What ``status`` gives is told whenever it has changed. To be called before the start."""
        self._status = status

    def startService(self) -> None:
        super().startService()
        if self._send is None:
            return
        # From the loop: what is started has then had its first turn.
        self._clock.callLater(0, self._tell, "READY=1")
        if self._interval is not None:
            self._every(self._interval, self._tell, "WATCHDOG=1")
        if self._status is not None:
            self._every(STATUS_EVERY, self._ask_status)

    def say_stopping(self) -> None:
        """A stop begins; signs of life go on until ``stopService``."""
        self._tell("STOPPING=1")

    def stopService(self) -> None:
        super().stopService()
        for loop in self._loops:
            loop.stop()
        self._loops.clear()

    def _every(self, seconds: float, function: Callable[..., object], *arguments: str) -> None:
        loop = LoopingCall(function, *arguments)
        loop.clock = self._clock
        loop.start(seconds)
        self._loops.append(loop)

    def _tell(self, word: str) -> None:
        if self._send is None:
            return
        try:
            self._send(word.encode())
            self._failed = False
        except OSError as error:
            if not self._failed:
                self._log.warn("the supervisor does not hear: {error}", error=error)
            self._failed = True

    def _ask_status(self) -> None:
        if self._status is None or self._asking:
            return
        self._asking = True
        self._status().addCallbacks(self._show, self._not_shown).addBoth(self._asked)

    def _show(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._tell(f"STATUS={' '.join(text.split())}")

    def _not_shown(self, failure: Failure) -> None:
        self._log.failure("the status could not be told", failure)

    def _asked(self, result: Any) -> None:
        self._asking = False
