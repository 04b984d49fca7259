"""Searches of the journal, each in a process of its own: none may slow a command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.error import ProcessDone
from twisted.internet.interfaces import IDelayedCall, IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from pychron_comms.errors import JournalError, QueueFullError

#: Searches at once, seconds that each may take, and bytes of an answer.
AT_ONCE = 2
LONGEST = 60.0
LARGEST = 4 << 20

#: What a processor answers that keeps no journal.
NONE_KEPT = "null"


class JournalSearch:
    """Looks in the journal ``path``; where it is empty none is kept.

    ``reactor`` starts processes and knows the time.
    """

    def __init__(self, path: str, reactor: Any) -> None:
        self._path = path
        self._reactor = reactor
        self._running: set[_Search] = set()

    def find(self, question: str) -> Deferred[str]:
        """What ``journal.search`` answers to the question, as JSON.

        Errors: 203 where too many search at once, 214 where it cannot be read.
        """
        if not self._path:
            return succeed(NONE_KEPT)
        if len(self._running) >= AT_ONCE:
            return fail(QueueFullError("others search the journal just now; ask again"))
        search = _Search(self._reactor, self._running.discard)
        self._running.add(search)
        search.start([sys.executable, "-m", "pychron_comms.journal.search", self._path, question])
        return search.answer

    def stop(self) -> None:
        """End what searches."""
        for search in list(self._running):
            search.kill("the processor stops")


class _Search(ProcessProtocol):
    """One process; ``answer`` fires with what it wrote."""

    transport: IProcessTransport

    def __init__(self, reactor: Any, over: Callable[[_Search], object]) -> None:
        self.answer: Deferred[str] = Deferred()
        self._reactor = reactor
        self._over = over
        self._out = bytearray()
        self._errors = bytearray()
        self._why = ""
        self._timer: IDelayedCall | None = None

    def start(self, arguments: list[str]) -> None:
        self._timer = self._reactor.callLater(LONGEST, self.kill, f"longer than {LONGEST:g} s")
        self._reactor.spawnProcess(self, arguments[0], arguments, env=dict(os.environ))

    def kill(self, why: str) -> None:
        self._why = why
        self.transport.signalProcess("KILL")

    def outReceived(self, data: bytes) -> None:
        self._out += data
        if len(self._out) > LARGEST and not self._why:
            self.kill(f"an answer of more than {LARGEST} bytes")

    def errReceived(self, data: bytes) -> None:
        self._errors += data[: LARGEST - len(self._errors)]

    def processEnded(self, reason: Failure) -> None:
        self._over(self)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if reason.check(ProcessDone) and not self._why:
            self.answer.callback(self._out.decode())
            return
        lines = self._errors.decode(errors="replace").strip().splitlines()
        self.answer.errback(JournalError(self._why or (lines[-1] if lines else reason.value)))
