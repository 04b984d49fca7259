"""Leases and what must be made safe are known again after a kill, wherever it struck."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from pychron_comms.interfaces import Part
from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.safeguards.lease_records import LeaseRecords, WrittenLease, claimed
from tests.safeguards.lease_case import ME, OTHER, LeaseCase


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
        records = LeaseRecords()
        for record in self.journal.recall():
            records.take(record)
        self.leases.recall(records, self.find)

    def carried(self) -> list[Mapping[str, Any]]:
        """Of the process that runs then."""
        return self.leases.carried()

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

    def test_one_that_lapsed_while_the_disk_was_full_does_not_lapse_again(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.journal.failing = "the disk is full"
        self.clock.advance(10)
        self.assertEqual(len(self.made_safe), 1)
        self.journal.failing = ""
        # As a command is, by which another opens the valve.
        self.leases.claim(self.x, OTHER, 100)
        self.restart(1)
        self.assertEqual((len(self.made_safe), self.held()), (1, [("CO2:x", OTHER)]))

    def test_one_that_was_ended_for_an_emergency_then_is_not_held_again(self) -> None:
        self.leases.claim(self.valve, ME, 100)
        self.journal.failing = "the disk is full"
        self.leases.override(self.valve, OTHER, "fire")
        self.journal.failing = ""
        self.leases.claim(self.x, OTHER, 100)
        self.restart(1)
        self.assertEqual(self.held(), [("CO2:x", OTHER)])

    def test_a_clock_that_was_set_back_makes_none_longer(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        for call in self.clock.getDelayedCalls():
            call.cancel()
        self.clock = Clock()
        self.clock.advance(1_000_000 - 1800)
        self.leases = self.new_leases()
        self.restart(0)
        (lease,) = self.leases.leases()
        self.assertEqual(lease.until, self.clock.seconds() + 10)
        self.clock.advance(9.9)
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
        lapse = next(each for each in self.journal.records() if each["event"] == "lapse")
        self.assertEqual(lapse["why"], "the connection of its owner is lost")

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

    def test_a_kill_before_it_was_safe_makes_it_safe_at_the_start(self) -> None:
        """Finding B8 of issue 12: on f156da4 it was never made safe."""
        self.safe = Deferred()
        self.leases.claim(self.valve, ME, 10)
        self.clock.advance(10)
        self.assertEqual(self.events(), ["claim", "lapse"])
        self.restart(1)
        self.assertEqual(self.made_safe, [("System:A", f"the lapse of {ME}'s lease")] * 2)
        self.safe.callback(None)
        self.restart(1)
        self.assertEqual(len(self.made_safe), 2)

    def test_so_does_one_during_an_override(self) -> None:
        self.safe = Deferred()
        self.leases.claim(self.x, ME, 10)
        self.leases.override(self.all_laser, OTHER, "smoke")
        self.leases.override(self.valve, OTHER, "smoke")
        self.made_safe.clear()
        self.restart(1)
        self.assertEqual(
            self.made_safe, [(name, f"{OTHER}'s override") for name in ("CO2", "System:A")]
        )

    def test_an_override_that_does_not_say_what_it_made_safe_is_of_its_part(self) -> None:
        records = LeaseRecords()
        records.take({"event": "override", "part": "CO2", "sender": OTHER})
        self.assertEqual(records.unsafe, {"CO2": f"{OTHER}'s override"})

    def test_a_claim_of_long_ago_said_for_how_long_and_was_bound_to_nothing(self) -> None:
        records = LeaseRecords()
        claim = {"event": "claim", "part": "CO2", "sender": ME, "at": "2026-01-02T03:04:05+00:00"}
        records.take({**claim, "seconds": 60.0})
        until = 1_767_323_045.0 + 60.0
        lease = WrittenLease("CO2", ME, until, until, False, 60.0)
        self.assertEqual(records.leases, {"CO2": lease})
        records.take({**claim, "until": until, "since": 2.0, "bound": True})
        self.assertEqual(records.leases, {"CO2": lease._replace(since=2.0, bound=True)})

    def test_other_records_are_none_of_its(self) -> None:
        records = LeaseRecords()
        for event in ("begin", "end", "start", "refused"):
            records.take({"event": event, "part": "CO2", "sender": ME})
        for event in ("release", "safe"):
            records.take({"event": event, "part": "never", "sender": ME})
        self.assertEqual((records.leases, records.unsafe), ({}, {}))

    def test_times_are_written_to_the_millisecond(self) -> None:
        lease = WrittenLease("CO2", ME, 1.23456, 9.87654, True)
        self.assertEqual(
            claimed(lease),
            {"part": "CO2", "sender": ME, "since": 1.235, "until": 9.877, "bound": True},
        )

    def test_who_claims_it_meanwhile_has_it_when_it_is_safe(self) -> None:
        self.safe = Deferred()
        self.leases.claim(self.valve, ME, 10)
        self.clock.advance(10)
        self.leases.claim(self.valve, OTHER, 10)
        self.restart(1)
        self.assertEqual((len(self.made_safe), self.held()), (2, [("System:A", OTHER)]))

    def test_what_is_carried_over_is_as_if_it_was_written(self) -> None:
        self.journal.carry(self.leases.carried)
        self.safe = Deferred()
        self.leases.claim(self.stage, ME, 1)
        self.leases.claim(self.valve, ME, 10)
        self.leases.claim(self.all_line, ME, 20, "one")
        self.clock.advance(1)
        self.made_safe.clear()
        self.journal.turn()
        self.restart(1)
        self.assertEqual([name for name, _ in self.made_safe], ["CO2:stage", "System"])
        (lease,) = self.leases.leases()
        self.assertEqual((lease.part.name, lease.until), ("System:A", 1_000_010))

    def test_so_is_what_was_recalled_itself(self) -> None:
        self.journal.carry(self.carried)
        self.leases.claim(self.valve, ME, 100)
        for _ in range(2):
            self.restart(1)
            self.journal.turn()
        self.restart(1)
        self.assertEqual((self.held(), self.made_safe), ([("System:A", ME)], []))
        (lease,) = self.leases.leases()
        self.assertEqual((lease.since, lease.until), (1_000_000, 1_000_100))

    def test_what_is_safe_is_not_carried_over(self) -> None:
        self.leases.claim(self.stage, ME, 1)
        self.clock.advance(1)
        self.assertEqual(list(self.leases.carried()), [])

    def test_what_is_not_there_is_carried_over_until_it_is_there_again(self) -> None:
        self.journal.carry(self.carried)
        self.leases.claim(self.valve, ME, 10)
        self.leases.claim(self.x, ME, 100)
        self.safe = Deferred()
        self.leases.override(self.all_laser, OTHER, "fire")
        self.leases.claim(self.stage, ME, 100)
        self.made_safe.clear()
        self.gone = {"CO2", "CO2:stage", "System:A"}
        for _ in range(2):
            self.restart(1)
            self.journal.turn()
        self.assertEqual((self.held(), self.made_safe), ([], []))
        self.gone = set()
        self.restart(20)
        self.clock.advance(0)
        self.assertEqual(self.held(), [("CO2:stage", ME)])
        self.assertEqual([name for name, _ in self.made_safe], ["CO2", "System:A"])

    def test_what_is_no_longer_there_is_passed_over(self) -> None:
        self.leases.claim(self.valve, ME, 10)
        self.leases.claim(self.stage, ME, 10)
        self.gone.add("System:A")
        self.restart(1)
        self.assertEqual(self.held(), [("CO2:stage", ME)])


class CutTests(LeaseCase):
    """A real journal, cut at the end of each of its records: what a kill -9 may leave."""

    def setUp(self) -> None:
        super().setUp()
        self.path = Path(self.mktemp())
        self.path.mkdir()

    def journal_at(self, name: str) -> FileJournal:
        journal = FileJournal(self.path / name, now=self.clock.seconds)
        self.addCleanup(journal.close)
        return journal

    def history(self) -> None:
        """Each way for a lease to end, and one that has not."""
        journal = self.journal_at("whole")
        self.leases = self.leases_over(Audit(journal))
        self.leases.claim(self.valve, ME, 5)
        self.clock.advance(5)
        self.leases.claim(self.x, ME, 50, "one")
        self.leases.session_ended("one")
        self.leases.claim(self.stage, ME, 50)
        self.leases.override(self.all_laser, OTHER, "smoke")
        self.leases.claim(self.valve, ME, 50)
        self.leases.release(self.valve, ME)
        self.leases.claim(self.all_line, OTHER, 60)
        self.leases.stop()
        journal.close()

    def test_each_lease_ends_in_a_safe_part_or_was_given_back(self) -> None:
        self.history()
        lines = (self.path / "whole").read_bytes().splitlines(keepends=True)
        # What the next process makes safe, sooner or later, after each record.
        ends = []
        for count in range(1, len(lines) + 1):
            (self.path / f"{count}").write_bytes(b"".join(lines[:count]))
            ends.append(self.made_safe_after(f"{count}"))
        self.assertEqual(
            ends,
            [
                ["System:A"],
                ["System:A"],
                [],
                ["CO2:x"],
                ["CO2:x"],
                [],
                ["CO2:stage"],
                ["CO2"],
                [],
                ["System:A"],
                [],
                ["System"],
            ],
        )

    def made_safe_after(self, name: str) -> list[str]:
        journal, records = self.journal_at(name), LeaseRecords()
        for record in journal.recall():
            records.take(record)
        self.made_safe.clear()
        leases = self.leases_over(Audit(journal))
        leases.recall(records, self.find)
        self.clock.advance(100)
        self.assertEqual(leases.leases(), [])
        made_safe = [part for part, _ in self.made_safe]
        # And once is enough.
        again = LeaseRecords()
        for record in journal.recall():
            again.take(record)
        self.assertEqual((again.leases, again.unsafe), ({}, {}))
        return made_safe

    def find(self, name: str) -> Part | None:
        parts = (self.all_line, self.valve, self.all_laser, self.stage, self.x)
        return next((part for part in parts if part.name == name), None)
