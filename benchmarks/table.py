"""The figures as a table for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

#: The aims: at most so many times the bare relay's p50, at least so much of its rate.
P50_AIM = 1.3
RATE_AIM = 0.7
MEMORY_AIM = 4096

_COLUMNS = (
    f"{'':<16}{'p50 us':>15}{'p99 us':>17}{'requests/s':>17}"
    f"{f'p50 (<= {P50_AIM})':>22}{f'rate (>= {RATE_AIM})':>22}"
)
_HEAD = f"{'':<16}{'road    relay':>15}{'road    relay':>17}{'road    relay':>17}"


def render(results: Mapping[str, Any]) -> str:
    return "\n".join(_lines(results["measures"], results["segments"], results["rounds"]))


def _lines(measures: Mapping[str, Any], segments: Mapping[str, Any], rounds: int) -> Iterator[str]:
    yield f"Medians of {rounds} rounds; ratios road/relay: median (least-most)"
    yield ""
    yield _COLUMNS
    yield _HEAD
    for name, measure in measures.items():
        if "rate" in measure["road"]:
            yield _row(name, measure)
    yield ""
    idle = measures["idle"]
    yield (
        f"Memory of an idle connection: road {idle['road']['bytes']:.0f} bytes "
        f"(aim: under {MEMORY_AIM}), relay {idle['relay']['bytes']:.0f}"
    )
    for name, found in segments.items():
        yield (
            f"One line of {found['bytes'] / 1024:.0f} KiB in one-byte segments: {name} "
            f"{found['seconds']:.2f} s, {found['growth']:.1f} times a quarter of it "
            "(4 is linear, 16 quadratic)"
        )


def _row(name: str, measure: Mapping[str, Any]) -> str:
    road, relay, ratio = (measure[each] for each in ("road", "relay", "ratio"))
    cells = [
        _microseconds(road, relay, "p50", 15),
        _microseconds(road, relay, "p99", 17),
        f"{road['rate']:>9.0f}{relay['rate']:>8.0f}",
        _ratio(ratio, "p50"),
        _ratio(ratio, "rate"),
    ]
    return f"{name:<16}{''.join(cells)}"


def _microseconds(
    road: Mapping[str, float], relay: Mapping[str, float], key: str, width: int
) -> str:
    if key not in road:
        return " " * width
    return f"{road[key] * 1e6:>{width - 8}.0f}{relay[key] * 1e6:>8.0f}"


def _ratio(ratio: Mapping[str, Mapping[str, float]], key: str) -> str:
    if key not in ratio:
        return " " * 22
    found = ratio[key]
    return f"{found['median']:>10.2f} ({found['least']:.2f}-{found['most']:.2f})".rjust(22)
