"""A part of the hardware kept to one owner, and made safe when the owner is lost."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.errors import JournalError, LeasedError
from pychron_comms.interfaces import Effect, IAccessRule
from pychron_comms.safeguards.overlap import overlap
from tests.doubles import ScriptedCall
from tests.safeguards.lease_case import ME, OTHER, LeaseCase


class ClaimTests(LeaseCase):
    def test_provides_its_interface(self) -> None:
        verifyObject(IAccessRule, self.leases)

    def test_without_a_lease_nothing_is_kept(self) -> None:
        self.assertFalse(self.refused(self.line, "A"))

    def test_a_lease_keeps_others_out_and_its_owner_in(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.assertTrue(self.refused(self.line, "A"))
        self.assertFalse(self.refused(self.line, "A", ME))
        self.assertFalse(self.refused(self.line, "B"))
        self.assertFalse(self.refused(self.laser, "A"))

    def test_the_error_says_what_is_leased_to_whom(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        call = ScriptedCall("Open", manager=self.line, target="A", sender=OTHER)
        error = self.assertRaises(LeasedError, self.leases.check, call)
        self.assertEqual((error.code, str(error)), (204, "System:A is leased to 10.0.0.1"))

    def test_a_lease_of_a_type_covers_its_parts_and_one_of_a_part_the_whole(self) -> None:
        self.leases.claim(self.all_line, ME, 10)
        self.assertTrue(self.refused(self.line, "A"))
        self.leases.release(self.all_line, ME)
        self.leases.claim(self.valve, ME, 10)
        self.assertTrue(self.refused(self.line, ""))

    def test_an_axis_is_a_part_of_its_stage(self) -> None:
        self.leases.claim(self.x, ME, 10)
        for target, expected in (("stage/x", True), ("stage", True), ("stage/y", False)):
            self.assertEqual(self.refused(self.laser, target), expected, msg=target)
        self.assertFalse(self.refused(self.laser, "output"))

    def test_another_cannot_claim_what_overlaps(self) -> None:
        self.leases.claim(self.stage, ME, 10)
        for part in (self.all_laser, self.stage, self.x):
            error = self.assertRaises(LeasedError, self.leases.claim, part, OTHER, 10)
            self.assertEqual(str(error), str(LeasedError("CO2:stage", ME)))
        self.leases.claim(self.all_line, OTHER, 10)
        self.assertEqual(self.held(), [("CO2:stage", ME), ("System", OTHER)])

    def test_its_owner_may_claim_more_around_it(self) -> None:
        for part in (self.x, self.stage, self.all_laser):
            self.leases.claim(part, ME, 10)
        self.assertEqual(len(self.held()), 3)

    def test_reads_and_what_touches_no_hardware_stay_open(self) -> None:
        self.leases.claim(self.all_line, ME, 10)
        self.assertFalse(self.refused(self.line, "A", effect=Effect.READ))
        self.assertFalse(self.refused(None, ""))

    def test_everybody_may_put_a_laser_out_but_not_close_a_valve(self) -> None:
        self.leases.claim(self.all_laser, ME, 10)
        self.leases.claim(self.valve, ME, 10)
        self.assertFalse(self.refused(self.laser, "output", safe=True))
        self.assertTrue(self.refused(self.laser, "output"))
        self.assertTrue(self.refused(self.line, "A", safe=True))

    def test_a_lease_tells_since_and_until_when_oldest_first(self) -> None:
        self.leases.claim(self.all_laser, OTHER, 20)
        self.clock.advance(1)
        self.leases.claim(self.valve, ME, 10)
        laser, valve = self.leases.leases()
        self.assertEqual((laser.since, laser.until), (1_000_000, 1_000_020))
        self.assertEqual((valve.since, valve.until, valve.owner), (1_000_001, 1_000_011, ME))

    def test_the_oldest_is_told_first_whatever_it_is_called(self) -> None:
        for part in (self.valve, self.stage, self.x):
            self.leases.claim(part, ME, 10)
            self.clock.advance(1)
        self.leases.claim(self.valve, ME, 10)
        self.assertEqual([name for name, _ in self.held()], ["System:A", "CO2:stage", "CO2:x"])

    def test_renewing_keeps_its_beginning_and_moves_its_end(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.clock.advance(9)
        self.leases.claim(self.valve, ME, 10)
        self.clock.advance(9)
        (lease,) = self.leases.leases()
        self.assertEqual((lease.since, lease.until), (1_000_000, 1_000_019))
        self.assertEqual(self.made_safe, [])
        self.clock.advance(1)
        self.assertEqual((self.held(), len(self.made_safe)), ([], 1))

    def test_releasing_frees_it_and_makes_nothing_safe(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.leases.release(self.valve, ME)
        self.assertFalse(self.refused(self.line, "A"))
        self.clock.advance(20)
        self.assertEqual((self.made_safe, self.clock.getDelayedCalls()), ([], []))
        self.assertEqual(self.events(), ["claim", "release"])
        (_, record) = self.journal.records()
        self.assertEqual((record["part"], record["sender"]), ("System:A", ME))

    def test_releasing_what_nobody_has_is_nothing(self) -> None:
        self.leases.release(self.valve, ME)
        self.assertEqual(self.events(), [])

    def test_another_cannot_release_it(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.assertRaises(LeasedError, self.leases.release, self.valve, OTHER)
        self.assertEqual(self.held(), [("System:A", ME)])

    def test_claims_are_written_down(self) -> None:
        self.leases.claim(self.valve, ME, 10, "s")
        (record,) = self.journal.records()
        self.assertEqual(
            {name: record[name] for name in ("event", "part", "sender", "until", "bound")},
            {"event": "claim", "part": "System:A", "sender": ME, "until": 1_000_010, "bound": True},
        )


class UnwrittenTests(LeaseCase):
    """Finding B8 of issue 12: on f156da4 a full disk granted what the next start forgot."""

    def full_disk(self) -> None:
        self.journal.failing = "the disk is full"

    def test_a_lease_that_cannot_be_written_is_refused(self) -> None:
        self.full_disk()
        for session in ("", "one"):
            self.assertRaises(JournalError, self.leases.claim, self.valve, ME, 10, session)
        self.assertEqual((self.held(), self.clock.getDelayedCalls()), ([], []))

    def test_a_renewal_that_cannot_be_leaves_it_as_it_was(self) -> None:
        self.leases.claim(self.valve, ME, 10, "one")
        self.full_disk()
        self.assertRaises(JournalError, self.leases.claim, self.valve, ME, 100)
        (lease,) = self.leases.leases()
        self.assertEqual(lease.until, 1_000_010)
        self.leases.session_ended("one")
        self.assertEqual(len(self.made_safe), 1)

    def test_one_is_not_given_back_where_that_cannot_be_written(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.full_disk()
        self.assertRaises(JournalError, self.leases.release, self.valve, ME)
        self.assertEqual(self.held(), [("System:A", ME)])
        self.clock.advance(10)
        self.assertEqual(len(self.made_safe), 1)

    def test_an_override_is_done_all_the_same(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.full_disk()
        self.leases.override(self.valve, OTHER, "smoke")
        self.assertEqual((self.held(), len(self.made_safe)), ([], 1))


class LapseTests(LeaseCase):
    def test_a_lease_that_runs_out_makes_safe_once_and_is_written_down(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.clock.advance(9.9)
        self.assertEqual(self.made_safe, [])
        self.clock.advance(0.1)
        self.assertEqual(self.made_safe, [("System:A", f"the lapse of {ME}'s lease")])
        self.clock.advance(100)
        self.assertEqual(len(self.made_safe), 1)
        self.assertEqual(self.lapses.value, 1)
        self.assertEqual(self.events(), ["claim", "lapse", "safe"])
        lapse, safe = list(self.journal.records())[1:]
        self.assertEqual((lapse["owner"], lapse["why"]), (ME, "it has run out"))
        self.assertEqual((safe["part"], safe["reply"]), ("System:A", "OK"))
        self.assertFalse(self.refused(self.line, "A"))

    def test_safe_is_written_down_when_it_is(self) -> None:
        self.safe = Deferred()
        self.leases.claim(self.valve, ME, 10)
        self.clock.advance(10)
        self.assertEqual(self.events(), ["claim", "lapse"])
        self.safe.callback(None)
        self.assertEqual(self.events(), ["claim", "lapse", "safe"])

    def test_a_lease_ends_with_the_connection_that_it_is_bound_to(self) -> None:
        self.leases.claim(self.valve, ME, 10, "one")
        self.leases.claim(self.all_laser, ME, 10, "two")
        self.leases.session_ended("one")
        self.assertEqual(self.held(), [("CO2", ME)])
        self.assertEqual([name for name, _ in self.made_safe], ["System:A"])
        lapse = list(self.journal.records())[2]
        self.assertEqual(lapse["why"], "the connection of its owner is lost")
        self.leases.session_ended("one")
        self.clock.advance(10)
        self.assertEqual([name for name, _ in self.made_safe], ["System:A", "CO2"])

    def test_the_end_of_a_server_is_that_of_all_its_clients(self) -> None:
        self.leases.claim(self.valve, ME, 10, "server-1/abc")
        self.leases.claim(self.all_laser, ME, 10, "server-10/abc")
        self.leases.session_ended("server-1")
        self.assertEqual(self.held(), [("CO2", ME)])

    def test_one_that_is_bound_to_nothing_outlives_every_connection(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.leases.session_ended("one")
        self.assertEqual((self.held(), self.made_safe), ([("System:A", ME)], []))

    def test_renewing_unbound_frees_it_from_its_connection(self) -> None:
        self.leases.claim(self.valve, ME, 10, "one")
        self.leases.claim(self.valve, ME, 10)
        self.leases.session_ended("one")
        self.assertEqual(self.held(), [("System:A", ME)])

    def test_stopping_forgets_them_without_making_safe(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.leases.stop()
        self.assertEqual((self.clock.getDelayedCalls(), self.made_safe), ([], []))


class OverrideTests(LeaseCase):
    def test_whatever_is_in_the_way_ends_and_the_part_is_made_safe(self) -> None:
        self.leases.claim(self.x, ME, 10)
        self.leases.claim(self.valve, ME, 10)
        self.leases.override(self.all_laser, OTHER, "smoke")
        self.assertEqual(self.held(), [("System:A", ME)])
        self.assertEqual(self.made_safe, [("CO2", f"{OTHER}'s override")])
        self.assertEqual(self.events(), ["claim", "claim", "override", "safe"])
        override = list(self.journal.records())[2]
        self.assertEqual(
            [override[name] for name in ("part", "owner", "sender", "reason")],
            ["CO2:x", ME, OTHER, "smoke"],
        )
        self.clock.advance(5)
        self.assertEqual(len(self.made_safe), 1)

    def test_where_nothing_is_leased_it_still_makes_safe(self) -> None:
        self.leases.override(self.all_laser, OTHER, "smoke")
        self.assertEqual([name for name, _ in self.made_safe], ["CO2"])
        self.assertEqual(self.events(), ["override", "safe"])
        override, _ = self.journal.records()
        told = {name: override[name] for name in ("part", "owner", "sender", "reason", "safe")}
        self.assertEqual(
            told, {"part": "CO2", "owner": "", "sender": OTHER, "reason": "smoke", "safe": "CO2"}
        )


class OverlapTests(SynchronousTestCase):
    def test_parts_overlap_where_one_holds_the_other(self) -> None:
        for one, other, expected in (
            ("", "", True),
            ("", "stage/x", True),
            ("A", "A", True),
            ("stage", "stage/x", True),
            ("stage/x", "stage/y", False),
            ("A", "AB", False),
            ("stage", "stages/x", False),
        ):
            self.assertEqual(overlap(one, other), expected, msg=f"{one} {other}")
            self.assertEqual(overlap(other, one), expected, msg=f"{other} {one}")
