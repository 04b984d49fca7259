"""A primary and a standby: the second is asked only when the first is known to own nothing."""

from __future__ import annotations

from twisted.logger import capturedLogs, formatEvent
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import (
    MalformedRequestError,
    NotOwnerError,
    NotPermittedError,
    PychronCommunicationError,
)
from pychron_comms.safeguards.ownership import ALLOWANCE, LEASE, RENEW
from pychron_comms.server.routing.pair import KEYS_FOR, Pair
from tests.draws import drawn
from tests.server.routing.pair_world import World, drawn_history

#: As many as are quick; thousands have been drawn by hand.
HISTORIES = 120

#: Seconds until a lease that was given just now is surely over, and one question more.
OVER = LEASE + ALLOWANCE + 2 * RENEW


class PairCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.world = World()
        self.world.start_server()

    @property
    def pair(self) -> Pair:
        assert self.world.pair is not None
        return self.world.pair

    def assert_owner(self, name: str) -> None:
        self.assertEqual(self.world.owner, name)
        for each in "ps":
            self.assertEqual(self.world.owns(each), each == name, each)


class StartTests(PairCase):
    def test_both_are_there_and_free_so_the_primary_owns_it_at_once(self) -> None:
        self.world.advance(3 * RENEW)
        self.assert_owner("p")
        self.assertEqual(self.world.hosts["p"].gate.made_safe, ["the takeover"])
        self.assertIs(self.pair.repeater, self.world.repeaters["p"])

    def test_while_nothing_is_known_of_the_primary_nobody_is_asked(self) -> None:
        self.world.down.add("p")
        self.world.advance(LEASE)
        self.assert_owner("")
        error = self.assertRaises(PychronCommunicationError, lambda: self.pair.repeater)
        self.assertIn("no processor is known to own the hardware", str(error))
        self.world.advance(OVER - LEASE)
        self.assert_owner("s")

    def test_another_process_of_the_server_goes_on_with_the_owner(self) -> None:
        self.world.advance(2.0)
        self.world.start_server()
        self.world.down.add("s")
        self.world.advance(3 * RENEW)
        self.assert_owner("p")
        self.world.advance(2 * OVER)
        self.assert_owner("p")
        self.assertEqual(len(self.world.hosts["p"].gate.made_safe), 1)

    def test_a_processor_that_takes_no_lease_is_never_asked_to_act(self) -> None:
        def refuses(words: str, session: str) -> str:
            raise MalformedRequestError("Type|command is wanted")

        for host in self.world.hosts.values():
            self.patch(host.lease, "asked", refuses)
        with capturedLogs() as events:
            self.world.advance(2 * OVER)
        self.assert_owner("")
        said = {formatEvent(event) for event in events}
        self.assertEqual(len([each for each in said if "takes no lease" in str(each)]), 2)

    def test_while_one_listens_to_another_server_the_other_is_given_nothing(self) -> None:
        def refuses(words: str, session: str) -> str:
            raise NotPermittedError("Lease: the hardware is given by another")

        self.patch(self.world.hosts["p"].lease, "asked", refuses)
        with capturedLogs() as events:
            self.world.advance(3 * OVER)
        self.assert_owner("")
        self.assertIn("is its [processor] owner this server?", self.pair.problem)
        said = [str(formatEvent(event)) for event in events]
        self.assertEqual(len([each for each in said if "given by another" in each]), 1)


class TakeoverTests(PairCase):
    def setUp(self) -> None:
        super().setUp()
        self.world.advance(3 * RENEW)
        self.assert_owner("p")

    def test_the_standby_follows_a_killed_one_when_its_lease_is_over(self) -> None:
        self.world.kill("p", start=False)
        self.world.advance(LEASE)
        self.assertNotEqual(self.world.owner, "s")
        with capturedLogs() as logs:
            self.world.advance(OVER - LEASE)
        told = [str(formatEvent(each)) for each in logs]
        whose = [each for each in told if each.partition(" ")[0] in {"p", "s"}]
        self.assertEqual(whose, ["p does not own the hardware any more", "s owns the hardware"])
        self.assert_owner("s")
        self.assertEqual(self.world.hosts["s"].gate.made_safe, ["the takeover"])
        self.assertEqual(self.world.changes[1:], [("p", ""), ("", "s")])

    def test_one_that_stands_still_owns_nothing_when_it_goes_on(self) -> None:
        host = self.world.hosts["p"]
        host.is_stopped = True
        self.world.advance(OVER)
        self.assertEqual(self.world.owner, "s")
        host.go_on()
        self.assertRaises(NotOwnerError, host.lease.fence.check, False)
        self.assertRaises(NotOwnerError, host.lease.fence.check, True)
        self.world.advance(2 * OVER)
        self.assert_owner("s")

    def test_one_that_is_cut_off_makes_safe_before_the_standby_begins(self) -> None:
        self.world.cut.add("p")
        host = self.world.hosts["p"]
        while not host.gate.given_up:
            self.assertEqual(self.world.hosts["s"].gate.made_safe, [])
            self.world.advance(0.1)
        host.lease.fence.check(True)
        self.world.advance(OVER)
        self.assertEqual(self.world.owner, "s")

    def test_one_that_stops_hands_over_at_once(self) -> None:
        self.world.hosts["p"].lease.give_up()
        self.world.advance(3 * RENEW)
        self.assert_owner("s")

    def test_the_owner_keeps_it_when_the_other_comes_back(self) -> None:
        self.world.kill("p")
        self.world.advance(OVER)
        owner = self.world.owner
        self.world.kill("p" if owner == "s" else "s")
        self.world.advance(2 * OVER)
        self.assert_owner(owner)

    def test_a_second_server_is_given_nothing(self) -> None:
        first = self.pair
        self.world.pair = None
        self.world.repeaters = {}
        self.world.start_server()
        before = self.world.hosts["p"].lease.fence.epoch
        self.world.clock.advance(0)
        self.world._connect()
        for _ in range(4):
            self.world.clock.advance(0.1)
        self.assertEqual((self.world.owner, self.world.hosts["p"].lease.fence.epoch), ("", before))
        first.stop()


class KeyTests(PairCase):
    def test_each_is_asked_once_for_the_keys_that_it_knows(self) -> None:
        self.world.hosts["p"].keys = ["ab12"]
        self.world.advance(2 * OVER)
        self.world.lose("p")
        self.world.advance(1.0)
        self.assertEqual(sorted(self.world.keys), [("p", ["ab12"]), ("s", [])])
        self.assertEqual(self.pair.blind, "")

    def test_a_standby_whose_primary_was_never_reached_is_blind_for_an_hour(self) -> None:
        self.world.down.add("p")
        self.assertEqual(self.pair.blind, "")
        self.world.advance(OVER)
        self.assert_owner("s")
        self.assertIn("p has not been reached", self.pair.blind)
        self.world.clock.advance(KEYS_FOR)
        self.assertEqual(self.pair.blind, "")


class HistoryTests(SynchronousTestCase):
    def test_there_are_never_two_owners_and_in_the_end_there_is_one(self) -> None:
        for seed in range(drawn(HISTORIES)):
            world = drawn_history(seed)
            self.assertIn(world.owner, {"p", "s"}, seed)
            self.assertTrue(world.owns(world.owner), seed)
