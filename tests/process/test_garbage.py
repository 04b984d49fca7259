"""Python's search for garbage rests where it only costs, and goes on as it was."""

from __future__ import annotations

import gc
from collections.abc import Callable

from twisted.internet.testing import MemoryReactor
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.process.garbage import (
    LOOKS_BETWEEN,
    collecting_no_garbage,
    overlook_what_stays,
)


class GarbageTests(SynchronousTestCase):
    def test_none_is_looked_for_meanwhile(self) -> None:
        with collecting_no_garbage():
            self.assertFalse(gc.isenabled())
        self.assertTrue(gc.isenabled())

    def test_also_where_it_fails(self) -> None:
        with self.assertRaises(ZeroDivisionError), collecting_no_garbage():
            raise ZeroDivisionError
        self.assertTrue(gc.isenabled())

    def test_who_looks_for_none_at_all_is_left_so(self) -> None:
        gc.disable()
        self.addCleanup(gc.enable)
        with collecting_no_garbage():
            """Nothing to do."""
        self.assertFalse(gc.isenabled())

    def test_what_is_there_when_the_reactor_runs_is_not_looked_through_again(self) -> None:
        self.addCleanup(gc.unfreeze)
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        reactor = MemoryReactor()
        gc.unfreeze()
        overlook_what_stays(reactor)
        self.assertEqual(gc.get_freeze_count(), 0)
        looks: list[str] = []
        gc.callbacks.append(self.noting(looks))
        reactor.run()
        self.assertEqual(looks, [])
        self.assertGreater(gc.get_freeze_count(), 1000)

    def noting(self, looks: list[str]) -> Callable[[str, dict[str, int]], None]:
        """Hears of each look at all that there is."""

        def note(phase: str, told: dict[str, int]) -> None:
            if told["generation"] == 2:
                looks.append(phase)

        self.addCleanup(gc.callbacks.remove, note)
        return note

    def test_and_all_that_comes_later_is_looked_through_seldom(self) -> None:
        """As a flood leaves a hundred thousand objects, each full look would take 90 ms."""
        self.addCleanup(gc.unfreeze)
        self.addCleanup(gc.set_threshold, *gc.get_threshold())
        young = gc.get_threshold()[:2]
        reactor = MemoryReactor()
        overlook_what_stays(reactor)
        reactor.run()
        self.assertEqual(gc.get_threshold(), (*young, LOOKS_BETWEEN))
        self.assertGreaterEqual(LOOKS_BETWEEN, 100)
