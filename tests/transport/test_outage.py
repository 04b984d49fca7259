"""What the log says of a processor that is away."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.outage import Outage


class OutageTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.outage = Outage("processor at there", self.clock, now=lambda: 86400.0 * 365)

    def test_a_processor_that_is_there_is_said_once(self) -> None:
        with capturedLogs() as events:
            self.outage.connected()
        self.assertEqual(
            [formatEvent(each) for each in events], ["connected to the processor at there"]
        )

    def test_one_that_stays_away_is_said_once_a_minute(self) -> None:
        with capturedLogs() as events:
            for _ in range(121):
                self.outage.attempt_failed("refused")
                self.clock.advance(1.0)
        said = [formatEvent(each) for each in events]
        self.assertEqual(said[0], "no processor at there: refused")
        self.assertEqual(len(said), 3)
        self.assertTrue(self.outage.is_away)
        for each in said[1:]:
            self.assertRegex(
                each, r"^no processor at there since \d{4}-\d\d-\d\d [\d:]{8}: refused$"
            )

    def test_one_that_was_lost_is_said_once_and_that_it_is_back(self) -> None:
        self.outage.connected()
        with capturedLogs() as events:
            self.outage.lost("closed")
            for _ in range(30):
                self.clock.advance(1.0)
                self.outage.attempt_failed("refused")
            self.outage.connected()
            self.outage.lost("closed")
        said = [formatEvent(each) for each in events]
        self.assertEqual((said[0], len(said)), ("lost the processor at there: closed", 3))
        away = "^connected to the processor at there again: it was away since 197[01]-"
        self.assertRegex(said[1], away)
        self.assertEqual(said[2], said[0])
