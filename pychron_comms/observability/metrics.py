"""What is counted, as Prometheus reads it: numbers, by name and label."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ESCAPES = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})


class Counter:
    """A number that only grows. Who counts writes ``counter.value += 1``, and nothing else runs."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class _Family:
    """All numbers of one name: those of counters, or of gauges."""

    def __init__(self, kind: str, meaning: str) -> None:
        self.kind = kind
        self.meaning = meaning
        self.counters: dict[str, Counter] = {}
        self.gauges: dict[str, Callable[[], float]] = {}

    def samples(self) -> dict[str, float]:
        """The numbers now, by their labels as text."""
        counted: dict[str, float] = {labels: each.value for labels, each in self.counters.items()}
        return counted | {labels: read() for labels, read in self.gauges.items()}


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

    def text(self) -> str:
        """All of it in Prometheus' text format, each line with its line end."""
        lines: list[str] = []
        for name, family in sorted(self._families.items()):
            lines += [f"# HELP {name} {family.meaning}", f"# TYPE {name} {family.kind}"]
            samples = sorted(family.samples().items())
            lines += [f"{name}{labels} {_number(value)}" for labels, value in samples]
        return "".join(f"{line}\n" for line in lines)

    def _family(self, name: str, kind: str, meaning: str) -> _Family:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name for a number")
        family = self._families.setdefault(name, _Family(kind, meaning))
        if family.kind != kind:
            raise ValueError(f"{name} is a {family.kind}")
        return family


def _labels(labels: dict[str, str]) -> str:
    pairs = [f'{name}="{value.translate(_ESCAPES)}"' for name, value in sorted(labels.items())]
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _number(value: float) -> str:
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return "NaN" if math.isnan(value) else f"{value}"
