"""What reaches a processor of each command: by whom, on which terms, and by which way."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from pychron_comms.errors import OutcomeUnknownError, PychronCommunicationError
from pychron_comms.repeater.connection import _HANDSHAKE, _SWEEP
from pychron_comms.repeater.endpoint import CommandRepeater
from pychron_comms.repeater.routing import PATIENCE, FixedWay
from pychron_comms.repeater.trail import KEEP
from pychron_comms.safeguards.ownership import digest
from pychron_comms.wire.context import PLAIN, RequestContext
from tests.doubles import Heard
from tests.repeater.test_endpoint import EndpointCase, Processor, TlsTransport
from tests.repeater.test_trail import WHO, ChangeCase


class RoutedTests(ChangeCase):
    def test_each_goes_as_it_came(self) -> None:
        for context in (
            RequestContext(ask="a.1", silent=2.0),
            RequestContext(key="k", within=3.0),
            RequestContext(safe=True, within=4.0),
            RequestContext(within=5.0),
            PLAIN,
        ):
            self.routing.get_response("CO2", "Enable", WHO, context)
            self.assertEqual(self.old.requests[-1], ("CO2", "Enable", WHO, context.within))
            self.assertEqual(self.old.context[-1], context)

    def test_the_old_one_is_asked_of_a_key_for_its_sender_and_not_for_long(self) -> None:
        self.change()
        self.ask(RequestContext(key="k 1"))
        self.assertEqual(self.old.requests, [("CO2", 'Outcome "k 1"', WHO, PATIENCE)])


class SentLineTests(ChangeCase):
    def test_each_connection_that_asked_it_means_it_anew(self) -> None:
        self.plain("a.1")
        self.plain("b.1")
        self.change()
        for ask in ("a.2", "b.2"):
            self.plain(ask)
        self.assertEqual(self.asked(self.new), ["Enable", "Enable"])

    def test_a_connection_is_told_by_all_of_its_name(self) -> None:
        self.plain("s.1.1")
        self.change()
        self.plain("s.2.1")
        self.assertEqual(self.asked(self.new), [])
        self.plain("s.1.2")
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_one_that_was_asked_again_since_is_known_as_long_as_its_last(self) -> None:
        self.plain("a.1")
        self.old.waiting[0].callback("OK")
        self.clock.advance(KEEP - 2.0)
        self.plain("b.1")
        self.old.waiting[1].callback("OK")
        self.change()
        self.clock.advance(2.0)
        self.unknown(self.plain("c.1"))
        self.clock.advance(KEEP - 2.0)
        self.plain("d.1")
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_one_that_is_asked_again_is_known_while_that_runs(self) -> None:
        self.plain("a.1")
        self.old.waiting[0].callback("OK")
        self.plain("b.1")
        self.change()
        self.clock.advance(KEEP)
        copy = self.plain("c.1")
        self.old.waiting[1].callback("OK")
        self.assertEqual(self.successResultOf(copy), "OK")
        self.assertEqual(self.asked(self.new), [])


class BlindTests(ChangeCase):
    """The way leads to one that may have run what it does not know."""

    def setUp(self) -> None:
        super().setUp()
        self.ask(RequestContext(key="known"))
        blind = FixedWay("old", self.old, blind="its journal is gone")
        self.routing.change(blind, {})

    def test_a_key_that_is_not_known_is_not_sent(self) -> None:
        said = self.unknown(self.ask(RequestContext(key="k")))
        self.assertIn("Enable, perhaps, has run: its journal is gone", said)
        self.assertEqual(len(self.old.requests), 1)

    def test_a_key_that_was_sent_there_is_answered_there(self) -> None:
        reply = self.ask(RequestContext(key="known"))
        self.old.waiting[1].callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")


class KeysOfBeforeTests(ChangeCase):
    """What the processors have told of keys that an earlier process of the server sent."""

    def setUp(self) -> None:
        super().setUp()
        self.routing.keys_known("old", [digest(WHO, "k")])
        self.change()

    def test_it_is_answered_where_it_was_sent(self) -> None:
        reply = self.ask(RequestContext(key="k"))
        self.old.waiting[0].callback("done OK")
        self.assertEqual(self.asked(self.old), ['Outcome "k"', "Enable"])
        self.old.waiting[1].callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(self.asked(self.new), [])

    def test_one_that_is_not_there_any_more_is_asked_nowhere_else(self) -> None:
        del self.processors["old"]
        self.assertEqual(
            self.unknown(self.ask(RequestContext(key="k"))),
            "outcome unknown: Enable was sent to old: it is asked no more",
        )
        self.assertEqual(self.asked(self.new), [])

    def test_one_that_it_does_not_tell_of_is_asked_nowhere_else(self) -> None:
        for said, why in (
            ("never seen", "it has not seen it yet"),
            ("ERROR 209 : shutting down: Outcome", "shutting down: Outcome"),
        ):
            reply = self.ask(RequestContext(key="k"))
            self.old.waiting[-1].callback(said)
            told = self.unknown(reply)
            self.assertEqual(told, f"outcome unknown: Enable was sent to old: {why}")
        self.assertEqual(self.asked(self.new), [])

    def test_another_senders_key_of_that_name_is_another(self) -> None:
        self.routing.get_response("CO2", "Enable", "10.0.0.2", RequestContext(key="k"))
        self.old.waiting[0].callback("never seen")
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_what_was_sent_since_goes_where_it_went(self) -> None:
        self.ask(RequestContext(key="later"))
        self.old.waiting[0].callback("never seen")
        self.ask(RequestContext(key="later"))
        self.assertEqual(self.asked(self.old), ['Outcome "later"'])
        self.assertEqual(self.asked(self.new), ["Enable", "Enable"])


class OutcomeTests(ChangeCase):
    """Who asks what became of a key is answered as who asks again with it."""

    def outcome(self, words: str = "Outcome k", sender: str = WHO) -> Deferred[str]:
        return self.routing.get_response("CO2", words, sender)

    def test_it_is_asked_where_the_key_went(self) -> None:
        self.ask(RequestContext(key="k"))
        self.change()
        reply = self.outcome()
        self.assertEqual(self.old.requests[1:], [("CO2", 'Outcome "k"', WHO, PATIENCE)])
        self.old.waiting[1].callback("done OK")
        self.assertEqual((self.successResultOf(reply), self.asked(self.new)), ("done OK", []))

    def test_however_the_question_is_written(self) -> None:
        self.ask(RequestContext(key="k 1"))
        self.change()
        for words in (
            "Outcome k 1",
            'Outcome  "k 1" ',
            "Outcome,k 1",
            '{"command": "Outcome", "key": "k 1"}',
        ):
            self.outcome(words)
            self.assertEqual(self.asked(self.old)[-1], 'Outcome "k 1"')
        self.assertEqual(self.asked(self.new), [])

    def test_it_is_unknown_where_that_one_cannot_tell(self) -> None:
        self.ask(RequestContext(key="k"))
        self.change()
        for said in ("never seen", "ERROR 209 : shutting down: Outcome"):
            reply = self.outcome()
            self.old.waiting[-1].callback(said)
            self.assertEqual(self.successResultOf(reply), "unknown")
        reply = self.outcome()
        self.old.waiting[-1].errback(PychronCommunicationError("old", "away"))
        self.assertEqual(self.successResultOf(reply), "unknown")
        del self.processors["old"]
        self.assertEqual(self.successResultOf(self.outcome()), "unknown")
        self.assertEqual(self.asked(self.new), [])

    def test_of_a_key_of_before_all_are_asked_that_may_know_it(self) -> None:
        self.change()
        for said, expected in (("done OK", "done OK"), ("never seen", "waiting")):
            reply = self.outcome()
            self.old.waiting[-1].callback(said)
            for response in self.new.waiting:
                response.callback("waiting")
            self.assertEqual(self.successResultOf(reply), expected)
        self.assertEqual(self.asked(self.new), ['Outcome "k"'])

    def test_what_another_may_have_run_is_not_never_seen(self) -> None:
        self.routing.change(FixedWay("old", self.old, blind="its journal is gone"), {})
        for said, expected in (("never seen", "unknown"), ("done OK", "done OK")):
            reply = self.outcome()
            self.old.waiting[-1].callback(said)
            self.assertEqual(self.successResultOf(reply), expected)

    def test_without_any_change_it_goes_as_it_came(self) -> None:
        self.ask(RequestContext(key="k"))
        self.routing.get_response("CO2", "Outcome k", WHO, RequestContext(within=5.0))
        self.routing.get_response("CO2", "OutcomeOf k", WHO, RequestContext(within=5.0))
        self.assertEqual(self.asked(self.old)[1:], ["Outcome k", "OutcomeOf k"])
        self.assertEqual(self.old.context[1:], [RequestContext(within=5.0)] * 2)

    def test_anothers_key_of_that_name_is_another(self) -> None:
        self.ask(RequestContext(key="k"))
        self.change()
        self.outcome(sender="10.0.0.2")
        self.old.waiting[1].callback("never seen")
        self.assertEqual(self.asked(self.new), ['Outcome "k"'])

    def test_words_that_are_no_command_go_as_they_came(self) -> None:
        self.change()
        for words in ("{Outcome", '{"command": "Outcome"}', "Outcome", "!Outcome"):
            self.outcome(words)
        self.assertEqual(self.asked(self.new)[-1], "!Outcome")
        self.assertEqual((len(self.asked(self.new)), self.asked(self.old)), (4, []))

    def test_it_is_never_taken_for_words_that_all_may_ask(self) -> None:
        self.assertIsNone(self.routing.known_read("CO2", "Outcome k"))


class OwnWordsTests(EndpointCase):
    """What a server says and asks for itself."""

    def setUp(self) -> None:
        super().setUp()
        self.start()
        self.connection: Any = self.repeater.connection

    def test_it_waits_for_an_answer_as_long_as_it_says(self) -> None:
        answer = self.connection.tell("Lease s1 ask", 2.0)
        self.assertEqual(self.processor.read(), ["@id=1 Lease s1 ask"])
        self.clock.pump([2.0 - _SWEEP])
        self.assertNoResult(answer)
        self.clock.pump([_SWEEP] * 2)
        self.failureResultOf(answer, OutcomeUnknownError)

    def test_its_answer_is_measured_as_any(self) -> None:
        answer = self.connection.tell("Lease s1 ask", 2.0)
        self.clock.advance(1.0)
        self.processor.say(b"@id=1 free\r\n")
        self.assertEqual(self.successResultOf(answer), "free")
        self.assertIn('hop_seconds_bucket{le="0.5"} 0.0\n', self.metrics.text())
        self.assertIn('hop_seconds_bucket{le="5.0"} 1.0\n', self.metrics.text())

    def test_so_are_reads_that_were_asked_together(self) -> None:
        reads: Any = [self.repeater.known_read("System", each) for each in ("a", "b", "c")]
        heard = Heard()
        self.repeater.ask_all(reads, WHO, PLAIN, heard)
        self.processor.say(b"@id=1 1\r\n@id=2 2\r\n")
        self.assertIn("hop_seconds_count 2.0\n", self.metrics.text())
        self.clock.advance(1.0)
        self.processor.say(b"@id=3 3\r\n")
        self.assertIn("hop_seconds_count 3.0\n", self.metrics.text())
        self.assertIn("hop_seconds_sum 1.0\n", self.metrics.text())

    def test_what_is_never_answered_is_not_measured(self) -> None:
        answer = self.connection.tell("Lease s1 ask", 2.0)
        self.clock.pump([_SWEEP] * 3)
        self.failureResultOf(answer, OutcomeUnknownError)
        self.assertIn("hop_seconds_count 0.0\n", self.metrics.text())

    def test_it_waits_half_a_minute_for_a_reply_where_nothing_else_is_said(self) -> None:
        processor = Processor()
        repeater = CommandRepeater(processor, "tcp:lab:1059", self.clock)
        repeater.startService()
        self.addCleanup(repeater.stopService)
        reply = repeater.get_response("System", "Open A", WHO)
        self.clock.pump([_SWEEP] * 29)
        self.assertNoResult(reply)
        self.clock.pump([_SWEEP])
        self.failureResultOf(reply, OutcomeUnknownError)

    def test_so_is_each_of_many_that_come_together(self) -> None:
        for _ in range(3):
            self.repeater.get_response("System", "GetValveState A", WHO)
        self.processor.say(b"@id=1 True\r\n@id=2 True\r\n")
        self.processor.say(b"@id=3;len=4 \r\nTrue\r\n")
        self.assertIn("hop_seconds_count 3.0\n", self.metrics.text())

    def test_it_does_not_take_another_computers_clock_for_its_own_unsaid(self) -> None:
        processor = Processor()
        repeater = CommandRepeater(processor, "tcp:lab:1059", self.clock, timeout=30)
        repeater.startService()
        self.addCleanup(repeater.stopService)
        repeater.get_response("System", "Open A", WHO)
        self.assertEqual(processor.read(), [f"@id=1;from={WHO} System|Open A"])


class HandshakeTests(EndpointCase):
    def test_a_slow_one_has_its_time(self) -> None:
        self.patch(self.processor, "transport_class", TlsTransport)
        self.start()
        slow = self.processor.transport
        self.clock.pump([_SWEEP] * round((_HANDSHAKE - _SWEEP) / _SWEEP))
        self.assertFalse(slow.aborted)
        self.clock.pump([_SWEEP])
        self.assertTrue(slow.aborted)

    def test_so_has_what_is_asked_first_over_it(self) -> None:
        self.patch(self.processor, "transport_class", TlsTransport)
        self.start()
        slow = self.processor.transport
        self.clock.pump([_SWEEP] * 5)
        self.processor.protocol.handshakeCompleted()
        self.clock.pump([_SWEEP] * round(_HANDSHAKE - 6))
        self.assertFalse(slow.aborted)
        self.processor.say(b"@id=1 are you there\r\n")
        self.clock.pump([_SWEEP] * 60)
        self.assertFalse(slow.aborted)
