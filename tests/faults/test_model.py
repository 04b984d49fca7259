"""Histories of clients, commands and faults, drawn at random; the promises hold after each.

Each history is a list of plain steps, drawn first and then run by an interpreter, and not a
``RuleBasedStateMachine``: drawing costs a fifth of it, a failure shrinks to a list that can be
pasted into a test, and the same histories run against roads that were broken on purpose
(``test_teeth``). ``pytest -s`` shows what they held.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy
from twisted.trial.unittest import SynchronousTestCase

from tests.draws import drawn
from tests.faults.model.bench import Script
from tests.faults.model.classics import CLASSICS
from tests.faults.model.clients import Unit
from tests.faults.model.history import History
from tests.faults.model.promises import acknowledged, live_through
from tests.faults.model.strategies import histories, qtegra_histories
from tests.faults.model.world import World

_FAR_PYCHRON = 3

HISTORIES = 300


class ModelTests(SynchronousTestCase):
    def test_the_promises_hold_in_the_histories_that_are_known(self) -> None:
        for history in CLASSICS:
            self.assertTrue(live_through(history).units)

    def test_the_promises_hold_whatever_happens(self) -> None:
        self.hold_in(histories, drawn(HISTORIES))

    def test_also_where_qtegras_clients_ask(self) -> None:
        self.hold_in(qtegra_histories, drawn(HISTORIES // 5))

    def test_also_where_each_record_waits_for_a_disk(self) -> None:
        """That is quick, and that is too slow for what makes safe."""
        for seconds in (0.02, 0.3):
            self.hold_in(histories, drawn(HISTORIES // 10), seconds)

    def hold_in(
        self, drawn: SearchStrategy[History], count: int, sync: float | None = None
    ) -> None:
        seen: Counter[str] = Counter()
        total: Counter[str] = Counter()

        @settings(
            max_examples=count,
            deadline=None,
            derandomize=True,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        )
        @given(drawn)
        def lives(history: History) -> None:
            world = live_through(history, sync)
            seen.update(world.faults.keys())
            total["histories"] += 1
            total["commands"] += len(world.units)
            total["asks"] += sum(len(unit.asks) for unit in world.units)
            total["actuations"] += sum(world.laboratory.actuated.values())

        started = time.monotonic()
        lives()
        self.assertGreaterEqual(total["histories"], count)
        print(_summary(total, seen, time.monotonic() - started))  # noqa: T201


class AnewTests(SynchronousTestCase):
    """Who has read the reply means the same line anew, past a restart of the processor too."""

    def asked_again_after(self, end: Callable[[World], None]) -> int:
        """How often it acted; asked again a second after the processor has begun to end."""
        with acknowledged():
            world = World()
            for _ in range(2):
                world.ask(_FAR_PYCHRON, Unit(0, "Count", "a", Script()))
                world.pass_time(1.0)
                self.assertEqual(world.units[-1].last_word, "did n0")
                end(world)
                world.pass_time(1.5)
        return world.laboratory.actuated["n0"]

    def test_of_one_that_was_killed(self) -> None:
        self.assertEqual(self.asked_again_after(World.kill_processor), 2)

    def test_of_one_that_was_stopped(self) -> None:
        self.assertEqual(self.asked_again_after(World.stop_processor), 2)

    def test_and_where_there_was_none(self) -> None:
        self.assertEqual(self.asked_again_after(lambda world: None), 2)


def _summary(total: Counter[str], seen: Counter[str], seconds: float) -> str:
    counts = ", ".join(f"{number} {what}" for what, number in total.items())
    faults = "\n".join(f"  {number:6d}  {what}" for what, number in sorted(seen.items()))
    return f"\n{counts} in {seconds:.0f} s; histories with\n{faults}"
