"""The words of all valves: compared with what Pychron's own clients took apart."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import NoResponseError
from pychron_comms.handlers.extraction_line import state_words as words
from pychron_comms.interfaces import ValveStatus

#: As it was when the exchange with Pychron's client was recorded: C locked, B owned.
RECORDED = [
    ValveStatus("A", False, False, ""),
    ValveStatus("B", False, False, "10.0.0.7"),
    ValveStatus("C", False, True, ""),
]


def valves(*names: str, is_open: str = "", owner: str = "") -> list[ValveStatus]:
    return [ValveStatus(name, name in is_open.split(), False, owner) for name in names]


class StateWordTests(SynchronousTestCase):
    def test_recorded_states(self) -> None:
        self.assertEqual(words.state_word(RECORDED), "A0,B0,C035ba")

    def test_recorded_locks(self) -> None:
        self.assertEqual(words.lock_word(RECORDED), "A0,B0,C1f47a")

    def test_open_valves_have_a_one(self) -> None:
        line = valves("A", "B", "C", "D", is_open="B D")
        self.assertEqual(words.state_word(line), "A0,B1,C0,D140b3")

    def test_no_valves(self) -> None:
        self.assertEqual(words.state_word([]), "ffff")


class BitsTests(SynchronousTestCase):
    def test_recorded_states(self) -> None:
        self.assertEqual(words.state_bits(RECORDED), "A,B,C|0ec37")

    def test_recorded_locks(self) -> None:
        self.assertEqual(words.lock_bits(RECORDED), "A,B,C|12df7")

    def test_the_last_name_is_bit_0_and_the_number_is_upper_case_hex(self) -> None:
        word = words.state_bits(valves("A", "B", "C", "D", is_open="A C"))
        self.assertEqual(word[:-4], "A,B,C,D|A")

    def test_long_names_stand_in_angle_brackets(self) -> None:
        word = words.state_bits(valves("A", "AB", is_open="AB"))
        self.assertEqual(word[:-4], "A,<AB>|1")


class OwnersWordTests(SynchronousTestCase):
    def test_recorded_owners(self) -> None:
        self.assertEqual(words.owners_word(RECORDED), "A,C:10.0.0.7-B")

    def test_groups_stand_in_the_order_of_their_first_valves(self) -> None:
        line = valves("A", "B", owner="10.0.0.7") + valves("C", "D")
        self.assertEqual(words.owners_word(line), "10.0.0.7-A,B:C,D")

    def test_the_marks_that_clients_part_the_word_at_are_kept_out_of_owners(self) -> None:
        line = valves("A", owner="fe80::1") + valves("B", owner="lab-pc")
        self.assertEqual(words.owners_word(line), "fe80..1-A:lab.pc-B")


class StateChecksumTests(SynchronousTestCase):
    def test_recorded_checksum(self) -> None:
        self.assertEqual(words.state_checksum(RECORDED), 3744915456)

    def test_order_states_and_locks_count(self) -> None:
        sums = {words.state_checksum(line) for line in (RECORDED, RECORDED[::-1])}
        sums.add(words.state_checksum(valves("A", "B", "C", is_open="A")))
        sums.add(words.state_checksum(valves("A", "B", "C")))
        self.assertEqual(len(sums), 4)

    def test_one_that_is_not_known_has_none(self) -> None:
        unknown = ValveStatus("D", None, False, "")
        self.assertRaises(NoResponseError, words.state_checksum, [*RECORDED, unknown])

    def test_no_valves(self) -> None:
        self.assertEqual(words.state_checksum([]), 0)
