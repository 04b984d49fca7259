"""What waits for the wire: talks, and who wants their answers; what makes safe before the rest."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from pychron_comms.instruments.description import AnyExchange, Wire
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.talk import Asking, Fields, asking


class NotAskedError(Exception):
    """Nothing was sent: there is no connection, or the bus was too long in use."""


class WithdrawnError(NotAskedError):
    """Nothing was sent: what makes safe was done meanwhile."""


#: Told how a question has ended, None for well, and how many seconds after it was sent; None where
#: nothing was.
Ended: TypeAlias = Callable[[Failure | None, float | None], None]


def untold(failure: Failure | None, seconds: float | None) -> None:
    """Of a question whose end nobody wants to know."""


class Asker(NamedTuple):
    """One who waits for an answer."""

    exchange: AnyExchange
    values: Mapping[str, Value]
    done: Deferred[Fields]


@dataclass(kw_only=True)
class Job:
    """One talk. ``question`` tells it from others where its answer is for all who ask the same.

    ``still`` is asked at the last moment whether it shall be begun at all. ``unheard``: it was
    sent already while nothing could be heard.
    """

    askers: list[Asker]
    patience: IDelayedCall
    question: bytes
    still: Callable[[], bool]
    ended: Ended
    unheard: bool = False

    def begun(self, wire: Wire) -> Asking:
        """The talk, not yet begun."""
        exchange, values, _ = self.askers[0]
        return asking(wire, exchange, values)

    def fail(self, error: Exception | Failure, seconds: float | None = None) -> None:
        """Tell all who wait; ``seconds`` after it was sent, None where it was not."""
        failure = error if isinstance(error, Failure) else Failure(error)
        self.ended(failure, seconds)
        if self.patience.active():
            self.patience.cancel()
        for asker in self.askers:
            asker.done.errback(failure)


class WaitingJobs:
    """``expired`` is told of each that has waited too long, and ends it."""

    def __init__(self, clock: IReactorTime, expired: Callable[[Job], None]) -> None:
        #: Those that make safe, the one that has waited longest first.
        self.urgent: deque[Job] = deque()
        self._others: deque[Job] = deque()
        self._clock = clock
        self._expired = expired

    def join(self, asker: Asker, question: bytes) -> bool:
        """Let one who asks what is waiting already have its answer; False where nothing is so."""
        for job in self._others:
            if question and job.question == question:
                job.askers.append(asker)
                return True
        return False

    def add(
        self,
        asker: Asker,
        question: bytes,
        still: Callable[[], bool],
        ended: Ended,
        *,
        urgent: bool,
        patience: float,
    ) -> Job:
        """Wait for at most ``patience`` seconds."""
        jobs = self.urgent if urgent else self._others
        # The one that has waited longest is the first.
        expiry = self._clock.callLater(patience, lambda: self._expired(jobs.popleft()))
        job = Job(askers=[asker], patience=expiry, question=question, still=still, ended=ended)
        jobs.append(job)
        return job

    def next(self) -> Job | None:
        """The next that shall still be sent; those that shall not are told."""
        while jobs := self.urgent or self._others:
            job = jobs.popleft()
            if job.patience.active():
                job.patience.cancel()
            if job.still():
                return job
            job.fail(WithdrawnError("it was made safe meanwhile"))
        return None

    def fail_others(self, error: Exception) -> None:
        """All that do not make safe."""
        while self._others:
            self._others.popleft().fail(error)
