"""What is counted and timed of a broker, at either of its ends."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pychron_comms.observability.metrics import SECONDS, Metrics
from pychron_comms.observability.sender_log import SenderLog


class BrokerFigures:
    """One user's of a broker. A server's ways have their addresses as labels: it may have many."""

    def __init__(self, metrics: Metrics, seconds: Callable[[], float], **labels: str) -> None:
        self._metrics = metrics
        self._labels = labels
        self._seconds = seconds
        self._took = metrics.histogram(
            "pychron_comms_broker_confirm_duration_seconds",
            "From a published message to the broker's word that it is kept.",
            SECONDS,
            **labels,
        )

    def timed(self, confirmed: Deferred[None]) -> Deferred[None]:
        """The same one, which fires when a message that leaves now is kept."""
        return confirmed.addCallback(self._kept, self._seconds())

    def _kept(self, result: None, since: float) -> None:
        self._took.observe(self._seconds() - since)

    def sender_log(self, clock: IReactorTime) -> SenderLog:
        """For what is to be said of messages; how many of its lines are withheld is counted."""
        return SenderLog(clock, self._metrics)

    def show(self, is_connected: Callable[[], bool], is_blocked: Callable[[], bool]) -> None:
        """Ask these whenever somebody looks."""
        for name, meaning, read in (
            ("broker_connected", "Whether the broker is there.", is_connected),
            (
                "broker_blocked",
                "Whether the broker is short of memory or disk, and takes nothing.",
                is_blocked,
            ),
        ):
            self._metrics.gauge(f"pychron_comms_{name}", meaning, read, **self._labels)


class StandbyFigures(BrokerFigures):
    """A processor's."""

    def __init__(self, metrics: Metrics, seconds: Callable[[], float]) -> None:
        super().__init__(metrics, seconds)
        self.redelivered = metrics.counter(
            "pychron_comms_broker_redelivered_total",
            "Messages that the broker had given to a processor before.",
        )
