"""Whether an instrument answers, why it does not, and since when."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from pychron_comms.instruments.presence import Presence
from pychron_comms.instruments.talk import NoAnswerError
from pychron_comms.interfaces import Severity
from tests.instruments.case import InstrumentCase

LINK = "tcp://box:1"


class PresenceTests(InstrumentCase):
    def setUp(self) -> None:
        super().setUp()
        self.presence = Presence(self.instrument, LINK, lambda: 1e9 + self.clock.seconds())

    def told(self) -> tuple[object, Severity, str, float]:
        reading = self.presence.reading()
        self.assertEqual((reading.path, reading.details["link"]), ("instrument/switch", LINK))
        since = float(str(reading.details["since"])) - 1e9
        return reading.value, reading.severity, reading.reason, since

    def ask_in_vain(self) -> None:
        asked = Deferred.fromCoroutine(self.item.read("state"))
        self.clock.advance(1.0)
        self.failureResultOf(asked, NoAnswerError)
        self.clock.advance(3.0)

    def test_one_that_is_connected_answers(self) -> None:
        self.clock.advance(5.0)
        self.assertEqual(self.told(), (True, Severity.OK, "", 5.0))
        self.clock.advance(5.0)
        self.assertEqual(self.told(), (True, Severity.OK, "", 5.0))

    def test_without_a_connection_it_does_not_since_the_first_reason(self) -> None:
        self.told()
        self.clock.advance(2.0)
        self.bus.disconnected("Connection refused")
        self.assertEqual(self.told(), (False, Severity.MAJOR, "Connection refused", 2.0))
        self.clock.advance(2.0)
        self.bus.disconnected("No route to host")
        self.assertEqual(self.told(), (False, Severity.MAJOR, "No route to host", 2.0))
        self.bus.connected(self.wire)
        self.assertEqual(self.told(), (True, Severity.OK, "", 4.0))

    def test_one_that_is_silent_again_and_again_does_not_answer(self) -> None:
        self.wire.silent = True
        self.ask_in_vain()
        self.assertTrue(self.told()[0])
        self.ask_in_vain()
        answers, severity, reason, _ = self.told()
        self.assertEqual((answers, severity), (False, Severity.MAJOR))
        self.assertIn("no answer", reason)
        self.wire.silent = False
        self.bus.connected(self.wire)
        self.clock.advance(3.0)
        asked = Deferred.fromCoroutine(self.item.read("state"))
        self.pump()
        self.successResultOf(asked)
        self.assertTrue(self.told()[0])
