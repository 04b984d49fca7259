"""When a process is said to have stood still."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.logger import LogEvent, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability.loop_watch import BEAT, LATE, LoopWatch
from pychron_comms.observability.metrics import Metrics


class LoopWatchTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.metrics = Metrics()
        self.watch = LoopWatch(self.clock, self.metrics)
        self.watch.startService()
        self.addCleanup(self.watch.stopService)

    def stand_still(self, seconds: float) -> None:
        """No timer runs meanwhile, nor after it: what came is handled first."""
        self.clock.rightNow += seconds

    def heard(self) -> list[str]:
        """What the log says from now on."""
        lines: list[str] = []

        def hear(event: LogEvent) -> None:
            lines.append(formatEvent(event))

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
        return lines

    def stand_still_and_go_on(self, seconds: float) -> None:
        self.stand_still(seconds)
        self.watch.stalls  # noqa: B018 -- to look is what counts it
        self.clock.pump([0.05] * 20)

    def test_one_that_goes_on_has_not(self) -> None:
        self.clock.pump([0.05] * 100)
        self.assertEqual(self.watch.stalls, 0)

    def test_one_that_was_late_by_a_quarter_second_has(self) -> None:
        self.stand_still(BEAT + LATE + 0.01)
        self.assertEqual(self.watch.stalls, 1)
        self.assertIn("pychron_comms_loop_stalls_total 1", self.metrics.text())

    def test_it_is_counted_once_whoever_asks_first(self) -> None:
        self.stand_still(3.0)
        self.assertEqual((self.watch.stalls, self.watch.stalls), (1, 1))
        self.clock.pump([0.05] * 20)
        self.assertEqual(self.watch.stalls, 1)

    def test_it_is_counted_where_nobody_asks(self) -> None:
        self.stand_still(3.0)
        self.clock.pump([0.05] * 20)
        self.stand_still(3.0)
        self.clock.pump([0.05] * 20)
        self.assertEqual(self.watch.stalls, 2)

    def test_a_short_pause_is_none(self) -> None:
        for _ in range(50):
            self.stand_still(LATE)
            self.clock.advance(0)
        self.assertEqual(self.watch.stalls, 0)

    def test_for_a_moment_after_it_what_is_read_may_have_lain_there(self) -> None:
        self.stand_still(3.0)
        self.clock.pump([0.05] * 9)
        self.assertGreaterEqual(self.watch.may_have_lain, 3.0)
        self.clock.pump([0.05] * 3)
        self.assertEqual(self.watch.may_have_lain, 0.0)

    def test_it_may_have_lain_there_for_as_long_as_this_process_stood_still(self) -> None:
        self.assertEqual(self.watch.may_have_lain, 0.0)
        self.stand_still(3.0)
        self.assertEqual(self.watch.may_have_lain, 3.0)
        self.clock.pump([0.05] * 12)
        self.assertEqual(self.watch.may_have_lain, 0.0)

    def test_of_many_in_a_minute_the_log_has_two_lines_and_their_count(self) -> None:
        lines = self.heard()
        for _ in range(40):
            self.stand_still_and_go_on(0.5)
        self.assertEqual(lines, ["this process stood still for 0.4 s"])
        self.assertEqual(self.watch.stalls, 40)
        self.clock.pump([0.1] * 400)
        (line,) = lines[1:]
        self.assertRegex(line, r"still 39 times more since then, for 16\.\d s in all, 0\.4 s at")
        self.clock.pump([0.1] * 700)
        self.stand_still(0.5)
        self.assertEqual(self.watch.stalls, 41)
        self.assertEqual(lines[2:], ["this process stood still for 0.4 s"])

    def test_one_that_is_much_longer_is_told_at_once(self) -> None:
        lines = self.heard()
        for seconds in (0.5, 0.6, 3.1, 0.5):
            self.stand_still_and_go_on(seconds)
        self.assertEqual([line.rpartition("for ")[2] for line in lines], ["0.4 s", "3.0 s"])

    def test_what_was_only_counted_is_told_at_the_stop(self) -> None:
        lines = self.heard()
        watch = LoopWatch(self.clock, Metrics())
        watch.startService()
        for _ in range(2):
            self.stand_still(0.5)
            watch.stalls  # noqa: B018 -- to look is what counts it
        watch.stopService()
        told = "this process stood still 1 times more since then, for 0.4 s in all, 0.4 s at most"
        self.assertIn(told, lines)

    def test_before_the_start_nothing_is_counted(self) -> None:
        watch = LoopWatch(self.clock, Metrics())
        self.stand_still(60.0)
        self.assertEqual(watch.stalls, 0)

    def test_how_late_the_loop_is_is_told_whoever_looks_in_between(self) -> None:
        self.clock.pump([BEAT / 2] * 20)
        for _ in range(10):
            self.stand_still(BEAT + 0.08)
            self.assertEqual(self.watch.stalls, 0)
            self.clock.advance(0)
        text = self.metrics.text()
        self.assertIn('pychron_comms_reactor_lag_seconds_bucket{le="0.05"} 10.0\n', text)
        self.assertIn('pychron_comms_reactor_lag_seconds_bucket{le="0.1"} 20.0\n', text)
