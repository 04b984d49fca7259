"""A valve on a simulated switch: OK is what was seen, and what moves is sent once."""

from __future__ import annotations

from dataclasses import replace

from twisted.internet.defer import Deferred

from pychron_comms.instruments.bound_item import NotDoneError, UnprovenError
from pychron_comms.instruments.jobs import NotAskedError
from pychron_comms.instruments.talk import NoAnswerError, Told
from tests.instruments.case import SWITCH, InstrumentCase

LOOP = """
title = "A loop"
source = "this test"
[wire]
link = "tcp://127.0.0.1:5025"
line = "<LF>"
[item.loop]
kind = "loop"
[item.loop.read.value]
send = "PV?"
take = "{value:.1f}"
[item.loop.read.setpoint]
send = "SP?"
take = "{value:.1f}"
[item.loop.do.set]
send = "SP {value:.1f}"
take = "OK"
minimum = 0
maximum = 1000
verify = { reading = "setpoint", within = 0.1 }
"""


class ValveTests(InstrumentCase):
    def do(self, verb: str) -> Deferred[None]:
        return Deferred.fromCoroutine(self.item.do(verb))

    def test_it_is_done_when_it_has_been_seen(self) -> None:
        done = self.do("open")
        self.assertNoResult(done)
        self.pump()
        self.successResultOf(done)
        self.assertEqual(self.now("state"), "open")
        self.assertEqual(self.wire.sent, [b"OPEN 3\n", b"STATE? 3\n"])

    def test_one_that_stays_where_it_was_is_not_done(self) -> None:
        self.simulated.put = lambda *what: None  # type: ignore[method-assign]
        done = self.do("open")
        self.pump(2.0)
        self.failureResultOf(done, NotDoneError)
        self.assertEqual(self.wire.sent.count(b"OPEN 3\n"), 1)

    def test_an_answer_that_is_lost_is_no_reason_to_send_it_again(self) -> None:
        self.wire.silent = True
        done = self.do("open")
        self.pump(0.9)
        self.wire.silent = False
        self.pump(8.0)
        self.successResultOf(done)
        self.assertEqual(self.wire.sent.count(b"OPEN 3\n"), 1)

    def test_one_that_stays_silent_is_unproven(self) -> None:
        self.wire.silent = True
        done = self.do("open")
        self.pump(20.0)
        self.failureResultOf(done, UnprovenError)
        self.assertEqual(self.wire.sent.count(b"OPEN 3\n"), 1)

    def test_what_makes_safe_is_sent_again(self) -> None:
        self.put("state", "open")
        self.wire.silent = True
        done = self.do("close")
        self.pump(1.2)
        self.wire.silent = False
        self.pump(8.0)
        self.successResultOf(done)
        self.assertGreater(self.wire.sent.count(b"CLOSE 3\n"), 1)

    def test_what_waits_when_it_is_made_safe_is_not_sent_any_more(self) -> None:
        """Close passes Open on the wire; were that sent behind it, the valve would open."""
        reading = Deferred.fromCoroutine(self.item.read("state"))
        opening, closing = self.do("open"), self.do("close")
        self.pump()
        self.successResultOf(reading)
        self.successResultOf(closing)
        self.failureResultOf(opening, NotDoneError)
        self.assertNotIn(b"OPEN 3\n", self.wire.sent)

    def test_what_was_sent_unheard_is_not_said_not_to_be_sent(self) -> None:
        self.wire.silent = True
        reading = Deferred.fromCoroutine(self.item.read("state"))
        self.pump(1.2)
        self.failureResultOf(reading, NoAnswerError)
        closing = self.do("close")
        self.assertIn(b"CLOSE 3\n", self.wire.sent)
        self.bus.disconnected("unplugged")
        self.pump(20.0)
        self.failureResultOf(closing, UnprovenError)

    def test_without_a_connection_nothing_was_sent(self) -> None:
        self.bus.disconnected("unplugged")
        self.failureResultOf(self.do("open"), NotAskedError)

    def test_it_is_watched(self) -> None:
        self.item.start()
        self.pump()
        self.assertEqual(self.item.latest("state"), Told("closed"))
        self.put("state", "open")
        self.pump(1.5)
        self.assertEqual(self.item.latest("state"), Told("open"))
        self.item.stop()
        self.pump(20.0)
        self.assertIsNone(self.item.latest("state").value)
        self.assertIn("last obtained", self.item.latest("state").reason)

    def test_silence_is_told_with_its_reason(self) -> None:
        self.wire.silent = True
        self.item.start()
        self.pump(2.0)
        self.assertEqual(self.item.latest("state"), Told(None, "no answer in time"))
        self.wire.silent = False
        self.pump(6.0)
        self.assertEqual(self.item.latest("state"), Told("closed"))
        self.item.stop()


class IdentifiedTests(InstrumentCase):
    text = SWITCH + '\n[identify]\nsend = "*IDN?"\nmatch = "Switch"\nanswer = "Switch 7"\n'

    def test_nothing_is_asked_before_it_has_said_what_it_is(self) -> None:
        self.assertEqual(self.wire.sent, [b"*IDN?\n"])
        self.failureResultOf(Deferred.fromCoroutine(self.item.read("state")), NotAskedError)
        self.pump()
        done = Deferred.fromCoroutine(self.item.read("state"))
        self.pump()
        self.assertEqual(self.successResultOf(done), Told("closed"))

    def test_it_is_asked_at_each_connection(self) -> None:
        self.pump()
        self.bus.disconnected("unplugged")
        self.wire.sent.clear()
        self.bus.connected(self.wire)
        self.assertEqual(self.wire.sent, [b"*IDN?\n"])

    def test_another_that_is_plugged_in_is_told_nothing(self) -> None:
        """Not even what is asked before it has said that it is another."""
        self.pump()
        self.bus.disconnected("unplugged")
        self.wire.silent = True
        self.bus.connected(self.wire)
        self.wire.sent.clear()
        done = Deferred.fromCoroutine(self.item.do("open"))
        self.bus.received(b"Oven 1\n")
        self.pump()
        self.failureResultOf(done, NotAskedError)
        self.assertEqual(self.wire.sent, [])
        self.instrument.stop()

    def test_a_connection_that_is_made_anew_keeps_no_question_waiting(self) -> None:
        """After an answer that was missed what has become of it is asked over the new one."""
        self.pump()
        self.bus.disconnected("reset")
        self.bus.connected(self.wire, renewed=True)
        done = Deferred.fromCoroutine(self.item.read("state"))
        self.pump()
        self.assertEqual(self.successResultOf(done), Told("closed"))

    def test_one_that_does_not_say_is_asked_less_and_less(self) -> None:
        """Each time holds up the others on its wire."""
        self.pump()
        self.wire.silent = True
        self.bus.connected(self.wire)
        self.wire.sent.clear()
        self.pump(60.0)
        self.assertIn(len(self.wire.sent), range(3, 7))
        self.instrument.stop()

    def test_one_that_could_not_be_asked_for_long_is_asked_again(self) -> None:
        """Others kept the wire for longer than it waited; on a line no connection comes anew."""
        self.pump()
        limits = self.description.wire.limits
        self.bus.allow(replace(limits, late=limits.lock + 1.0))
        self.wire.silent = True
        asked = Deferred.fromCoroutine(self.item.read("state"))
        self.pump(limits.first_byte)
        self.failureResultOf(asked, NoAnswerError)
        self.wire.silent = False
        self.bus.connected(self.wire)
        self.pump(limits.lock + 0.1)
        self.assertIn("too long in use", self.instrument.trouble)
        self.pump(6.0)
        self.assertEqual(self.instrument.trouble, "")


class AnotherTests(InstrumentCase):
    text = SWITCH + '\n[identify]\nsend = "*IDN?"\nmatch = "Oven"\nanswer = "Oven"\n'

    def setUp(self) -> None:
        super().setUp()
        self.wire.silent = True
        self.bus.received(b"Switch 7\n")

    def test_another_instrument_is_not_asked(self) -> None:
        self.assertIn("it says that it is 'Switch 7'", self.instrument.trouble)
        self.failureResultOf(Deferred.fromCoroutine(self.item.do("open")), NotAskedError)
        self.instrument.stop()


class LoopTests(InstrumentCase):
    text = LOOP
    item_name = "loop"
    parameters = {}  # noqa: RUF012

    def test_a_value_comes_back(self) -> None:
        done = Deferred.fromCoroutine(self.item.do("set", 700.04))
        self.pump()
        self.successResultOf(done)
        self.assertEqual(self.now("setpoint"), 700.0)

    def test_one_beyond_the_limits_is_never_sent(self) -> None:
        for value in (-1, 1000.1):
            self.failureResultOf(Deferred.fromCoroutine(self.item.do("set", value)), ValueError)
        self.assertEqual(self.wire.sent, [])
