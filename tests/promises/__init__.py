"""The promises of docs/promises.md: for each, how to break it, and the test that then fails.

One module for each part of that page; ``python -m tests.promises`` breaks them all.
"""

from __future__ import annotations

from tests.promises.access import ACCESS
from tests.promises.bounds import BOUNDS
from tests.promises.instruments import INSTRUMENTS
from tests.promises.machines import MACHINES
from tests.promises.once import ONCE
from tests.promises.promise import Promise
from tests.promises.record import RECORD
from tests.promises.replies import REPLIES
from tests.promises.safety import SAFETY
from tests.promises.watching import WATCHING

__all__ = ["PARTS", "PROMISES", "Promise"]

#: The page's parts, in order.
PARTS: dict[str, tuple[Promise, ...]] = {
    "A line and its reply": REPLIES,
    "Once, and in time": ONCE,
    "What makes safe": SAFETY,
    "Who may, and when": ACCESS,
    "Written down": RECORD,
    "Bounded": BOUNDS,
    "Seen": WATCHING,
    "Instruments": INSTRUMENTS,
    "Many machines": MACHINES,
}

PROMISES = tuple(promise for part in PARTS.values() for promise in part)
