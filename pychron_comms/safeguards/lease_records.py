"""What the journal says of leases: which still run, and which parts must be made safe."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from twisted.internet.defer import Deferred

#: Of a part that could not be made safe yet, or is carried over so, with ``why`` it must be.
UNSAFE = "unsafe"


# Most records are of none of these.
_EVENTS = frozenset({"claim", "release", "lapse", "override", UNSAFE, "safe"})


class Diary(Protocol):
    """Where the events of leases are written down."""

    def write(self, event: str, **fields: Any) -> Deferred[None] | None:
        """Before it is so: None where it is written, else fires when it is.

        Errors: 214, and then it must not be.
        """

    def note(self, event: str, **fields: Any) -> None:
        """What is so already."""


class WrittenLease(NamedTuple):
    """A lease of an earlier process, by its part's name. Times in seconds of Unix time.

    ``seconds``: what was left of it when that was written. It has no more, however far the
    computer's clock has been set back since.
    """

    part: str
    owner: str
    since: float
    until: float
    bound: bool
    seconds: float = math.inf


class LeaseRecords:
    """Takes the records of earlier processes, oldest first.

    A lease has ended when it was given back, or when its part was made safe; a process that was
    killed in between leaves the part in ``unsafe``, with why it must be made safe.
    """

    def __init__(self) -> None:
        self.leases: dict[str, WrittenLease] = {}
        self.unsafe: dict[str, str] = {}

    def take(self, record: Mapping[str, Any]) -> None:
        event = record["event"]
        if event not in _EVENTS:
            return
        if event == "claim":
            self.leases[record["part"]] = _lease(record)
        elif event == "release":
            self.leases.pop(record["part"], None)
        elif event == "lapse":
            self.leases.pop(record["part"], None)
            self.unsafe[record["part"]] = f"the lapse of {record['owner']}'s lease"
        elif event == "override":
            self.leases.pop(record["part"], None)
            # Before 0.1 it did not say what was made safe.
            part = record.get("safe", record["part"])
            self.unsafe[part] = f"{record['sender']}'s override"
        elif event == UNSAFE:
            self.unsafe[record["part"]] = record["why"]
        elif event == "safe":
            self.unsafe.pop(record["part"], None)

    def carried(self) -> list[Mapping[str, Any]]:
        """The records that say the same."""
        unsafe = [{"event": UNSAFE, "part": part, "why": why} for part, why in self.unsafe.items()]
        claims = [{"event": "claim", **claimed(each)} for each in self.leases.values()]
        return [*unsafe, *claims]


def claimed(lease: WrittenLease) -> dict[str, Any]:
    """The fields of the record ``claim``."""
    return {
        "part": lease.part,
        "sender": lease.owner,
        "since": round(lease.since, 3),
        "until": round(lease.until, 3),
        "bound": lease.bound,
    }


def _lease(record: Mapping[str, Any]) -> WrittenLease:
    at = datetime.fromisoformat(record["at"]).timestamp() if "at" in record else -math.inf
    until = record.get("until")
    if until is None:
        until = at + record["seconds"]
    since, bound = record.get("since", until), record.get("bound", False)
    return WrittenLease(record["part"], record["sender"], since, until, bound, until - at)
