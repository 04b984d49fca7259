"""``ParseAndExecute``: every command of Qtegra's, byte for byte."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import NoResponseError, PositionError
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.parameters import ParameterError
from pychron_comms.qtegra.script import ParseAndExecute
from tests.properties import holds
from tests.qtegra_exchanges import EXCHANGES, INVALID, UNANSWERED, build_spectrometer

WORDS = sorted({line.split(" ")[0] for line, _ in EXCHANGES if line.isprintable()})


class CommandCase(SynchronousTestCase):
    extra = ""
    faithful = False
    tagged = True

    def setUp(self) -> None:
        self.clock = Clock()
        self.spectrometer = build_spectrometer(
            self.clock, self.extra, overlapping_moves=self.faithful
        )
        self.execute = ParseAndExecute(
            self.spectrometer,
            tagged=self.tagged,
            faithful_clock=self.clock if self.faithful else None,
        )

    def later(self, line: str) -> Deferred[Any]:
        reply = self.execute(line)
        assert isinstance(reply, Coroutine), reply
        return Deferred.fromCoroutine(reply)

    def assert_replies(self, *exchanges: tuple[str, str | None]) -> None:
        for line, reply in exchanges:
            self.assertEqual((line, self.execute(line)), (line, reply))


class TableTests(CommandCase):
    def test_every_row(self) -> None:
        self.assert_replies(*EXCHANGES)

    def test_what_the_script_leaves_unanswered_is_invalid(self) -> None:
        self.assert_replies(*((line, INVALID) for line in UNANSWERED))

    def test_a_word_that_may_be_cut_is_not_taken_for_its_contrary(self) -> None:
        self.assert_replies(("BlankBeam True", "OK"), ("ProtectDetector H1,On", "OK"))
        for line in ("BlankBeam Tru", "BlankBeam t", "ProtectDetector H1,O", "ProtectDetector H1,"):
            self.assert_replies((line, INVALID))
        self.assert_replies(("GetDeflection H1", "2000"), ("GetParameter Y-Symmetry Set", "-50"))
        self.assert_replies(("BlankBeam no", "OK"), ("ProtectDetector H1,x", "OK"))
        self.assert_replies(("GetDeflection H1", "0"), ("GetParameter Y-Symmetry Set", "1.5"))

    def test_blanks_and_line_ends_around_a_command_are_nothing(self) -> None:
        for line in ("GetHV", " GetHV", "GetHV\r", "GetHV\n", "GetHV\r\n", "\t GetHV \r\n"):
            self.assert_replies((line, "4.5"))

    def test_several_parameters(self) -> None:
        # The script's own attempt never answers; clients expect a list as of deflections.
        self.assert_replies(("GetParameters Temp1,Y-Symmetry Set,Nope", "31.25,1.5,0"))

    def test_data(self) -> None:
        self.assert_replies(("GetData", INVALID))
        self.clock.advance(1.048)
        expected = texts.data(self.spectrometer.get_intensities(), True)
        self.assert_replies(("GetData", expected), ("GetData now", expected))
        self.assertEqual(expected.split(",")[::2], ["H2", "H1", "AX", "L1", "L2", "CDD"])
        for value in expected.split(",")[1::2]:
            self.assertEqual(texts.number(float(value)), value)

    def test_a_far_move_of_the_magnet(self) -> None:
        self.assert_replies(("SetMagnetDAC 7", "OK"))
        self.clock.advance(1.95)
        self.assert_replies(("GetMagnetMoving", "True"))
        self.clock.advance(0.06)
        self.assert_replies(("GetMagnetMoving", "False"), ("GetMagnetDAC", "7"))

    def test_a_second_move_supersedes_the_first(self) -> None:
        self.assert_replies(("SetMagnetDAC 7", "OK"))
        self.clock.advance(0.5)
        self.assert_replies(("SetMagnetDAC 3", "OK"))
        self.clock.advance(2.01)
        self.assert_replies(("GetMagnetMoving", "False"), ("GetMagnetDAC", "3"))

    def test_a_mass_is_acknowledged_when_it_is_there(self) -> None:
        for line in ("SetMass 36,AX", "SetMass 40,H1", "SetMass 36.5,CDD"):
            reply = self.later(line)
            self.assertNoResult(reply)
            self.clock.advance(0.21)
            self.assertEqual(self.successResultOf(reply), "OK")

    def test_a_mass_without_a_cup_is_not_changed(self) -> None:
        before = self.execute("GetMagnetDAC")
        self.assert_replies(("SetMass 36", "Error: Cup not recognized"))
        self.clock.advance(5)
        self.assert_replies(("GetMagnetDAC", str(before)), ("GetMagnetMoving", "False"))

    def test_ion_counters_are_switched(self) -> None:
        self.assert_replies(("DeactivateIonCounter CDD", "OK"))
        self.clock.advance(3)
        self.assertTrue(str(self.execute("GetData")).endswith(",CDD,0"))

    @holds
    @given(st.sampled_from([*WORDS, "SetHV", "Set Foo"]), st.text(max_size=30))
    def test_any_line_is_answered(self, word: str, rest: str) -> None:
        reply = self.execute(f"{word} {rest}")
        if inspect.iscoroutine(reply):
            reply.close()
        else:
            self.assertIsInstance(reply, str)


class UntaggedTests(CommandCase):
    tagged = False

    def test_data(self) -> None:
        self.clock.advance(1.048)
        values = [texts.number(each.value) for each in self.spectrometer.get_intensities()]
        self.assert_replies(("GetData", ",".join(values)))


class FaithfulTests(CommandCase):
    faithful = True

    def test_what_the_script_leaves_unanswered_is_silence(self) -> None:
        self.assert_replies(*((line, None) for line in UNANSWERED))
        self.assert_replies(("GetData", None), ("GetParameters Temp1", None))

    def test_ion_counters_are_switched_on_by_both_commands_a_second_later(self) -> None:
        self.spectrometer.set_ion_counter("CDD", False)
        for command in ("DeactivateIonCounter", "ActivateIonCounter"):
            reply = self.later(f"{command} CDD")
            self.clock.advance(0.99)
            self.assertNoResult(reply)
            self.clock.advance(0.02)
            self.assertEqual(self.successResultOf(reply), "OK")
        self.clock.advance(3)
        self.assertFalse(str(self.execute("GetData")).endswith(",CDD,0"))
        self.assert_replies(("DeactivateIonCounter H1", "Could not activate H1."))

    def test_a_far_move_is_acknowledged_whatever_becomes_of_it(self) -> None:
        self.assert_replies(
            ("SetMagnetDAC 11", "OK"),
            ("GetMagnetMoving", "False"),
            ("SetParameter Field Set,9.9", "OK"),
            ("SetMagnetDAC 10.1", "Error: could not set Field Set to 10.1"),
        )

    def test_moves_disturb_each_other(self) -> None:
        self.assert_replies(("SetMagnetDAC 7", "OK"))
        self.clock.advance(1.05)
        self.assert_replies(("SetMagnetDAC 3", "OK"))
        self.clock.advance(1)
        self.assert_replies(("GetMagnetMoving", "False"))
        self.assertNotEqual(self.execute("GetMagnetDAC"), "3")


class DeadHardware:
    """What is dead for the tests below."""

    extra = 'dead = ["Field Set", "Y-Symmetry Set"]\n'


class DeadParameterTests(DeadHardware, CommandCase):
    def test_errors(self) -> None:
        self.assert_replies(
            ("GetMagnetDAC", INVALID),
            ("SetMagnetDAC 5", "Error: could not set Field Set to 5"),
            ("SetMagnetDAC 9", "Error: could not set Field Set to 9"),
            ("SetMass 39,AX", "Error: Could not change mass."),
            ("BlankBeam True", "Error: could not set Y-Symmetry Set to -50"),
            ("GetParameter Y-Symmetry Set", INVALID),
        )


class FaithfulDeadParameterTests(DeadHardware, CommandCase):
    faithful = True

    def test_a_field_that_cannot_be_read_is_acknowledged(self) -> None:
        self.assert_replies(("SetMagnetDAC 5", "OK"))


class NamelessTests(CommandCase):
    extra = 'nameless = ["L2"]\ndead = ["Deflection L2 Set"]\n'

    def test_a_detector_without_a_name_is_foo(self) -> None:
        self.clock.advance(2)
        self.assertEqual(
            str(self.execute("GetData")).split(",")[::2], ["H2", "H1", "AX", "L1", "foo", "CDD"]
        )

    def test_parameters_that_cannot_be_read_are_left_out(self) -> None:
        self.assertNotIn("L2", str(self.execute("GetSubCupParameters")))


class OtherSpectrometer:
    """Of a laboratory's own: it blocks, or answers later, and fails in its own ways."""

    def __init__(self, moved: Any) -> None:
        self.moved = moved

    def detectors(self) -> list[str]:
        return ["AX"]

    def set_mass(self, mass: float, detector: str) -> Any:
        return self.moved

    def blank_beam(self, blanked: bool) -> None:
        raise NoResponseError

    def set_gain(self, detector: str, gain: float) -> None:
        raise ParameterError("gain", gain)


class OtherSpectrometerTests(SynchronousTestCase):
    def execute(self, moved: Any = None) -> ParseAndExecute:
        spectrometer: Any = OtherSpectrometer(moved)
        return ParseAndExecute(spectrometer)

    def test_one_that_blocks_until_the_mass_is_there(self) -> None:
        self.assertEqual(self.execute()("SetMass 39,AX"), "OK")

    def test_one_that_fails_on_its_way(self) -> None:
        moved: Deferred[None] = Deferred()
        reply = self.execute(moved)("SetMass 39,AX")
        assert isinstance(reply, Coroutine)
        result = Deferred.fromCoroutine(reply)
        moved.errback(PositionError("stuck"))
        self.assertEqual(self.successResultOf(result), "Error: Could not change mass.")

    def test_an_error_that_qtegra_has_no_words_for(self) -> None:
        self.assertEqual(self.execute()("BlankBeam True"), INVALID)

    def test_gains_are_always_acknowledged(self) -> None:
        self.assertEqual(self.execute()("SetGain AX,2"), "OK")
