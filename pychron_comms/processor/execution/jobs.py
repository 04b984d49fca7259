"""One call that a queue has taken, and those who wait for it."""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.python.failure import Failure

from pychron_comms.interfaces import ICall, IRequestHandler
from pychron_comms.processor.execution.execution import Execution


class Place(Protocol):
    """Where jobs wait for their turn."""

    def remove(self, job: Job) -> None:
        """It waits there no more."""


class Asker:
    """Waits for a job for so many seconds; ``timer`` runs from when they count."""

    __slots__ = ("answer", "seconds", "timer")

    def __init__(self, answer: Deferred[str], seconds: float) -> None:
        self.answer = answer
        self.seconds = seconds
        self.timer: IDelayedCall | None = None

    def settle(self, result: str | Failure) -> None:
        self.leave()
        self.answer.callback(result)

    def leave(self) -> None:
        if self.timer is not None and self.timer.active():
            self.timer.cancel()


class Job:
    """A call and those who wait for it: more than one where it is the same read.

    ``until`` is when its own time is over. ``work`` is there once its manager has been told of it.
    What acts has an ``execution``.
    """

    __slots__ = (
        "_watchers",
        "askers",
        "call",
        "cleared",
        "execution",
        "given_up",
        "handler",
        "patience",
        "place",
        "until",
        "waits_for",
        "work",
    )

    def __init__(
        self, handler: IRequestHandler, call: ICall, execution: Execution | None, now: float
    ) -> None:
        self.handler = handler
        self.call = call
        self.execution = execution
        self.until = now + call.deadline
        self.askers: dict[Deferred[str], Asker] = {}
        self.work: Deferred[str] | None = None
        self.patience: IDelayedCall | None = None
        #: Where it waits for its turn.
        self.place: Place | None = None
        #: No interlock is in its way, and its turn is next.
        self.cleared = False
        #: What it must outlast, for people, while it does.
        self.waits_for = ""
        #: It has not ended; nobody waits for that any more.
        self.given_up = False
        self._watchers: list[Deferred[None]] = []

    @property
    def patient_until(self) -> float:
        """When the last of those who wait for it waits no more."""
        timers = [asker.timer for asker in self.askers.values() if asker.timer is not None]
        return max((timer.getTime() for timer in timers), default=self.until)

    def leave_place(self) -> None:
        """It waits for its turn no longer."""
        place, self.place = self.place, None
        if place is not None:
            place.remove(self)

    def when_over(self) -> Deferred[None]:
        """Fires when it has ended, or has been given up for good."""
        watcher: Deferred[None] = Deferred()
        self._watchers.append(watcher)
        return watcher

    def give_up(self) -> None:
        """It has not ended, and may yet do so."""
        self.given_up = True
        self.over()

    def over(self) -> None:
        """It has ended, or is given up."""
        if self.patience is not None and self.patience.active():
            self.patience.cancel()
        watchers, self._watchers = self._watchers, []
        for watcher in watchers:
            watcher.callback(None)
