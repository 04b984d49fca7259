"""What a notifier has yet to send: gathered, merged, kept within a rate, tried again."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.alarms.notice import Notice
from pychron_comms.alarms.notifiers.message import Message, message_about, trial
from pychron_comms.errors import NotifierError
from pychron_comms.interfaces import Severity
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import StateStream

#: Seconds in which what happens at the same time comes together into one message.
GATHER = 2.0

#: Seconds that sending may take, and after which what failed is tried again, at the least.
PATIENCE, RETRY = 30.0, 60.0

#: Notices that wait; of more than these the oldest are only counted.
MOST = 200


class Sender(Protocol):
    """Takes a message to people, somewhere."""

    def send(self, message: Message) -> Deferred[object]:
        """Fires when it has been taken over; fails where it was not. May be cancelled."""


class Outbox:
    """One notifier, called ``name``: at most one message in ``every`` seconds.

    A notifier that fails is an item of the stream, ``road/notifier/NAME``, so that it has an alarm
    too; what it could not send is in the next message. ``now`` is Unix time in seconds.
    """

    _log = Logger()

    def __init__(
        self,
        name: str,
        sender: Sender,
        *,
        every: float,
        place: str,
        stream: StateStream,
        clock: IReactorTime,
        now: Callable[[], float],
        metrics: Metrics,
    ) -> None:
        self.name = name
        self._sender = sender
        self._every = every
        self._place = place
        self._stream = stream
        self._clock = clock
        self._now = now
        self._waiting: deque[Notice] = deque(maxlen=MOST)
        self._lost = 0
        self._next = 0.0
        self._timer: IDelayedCall | None = None
        self._sending: Deferred[object] | None = None
        self._is_over = False
        self._counters = {
            result: metrics.counter(
                "pychron_comms_notifications_total",
                "Messages about alarms that were sent, or could not be.",
                channel=name,
                result=result,
            )
            for result in ("sent", "failed")
        }

    def start(self) -> None:
        self._show("not used yet")

    def stop(self) -> None:
        """What waits is not sent: the next process finds the alarms as they are."""
        self._is_over = True
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        if self._sending is not None:
            self._sending.cancel()

    def add(self, notice: Notice) -> None:
        """To be told, in a moment or as soon as may be."""
        if len(self._waiting) == MOST:
            self._lost += 1
        self._waiting.append(notice)
        self._plan(GATHER)

    def test(self) -> Deferred[object]:
        """Send a message at once; fires when it has gone. Errors: 216."""
        return self._deliver(trial(self._place)).addErrback(self._explained)

    def _plan(self, seconds: float) -> None:
        idle = self._timer is None and self._sending is None
        if idle and self._waiting and not self._is_over:
            wait = max(seconds, self._next - self._clock.seconds())
            self._timer = self._clock.callLater(wait, self._send)

    def _send(self) -> None:
        self._timer = None
        notices, lost = list(self._waiting), self._lost
        self._waiting.clear()
        self._lost = 0
        self._next = self._clock.seconds() + self._every
        self._sending = self._deliver(message_about(notices, lost, self._place))
        self._sending.addErrback(self._keep, notices, lost).addCallback(self._sent)

    def _sent(self, result: object) -> None:
        self._sending = None
        self._plan(0.0)

    def _keep(self, failure: Failure, notices: list[Notice], lost: int) -> None:
        """What was not sent is told next time, before what has come since."""
        room = MOST - len(self._waiting)
        kept = notices[-room:] if room else []
        self._lost += lost + len(notices) - len(kept)
        self._waiting.extendleft(reversed(kept))
        self._next = self._clock.seconds() + max(self._every, RETRY)

    def _deliver(self, message: Message) -> Deferred[object]:
        sent = maybeDeferred(self._sender.send, message)
        sent.addTimeout(PATIENCE, self._clock)
        return sent.addCallbacks(self._worked, self._failed)

    def _worked(self, result: object) -> object:
        self._counters["sent"].value += 1
        self._show("works")
        return result

    def _failed(self, failure: Failure) -> Failure:
        self._counters["failed"].value += 1
        reason = reason_of(failure)
        self._log.error("notifier {name} fails: {reason}", name=self.name, reason=reason)
        self._show("fails", reason)
        return failure

    def _explained(self, failure: Failure) -> Failure:
        reason = reason_of(failure)
        return Failure(NotifierError(self.name, reason))

    def _show(self, state: str, reason: str = "") -> None:
        now = self._now()
        severity = Severity.MAJOR if reason else Severity.OK
        self._stream.publish(
            Item(
                path=f"road/notifier/{self.name}",
                value=state,
                severity=severity,
                reason=reason,
                obtained=now,
                confirmed=now,
            )
        )


def reason_of(failure: Failure) -> str:
    """In one line; some errors have no words."""
    return " ".join(failure.getErrorMessage().split()) or type(failure.value).__name__
