"""A route that changes: what went the old way runs nowhere else, new commands go the new way."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import ExpiredError, OutcomeUnknownError, PychronCommunicationError
from pychron_comms.interfaces import ICommandRepeater
from pychron_comms.repeater import trail
from pychron_comms.repeater.routing import FixedWay, RoutingRepeater
from pychron_comms.repeater.trail import KEEP
from pychron_comms.wire.context import RequestContext
from tests.doubles import ScriptedRepeater

WHO = "10.0.0.1"


class ChangeCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.old, self.new = ScriptedRepeater(), ScriptedRepeater()
        self.processors: dict[str, ICommandRepeater] = {"old": self.old, "new": self.new}
        self.routing = RoutingRepeater(FixedWay("old", self.old), {}, self.processors, self.clock)

    def change(self) -> None:
        self.routing.change(FixedWay("old", self.old), {"CO2": FixedWay("new", self.new)})

    def ask(self, context: RequestContext, data: str = "Enable") -> Deferred[str]:
        return self.routing.get_response("CO2", data, WHO, context)

    def plain(self, ask: str, silent: float = 0.0) -> Deferred[str]:
        return self.ask(RequestContext(ask=ask, silent=silent))

    def asked(self, repeater: ScriptedRepeater) -> list[str]:
        return [request[1] for request in repeater.requests]

    def unknown(self, reply: Deferred[str]) -> str:
        return str(self.failureResultOf(reply, OutcomeUnknownError).value)


class PlainTests(ChangeCase):
    def test_a_new_command_goes_the_new_way(self) -> None:
        self.change()
        self.plain("a.1")
        self.assertEqual((self.asked(self.old), self.asked(self.new)), ([], ["Enable"]))

    def test_a_type_without_a_route_of_its_own_stays(self) -> None:
        self.change()
        self.routing.get_response("System", "Open A", WHO, RequestContext(ask="a.1"))
        self.assertEqual(self.asked(self.old), ["Open A"])

    def test_a_copy_of_what_runs_at_the_old_one_gets_its_reply(self) -> None:
        first = self.plain("a.1")
        self.change()
        copy = self.plain("b.1")
        self.assertEqual(self.asked(self.new), [])
        self.old.waiting[0].callback("OK")
        self.assertEqual((self.successResultOf(first), self.successResultOf(copy)), ("OK", "OK"))

    def test_a_copy_gets_the_failure_too(self) -> None:
        first = self.plain("a.1")
        self.change()
        copy = self.plain("b.1")
        self.old.waiting[0].errback(OutcomeUnknownError("lost"))
        self.unknown(first)
        self.unknown(copy)

    def test_what_a_copy_waits_for_is_not_forgotten_when_its_first_asker_goes(self) -> None:
        first = self.plain("a.1")
        self.change()
        self.plain("b.1")
        self.routing.asker_gone(first)
        self.assertEqual(self.old.forgotten, [])
        self.old.waiting[0].callback("OK")
        self.routing.asker_gone(first)
        self.assertEqual(self.old.forgotten, [first])

    def test_the_end_of_one_lets_go_of_no_other_that_a_copy_waits_for(self) -> None:
        self.plain("a.1")
        second = self.ask(RequestContext(ask="a.2"), "Disable")
        self.change()
        self.plain("b.1")
        copy = self.ask(RequestContext(ask="b.2"), "Disable")
        self.old.waiting[0].callback("OK")
        self.routing.asker_gone(second)
        self.assertEqual(self.old.forgotten, [])
        self.old.waiting[1].callback("done")
        self.assertEqual(self.successResultOf(copy), "done")

    def test_a_copy_of_what_has_ended_there_is_201_until_that_is_over(self) -> None:
        self.plain("a.1")
        self.old.waiting[0].callback("OK")
        self.change()
        self.assertIn("asked of old", self.unknown(self.plain("b.1")))
        self.clock.advance(KEEP)
        self.plain("c.1")
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_who_has_read_the_reply_means_it_anew(self) -> None:
        self.plain("a.1")
        self.old.waiting[0].callback("OK")
        self.routing.reply_taken("a.1")
        self.change()
        self.clock.advance(1)
        self.plain("b.1", silent=0.5)
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_a_copy_that_comes_late_is_none_the_less_one(self) -> None:
        self.plain("a.1")
        self.old.waiting[0].callback("OK")
        self.routing.reply_taken("a.1")
        self.change()
        self.clock.advance(1)
        self.unknown(self.plain("b.1", silent=1.5))

    def test_one_that_was_silent_since_the_first_was_asked_means_it_anew(self) -> None:
        self.clock.advance(8.0)
        self.plain("a.1")
        self.old.waiting[0].callback("OK")
        self.routing.reply_taken("a.1")
        self.change()
        self.clock.advance(1)
        self.unknown(self.plain("b.1", silent=1.001))
        self.plain("c.1", silent=1.0)
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_the_same_connection_means_it_anew(self) -> None:
        self.plain("a.1")
        self.change()
        self.plain("a.2")
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_a_copy_of_what_was_meant_anew_goes_where_that_went(self) -> None:
        self.plain("a.1")
        self.change()
        self.plain("a.2")
        self.plain("b.1")
        self.assertEqual(self.asked(self.old), ["Enable"])
        self.assertEqual(self.asked(self.new), ["Enable", "Enable"])

    def test_what_was_never_sent_may_be_sent_now(self) -> None:
        reply = self.plain("a.1")
        self.old.waiting[0].errback(PychronCommunicationError("old", "away"))
        self.failureResultOf(reply, PychronCommunicationError)
        self.change()
        self.plain("b.1")
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_one_that_was_never_sent_in_the_moment_of_anothers_end_is_forgotten_once(self) -> None:
        self.plain("a.1")
        self.old.waiting[0].callback("OK")
        self.plain("b.1").addErrback(lambda failure: None)
        self.old.waiting[1].errback(PychronCommunicationError("old", "away"))
        self.clock.advance(KEEP)
        self.change()
        self.plain("c.1")
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_a_datagram_has_a_copy_too(self) -> None:
        self.plain("udp.1")
        self.change()
        self.plain("udp.2")
        self.assertEqual(self.asked(self.new), [])

    def test_nothing_is_kept_of_what_is_over(self) -> None:
        for number in range(10):
            self.plain(f"a.{number}")
            self.old.waiting[-1].callback("OK")
            self.clock.advance(KEEP)
        memory: Any = self.routing._trail
        self.plain("a.10")
        self.assertEqual([len(each) for each in (memory._lines, memory._asks)], [1, 1])


class KeyTests(ChangeCase):
    def keyed(self, key: str = "k") -> Deferred[str]:
        return self.ask(RequestContext(key=key))

    def test_a_new_key_goes_the_new_way_when_the_old_one_has_never_seen_it(self) -> None:
        self.change()
        reply = self.keyed()
        self.assertEqual(self.asked(self.old), ['Outcome "k"'])
        self.old.waiting[0].callback("never seen")
        self.new.waiting[0].callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_the_same_key_waits_until_it_is_known_where_it_goes_whatever_changes_meanwhile(
        self,
    ) -> None:
        self.change()
        first = self.keyed()
        self.routing.change(FixedWay("old", self.old), {})
        second = self.keyed()
        self.assertEqual((self.asked(self.old), self.asked(self.new)), (['Outcome "k"'], []))
        self.old.waiting[0].callback("never seen")
        self.assertEqual(self.asked(self.old)[1:], ["Enable", "Enable"])
        self.assertEqual(self.asked(self.new), [])
        for response in self.old.waiting[1:]:
            response.callback("OK")
        self.assertEqual([self.successResultOf(each) for each in (first, second)], ["OK", "OK"])

    def test_an_old_one_that_is_away_does_not_hold_up_a_new_key(self) -> None:
        self.change()
        self.keyed()
        self.old.waiting[0].errback(PychronCommunicationError("old", "away"))
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_an_old_one_that_is_let_go_is_not_asked(self) -> None:
        self.routing.change(FixedWay("new", self.new), {})
        del self.processors["old"]
        self.keyed()
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_a_key_that_an_earlier_process_sent_there_is_answered_there(self) -> None:
        self.change()
        reply = self.keyed()
        self.old.waiting[0].callback("done OK")
        self.assertEqual(self.asked(self.old), ['Outcome "k"', "Enable"])
        self.old.waiting[1].callback("OK")
        self.assertEqual((self.successResultOf(reply), self.asked(self.new)), ("OK", []))

    def test_of_types_without_a_route_the_last_is_asked_that_all_others_went_to(self) -> None:
        self.routing.change(FixedWay("new", self.new), {})
        reply = self.keyed()
        self.assertEqual((self.asked(self.old), self.asked(self.new)), (['Outcome "k"'], []))
        self.old.waiting[0].callback("never seen")
        self.new.waiting[0].callback("OK")
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_of_several_that_had_the_type_each_is_asked_once(self) -> None:
        third = self.processors["third"] = ScriptedRepeater()
        for route in ("new", "old", "third"):
            self.routing.change(FixedWay("old", self.old), {"CO2": FixedWay(route, self.new)})
        self.routing.change(FixedWay("old", self.old), {"CO2": FixedWay("third", third)})
        self.keyed()
        self.old.waiting[0].callback("never seen")
        self.assertEqual((self.asked(self.old), self.asked(third)), (['Outcome "k"'], []))
        self.new.waiting[0].callback("never seen")
        self.assertEqual(self.asked(self.new), ['Outcome "k"'])
        self.assertEqual(self.asked(third), ["Enable"])

    def test_a_key_that_was_sent_there_is_answered_there_or_with_201(self) -> None:
        self.keyed().addErrback(lambda failure: None)
        self.change()
        for said, expected in (("running", "OK"), ("never seen", ""), ("ERROR 211 : none", "")):
            reply = self.keyed()
            self.old.waiting[-1].callback(said)
            if expected:
                self.old.waiting[-1].callback(expected)
                self.assertEqual(self.successResultOf(reply), expected)
            else:
                self.unknown(reply)
        del self.processors["old"]
        self.assertIn("asked no more", self.unknown(self.keyed()))
        self.assertEqual(self.asked(self.new), [])

    def test_what_makes_safe_waits_for_nothing_and_is_done_anew(self) -> None:
        for context in (RequestContext(key="s", safe=True), RequestContext(ask="a.1", safe=True)):
            self.ask(context, "Disable")
            self.change()
            self.ask(context._replace(ask="b.1"), "Disable")
            self.assertEqual(self.asked(self.new)[-1:], ["Disable"])
            self.routing.change(FixedWay("old", self.old), {})
        self.assertEqual(self.asked(self.old), ["Disable", "Disable"])
        self.assertEqual(self.asked(self.new), ["Disable", "Disable"])

    def test_a_key_that_was_never_sent_may_be_sent_now(self) -> None:
        self.keyed().addErrback(lambda failure: None)
        self.old.waiting[0].errback(PychronCommunicationError("old", "away"))
        self.change()
        self.keyed()
        self.old.waiting[-1].errback(PychronCommunicationError("old", "away"))
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_what_came_to_nothing_there_is_still_its_key(self) -> None:
        self.keyed().addErrback(lambda failure: None)
        self.old.waiting[0].errback(ExpiredError("Enable"))
        self.change()
        self.keyed().addErrback(lambda failure: None)
        self.assertEqual(self.asked(self.new), [])

    def test_the_oldest_keys_are_forgotten(self) -> None:
        self.patch(trail, "KEYS", 2)
        for key in "abc":
            self.keyed(key)
        self.routing.change(FixedWay("new", self.new), {})
        del self.processors["old"]
        self.keyed("a")
        self.unknown(self.keyed("c"))
        self.assertEqual(self.asked(self.new), ["Enable"])

    def test_one_that_was_never_sent_says_so_though_its_key_is_forgotten(self) -> None:
        self.patch(trail, "KEYS", 1)
        oldest = self.keyed("a")
        self.keyed("b")
        self.old.waiting[0].errback(PychronCommunicationError("no processor"))
        self.failureResultOf(oldest, PychronCommunicationError)

    def test_back_again_it_is_simply_sent(self) -> None:
        self.keyed()
        self.change()
        self.routing.change(FixedWay("old", self.old), {})
        self.keyed()
        self.assertEqual(self.asked(self.old), ["Enable", "Enable"])
