"""A server's end: what is sent to whom, and what is told to who asked."""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.figures import BrokerFigures
from pychron_comms.broker.message import OWNER, REPLY, Delivery, Message, stamp_of
from pychron_comms.broker.owner import PATIENCE
from pychron_comms.broker.repeater import BrokerRepeater
from pychron_comms.errors import (
    OutcomeUnknownError,
    PychronCommunicationError,
    QueueFullError,
)
from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.broker_strings import parse_broker
from pychron_comms.transport.cork import Cork
from pychron_comms.wire.context import PLAIN, RequestContext
from tests.broker.doubles import PikaChannel


class RepeaterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = MemoryReactorClock()
        self.metrics = Metrics()
        self.repeater = BrokerRepeater(
            parse_broker("amqp:b:set=line"),
            self.clock,
            BrokerFigures(self.metrics, self.clock.seconds, processor="amqp:b:set=line"),
            Cork(),
            seconds=self.clock.seconds,
        )
        self.asked: list[Deferred[str]] = []
        self.repeater.startService()
        self.commands, self.words = PikaChannel(), PikaChannel()

    def join(self) -> None:
        commands = self.commands.wrapped()
        commands.ended = self.repeater.reach.left
        commands.confirm()
        self.commands.answer()
        self.repeater.reach.joined("server-1", commands, self.words.wrapped())

    def own(self, epoch: str = "1.a") -> None:
        body = json.dumps({"epoch": epoch, "at": self.clock.seconds()}).encode()
        self.repeater.reach.came(Delivery(Message(OWNER, body), False, 1))

    def reply(self, number: str, text: str) -> None:
        message = Message(REPLY, text.encode(), number=number)
        self.repeater.reach.came(Delivery(message, False, 1))

    def pass_with_words(self, seconds: float, epoch: str = "1.a") -> None:
        for _ in range(int(seconds)):
            self.clock.advance(1)
            self.own(epoch)

    def ask(self, command: str = "Open A", context: RequestContext = PLAIN) -> Deferred[str]:
        self.asked.append(self.repeater.get_response("System", command, "me", context))
        return self.asked[-1]

    def tearDown(self) -> None:
        self.repeater.stopService()
        for each in self.asked:
            each.addErrback(lambda _: None)

    def test_without_an_owner_nothing_is_sent(self) -> None:
        self.failureResultOf(self.ask(), PychronCommunicationError)
        self.join()
        error = self.failureResultOf(self.ask(), PychronCommunicationError).value
        self.assertIn("no processor owns the hardware", str(error))
        self.assertEqual(self.commands.published, [])

    def test_a_command_bears_the_owners_name_and_its_deadline(self) -> None:
        self.join()
        self.own()
        reply = self.ask(context=RequestContext(within=5.0, key="k"))
        (sent,) = self.commands.published
        self.assertEqual((sent.exchange, sent.topic), ("pychron.command", "line.act"))
        self.assertEqual(sent.body, b"@from=me;within=5.000000;key=k System|Open A")
        properties = sent.properties
        stamp = stamp_of(Message("", b"", headers=properties.headers))
        self.assertEqual((stamp.epoch, stamp.until - stamp.sent), ("1.a", 5.0))
        self.assertEqual(
            (properties.expiration, properties.reply_to, sent.mandatory),
            ("5000", "server-1", True),
        )
        self.reply(properties.correlation_id, "OK")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_what_makes_safe_has_a_lane_of_its_own_and_does_not_expire(self) -> None:
        self.join()
        self.own()
        self.ask("Close A", RequestContext(safe=True))
        (sent,) = self.commands.published
        self.assertEqual((sent.topic, sent.properties.expiration), ("line.safe", None))

    def test_a_read_that_is_known_has_one_too(self) -> None:
        self.join()
        self.own()
        known = self.repeater.known_read("System", "GetValveState A")
        known.ask("me", PLAIN).addErrback(lambda _: None)
        self.assertEqual(self.commands.published[0].topic, "line.read")

    def test_what_cannot_be_routed_was_never_sent(self) -> None:
        self.join()
        self.own()
        reply = self.ask()
        self.commands.hand_back(0)
        self.commands.confirm(1)
        self.failureResultOf(reply, PychronCommunicationError)

    def test_a_full_queue_refuses(self) -> None:
        self.join()
        self.own()
        reply = self.ask()
        self.commands.reject(1)
        self.failureResultOf(reply, QueueFullError)

    def test_what_makes_safe_is_sent_again_where_its_queue_is_full(self) -> None:
        """Of rubbish, for a moment."""
        self.join()
        self.own()
        reply = self.ask("Close A", RequestContext(safe=True))
        self.commands.reject(1)
        self.assertNoResult(reply)
        self.clock.advance(0.05)
        first, second = self.commands.published
        self.assertEqual(first, second)
        self.commands.confirm(2)
        self.reply(second.properties.correlation_id, "OK")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_and_is_refused_where_that_lasts(self) -> None:
        self.join()
        self.own()
        reply = self.ask("Close A", RequestContext(safe=True, within=1.0))
        for tag in range(1, 20):
            self.commands.reject(tag)
            self.clock.advance(0.05)
            self.own()
        self.assertNoResult(reply)
        self.commands.reject(20)
        self.failureResultOf(reply, QueueFullError)
        self.clock.advance(1.0)
        self.assertEqual(len(self.commands.published), 20)

    def test_and_is_not_where_the_broker_was_lost_meanwhile(self) -> None:
        self.join()
        self.own()
        reply = self.ask("Close A", RequestContext(safe=True))
        self.commands.reject(1)
        self.repeater.reach.left("gone")
        self.clock.advance(0.05)
        self.assertEqual(len(self.commands.published), 1)
        self.failureResultOf(reply)

    def test_a_reply_to_no_number_is_left(self) -> None:
        self.join()
        for number in ("", "one", "\u00b2", "-1"):
            self.reply(number, "OK")

    def test_what_was_not_confirmed_when_the_broker_is_lost_is_not_known(self) -> None:
        self.join()
        self.own()
        confirmed, other = self.ask(), self.ask("Open B")
        self.commands.confirm(1)
        self.commands.break_off()
        for each in (confirmed, other):
            self.failureResultOf(each, OutcomeUnknownError)
        self.failureResultOf(self.ask(), PychronCommunicationError)

    def test_with_another_owner_what_was_sent_to_the_first_is_not_known(self) -> None:
        self.join()
        self.own()
        plain, safe = self.ask(), self.ask("Close A", RequestContext(safe=True))
        self.own("2.b")
        self.failureResultOf(plain, OutcomeUnknownError)
        # That is done by the second one, where the first has not.
        self.assertNoResult(safe)
        self.reply("2", "OK")
        self.assertEqual(self.successResultOf(safe), "OK")

    def test_what_has_a_key_is_asked_of_the_next_owner(self) -> None:
        self.join()
        self.own()
        reply = self.ask(context=RequestContext(key="k 1"))
        self.own("2.b")
        self.assertNoResult(reply)
        question = self.commands.published[-1]
        self.assertEqual(question.topic, "line.read")
        self.assertIn(b"@from=me;", question.body)
        self.assertTrue(question.body.endswith(b' System|Outcome "k 1"'), question.body)
        # Who has found its message knows less than who is asked.
        self.reply("1", "ERROR 201 : outcome unknown: it was meant for another owner")
        self.assertNoResult(reply)
        self.reply("2", "done OK 5")
        self.assertEqual(self.successResultOf(reply), "OK 5")

    def test_what_the_next_owner_does_not_know_either_is_not_known(self) -> None:
        self.join()
        for number, answer in enumerate(("unknown", "never seen"), 1):
            self.own(f"{2 * number}.a")
            reply = self.ask(context=RequestContext(key="k"))
            self.own(f"{2 * number + 1}.b")
            self.reply(self.commands.published[-1].properties.correlation_id, answer)
            self.failureResultOf(reply, OutcomeUnknownError)

    def test_what_still_runs_is_asked_again_until_its_time_is_over(self) -> None:
        self.join()
        self.own()
        reply = self.ask(context=RequestContext(within=3.0, key="k"))
        self.own("2.b")
        for _ in range(3):
            self.reply(self.commands.published[-1].properties.correlation_id, "running")
            self.pass_with_words(1, "2.b")
        self.assertNoResult(reply)
        self.assertGreater(len(self.commands.published), 3)
        self.pass_with_words(1, "2.b")
        self.failureResultOf(reply, OutcomeUnknownError)

    def test_what_was_not_confirmed_and_has_a_key_is_asked_when_the_broker_is_back(self) -> None:
        self.join()
        self.own()
        reply = self.ask(context=RequestContext(key="k"))
        self.commands.break_off()
        self.assertNoResult(reply)
        self.join()
        self.own("1.a")
        self.reply(self.commands.published[-1].properties.correlation_id, "done OK")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_an_owner_that_says_nothing_is_none(self) -> None:
        self.join()
        self.own()
        self.clock.advance(PATIENCE)
        self.failureResultOf(self.ask(), PychronCommunicationError)

    def test_what_is_not_answered_in_time_is_not_known(self) -> None:
        self.join()
        self.own()
        reply = self.ask(context=RequestContext(within=2.0))
        self.pass_with_words(2)
        self.assertNoResult(reply)
        self.pass_with_words(2)
        self.failureResultOf(reply, OutcomeUnknownError)
        self.reply("1", "OK")

    def test_a_broker_that_takes_nothing_fails_commands_at_once(self) -> None:
        self.join()
        self.own()
        self.repeater.reach.blocked("low on memory")
        error = self.failureResultOf(self.ask(), PychronCommunicationError).value
        self.assertIn("low on memory", str(error))
        self.repeater.reach.blocked("")
        self.assertNoResult(self.ask())

    def test_how_the_broker_does_is_told_in_numbers(self) -> None:
        self.assertEqual((self.told("connected"), self.told("blocked")), (0, 0))
        self.join()
        self.own()
        self.repeater.reach.blocked("low on memory")
        self.assertEqual((self.told("connected"), self.told("blocked")), (1, 1))
        self.repeater.reach.blocked("")
        self.ask()
        self.clock.advance(0.02)
        self.assertEqual(self.told("confirm_duration_seconds_count"), 0)
        self.commands.confirm(1)
        self.assertEqual(self.told("blocked"), 0)
        self.assertEqual(self.told("confirm_duration_seconds_count"), 1)
        self.assertAlmostEqual(self.told("confirm_duration_seconds_sum"), 0.02)
        self.repeater.reach.left("gone")
        self.assertEqual(self.told("connected"), 0)

    def told(self, name: str) -> float:
        begin = f'pychron_comms_broker_{name}{{processor="amqp:b:set=line"}} '
        (line,) = [each for each in self.metrics.text().splitlines() if each.startswith(begin)]
        return float(line.removeprefix(begin))

    def test_what_a_client_has_read_goes_with_the_next_command(self) -> None:
        self.join()
        self.own()
        self.repeater.reply_taken("a.1")
        self.ask()
        self.assertEqual(self.commands.published[0].properties.headers["taken"], "a.1")

    def test_what_a_client_has_read_is_told_a_moment_later_where_nothing_is_asked(self) -> None:
        self.join()
        self.own()
        for ask in ("a.1", "a.2"):
            self.repeater.reply_taken(ask)
        self.clock.advance(0.05)
        self.assertIn("Taken a.1 a.2", self.said())
        self.ask()
        self.assertNotIn("taken", self.commands.published[0].properties.headers)

    def test_another_owner_is_told_what_was_read_lately(self) -> None:
        self.join()
        self.own()
        self.repeater.reply_taken("a.1")
        self.pass_with_words(4)
        self.repeater.reply_taken("a.2")
        self.pass_with_words(2)
        self.own("2.b")
        self.ask()
        self.assertEqual(self.commands.published[0].properties.headers["taken"], "a.2")

    def said(self) -> list[str]:
        return [each.body.decode() for each in self.words.published]

    def test_words_go_to_the_owner(self) -> None:
        self.join()
        self.own()
        reply = self.ask()
        self.words.published.clear()
        self.repeater.asker_gone(reply)
        self.repeater.session_ended("s", "10.0.0.1")
        self.assertEqual([each.body for each in self.words.published], [b"Forget 1", b"Gone s"])

    def test_a_reply_that_nobody_waits_for_harms_nothing(self) -> None:
        self.join()
        self.own()
        reply = self.ask()
        for number in ("99", "x", ""):
            self.reply(number, "OK")
        self.assertNoResult(reply)
