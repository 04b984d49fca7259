"""Room on the way to a processor for what makes safe: each request type has its own."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import QueueFullError
from pychron_comms.repeater.hop_places import SAFE_TYPES, HopPlaces
from pychron_comms.transport.places import SAFE_ASSURED, SAFE_LIMIT, SAFE_SHARE

ME, OTHER = "10.0.0.1", "10.0.0.2"


class HopPlacesTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.places = HopPlaces()

    def fill(self, request_type: str) -> None:
        """By one sender, who has as many as anybody may."""
        self.places.safe(request_type).take(ME, SAFE_SHARE)

    def has_room(self, request_type: str) -> bool:
        try:
            self.places.safe(request_type).take(ME)
        except QueueFullError:
            return False
        self.places.safe(request_type).give_back(ME)
        return True

    def test_one_that_hangs_leaves_the_others_their_room(self) -> None:
        self.fill("CO2")
        self.assertEqual([self.has_room(each) for each in ("CO2", "UV")], [False, True])
        self.places.ordinary.take(ME)

    def test_those_that_are_known_keep_theirs_and_the_rest_have_one_together(self) -> None:
        own = [f"type {number}" for number in range(SAFE_TYPES - 1)]
        for each in own:
            self.assertTrue(self.has_room(each))
        self.fill("one more")
        self.assertEqual([self.has_room(each) for each in ("one more", "another")], [False] * 2)
        self.assertEqual([self.has_room(each) for each in own], [True] * len(own))
        self.fill(own[0])
        self.assertEqual([self.has_room(each) for each in own[:2]], [False, True])
        self.assertEqual(len(self.places._safe), SAFE_TYPES)

    def test_each_sender_has_some_of_it_whatever_the_others_have(self) -> None:
        for number in range(SAFE_LIMIT // SAFE_SHARE):
            self.places.safe("CO2").take(f"10.0.1.{number}", SAFE_SHARE)
        for _ in range(SAFE_ASSURED):
            self.places.safe("CO2").take(OTHER)
        self.assertRaises(QueueFullError, self.places.safe("CO2").take, OTHER)
