"""Alarms while the disk that has their journal takes its time, stands still or fails."""

from __future__ import annotations

from pychron_comms.errors import JournalError
from pychron_comms.interfaces import Severity
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.journal.watched import SILENT
from tests.alarms.alarm_case import BoardCase, gauge, limit
from tests.stepped_disk import SteppedDisk

SENDER = "10.0.0.5"


class WhileTheDiskTakesItsTime(BoardCase):
    def setUp(self) -> None:
        super().setUp()
        self.disk = SteppedDisk()
        self.journal = MemoryJournal(self.now, turns=self.disk.turns)
        self.begin(limit(), items=[gauge(2e-6)])
        self.disk.turn()
        self.disk.hangs = True

    def turn_on(self) -> None:
        self.disk.hangs = False
        for _ in range(4):
            self.disk.turn()

    def test_what_happens_is_shown_and_told_at_once(self) -> None:
        self.show(gauge())
        self.disk.turn()
        self.assertEqual(self.state()[0], "latched")
        self.assertEqual((self.notices(), self.written()), (["raised", "cleared"], ["raised"]))
        self.turn_on()
        self.assertEqual(self.written(), ["raised", "cleared"])

    def test_who_has_seen_it_is_written_down_first(self) -> None:
        seen = self.board.acknowledge("IG", "Jo", SENDER)
        self.disk.turn()
        self.assertNoResult(seen)
        self.assertEqual(self.state()[0], "active")
        self.disk.end()
        self.assertEqual((self.successResultOf(seen), self.state()[0]), (1, "acknowledged"))

    def test_where_that_fails_it_does_not_count(self) -> None:
        seen = self.board.acknowledge("IG", "Jo", SENDER)
        self.disk.turn_and_fail()
        self.failureResultOf(seen, JournalError)
        self.assertEqual(self.state()[0], "active")

    def test_what_grows_worse_meanwhile_has_not_been_seen(self) -> None:
        seen = self.board.acknowledge("IG", "Jo", SENDER)
        self.lose()
        self.turn_on()
        self.assertEqual(self.successResultOf(seen), 0)
        self.assertEqual(self.state(), ("active", Severity.INVALID, "invalid"))
        self.assert_known_again("active")

    def test_what_ends_meanwhile_is_seen_to_the_end(self) -> None:
        seen = self.board.acknowledge("IG", "Jo", SENDER)
        self.show(gauge())
        self.turn_on()
        self.assertEqual((self.successResultOf(seen), self.state()[0]), (1, "ok"))
        self.assert_known_again("ok")

    def test_what_changes_meanwhile_is_shelved_as_it_is_then(self) -> None:
        shelved = self.board.shelve("IG", 60.0, "Jo", "", SENDER)
        self.lose()
        self.turn_on()
        self.assertEqual((self.successResultOf(shelved), self.state()[0]), (1, "shelved"))
        self.assert_known_again("shelved")

    def test_of_two_who_have_seen_it_the_one_who_is_told_so_is_known_again(self) -> None:
        """The record of the other came last, and counted after a restart."""
        first, second = (self.board.acknowledge("IG", who, SENDER) for who in ("Jo", "Kim"))
        self.turn_on()
        self.assertEqual(list(map(self.successResultOf, (first, second))), [1, 0])
        self.assertEqual(self.written(), ["raised", "acknowledged"])
        self.assert_known_again("acknowledged")
        self.assertEqual(self.alarm().details["by"], "Jo")

    def test_nor_is_it_undone_by_what_another_does_about_it(self) -> None:
        seen = self.board.acknowledge("IG", "Jo", SENDER)
        self.board.shelve("IG", 60.0, "Kim", "", SENDER)
        self.disk.turn()
        self.disk.end()
        self.assertEqual(self.successResultOf(seen), 1)
        # Killed before the disk had the second.
        self.assert_known_again("acknowledged")

    def test_where_the_first_fails_the_second_may_be_the_one(self) -> None:
        first, second = (self.board.acknowledge("IG", who, SENDER) for who in ("Jo", "Kim"))
        self.disk.turn_and_fail()
        self.failureResultOf(first, JournalError)
        self.turn_on()
        self.assertEqual(self.successResultOf(second), 1)
        self.assertEqual(self.alarm().details["by"], "Kim")

    def test_after_two_seconds_of_silence_it_is_told(self) -> None:
        self.show(gauge())
        self.disk.turn()
        self.clock.advance(SILENT)
        item = self.stream.get("road/journal/alarms")
        assert item is not None
        self.assertEqual((item.value, item.severity), ("not written", Severity.MAJOR))
        self.turn_on()
        item = self.stream.get("road/journal/alarms")
        assert item is not None
        self.assertEqual((item.value, item.severity), ("written", Severity.OK))
        self.assertEqual(self.clock.getDelayedCalls()[1:], [])

    def assert_known_again(self, state: str) -> None:
        self.begin(limit())
        self.assertEqual(self.state()[0], state)
