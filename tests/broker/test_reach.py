"""A server's way to the owner: whether it can be sent to, and who is told so."""

from __future__ import annotations

import json

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.message import OWNER, REPLY, STATE, Delivery, Message
from pychron_comms.broker.owner import PATIENCE
from pychron_comms.broker.reach import OwnerReach
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import LINES, SenderLog
from pychron_comms.transport.broker_strings import parse_broker
from pychron_comms.transport.cork import Cork
from tests.broker.doubles import PikaChannel, withheld


class Deaf:
    """Watches, and is told nothing."""

    def heard(self, topic: str, text: str) -> None:
        raise AssertionError(topic, text)

    def lost(self, reason: str) -> None:
        """Nothing was there."""


class ReachTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = MemoryReactorClock()
        self.told: list[str] = []
        self.metrics = Metrics()
        self.reach = OwnerReach(
            parse_broker("amqp:b:set=line"),
            self.clock,
            self,
            Cork(),
            log=SenderLog(self.clock, self.metrics),
            seconds=self.clock.seconds,
        )
        self.words = PikaChannel()

    # -- who is told

    def replied(self, message: Message) -> None:
        self.told.append(f"replied {message.body.decode()}")

    def owner_is(self, epoch: str) -> None:
        self.told.append(f"owner {epoch}")

    def reachable(self) -> None:
        self.told.append("reachable")

    def lost(self, why: str) -> None:
        self.told.append(f"lost: {why}")

    # -- what happens

    def join(self) -> None:
        self.reach.joined("server-1", PikaChannel().wrapped(), self.words.wrapped())

    def come(self, message: Message) -> None:
        self.reach.came(Delivery(message, False, 1))

    def own(self, epoch: str = "1.a") -> None:
        self.come(Message(OWNER, json.dumps({"epoch": epoch, "at": 0.0}).encode()))

    def said(self) -> list[str]:
        return [each.body.decode() for each in self.words.published]

    def test_it_can_be_sent_to_when_there_is_a_broker_and_an_owner(self) -> None:
        self.assertEqual(self.reach.why_not, "not connected yet")
        self.join()
        self.assertEqual(self.reach.why_not, "no processor owns the hardware")
        self.own()
        self.assertEqual(self.reach.why_not, "")
        self.clock.advance(PATIENCE)
        self.assertEqual(self.reach.why_not, "no processor owns the hardware")

    def test_an_owner_that_was_heard_before_is_found_on_joining(self) -> None:
        self.own()
        self.assertNotIn("reachable", self.told)
        self.join()
        self.assertEqual(self.told[-1], "reachable")

    def test_each_owner_is_told_once_and_asked_how_things_stand(self) -> None:
        self.join()
        # Whoever may send now does so when the user knows of it.
        self.reach.presence.when_found.append(lambda: self.told.append("found"))
        for epoch in ("1.a", "1.a", "2.b"):
            self.own(epoch)
        first, second = ["owner 1.a", "reachable", "found"], ["owner 2.b", "reachable", "found"]
        self.assertEqual(self.told, first + second)
        self.assertEqual(self.said(), ["Snapshot"] * 2)

    def test_one_that_says_nothing_is_lost_when_somebody_looks(self) -> None:
        self.assertFalse(self.reach.look())
        self.join()
        self.assertFalse(self.reach.look())
        self.own()
        self.assertTrue(self.reach.look())
        self.clock.advance(PATIENCE)
        self.assertFalse(self.reach.look())
        self.assertFalse(self.reach.presence.is_known)
        self.own()
        self.assertEqual(self.told.count("reachable"), 2)

    def test_with_the_broker_all_is_lost(self) -> None:
        self.join()
        self.own()
        self.reach.left("gone")
        self.assertEqual(self.told[-1], "lost: gone")
        self.reach.say("Forget 1")
        self.assertEqual((self.said(), self.reach.connection), (["Snapshot"], None))
        self.assertFalse(self.reach.presence.is_known)

    def test_a_broker_that_takes_nothing_is_told_nothing(self) -> None:
        self.join()
        self.own()
        self.reach.blocked("low on memory")
        self.reach.say("Forget 1")
        self.assertEqual(self.reach.why_not, "it takes nothing: low on memory")
        self.reach.blocked("")
        self.reach.say("Forget 2", "7")
        self.assertEqual((self.said()[1:], self.reach.why_not), (["Forget 2"], ""))
        self.assertEqual(self.words.published[-1].properties.correlation_id, "7")

    def test_however_many_of_these_come_they_do_not_fill_the_log(self) -> None:
        self.reach.presence.watch(Deaf())
        for kind in (OWNER, STATE):
            for number in range(100):
                self.come(Message(kind, b"%d\r\n" % number, topic=kind))
        self.assertGreaterEqual(withheld(self.metrics), 2 * (100 - LINES))

    def test_messages_that_are_none_of_an_owners_harm_nothing(self) -> None:
        self.join()
        for message in (
            Message(OWNER, b"nonsense"),
            Message("pychron.state", b"nonsense\r\n"),
            Message("", b""),
        ):
            self.come(message)
        self.assertEqual(self.told, [])
        self.come(Message(REPLY, b"OK", number="x"))
        self.assertEqual(self.told, ["replied OK"])
