"""A part of the hardware kept to one owner, and made safe when the owner is lost."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides
from zope.interface.verify import verifyObject

from pychron_comms.errors import LeasedError, ValveActuationError
from pychron_comms.interfaces import Effect, IAccessRule, ILaserManager, Part
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.overlap import overlap
from tests.doubles import ScriptedCall

ME, OTHER = "10.0.0.1", "10.0.0.2"


class Manager:
    """Some hardware."""


def laser() -> Manager:
    manager = Manager()
    directlyProvides(manager, ILaserManager)
    return manager


class LeaseCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1_000_000)
        self.journal = MemoryJournal(self.clock.seconds)
        self.line, self.laser = Manager(), laser()
        self.all_line = Part("System", self.line, "")
        self.valve = Part("System:A", self.line, "A")
        self.all_laser = Part("CO2", self.laser, "")
        self.stage = Part("CO2:stage", self.laser, "stage")
        self.x = Part("CO2:x", self.laser, "stage/x")
        self.made_safe: list[tuple[str, str]] = []
        self.safe: Deferred[object] = succeed(None)
        self.leases = self.new_leases()

    def new_leases(self) -> Leases:
        return Leases(self.clock, self.clock.seconds, self.journal.write, self.make_safe)

    def make_safe(self, part: Part, why: str) -> Deferred[object]:
        self.made_safe.append((part.name, why))
        return self.safe

    def refused(self, manager: object, target: str, sender: str = OTHER, **options: Any) -> bool:
        call = ScriptedCall("Move", manager=manager, target=target, sender=sender, **options)
        try:
            self.leases.check(call)
        except LeasedError:
            return True
        return False

    def held(self) -> list[tuple[str, str]]:
        return [(lease.part.name, lease.owner) for lease in self.leases.leases()]

    def events(self) -> list[str]:
        return [record["event"] for record in self.journal.records()]


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
            self.assertRaises(LeasedError, self.leases.claim, part, OTHER, 10)
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
            {name: record[name] for name in ("event", "part", "sender", "seconds", "bound")},
            {"event": "claim", "part": "System:A", "sender": ME, "seconds": 10, "bound": True},
        )


class LapseTests(LeaseCase):
    def test_a_lease_that_runs_out_makes_safe_once_and_is_written_down(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.clock.advance(9.9)
        self.assertEqual(self.made_safe, [])
        self.clock.advance(0.1)
        self.assertEqual(self.made_safe, [("System:A", f"the lapse of {ME}'s lease")])
        self.clock.advance(100)
        self.assertEqual(len(self.made_safe), 1)
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

    def test_what_could_not_be_made_safe_is_written_down_and_logged(self) -> None:
        self.safe = fail(ValveActuationError("A", "close"))
        self.leases.claim(self.valve, ME, 10)
        self.clock.advance(10)
        *_, safe = self.journal.records()
        self.assertEqual(safe["reply"], "failed: Valve A failed to actuate close")
        self.assertEqual(len(self.flushLoggedErrors(ValveActuationError)), 1)

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


class RecallTests(LeaseCase):
    def setUp(self) -> None:
        super().setUp()
        self.gone: set[str] = set()

    def restart(self, seconds: float) -> None:
        """A kill, and a start so many seconds later."""
        for call in self.clock.getDelayedCalls():
            call.cancel()
        self.clock.advance(seconds)
        self.leases = self.new_leases()
        self.leases.recall(list(self.journal.records()), self.find)

    def find(self, name: str) -> Part | None:
        parts = (self.all_line, self.valve, self.all_laser, self.stage, self.x)
        return next((part for part in parts if part.name == name and name not in self.gone), None)

    def test_a_lease_that_still_runs_is_held_again_to_its_end(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.restart(4)
        (lease,) = self.leases.leases()
        self.assertEqual((lease.owner, lease.since, lease.until), (ME, 1_000_000, 1_000_010))
        self.assertTrue(self.refused(self.line, "A"))
        self.clock.advance(5.9)
        self.assertEqual(self.made_safe, [])
        self.clock.advance(0.1)
        self.assertEqual([name for name, _ in self.made_safe], ["System:A"])

    def test_one_that_lapsed_meanwhile_makes_safe_now(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.restart(60)
        self.clock.advance(0)
        self.assertEqual((self.held(), len(self.made_safe)), ([], 1))

    def test_one_that_was_bound_has_lost_its_connection(self) -> None:
        self.leases.claim(self.valve, ME, 10, "one")
        self.restart(1)
        self.assertEqual([name for name, _ in self.made_safe], ["System:A"])
        self.assertEqual(self.held(), [])

    def test_the_last_claim_counts(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.clock.advance(5)
        self.leases.claim(self.valve, ME, 20)
        self.restart(10)
        (lease,) = self.leases.leases()
        self.assertEqual(lease.until, 1_000_025)

    def test_what_had_ended_is_not_held_again(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.leases.release(self.valve, ME)
        self.leases.claim(self.stage, ME, 1)
        self.clock.advance(1)
        self.leases.claim(self.all_line, ME, 10)
        self.leases.override(self.all_line, OTHER, "smoke")
        self.made_safe.clear()
        self.restart(0)
        self.clock.advance(20)
        self.assertEqual((self.held(), self.made_safe), ([], []))

    def test_a_part_that_is_claimed_by_several_of_its_names_is_one(self) -> None:
        alias = self.x._replace(name="CO2:stage/x")
        self.leases.claim(self.x, ME, 10)
        self.leases.claim(alias, ME, 10)
        self.leases.release(alias, ME)
        self.restart(1)
        self.assertEqual(self.held(), [])

    def test_what_is_no_longer_there_is_passed_over(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.leases.claim(self.stage, ME, 10)
        self.gone.add("System:A")
        self.restart(1)
        self.assertEqual(self.held(), [("CO2:stage", ME)])


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
