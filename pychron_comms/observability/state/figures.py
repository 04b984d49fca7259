"""The numbers that Prometheus is told of the items of a state stream."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from pychron_comms.interfaces import Severity
from pychron_comms.observability.metrics import Metrics, Sample
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.patterns import matcher
from pychron_comms.observability.state.stream import StateStream

_VALVE = "/valve/"
_DEVICE = "device/"
_PROCESSOR = "road/processor/"
_ROUTE = "road/route/"
_CLOCK = "road/clock/"

#: Items whose values are told at once.
MOST = 500

#: Best first, as they are declared.
_SEVERITIES = list(Severity)


class StreamFigures:
    """``values`` are patterns of the items whose own numbers are told; few, since each is a series.

    The names of valves, devices, processors and routes are the configuration's: a closed set.
    """

    def __init__(self, stream: StateStream, metrics: Metrics, values: Sequence[str] = ()) -> None:
        self._stream = stream
        self._wanted = matcher(values) if values else lambda path: False
        for name, meaning, read in (
            ("items", "Items of the state stream, by how they stand.", self._by_severity),
            ("valve_state", "0 closed, 1 open, -1 unknown.", self._valves),
            (
                "device_last_success_timestamp_seconds",
                "When a device was last found as it is shown.",
                self._devices,
            ),
            ("processor_connected", "Whether a processor answers.", self._processors),
            ("route_up", "Whether commands of a type reach a processor.", self._routes),
            (
                "route_changed_timestamp_seconds",
                "Since when a route leads where it does, and does as it does.",
                self._route_changes,
            ),
            ("clock_offset_seconds", "How far a processor's clock is ahead.", self._clocks),
            ("value", "Items that [metrics] values names.", self._values),
            ("value_severity", "How they stand: 0 ok to 3 invalid.", self._value_severities),
        ):
            metrics.table(f"pychron_comms_{name}", meaning, read)
        for name, meaning, number in (
            ("subscribers", "Who follows the state stream.", "readers"),
            ("stream_sequence", "Changes of the state stream.", "number"),
            (
                "stream_squashed",
                "Changes that readers never saw, since they got a newer one in their place.",
                "squashed",
            ),
            ("stream_gaps", "Readers that came back too late to be told all.", "gaps"),
        ):
            metrics.gauge(f"pychron_comms_{name}", meaning, partial(getattr, stream, number))

    def _by_severity(self) -> Iterable[Sample]:
        counted = Counter(item.severity for item in self._stream)
        return [({"severity": each.value}, counted[each]) for each in _SEVERITIES]

    def _valves(self) -> Iterable[Sample]:
        for item in self._stream:
            _, found, name = item.path.partition(_VALVE)
            if found and not item.path.startswith("road/"):
                known = isinstance(item.value, bool) and item.severity is not Severity.INVALID
                yield {"valve": name}, int(item.value) if known else -1

    def _devices(self) -> Iterable[Sample]:
        for name, item in self._under(_DEVICE):
            if item.severity is not Severity.INVALID:
                yield {"device": name}, item.confirmed

    def _processors(self) -> Iterable[Sample]:
        for name, item in self._under(_PROCESSOR):
            yield {"processor": name}, _well(item)

    def _routes(self) -> Iterable[Sample]:
        for name, item in self._under(_ROUTE):
            yield {"type": name, "processor": str(item.value)}, _well(item)

    def _route_changes(self) -> Iterable[Sample]:
        for name, item in self._under(_ROUTE):
            yield {"type": name}, item.obtained

    def _clocks(self) -> Iterable[Sample]:
        for name, item in self._under(_CLOCK):
            if item.severity is not Severity.INVALID:
                yield {"processor": name}, item.value

    def _under(self, prefix: str) -> Iterator[tuple[str, Item]]:
        """The items there, by the rest of their paths."""
        for item in self._stream:
            if item.path.startswith(prefix):
                yield item.path.removeprefix(prefix), item

    def _values(self) -> Iterable[Sample]:
        for item in self._listed():
            if item.severity is not Severity.INVALID:
                yield {"path": item.path, "unit": item.unit}, float(item.value)

    def _value_severities(self) -> Iterable[Sample]:
        for item in self._listed():
            yield {"path": item.path}, _SEVERITIES.index(item.severity)

    def _listed(self) -> Iterable[Item]:
        numbers = (
            item
            for item in self._stream
            if (item.is_number or isinstance(item.value, bool)) and self._wanted(item.path)
        )
        return [item for item, _ in zip(numbers, range(MOST), strict=False)]


def _well(item: Item) -> int:
    return int(item.severity is not Severity.INVALID)
