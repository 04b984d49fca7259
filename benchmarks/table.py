"""The figures as a table for people, in Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.measures import ratios
from benchmarks.peers.rounds import OWN_CLIENT

_BASE = ("C relay", "relayed")
_COLUMNS = (
    ("serial p50", "serial", "p50"),
    ("p99", "serial", "p99"),
    ("64 in flight, rate", "64 in flight", "rate"),
    ("16 clients, rate", "16 clients", "rate"),
    ("connect each, 1", "connect each, 1", "rate"),
    ("connect each, 16", "connect each, 16", "rate"),
)


def rendered(results: Mapping[str, Any]) -> str:
    return "\n".join(_lines(results))


def _lines(results: Mapping[str, Any]) -> Iterator[str]:
    middle = results["medians"]
    rounds = results["rounds"]
    yield f"Ratios to the C relay in the same round: median (quartiles) of {len(rounds)} rounds."
    yield f"Python {results['python']}, Twisted {results['twisted']}."
    yield ""
    yield "| two hops | " + " | ".join(title for title, _, _ in _COLUMNS) + " |"
    yield "|---" * (len(_COLUMNS) + 1) + "|"
    cells = " | ".join(
        _absolute(middle[(*_BASE, load)][figure], figure) for _, load, figure in _COLUMNS
    )
    yield f"| C relay, itself | {cells} |"
    for name, kind in dict.fromkeys((name, kind) for name, kind, _ in rounds[0]):
        if (name, kind) != _BASE and name not in {"journal", "synced"}:
            hops = "one hop of " if kind == OWN_CLIENT else ""
            yield f"| {hops}{name}, {kind} | " + " | ".join(_cells(results, name, kind)) + " |"
    yield ""
    yield from _rest(results)


def _cells(results: Mapping[str, Any], name: str, kind: str) -> Iterator[str]:
    for _, load, figure in _COLUMNS:
        key = (name, kind, load)
        if key not in results["medians"]:
            yield ""
            continue
        found, low, high = ratios(results["rounds"], key, (*_BASE, load), figure)
        yield f"{found:.2f} ({low:.2f}-{high:.2f})"


def _rest(results: Mapping[str, Any]) -> Iterator[str]:
    middle = results["medians"]
    for name in results["roads"]:
        many, some = middle[name, "polled", "1,000 clients"], middle[name, "polled", "16 clients"]
        yield (
            f"{name}: 1,000 clients have {many['rate'] / some['rate']:.2f} of the rate of 16;"
            f" p99 is {many['p99'] / many['p50']:.1f} times p50."
        )
    plain = middle["road", "acting", "64 in flight"]["rate"]
    for name, words in (("journal", "with a journal"), ("synced", "with each record synced")):
        rate = middle[name, "acting", "64 in flight"]["rate"]
        yield f"Acting, 64 in flight, {words}: {rate:.0f}/s, {rate / plain - 1:+.0%} of none."
    yield f"An idle client's connection takes {results['idle bytes']:.0f} bytes."
    yield f"From the start of both processes to the first reply: {results['start seconds']:.2f} s."


def _absolute(value: float, figure: str) -> str:
    return f"{value:,.0f}/s" if figure == "rate" else f"{value * 1e6:.0f} us"
