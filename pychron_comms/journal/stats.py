"""``pychron-journal stats``: how much, by whom, with what outcome, and how long it took."""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any, TextIO

from pychron_comms.journal.asking import FINE, Subcommands, add_options, find, wanted
from pychron_comms.journal.facts import FINE as NO_ERROR
from pychron_comms.journal.facts import UNNUMBERED
from pychron_comms.journal.moments import told
from pychron_comms.journal.table import Entry, printable

_DONE = frozenset({"end", "refused"})
_MOST = 15


def add_to(below: Subcommands) -> None:
    """The subcommand."""
    stats = below.add_parser("stats", help="how much, by whom, with what outcome, how long")
    add_options(stats)
    stats.add_argument("--json", action="store_true", help="for a program")
    stats.set_defaults(run=_stats)


def statistics(found: Iterable[Entry]) -> dict[str, Any]:
    """Counts by event, sender and outcome; of each command: how often, and seconds."""
    events: Counter[str] = Counter()
    senders: Counter[str] = Counter()
    outcomes: Counter[str] = Counter()
    times: defaultdict[str, list[float]] = defaultdict(list)
    at: list[str] = []
    for entry in found:
        facts = entry.facts
        at = [at[0] if at else str(entry.values["at"]), str(entry.values["at"])]
        events[facts.event] += 1
        if facts.event not in _DONE:
            continue
        senders[facts.who] += 1
        outcomes[_outcome(facts.code)] += 1
        if facts.seconds is not None:
            times[_name(entry)].append(facts.seconds)
    return {
        "first": at[0] if at else "",
        "last": at[-1] if at else "",
        "events": dict(events.most_common()),
        "senders": dict(senders.most_common()),
        "outcomes": dict(outcomes.most_common()),
        "commands": {name: _summary(times[name]) for name in sorted(times, key=_by_count(times))},
    }


def _stats(given: argparse.Namespace, out: TextIO) -> int:
    asked, zone = wanted(given)
    told_of = statistics(find(given.file, asked))
    if given.json:
        out.write(json.dumps(told_of, indent=2) + "\n")
        return FINE
    out.write(f"from {told(told_of['first'], zone)} to {told(told_of['last'], zone)}\n")
    for title in ("events", "senders", "outcomes"):
        out.write(f"\n{title}\n")
        for name, count in list(told_of[title].items())[:_MOST]:
            out.write(f"{count:>10,}  {printable(name) or '-'}\n")
    out.write(f"\n{'commands':>10}  {'median s':>9}  {'99 % s':>9}  {'longest s':>9}\n")
    for name, each in list(told_of["commands"].items())[:_MOST]:
        cells = "  ".join(f"{each[key]:>9.3f}" for key in ("median", "p99", "longest"))
        out.write(f"{each['count']:>10,}  {cells}  {printable(name)}\n")
    return FINE


def _name(entry: Entry) -> str:
    command = str(entry.about.get("command") or "")
    word = command.split(maxsplit=1)[0] if command else ""
    return f"{entry.facts.type}|{word[:40]}"


def _outcome(code: int | None) -> str:
    if code in (NO_ERROR, None):
        return "ok"
    return "an error without a number" if code == UNNUMBERED else f"ERROR {code:03d}"


def _summary(seconds: list[float]) -> dict[str, float]:
    seconds.sort()
    last = len(seconds) - 1
    return {
        "count": len(seconds),
        "median": seconds[last // 2],
        "p99": seconds[round(last * 0.99)],
        "longest": seconds[last],
    }


def _by_count(times: dict[str, list[float]]) -> Any:
    return lambda name: (-len(times[name]), name)
