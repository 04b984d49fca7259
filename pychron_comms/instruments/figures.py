"""What instruments are asked and how that ends, for Prometheus."""

from __future__ import annotations

from twisted.python.failure import Failure

from pychron_comms.instruments.instrument import Instrument
from pychron_comms.instruments.jobs import NotAskedError
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import NoAnswerError, RefusedError
from pychron_comms.observability.metrics import Counter, Metrics

#: How a question may end, beside ``ok`` and ``failed``.
_RESULTS = {
    NotAskedError: "not_asked",
    NoAnswerError: "no_answer",
    GarbledError: "garbled",
    RefusedError: "refused",
}
RESULTS = frozenset({"ok", "failed", *_RESULTS.values()})


class InstrumentFigures:
    """Counts and times each question to one instrument; its name is the configuration's."""

    def __init__(self, instrument: Instrument, metrics: Metrics) -> None:
        self._name = instrument.name
        self._metrics = metrics
        self._questions: dict[tuple[str, str], Counter] = {}
        self._took = metrics.histogram(
            "pychron_comms_device_io_duration_seconds",
            "From a question to an instrument to its answer, or to the end of patience.",
            device=self._name,
        )
        metrics.gauge(
            "pychron_comms_device_connected",
            "Whether an instrument can be asked.",
            lambda: float(not instrument.trouble),
            device=self._name,
        )
        self._connects = metrics.counter(
            "pychron_comms_device_connects_total",
            "How often the connection to an instrument came.",
            device=self._name,
        )
        instrument.on_connect(self._connected)
        instrument.on_end(self._ended)

    def _connected(self) -> None:
        self._connects.value += 1

    def _ended(self, operation: str, failure: Failure | None, seconds: float | None) -> None:
        key = operation, result_of(failure)
        counter = self._questions.get(key)
        if counter is None:
            counter = self._questions[key] = self._metrics.counter(
                "pychron_comms_device_io_total",
                "Questions to instruments, by how they ended.",
                device=self._name,
                operation=operation,
                result=key[1],
            )
        counter.value += 1
        if seconds is not None:
            self._took.observe(seconds)


def result_of(failure: Failure | None) -> str:
    """How a question ended; one of ``RESULTS``."""
    if failure is None:
        return "ok"
    found: type[Exception] | None = failure.check(*_RESULTS)
    return _RESULTS[found] if found is not None else "failed"
