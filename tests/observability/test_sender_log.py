"""A log that no sender can fill."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.logger import Logger, formatEvent
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.observability import sender_log as module
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import LENGTH, LINES, PERIOD, TOLD, SenderLog


class SenderLogTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.metrics = Metrics()
        self.senders = SenderLog(self.clock, self.metrics)
        self.lines: list[str] = []
        self.failures: list[Failure] = []
        self.log = Logger("test", observer=self.observe)  # type: ignore[arg-type]

    def observe(self, event: Any) -> None:
        self.lines.append(formatEvent(event))
        if "log_failure" in event:
            self.failures.append(event["log_failure"])

    def say(self, what: object, sender: str = "10.0.0.1") -> None:
        self.senders.warn(self.log, "{sender} said {what}", sender=sender, what=what)

    def test_what_is_said_once_is_written(self) -> None:
        self.say("hello")
        self.senders.info(self.log, "{sender} came", sender="10.0.0.2")
        self.assertEqual(self.lines, ["10.0.0.1 said hello", "10.0.0.2 came"])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_long_line_is_cut(self) -> None:
        self.say("x" * 60_000)
        self.say(b"y" * 60_000)
        for line in self.lines:
            self.assertLess(len(line), LENGTH + 60)
            self.assertIn("... (60000 in all)", line)

    def test_repeats_are_counted_and_told_in_one_line(self) -> None:
        for _ in range(5000):
            self.say("x" * 60_000)
        self.assertEqual(len(self.lines), 1)
        self.clock.advance(PERIOD)
        self.assertEqual(self.lines[1:], ["4999 more lines about 10.0.0.1 were not written"])
        self.assertIn("pychron_comms_log_lines_withheld_total 4999.0\n", self.metrics.text())
        self.say("x" * 60_000)
        self.assertEqual(len(self.lines), 3)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_sender_has_so_many_lines_and_another_has_its_own(self) -> None:
        for number in range(1000):
            self.say(number)
        self.assertEqual(len(self.lines), LINES)
        self.say("hello", "10.0.0.2")
        self.assertEqual(self.lines[-1], "10.0.0.2 said hello")

    def test_after_a_while_a_sender_may_have_more_a_second_time_too(self) -> None:
        for turn in range(3):
            self.say("hello")
            self.assertEqual(len(self.lines), turn + 1)
            self.clock.advance(PERIOD)

    def test_the_number_of_senders_is_bounded(self) -> None:
        self.patch(module, "SENDERS", 3)
        for number in range(100):
            self.say("hello", f"10.0.0.{number}")
        self.assertEqual(len(self.lines), 4)
        self.clock.advance(PERIOD)
        self.assertEqual(self.lines[4:], ["96 more lines about others were not written"])
        self.say("hello", "10.0.1.1")
        self.assertEqual(self.lines[-1], "10.0.1.1 said hello")
        self.assertLess(len(self.senders._pages), 5)

    def test_a_bug_is_written_with_its_traceback(self) -> None:
        failure = Failure(ZeroDivisionError("why"))
        self.senders.failure(self.log, "a bug met {sender}", failure, sender="10.0.0.1")
        self.senders.failure(self.log, "a bug met {sender}", failure, sender="10.0.0.1")
        self.assertEqual(self.lines, ["a bug met 10.0.0.1"])

    def test_a_bug_that_says_a_great_deal_is_cut_with_its_traceback_kept(self) -> None:
        try:
            raise ValueError("x" * 5000)
        except ValueError:
            failure = Failure()
        self.senders.failure(self.log, "a bug met {sender}", failure, sender="10.0.0.1")
        (shown,) = self.failures
        said = shown.getTraceback()
        self.assertIn(f"ValueError: {'x' * TOLD}... (5000 in all)", said)
        self.assertNotIn("x" * (TOLD + 1), said)
        self.assertIn("raise ValueError(", said)
