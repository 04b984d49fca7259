"""A server's reckoning of the owner's clock."""

from __future__ import annotations

import json
import math

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.message import OWNER, Message
from pychron_comms.broker.owner import PATIENCE, KnownOwner


def said(epoch: object, at: object) -> Message:
    return Message(OWNER, json.dumps({"epoch": epoch, "at": at}).encode())


class KnownOwnerTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.owner = KnownOwner(self.clock.seconds)

    def test_it_is_there_while_it_says_so(self) -> None:
        self.assertFalse(self.owner.is_there)
        self.owner.heard(said("1.a", 5.0))
        self.assertTrue(self.owner.is_there)
        self.clock.advance(PATIENCE)
        self.assertFalse(self.owner.is_there)

    def test_another_epoch_is_another_owner(self) -> None:
        self.assertTrue(self.owner.heard(said("1.a", 5.0)))
        self.assertFalse(self.owner.heard(said("1.a", 5.5)))
        self.assertTrue(self.owner.heard(said("2.b", 5.0)))

    def test_a_deadline_is_told_by_the_owners_clock_an_hour_off_or_not(self) -> None:
        self.owner.heard(said("1.a", 3600.0))
        self.clock.advance(2.0)
        stamp = self.owner.stamp(1.0)
        self.assertEqual(stamp, ("1.a", 3602.0, 3603.0))

    def test_a_word_that_was_long_on_the_way_makes_no_deadline_later(self) -> None:
        self.owner.heard(said("1.a", 100.0))
        self.clock.advance(1.0)
        # Half a second on the way: by it alone the owner's clock would seem to be behind.
        self.owner.heard(said("1.a", 100.5))
        self.assertEqual(self.owner.stamp(1.0).sent, 101.0)

    def test_another_owner_has_another_clock(self) -> None:
        self.owner.heard(said("1.a", 1e9))
        self.owner.heard(said("2.b", 7.0))
        self.assertEqual(self.owner.stamp(0.0).sent, 7.0)

    def test_what_is_no_word_of_an_owner_is_none(self) -> None:
        for message in (
            said("", 1.0),
            said(None, 1.0),
            said("1.a", "now"),
            said("1.a", math.nan),
            said("1.a", math.inf),
            said("1.a", 10**400),
            Message(OWNER, b"{}"),
            Message(OWNER, b"[]"),
            Message(OWNER, b"\xff"),
        ):
            self.assertRaises(ValueError, self.owner.heard, message)
        self.assertFalse(self.owner.is_there)
