"""How many commands may wait on the way to a processor, and whose."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import MalformedRequestError, OutcomeUnknownError, QueueFullError
from pychron_comms.repeater import hop_places
from pychron_comms.transport.places import Places
from pychron_comms.wire.context import RequestContext
from tests.repeater.test_endpoint import EndpointCase


class CountTests(SynchronousTestCase):
    """Places for many at once: for all of them, or for none."""

    def refusal(self, places: Places, sender: str, count: int) -> str:
        return str(self.assertRaises(QueueFullError, places.take, sender, count))

    def test_to_the_last_of_a_share_and_of_all(self) -> None:
        places = Places(10, 5)
        self.assertIn("0 commands of a wait", self.refusal(places, "a", 6))
        places.take("a", 5)
        self.assertIn("5 commands of a wait", self.refusal(places, "a", 1))
        self.assertIn("0 commands of b wait", self.refusal(places, "b", 6))
        places.take("b", 5)
        self.assertIn("10 commands wait", self.refusal(places, "c", 1))
        places.give_back("b", 2)
        self.assertIn("8 commands wait", self.refusal(places, "c", 3))
        places.take("c", 2)

    def test_what_is_assured_is_there_however_full_it_is(self) -> None:
        places = Places(2, 4, assured=2)
        places.take("a", 2)
        self.assertIn("2 commands wait", self.refusal(places, "b", 3))
        places.take("b", 2)
        self.assertIn("4 commands wait", self.refusal(places, "b", 1))
        places.give_back("a", 2)
        self.assertIn("2 commands wait", self.refusal(places, "b", 1))

    def test_nobody_is_remembered_who_has_none(self) -> None:
        places = Places(2, 2)
        for _ in range(2):
            places.take("a", 2)
            places.give_back("a", 1)
            places.give_back("a", 1)
        self.assertEqual(places._by_sender, {})


class PlaceTests(EndpointCase):
    def start_with(self, **limits: int) -> None:
        for name, limit in limits.items():
            self.patch(hop_places, name, limit)
        self.start()

    def test_too_many_waiting_commands_are_refused(self) -> None:
        self.start_with(PENDING_LIMIT=2)
        self.ask("a")
        self.ask("b")
        self.failureResultOf(self.ask("c"), QueueFullError)
        self.processor.say(b"@id=1 OK\r\n")
        self.ask("c")
        self.assertEqual(len(self.processor.read()), 3)

    def test_one_sender_takes_no_more_than_its_share(self) -> None:
        self.start_with(PENDING_SHARE=2)
        self.ask("a")
        reply = self.ask("b")
        failure = self.failureResultOf(self.ask("c"), QueueFullError)
        self.assertIn("2 commands of 10.0.0.1 wait for the processor", str(failure.value))
        other = self.repeater.get_response("System", "a", "10.0.0.2")
        self.assertNoResult(other)
        self.processor.say(b"@id=2 OK\r\n")
        self.successResultOf(reply)
        self.assertNoResult(self.ask("c"))

    def test_what_makes_safe_has_room_of_its_own(self) -> None:
        self.start_with(PENDING_LIMIT=1, SAFE_LIMIT=2, SAFE_ASSURED=0)
        self.ask("GetPosition")
        self.failureResultOf(self.ask("GetPosition"), QueueFullError)
        safe = RequestContext(safe=True)
        for _ in range(2):
            self.assertNoResult(self.repeater.get_response("CO2", "Disable", "10.0.0.1", safe))
        self.failureResultOf(
            self.repeater.get_response("CO2", "Disable", "10.0.0.1", safe), QueueFullError
        )
        self.assertEqual(
            self.processor.read()[1:],
            [f"@id={number};from=10.0.0.1;left=0.000 CO2|Disable" for number in (2, 3)],
        )

    def test_what_makes_safe_has_some_room_of_each_sender(self) -> None:
        self.start_with(SAFE_LIMIT=2, SAFE_SHARE=2, SAFE_ASSURED=1)
        safe = RequestContext(safe=True)
        for sender in ("10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3"):
            reply = self.repeater.get_response("System", "Close A", sender, safe)
            self.assertNoResult(reply)
        for sender in ("10.0.0.1", "10.0.0.2"):
            self.failureResultOf(
                self.repeater.get_response("System", "Close A", sender, safe), QueueFullError
            )

    def test_closes_of_a_valve_that_hangs_leave_a_laser_its_room(self) -> None:
        self.start_with(SAFE_SHARE=1)
        self.assertNoResult(self.make_safe("System", "Close A"))
        self.failureResultOf(self.make_safe("System", "Close A"), QueueFullError)
        self.assertNoResult(self.make_safe("CO2", "Disable"))

    def test_many_types_do_not_make_room_without_end(self) -> None:
        self.start_with(SAFE_TYPES=2, SAFE_SHARE=1)
        for request_type in ("System", "CO2"):
            self.assertNoResult(self.make_safe(request_type, "Disable"))
        self.failureResultOf(self.make_safe("UV", "Disable"), QueueFullError)

    def make_safe(self, request_type: str, command: str) -> Deferred[str]:
        safe = RequestContext(safe=True)
        return self.repeater.get_response(request_type, command, "10.0.0.1", safe)

    def test_what_is_not_sent_takes_no_place(self) -> None:
        self.start_with(PENDING_LIMIT=1)
        self.failureResultOf(self.ask("Open A\nOpen B"), MalformedRequestError)
        self.assertNoResult(self.ask("Open A"))

    def test_places_are_free_again_when_the_processor_is(self) -> None:
        self.start_with(PENDING_LIMIT=1)
        self.failureResultOf(self.lost(), OutcomeUnknownError)
        self.clock.advance(1)
        self.assertNoResult(self.ask("Open A"))

    def lost(self) -> Deferred[str]:
        reply = self.ask("Open A")
        self.processor.drop()
        return reply
