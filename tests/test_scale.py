"""The simulation behind docs/scale.md, against what theory says, and what it says of many."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from benchmarks.queueing import Kind, simulated, utilisation
from benchmarks.scale import Costs, Laboratory, at_server, most, problem, report

COSTS = Costs(
    read_server=50e-6,
    read_processor=50e-6,
    act_server=200e-6,
    act_processor=300e-6,
    journal=100e-6,
    watcher=5e-6,
    idle_server=2e-3,
    idle_processor=2e-3,
    connection=2e3,
    memory=60e6,
)


class QueueTests(SynchronousTestCase):
    def test_a_process_that_does_little_keeps_nobody_waiting(self) -> None:
        busy = simulated([Kind(1.0, 0.001)])
        self.assertAlmostEqual(busy.share, 0.001)
        self.assertAlmostEqual(busy.p50, 0.001)

    def test_half_of_the_jobs_wait_as_theory_says(self) -> None:
        # Of one process with jobs of equal length, at random (M/D/1), the mean wait at a share r
        # is r / (2 (1 - r)) jobs; the median is below it, and a tenth waits longer than twice.
        busy = simulated([Kind(800.0, 0.001)])
        self.assertTrue(0.001 + 0.5 * 0.002 < busy.p50 < 0.001 + 0.002, busy)
        self.assertTrue(0.005 < busy.p99 < 0.015, busy)

    def test_what_is_given_more_than_it_can_do_is_never_done(self) -> None:
        self.assertEqual(simulated([Kind(2.0, 0.6)]).p50, float("inf"))

    def test_the_same_seed_says_the_same(self) -> None:
        kinds = [Kind(100.0, 0.002), Kind(5.0, 0.05)]
        self.assertEqual(simulated(kinds, 3), simulated(kinds, 3))
        self.assertAlmostEqual(utilisation(kinds), 0.45)


class ScaleTests(SynchronousTestCase):
    def test_more_laboratories_are_more_work_until_a_server_breaks(self) -> None:
        laboratory = Laboratory()
        fits = most(lambda count: not problem(COSTS, laboratory, count))
        self.assertTrue(utilisation(at_server(COSTS, laboratory, fits)) <= 0.7)
        self.assertIn("its core", problem(COSTS, laboratory, fits + 1))

    def test_connections_alone_take_descriptors_and_memory(self) -> None:
        still = Laboratory(20_000, 0.0, 0.0, 0.0, 0)
        self.assertIn("descriptors", problem(COSTS, still, 1))
        few = Laboratory(10_000, 0.0, 0.0, 0.0, 0)
        self.assertIn("memory", problem(Costs(**{**vars(COSTS), "connection": 1e6}), few, 1))

    def test_the_greatest_that_fits(self) -> None:
        for greatest in (0, 1, 2, 3, 17, 1000):
            self.assertEqual(most(lambda count, last=greatest: count <= last), greatest)

    def test_the_report_has_a_row_for_each_that_is_asked_about(self) -> None:
        text = "\n".join(report(COSTS, Laboratory()))
        for row in (
            "one laboratory",
            "ten laboratories",
            "1,000 laboratories",
            "1,000,000 who watch",
        ):
            self.assertIn(f"| {row}", text)
        self.assertIn("One server breaks first with", text)
