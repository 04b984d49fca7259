"""What is counted and timed, as Prometheus reads it: numbers, by name and label."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

# Their import takes as long as that of all our own of this room: only who is asked needs them.
if TYPE_CHECKING:
    from prometheus_client.core import Metric

_NAME = re.compile(r"[a-z][a-z0-9_]*")

#: Upper bounds in seconds of what a command may take, from one that is answered at once to one
#: that moves a stage.
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)

_Labels = tuple[tuple[str, str], ...]

#: Labels and a number.
Sample = tuple[Mapping[str, str], float]


class Counter:
    """A number that only grows. Who counts writes ``counter.value += 1``, and nothing else runs."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Histogram:
    """How often something took how long; ``bounds`` are in seconds, the last one is open."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, seconds: float, times: int = 1) -> None:
        """Something took that long, so many times."""
        self.counts[bisect_left(self.bounds, seconds)] += times
        self.total += seconds * times


class _Family:
    """All numbers of one name and kind, by their labels."""

    def __init__(self, kind: str, meaning: str) -> None:
        self.kind = kind
        self.meaning = meaning
        self.counters: dict[_Labels, Counter] = {}
        self.gauges: dict[_Labels, Callable[[], float]] = {}
        self.histograms: dict[_Labels, Histogram] = {}
        self.tables: list[Callable[[], Iterable[Sample]]] = []

    def collected(self, name: str) -> Metric:
        from prometheus_client.core import Metric  # noqa: PLC0415

        metric = Metric(name.removesuffix("_total"), self.meaning, self.kind)
        for labels, counter in sorted(self.counters.items()):
            metric.add_sample(name, dict(labels), counter.value)
        for labels, read in sorted(self.gauges.items(), key=lambda each: each[0]):
            metric.add_sample(name, dict(labels), read())
        for labels, histogram in sorted(self.histograms.items(), key=lambda each: each[0]):
            _add_histogram(metric, name, dict(labels), histogram)
        for read_all in self.tables:
            for given, value in read_all():
                metric.add_sample(name, dict(given), value)
        return metric


class Metrics:
    """The numbers of one process.

    Names are of lower case letters, digits and ``_``; a counter's ends in ``_total``. ``meaning``
    is one line for the person who looks. A name has one kind.
    """

    def __init__(self) -> None:
        self._families: dict[str, _Family] = {}

    def counter(self, name: str, meaning: str, **labels: str) -> Counter:
        """The counter of that name and those labels, the same one each time. Raises ValueError."""
        if not name.endswith("_total"):
            raise ValueError(f"{name}: the name of a counter ends in _total")
        counters = self._family(name, "counter", meaning).counters
        return counters.setdefault(_labels(labels), Counter())

    def gauge(self, name: str, meaning: str, read: Callable[[], float], **labels: str) -> None:
        """A number that ``read`` gives whenever somebody looks. Raises ValueError."""
        self._family(name, "gauge", meaning).gauges[_labels(labels)] = read

    def table(self, name: str, meaning: str, read: Callable[[], Iterable[Sample]]) -> None:
        """Gauges whose labels are known only when somebody looks: ``read`` gives them with their
        numbers. Their values are a closed set all the same. Raises ValueError."""
        self._family(name, "gauge", meaning).tables.append(read)

    def histogram(
        self, name: str, meaning: str, bounds: Sequence[float] = SECONDS, **labels: str
    ) -> Histogram:
        """The histogram of that name and those labels, the same one each time. Raises ValueError.

        ``name`` ends in ``_seconds``; the first to ask for it sets its bounds.
        """
        if not name.endswith("_seconds"):
            raise ValueError(f"{name}: the name of a histogram ends in _seconds")
        histograms = self._family(name, "histogram", meaning).histograms
        return histograms.setdefault(_labels(labels), Histogram(bounds))

    def collect(self) -> Iterator[Metric]:
        """All of it as Prometheus' client library has it, by name."""
        for name, family in sorted(self._families.items()):
            yield family.collected(name)

    def text(self) -> str:
        """All of it in Prometheus' text format, each line with its line end."""
        from prometheus_client.exposition import generate_latest  # noqa: PLC0415

        return generate_latest(self).decode()

    def _family(self, name: str, kind: str, meaning: str) -> _Family:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a number")
        family = self._families.setdefault(name, _Family(kind, meaning))
        if family.kind != kind:
            raise ValueError(f"{name} is a {family.kind}")
        return family


def _labels(labels: Mapping[str, str]) -> _Labels:
    return tuple(sorted(labels.items()))


def _add_histogram(metric: Metric, name: str, labels: dict[str, str], histogram: Histogram) -> None:
    count = 0
    for bound, here in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
        count += here
        metric.add_sample(f"{name}_bucket", {**labels, "le": str(bound)}, count)
    metric.add_sample(f"{name}_count", labels, count)
    metric.add_sample(f"{name}_sum", labels, histogram.total)
