"""Two processors never own the same hardware: the reckoning, with two clocks that differ."""

from __future__ import annotations

import random

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.ownership import BEAT, LEASE, SAFE, WAIT, Beats, Ownership
from pychron_comms.errors import NotOwnerError
from pychron_comms.safeguards.fence import LeasedFence


class One:
    """A processor; its clock is so far ahead of the test's."""

    def __init__(self, clock: Clock, ahead: float = 0.0) -> None:
        self.seconds = lambda: clock.seconds() + ahead
        self.fence = LeasedFence(SAFE, self.seconds)
        self.ownership = Ownership(self.fence, self.seconds)
        self.ownership.subscribed()

    def beat(self, on_the_way: float = 0.0) -> None:
        """One of its beats comes back, which it sent so long ago."""
        self.ownership.delivered(self.seconds() - on_the_way)

    def acts(self, *, safe: bool = False) -> bool:
        try:
            self.fence.check(safe)
        except NotOwnerError:
            return False
        return True


class BeatsTests(SynchronousTestCase):
    def test_only_what_was_sent_is_known_and_not_what_anybody_can_write(self) -> None:
        """By one that was forged a process owned the hardware for ever, beside another."""
        beats = Beats("me")
        for at in range(50):
            body = beats.at(at + 0.25)
        self.assertEqual(beats.sent_at(body), 49.25)
        self.assertEqual(beats.sent_at(b"me 48.25"), 48.25)
        for other in (b"me 1e300", b"me inf", b"me", b"other 49.25", b"me 50.25", b"me 0.25"):
            self.assertIsNone(beats.sent_at(other))


class OwnershipTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.one = One(self.clock)

    def own(self, one: One, epoch: str = "1.a") -> None:
        one.beat()
        self.pass_with_beats(one, WAIT)
        self.assertTrue(one.ownership.claim(epoch))

    def pass_with_beats(self, one: One, seconds: float) -> None:
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self.clock.advance(BEAT)
            one.beat()

    def test_nobody_owns_before_he_has_waited(self) -> None:
        self.one.beat()
        self.pass_with_beats(self.one, WAIT - 2 * BEAT)
        self.assertFalse(self.one.ownership.claim("1.a"))
        self.assertFalse(self.one.acts())

    def test_who_has_waited_owns_while_beats_come_back(self) -> None:
        self.own(self.one)
        self.pass_with_beats(self.one, 10 * LEASE)
        self.assertTrue(self.one.acts())

    def test_without_beats_it_ends_by_itself(self) -> None:
        self.own(self.one)
        self.clock.advance(LEASE)
        self.assertFalse(self.one.acts())
        self.assertTrue(self.one.acts(safe=True))
        self.clock.advance(SAFE)
        self.assertFalse(self.one.acts(safe=True))

    def test_a_beat_counts_from_when_it_was_sent(self) -> None:
        """One that was frozen on the way proves nothing of today."""
        self.own(self.one)
        self.clock.advance(LEASE - 0.1)
        self.one.beat(on_the_way=LEASE - 0.2)
        self.clock.advance(0.3)
        self.assertFalse(self.one.acts())

    def test_others_beats_renew_nothing(self) -> None:
        self.own(self.one)
        self.clock.advance(LEASE - 0.1)
        self.one.ownership.delivered(None)
        self.clock.advance(0.2)
        self.assertFalse(self.one.acts())

    def test_a_new_subscription_does_not_prolong_what_the_old_one_gave(self) -> None:
        """Another may have been active between the two."""
        self.own(self.one)
        self.one.ownership.subscribed()
        self.pass_with_beats(self.one, LEASE)
        self.assertFalse(self.one.acts())

    def test_who_was_frozen_while_he_waited_claims_nothing_with_old_beats(self) -> None:
        self.one.beat()
        self.clock.advance(100)
        self.one.beat(on_the_way=100)
        self.assertFalse(self.one.ownership.claim("1.a"))


class TwoTests(SynchronousTestCase):
    def test_never_two_at_an_instant_whatever_is_frozen_cut_or_late(self) -> None:
        """A broker with one active consumer, and all else as bad as it gets."""
        claims = sum(self.history(random.Random(seed)) for seed in range(150))
        self.assertGreater(claims, 150)

    def history(self, rng: random.Random) -> int:
        """How often one claimed."""
        clock = Clock()
        ones = [One(clock, ahead=rng.uniform(-1e6, 1e6)) for _ in range(2)]
        active = 0
        # What the broker has sent to each and it has not read yet: when it was sent.
        unread: list[list[float]] = [[], []]
        frozen = [False, False]
        epochs = 0
        for _ in range(200):
            clock.advance(rng.choice((0.05, BEAT, BEAT, 1.0)))
            if rng.random() < 0.04:
                # The broker takes another for the active one; who was, may hear of it late.
                active = 1 - active
                unread[active].clear()
                ones[active].ownership.subscribed()
            for index in range(2):
                if rng.random() < 0.1:
                    frozen[index] = not frozen[index]
            if not frozen[active]:
                unread[active].append(ones[active].seconds())
            for index, one in enumerate(ones):
                if not frozen[index] and rng.random() < 0.8:
                    for sent in unread[index]:
                        one.ownership.delivered(sent)
                    unread[index].clear()
                    if not one.fence.is_open and one.ownership.may_claim:
                        epochs += 1
                        one.ownership.claim(f"{epochs}.x")
            acting = [one for one in ones if one.acts(safe=True)]
            self.assertLessEqual(len(acting), 1)
        return epochs
