"""The newest records that fit a question, for who looks at a page: JSON in, JSON out.

Run as a program, ``python -m pychron_comms.journal.search FILE QUESTION``, so that a search in a
year of records costs the process that commands the hardware nothing. The index beside the journal
is made where there is none.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from pychron_comms.journal.facts import ALARM, alarm_words
from pychron_comms.journal.filters import EVENTS, Filter
from pychron_comms.journal.index import Index
from pychron_comms.journal.table import Entry

#: Records of one answer.
MOST = 200

#: Characters of a word in a question.
LONGEST = 200

_WORDS = ("who", "type", "target", "outcome", "event")
_TIMES = ("since", "until")

#: What a record is about, whatever its kind.
_ASKED = ("command", "part", "alarm", "why")

_KNOWN = frozenset({*_WORDS, *_TIMES, "slower_than"})


def parse_question(fields: Mapping[str, object]) -> Filter:
    """``who``, ``type``, ``target``, ``event``; ``outcome``: ok, error or a code; ``since`` and
    ``until`` in Unix time; ``slower_than`` in seconds. What is empty is not asked for.

    Raises ValueError.
    """
    given = {name: str(each).strip() for name, each in fields.items() if str(each).strip()}
    for name, text in given.items():
        if name not in _KNOWN:
            raise ValueError(f"{name}: nothing of that name can be asked for")
        if len(text) > LONGEST:
            raise ValueError(f"{name}: more than {LONGEST} characters")
    outcome = given.get("outcome")
    if outcome and not (outcome in {"ok", "error"} or (outcome.isascii() and outcome.isdigit())):
        raise ValueError(f"outcome={outcome}: ok, error, or the number of an error")
    if given.get("event", EVENTS[0]) not in EVENTS:
        raise ValueError(f"event={given['event']}: expected one of {', '.join(EVENTS)}")
    times = {name: round(_number(name, given[name]) * 1e6) for name in _TIMES if name in given}
    slower = _number("slower_than", given["slower_than"]) if "slower_than" in given else None
    words = {name: given[name] for name in _WORDS if name in given}
    return Filter(**words, **times, slower_than=slower)  # type: ignore[arg-type]


def newest(path: Path, asked: Filter) -> dict[str, Any]:
    """``records``, newest first, and whether there are ``more``. Errors: UnusableError, OSError."""
    with closing(Index(path, make=True)) as index:
        index.catch_up()
        # A command is two records, a begin and an end: of so many more than MOST are told.
        most = 2 * MOST + 1
        found, whole = list(index.find(asked, most)), asked.of_a_whole_type
        if not found and whole is not None:
            found = list(index.find(whole, most))
    told = _told(found)
    return {"records": told[:MOST], "more": len(told) > MOST}


def _told(found: Iterable[Entry]) -> list[dict[str, Any]]:
    """Newest first; a begin only where its end is not there."""
    entries = list(found)
    ended = {entry.values.get("of") for entry in entries if entry.facts.event == "end"}
    kept = (
        entry
        for entry in reversed(entries)
        if not (entry.facts.event == "begin" and entry.values["n"] in ended)
    )
    return [_row(entry) for entry in kept]


def _row(entry: Entry) -> dict[str, Any]:
    about, facts = entry.about, entry.facts
    return {
        "n": about["n"],
        "t": facts.at / 1e6,
        "event": facts.event,
        "who": facts.who,
        "type": facts.type,
        "command": next((str(about[each]) for each in _ASKED if about.get(each)), ""),
        "reply": alarm_words(about) if facts.event == ALARM else str(about.get("reply") or ""),
        "seconds": facts.seconds,
    }


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e11:
        raise ValueError(f"{name}={text}: expected seconds")
    return value


def main(argv: list[str]) -> int:
    with suppress(OSError):
        os.nice(10)
    path, question = argv
    try:
        found = newest(Path(path), parse_question(json.loads(question)))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(found, separators=(",", ":")))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
