"""Histories of clients, commands and faults, drawn at random; the promises hold after each.

Each history is a list of plain steps, drawn first and then run by an interpreter, and not a
``RuleBasedStateMachine``: drawing costs a fifth of it, a failure shrinks to a list that can be
pasted into a test, and the same histories run against roads that were broken on purpose
(``test_teeth``). ``PYCHRON_HISTORIES`` says how many; ``pytest -s`` shows what they held.
"""

from __future__ import annotations

import os
import time
from collections import Counter

from hypothesis import HealthCheck, given, settings
from twisted.trial.unittest import SynchronousTestCase

from tests.faults.model.classics import CLASSICS
from tests.faults.model.history import History
from tests.faults.model.promises import live_through
from tests.faults.model.strategies import histories

HISTORIES = int(os.environ.get("PYCHRON_HISTORIES", "300"))


class ModelTests(SynchronousTestCase):
    def test_the_promises_hold_in_the_histories_that_are_known(self) -> None:
        for history in CLASSICS:
            self.assertTrue(live_through(history).units)

    def test_the_promises_hold_whatever_happens(self) -> None:
        seen: Counter[str] = Counter()
        total: Counter[str] = Counter()

        @settings(
            max_examples=HISTORIES,
            deadline=None,
            derandomize=True,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(histories)
        def lives(history: History) -> None:
            world = live_through(history)
            seen.update(world.faults.keys())
            total["histories"] += 1
            total["commands"] += len(world.units)
            total["asks"] += sum(len(unit.asks) for unit in world.units)
            total["actuations"] += sum(world.laboratory.actuated.values())

        started = time.monotonic()
        lives()
        self.assertGreaterEqual(total["histories"], HISTORIES)
        print(_summary(total, seen, time.monotonic() - started))  # noqa: T201


def _summary(total: Counter[str], seen: Counter[str], seconds: float) -> str:
    counts = ", ".join(f"{number} {what}" for what, number in total.items())
    faults = "\n".join(f"  {number:6d}  {what}" for what, number in sorted(seen.items()))
    return f"\n{counts} in {seconds:.0f} s; histories with\n{faults}"
