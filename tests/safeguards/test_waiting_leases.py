"""Leases that are told of when the disk has them."""

from __future__ import annotations

from typing import Any

from pychron_comms.errors import JournalError, LeasedError
from pychron_comms.journal.memory import MemoryJournal
from tests.safeguards.lease_case import ME, OTHER, LeaseCase
from tests.stepped_disk import SteppedDisk


class WaitingTests(LeaseCase):
    def setUp(self) -> None:
        super().setUp()
        self.disk = SteppedDisk()
        self.journal = MemoryJournal(self.clock.seconds, turns=self.disk.turns)
        self.leases = self.new_leases()

    def claim(self, seconds: float, sender: str = ME) -> Any:
        return self.leases.claim(self.valve, sender, seconds)

    def written(self) -> list[str]:
        return [each["event"] for each in self.journal.records()]

    def test_a_claim_is_told_of_when_the_disk_has_it(self) -> None:
        claimed = self.claim(10)
        self.assertNoResult(claimed)
        self.disk.turn()
        self.successResultOf(claimed)
        self.assertEqual(self.written(), ["claim"])

    def test_nobody_else_has_the_part_meanwhile(self) -> None:
        self.claim(10)
        self.assertRaises(LeasedError, self.claim, 10, OTHER)

    def test_where_the_disk_fails_there_is_no_lease(self) -> None:
        claimed = self.claim(10)
        self.disk.turn_and_fail()
        self.failureResultOf(claimed, JournalError)
        self.assertEqual(self.held(), [])
        self.clock.advance(20)
        self.assertEqual(self.made_safe, [])

    def test_where_it_fails_a_renewal_the_lease_is_as_before(self) -> None:
        self.claim(10)
        self.disk.turn()
        renewed = self.claim(60)
        self.clock.advance(4)
        self.disk.turn_and_fail()
        self.failureResultOf(renewed, JournalError)
        self.clock.advance(5.9)
        self.assertEqual(self.held(), [("System:A", ME)])
        self.clock.advance(0.1)
        self.assertEqual((self.held(), len(self.made_safe)), ([], 1))

    def test_one_that_ended_meanwhile_is_not_taken_up_again(self) -> None:
        claimed = self.claim(1)
        self.clock.advance(1)
        self.assertEqual(len(self.made_safe), 1)
        self.disk.turn_and_fail()
        self.failureResultOf(claimed, JournalError)
        self.assertEqual(self.held(), [])

    def test_what_is_given_back_is_free_when_the_disk_has_it(self) -> None:
        self.claim(10)
        self.disk.turn()
        released: Any = self.leases.release(self.valve, ME)
        self.assertEqual(self.held(), [("System:A", ME)])
        self.disk.turn()
        self.successResultOf(released)
        self.assertEqual((self.held(), self.written()), ([], ["claim", "release"]))

    def test_where_the_disk_fails_it_is_not_given_back(self) -> None:
        self.claim(10)
        self.disk.turn()
        released: Any = self.leases.release(self.valve, ME)
        self.disk.turn_and_fail()
        self.failureResultOf(released, JournalError)
        self.assertEqual(self.held(), [("System:A", ME)])

    def test_what_lapses_meanwhile_is_over_once(self) -> None:
        self.claim(10)
        self.disk.turn()
        released: Any = self.leases.release(self.valve, ME)
        self.clock.advance(10)
        self.disk.turn()
        self.successResultOf(released)
        self.assertEqual((self.held(), len(self.made_safe)), ([], 1))
