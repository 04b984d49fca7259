"""Valves, pipettes and gauges: the client, and the words it takes apart."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms import errors
from pychron_comms.client import valve_words
from pychron_comms.client.answers import ChecksumError, UnexpectedReplyError
from pychron_comms.client.extraction_line import ExtractionLine
from pychron_comms.handlers.extraction_line import state_words as words
from pychron_comms.interfaces import ValveStatus
from pychron_comms.wire.crc import compute_crc
from tests.asking import Answer, ScriptedCommunicator, clock_waiter

VALVES = [
    ValveStatus("A", True, False, ""),
    ValveStatus("AB", False, True, "10.0.0.7"),
    ValveStatus("B1", True, False, ""),
]


def checked(word: str) -> str:
    return word + compute_crc(word.encode())


class LineCase(SynchronousTestCase):
    def line(self, **replies: Answer | list[Answer]) -> ExtractionLine:
        self.clock = Clock()
        self.communicator = ScriptedCommunicator(replies)
        return ExtractionLine(self.communicator, waiter=clock_waiter(self.clock))

    def assert_asked(self, *commands: str) -> None:
        self.assertEqual(self.communicator.asked, list(commands))


class ActuationTests(LineCase):
    def test_open_and_close(self) -> None:
        line = self.line(Open="OK", Close="OK", GetIndicatorState=["True", "False"])
        line.open("A")
        line.close("A")
        self.assert_asked("Open A", "GetIndicatorState A", "Close A", "GetIndicatorState A")
        self.assertEqual(self.clock.seconds(), 0.0)

    def test_the_indicator_takes_its_time(self) -> None:
        line = self.line(Open="OK", GetIndicatorState=["False", "False", "OK"])
        line.open("A")
        self.assertEqual(self.clock.seconds(), 0.1)

    def test_the_indicator_disagrees(self) -> None:
        """As behind Pychron's own server, which says ok for a valve that is locked."""
        line = self.line(Open="ok", Close="OK", GetIndicatorState="False")
        error = self.assertRaises(errors.ValveActuationError, line.open, "A")
        self.assertEqual(str(error), "Valve A failed to actuate open (its indicator says closed)")
        self.assertEqual(self.clock.seconds(), 1.0)
        line = self.line(Close="OK", GetIndicatorState="True")
        error = self.assertRaises(errors.ValveActuationError, line.close, "A")
        self.assertEqual(str(error), "Valve A failed to actuate close (its indicator says open)")

    def test_the_indicator_does_not_answer(self) -> None:
        line = self.line(Open="OK", GetIndicatorState=errors.NoResponseError())
        self.assertRaises(errors.NoResponseError, line.open, "A")

    def test_without_verification(self) -> None:
        self.line(Open="OK").open("FooFlag", verify=False)
        self.assert_asked("Open FooFlag")

    def test_refused(self) -> None:
        for error in (errors.ValveSoftwareLockError("A"), errors.OutcomeUnknownError("Open A")):
            self.assertIs(self.assertRaises(type(error), self.line(Open=error).open, "A"), error)
        self.assertRaises(UnexpectedReplyError, self.line(Open="False").open, "A")

    def test_a_name_that_is_none_is_never_sent(self) -> None:
        self.assertRaises(errors.InvalidArgumentsError, self.line().open, "A\rOpen B")
        self.assert_asked()


class ReadingTests(LineCase):
    def test_one_valve(self) -> None:
        line = self.line(
            GetValveState="True", GetIndicatorState="closed", GetValveLockState="False"
        )
        self.assertEqual(
            (line.state("A"), line.indicator("A"), line.is_locked("A")), (True, False, False)
        )

    def test_all_valves(self) -> None:
        states = {"A": True, "AB": False, "B1": True}
        locks = {"A": False, "AB": True, "B1": False}
        line = self.line(
            GetValveStates=words.state_word(VALVES),
            GetStateWord=words.state_bits(VALVES),
            GetValveLockStates=words.lock_word(VALVES),
            GetLockWord=words.lock_bits(VALVES),
            GetValveOwners=words.owners_word(VALVES),
        )
        self.assertEqual((line.states(), line.states(as_bits=True)), (states, states))
        self.assertEqual((line.locks(), line.locks(as_bits=True)), (locks, locks))
        self.assertEqual(line.owners(), {"A": "", "AB": "10.0.0.7", "B1": ""})
        self.assert_asked(
            *("GetValveStates", "GetStateWord", "GetValveLockStates", "GetLockWord"),
            "GetValveOwners",
        )

    def test_checksum(self) -> None:
        line = self.line(GetStateChecksum=["3744915456", "0", "none"])
        self.assertEqual((line.checksum("ABC"), line.checksum([])), (3744915456, 0))
        self.assert_asked("GetStateChecksum A,B,C", "GetStateChecksum")
        self.assertRaises(UnexpectedReplyError, line.checksum, "A")

    def test_pressure(self) -> None:
        line = self.line(GetPressure=["1.5e-09", "nan", errors.InvalidGaugeError("gc", "X")])
        self.assertEqual(line.pressure("gc", "IG"), 1.5e-09)
        self.assertRaises(UnexpectedReplyError, line.pressure, "gc", "IG")
        self.assertRaises(errors.InvalidGaugeError, line.pressure, "gc", "X")
        self.assertEqual(self.communicator.asked[0], "GetPressure gc,IG")

    def test_pipettes(self) -> None:
        line = self.line(GetPipetteCount="7", GetPipetteCounts='[["P1", 7], ["P2", 0]]')
        self.assertEqual(line.pipette_count("P1"), 7)
        self.assertEqual(line.pipette_counts(), {"P1": 7, "P2": 0})
        for reply in ("", "7", "[7]", '[["P1"]]', '[["P1", null]]'):
            line = self.line(GetPipetteCounts=reply)
            error = self.assertRaises(UnexpectedReplyError, line.pipette_counts)
            told = f"outcome unknown: GetPipetteCounts was answered {reply!r}"
            self.assertEqual(str(error), told)

    def test_groups(self) -> None:
        line = self.line(ClaimGroup="OK", ReleaseGroup="OK")
        line.claim_group("inlet")
        line.release_group("inlet")
        self.assert_asked("ClaimGroup inlet", "ReleaseGroup inlet")


class WordTests(SynchronousTestCase):
    """Words as they were recorded between Pychron's own programs."""

    def test_digits(self) -> None:
        self.assertEqual(
            valve_words.parse_word("GetValveStates", "A0,B1,C0,D140b3"),
            {"A": False, "B": True, "C": False, "D": True},
        )

    def test_bits(self) -> None:
        self.assertEqual(
            valve_words.parse_word("GetStateWord", "A,B,C|0ec37"), dict.fromkeys("ABC", False)
        )
        self.assertEqual(
            valve_words.parse_word("GetLockWord", "A,B,C|12df7"),
            {"A": False, "B": False, "C": True},
        )

    def test_bits_of_many(self) -> None:
        found = valve_words.parse_word("GetStateWord", checked("A,B,C,D,<AB>,E|2b"))
        opened = [name for name, is_open in found.items() if is_open]
        self.assertEqual((sorted(opened), len(found)), (["A", "AB", "C", "E"], 6))

    def test_two_bars(self) -> None:
        word = checked("A,B|1|1")
        self.assertRaises(UnexpectedReplyError, valve_words.parse_word, "GetStateWord", word)

    def test_no_valves(self) -> None:
        self.assertEqual(valve_words.parse_word("GetValveStates", "ffff"), {})
        self.assertEqual(valve_words.parse_owners(""), {})

    def test_owners(self) -> None:
        self.assertEqual(
            valve_words.parse_owners("A,C:10.0.0.7-B,D"),
            {"A": "", "C": "", "B": "10.0.0.7", "D": "10.0.0.7"},
        )

    def test_damaged(self) -> None:
        for word in ("", "A0", "A0,B1,C0,D140b4", "A0,B0,C0,D140b3", "A0,B1,C0,D140B3"):
            error = self.assertRaises(ChecksumError, valve_words.parse_word, "GetValveStates", word)
            self.assertIn("whose checksum is wrong", str(error))

    def test_no_word_at_all(self) -> None:
        for word in ("A", "A2", "1", "A0,,B0", "A,B|", "A,B|x", "A,<|1", "AB|1"):
            self.assertRaises(
                UnexpectedReplyError, valve_words.parse_word, "GetStateWord", checked(word)
            )
