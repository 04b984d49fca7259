"""Two connections that are of use together."""

from __future__ import annotations

from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.channel import ChannelLostError
from pychron_comms.broker.links import BrokerLinks
from pychron_comms.transport.broker_strings import parse_broker
from pychron_comms.transport.cork import Cork


class Link(Service):
    """Is connected when the test says so."""

    def __init__(
        self,
        made: list[Link],
        address: Any,
        reactor: Any,
        user: BrokerLinks,
        *names: Any,
        **more: Any,
    ) -> None:
        self.user = user
        self.connection: Any = None
        self.why = "not connected yet"
        self.is_blocked = False
        self.drops = self.vain = 0
        made.append(self)

    def connect(self) -> None:
        self.connection = object()
        self.user.linked()

    def drop(self, why: str, vain: int = 0) -> None:
        self.drops += 1
        self.vain = vain
        self.connection = None


class User:
    """Joins when the test says so."""

    def __init__(self) -> None:
        self.joining: list[Deferred[None]] = []
        self.told: list[str] = []

    async def join(self, consuming: object, publishing: object) -> None:
        self.joining.append(Deferred())
        await self.joining[-1]

    def left(self, why: str) -> None:
        self.told.append(why)

    def blocked(self, why: str) -> None:
        self.told.append(f"blocked: {why}")


class LinksTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.both: list[Link] = []
        self.user = User()
        self.clock = Clock()
        self.links = BrokerLinks(
            parse_broker("amqp:b:set=line"),
            self.clock,
            self.user,  # type: ignore[arg-type]
            "test",
            cork=Cork(),
            link=partial(Link, self.both),  # type: ignore[arg-type]
        )

    def connect(self) -> None:
        for each in self.both:
            each.connect()

    def test_who_uses_them_joins_once_when_both_are_there(self) -> None:
        self.both[0].connect()
        self.assertEqual(self.user.joining, [])
        self.both[1].connect()
        self.links.linked()
        self.assertEqual(len(self.user.joining), 1)

    def test_one_that_is_lost_takes_the_other_along_and_both_join_again(self) -> None:
        self.connect()
        self.user.joining[0].callback(None)
        self.links.leave("cut")
        self.assertEqual(self.user.told, ["cut"])
        self.assertEqual([each.drops for each in self.both], [1, 1])
        self.connect()
        self.assertEqual(len(self.user.joining), 2)

    def test_who_could_not_join_begins_anew(self) -> None:
        self.connect()
        self.user.joining[0].errback(ChannelLostError("404 no queue"))
        self.assertEqual(self.user.told, ["404 no queue"])
        self.assertEqual([each.drops for each in self.both], [1, 1])

    def test_so_does_who_met_a_bug_and_it_is_logged(self) -> None:
        self.connect()
        self.user.joining[0].errback(RuntimeError("bug"))
        self.assertEqual(self.user.told, ["a bug"])
        self.assertEqual(len(self.flushLoggedErrors(RuntimeError)), 1)

    def fail_to_join(self) -> int:
        """Once more; how often it was in vain, in a row."""
        self.connect()
        self.user.joining[-1].errback(ChannelLostError("406 unlike"))
        (vain,) = {each.vain for each in self.both}
        return vain

    def test_what_is_of_no_use_again_and_again_is_tried_later_and_told_once(self) -> None:
        self.links.running = True
        with capturedLogs() as logged:
            self.assertEqual([self.fail_to_join() for _ in range(4)], [1, 2, 3, 4])
            # Of that, the connections tell no more.
            self.links.leave("200 Normal shutdown")
        self.assertEqual([event["why"] for event in logged], ["406 unlike"])
        self.assertEqual(self.user.told, ["406 unlike"] * 4)
        self.connect()
        self.user.joining[-1].callback(None)
        self.clock.advance(9.0)
        self.links.leave("cut")
        self.assertEqual(self.both[0].vain, 5)

    def test_what_was_of_use_for_a_while_is_tried_at_once(self) -> None:
        self.fail_to_join()
        self.connect()
        self.user.joining[-1].callback(None)
        self.clock.advance(10.0)
        self.links.leave("cut")
        self.assertEqual(self.both[0].vain, 0)

    def test_it_says_which_of_them_is_not_there(self) -> None:
        self.both[1].why = "refused"
        self.both[0].connect()
        self.assertEqual(self.links.why, "refused")
        self.connect()
        self.assertEqual(self.links.why, "not ready yet")

    def test_one_that_is_blocked_is_enough(self) -> None:
        self.links.blocked("memory")
        self.both[1].is_blocked = True
        self.assertTrue(self.links.is_blocked)
        self.assertEqual(self.user.told, ["blocked: memory"])
