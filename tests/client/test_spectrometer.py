"""Spectrometers and their parts: what each method sends, and makes of the reply."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.answers import UnexpectedReplyError
from pychron_comms.client.outcome import ReplyTimeoutError
from pychron_comms.client.qtegra.microcontroller import (
    DeferredQtegraMicrocontroller,
    QtegraError,
    QtegraMicrocontroller,
)
from pychron_comms.client.qtegra.parts import LONG
from pychron_comms.client.spectrometer import (
    ArgusSpectrometer,
    HelixSFTSpectrometer,
    HelixSpectrometer,
    Intensities,
)
from pychron_comms.client.waiting import DeadlinePassedError
from pychron_comms.errors import InvalidArgumentsError
from tests.asking import Answer, ScriptedCommunicator

Answers = dict[str, Answer | Sequence[Answer]]
SILENT = ReplyTimeoutError("here", "GetHV", "silence")
REFUSED = "Error: Invalid Command"


class SpectrometerTestCase(SynchronousTestCase):
    def made(self, answers: Answers, **options: Any) -> ArgusSpectrometer[QtegraMicrocontroller]:
        self.clock = Clock()
        self.communicator = ScriptedCommunicator(answers)
        return ArgusSpectrometer(
            QtegraMicrocontroller(
                self.communicator, sleep=self.clock.advance, now=self.clock.seconds
            ),
            **options,
        )

    def assert_asked(self, *commands: str) -> None:
        self.assertEqual(self.communicator.asked, list(commands))


class SpectrometerTests(SpectrometerTestCase):
    def test_any_command(self) -> None:
        self.assertEqual(self.made({"GetHV": "4.5"}).ask("GetHV"), "4.5")

    def test_any_command_has_the_time_that_it_is_given(self) -> None:
        argus = self.made({"GetHV": [SILENT, "4.5"], "SetHV": "OK"})
        self.assertEqual(argus.ask("GetHV", 7.0), "4.5")
        argus.ask("SetHV 5")
        self.assertEqual(self.communicator.timeouts, [7.0, 7.0, None])

    def test_intensities(self) -> None:
        argus = self.made({"GetData": "H2,1.5,H1,-1.25E-05,CDD,3"})
        self.clock.advance(7)
        self.assertEqual(
            argus.intensities(), Intensities(7.0, {"H2": 1.5, "H1": -1.25e-05, "CDD": 3.0})
        )

    def test_a_detector_that_qtegra_has_no_name_for(self) -> None:
        argus = self.made({"GetData": "foo,1,H1, 2,foo,3"})
        self.assertEqual(argus.intensities().of, {"H1": 2.0})

    def test_intensities_without_names(self) -> None:
        argus = self.made({"GetData": "-1,2,3,4,5,6"})
        expected = {"H2": -1.0, "H1": 2.0, "AX": 3.0, "L1": 4.0, "L2": 5.0, "CDD": 6.0}
        self.assertEqual(argus.intensities().of, expected)

    def test_intensities_that_make_no_sense(self) -> None:
        for reply in ("", "H1", "H1,1,H2", "H1,1,5,H2,2,5", "H1,NaN", "1,2,3", "1,2,3,4,5,6,7"):
            argus = self.made({"GetData": reply})
            error = self.assertRaises(UnexpectedReplyError, argus.intensities)
            self.assertTrue(str(error).startswith("outcome unknown: GetData was answered "))

    def test_integration_time(self) -> None:
        argus = self.made({"GetIntegrationTime": "1.048", "SetIntegrationTime": "OK"})
        self.assertEqual(argus.integration_time(), 1.048)
        argus.set_integration_time(2)
        self.assert_asked("GetIntegrationTime", "SetIntegrationTime 2.0")

    def test_deflections(self) -> None:
        argus = self.made({"GetDeflections": "1,2,3,4,5,0"})
        self.assertEqual(argus.deflections()["L2"], 5.0)
        self.assert_asked("GetDeflections H2,H1,AX,L1,L2,CDD")

    def test_deflections_of_other_detectors(self) -> None:
        self.assertRaises(UnexpectedReplyError, self.made({"GetDeflections": "1,2"}).deflections)

    def test_blank_beam(self) -> None:
        argus = self.made({"BlankBeam": "OK"})
        argus.blank_beam(True)
        argus.blank_beam(False)
        self.assert_asked("BlankBeam True", "BlankBeam False")

    def test_cup_configurations(self) -> None:
        argus = self.made(
            {
                "GetCupConfigurationList": "Argon\rXenon",
                "GetSubCupConfigurationList": "Standard",
                "GetActiveCupConfiguration": "Argon",
                "GetActiveSubCupConfiguration": "Standard",
                "ActivateCupConfiguration": "OK",
            }
        )
        self.assertEqual(argus.cup_configurations(), ("Argon", "Xenon"))
        self.assertEqual(argus.sub_cup_configurations("Argon"), ("Standard",))
        self.assertEqual(argus.cup_configuration(), ("Argon", "Standard"))
        argus.set_cup_configuration("Argon", "Standard")
        self.assertEqual(self.communicator.asked[-1], "ActivateCupConfiguration Argon Standard")
        # It answers when it has done so.
        self.assertEqual(self.communicator.timeouts[-2:], [None, LONG])

    def test_a_cup_configuration_of_two_words(self) -> None:
        argus = self.made({})
        self.assertRaises(InvalidArgumentsError, argus.set_cup_configuration, "My cups", "Sub")
        self.assert_asked()

    def test_units(self) -> None:
        argus = self.made({})
        self.assertEqual([argus.unit("H1"), argus.unit("CDD")], ["fA", "counts/s"])

    def test_detectors_of_a_helix(self) -> None:
        microcontroller = QtegraMicrocontroller(ScriptedCommunicator())
        helix = HelixSpectrometer(microcontroller)
        self.assertEqual(len(helix.detectors), 10)
        self.assertEqual(helix.magnet.protected, tuple(helix.ion_counters))
        split = HelixSFTSpectrometer(microcontroller)
        self.assertEqual(list(split.detectors), ["H1", "AX", "CDD"])


class MagnetTests(SpectrometerTestCase):
    def magnet(self, answers: Answers, **options: Any) -> Any:
        usual: Answers = {
            "GetMagnetDAC": "5.0",
            "GetMagnetMoving": "False",
            "SetMagnetDAC": "OK",
            "SetMass": "OK",
            "ProtectDetector": "OK",
            "BlankBeam": "OK",
        }
        return self.made({**usual, **answers}, **options).magnet

    def test_reads(self) -> None:
        magnet = self.magnet({"GetMagnetMoving": "True"})
        self.assertEqual((magnet.dac(), magnet.moving()), (5.0, True))

    def test_a_small_move(self) -> None:
        self.magnet({}).set_dac(5.05)
        self.assert_asked("GetMagnetMoving", "GetMagnetDAC", "SetMagnetDAC 5.05", "GetMagnetMoving")

    def test_a_large_move(self) -> None:
        magnet = self.magnet(
            {"GetMagnetMoving": ["False", "True", "True", "False"]}, protected=["H1", "CDD"]
        )
        magnet.set_dac(6)
        self.assert_asked(
            "GetMagnetMoving",
            "GetMagnetDAC",
            "ProtectDetector H1,On",
            "ProtectDetector CDD,On",
            "BlankBeam True",
            "SetMagnetDAC 6.0",
            "GetMagnetMoving",
            "GetMagnetMoving",
            "GetMagnetMoving",
            "ProtectDetector H1,Off",
            "ProtectDetector CDD,Off",
            "BlankBeam False",
        )
        self.assertEqual(self.clock.seconds(), 0.5)
        # Qtegra answers such a move when it has ended.
        times = dict(zip(self.communicator.asked, self.communicator.timeouts, strict=True))
        self.assertEqual(times.pop("SetMagnetDAC 6.0"), LONG)
        self.assertEqual(set(times.values()), {None})

    def test_what_is_large(self) -> None:
        self.magnet({}).set_dac(5.125)
        self.assertIn("BlankBeam True", self.communicator.asked)
        self.magnet({"GetMagnetDAC": "5.25"}, large_move=0.25).set_dac(5.5)
        self.assertNotIn("BlankBeam True", self.communicator.asked)
        self.magnet({}, large_move=1.0).set_dac(6)
        self.assertNotIn("BlankBeam True", self.communicator.asked)
        self.magnet({}, large_move=1.0).set_dac(3.9)
        self.assertIn("BlankBeam True", self.communicator.asked)

    def test_waits_for_the_last_move(self) -> None:
        self.magnet({"GetMagnetMoving": ["True", "False"]}).set_dac(5.05)
        self.assertEqual(self.communicator.asked[:2], ["GetMagnetMoving"] * 2)

    def test_one_that_never_arrives_stays_protected(self) -> None:
        magnet = self.magnet({"GetMagnetMoving": ["False", "True"]})
        error = self.assertRaises(DeadlinePassedError, magnet.set_dac, 6)
        self.assertEqual(str(error), "the magnet still moves after 30 s")
        self.assertEqual(self.clock.seconds(), 30.0)
        self.assertNotIn("BlankBeam False", self.communicator.asked)

    def test_an_unknown_outcome_stays_protected(self) -> None:
        magnet = self.magnet({"SetMagnetDAC": ReplyTimeoutError("here", "Set", "silence")})
        self.assertRaises(ReplyTimeoutError, magnet.set_dac, 6)
        self.assertEqual(self.communicator.asked[-1], "SetMagnetDAC 6.0")

    def test_a_refused_one_does_not(self) -> None:
        magnet = self.magnet({"SetMagnetDAC": "Error: could not set Field Set to 60"})
        self.assertRaises(QtegraError, magnet.set_dac, 60)
        self.assertEqual(self.communicator.asked[-1], "BlankBeam False")

    def test_a_field_that_is_none(self) -> None:
        self.assertRaises(InvalidArgumentsError, self.magnet({}).set_dac, float("nan"))
        self.assert_asked()

    def test_a_decimal_comma(self) -> None:
        self.assertRaises(UnexpectedReplyError, self.magnet({"GetMagnetDAC": "5,0"}).set_dac, 5.01)
        self.assertNotIn("SetMagnetDAC 5.01", self.communicator.asked)

    def test_a_mass(self) -> None:
        self.magnet({}).set_mass(39.9624, "H1")
        self.assertIn("SetMass 39.9624,H1", self.communicator.asked)
        self.assertEqual(self.communicator.asked[-1], "BlankBeam False")

    def test_a_mass_on_the_axis(self) -> None:
        self.magnet({}).set_mass(40)
        self.assertIn("SetMass 40.0,AX", self.communicator.asked)

    def test_expose(self) -> None:
        self.magnet({}).expose()
        self.assert_asked("ProtectDetector CDD,Off", "BlankBeam False")


class MagnetInTheReactorTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.asked: list[str] = []
        self.moving = True
        self.argus = ArgusSpectrometer(DeferredQtegraMicrocontroller(self, self.clock))

    def ask(self, command: str, timeout: float | None = None) -> Deferred[str]:
        self.asked.append(command)
        moving = self.moving and "SetMagnetDAC 6.0" in self.asked
        answers = {"GetMagnetDAC": "5.0", "GetMagnetMoving": str(moving)}
        result: Deferred[str] = Deferred()
        result.callback(answers.get(command, "OK"))
        return result

    def test_a_large_move(self) -> None:
        result = self.argus.magnet.set_dac(6)
        self.clock.pump([0.25] * 4)
        self.assertNoResult(result)
        self.moving = False
        self.clock.advance(0.25)
        self.successResultOf(result)
        self.assertEqual(self.asked[-1], "BlankBeam False")

    def test_a_cancelled_one_stays_protected(self) -> None:
        result = self.argus.magnet.set_dac(6)
        result.cancel()
        self.failureResultOf(result, CancelledError)
        self.assertNotIn("BlankBeam False", self.asked)


class SourceTests(SpectrometerTestCase):
    def test_high_voltage(self) -> None:
        source = self.made({"GetHighVoltage": "4500", "SetHV": "OK"}).source
        self.assertEqual(source.hv(), 4500.0)
        source.set_hv(4400)
        self.assert_asked("GetHighVoltage", "SetHV 4400.0")

    def test_parameters(self) -> None:
        argus = self.made({"GetParameter": "1.5", "SetParameter": "OK"})
        for method, sent in {
            "trap_current": "Trap Current Readback",
            "trap_voltage": "Trap Voltage Readback",
            "emission": "Source Current Readback",
            "y_symmetry": "Y-Symmetry Set",
            "z_symmetry": "Z-Symmetry Set",
            "ion_repeller": "Ion Repeller Set",
            "extraction_lens": "Extraction Lens Set",
            "extraction_focus": "Extraction Focus Set",
            "extraction_symmetry": "Extraction Symmetry Set",
        }.items():
            self.assertEqual(getattr(argus.source, method)(), 1.5)
            self.assertEqual(self.communicator.asked[-1], f"GetParameter {sent}")
            if method == "emission":
                continue
            getattr(argus.source, f"set_{method}")(2)
            name = sent.replace("Readback", "Set")
            self.assertEqual(self.communicator.asked[-1], f"SetParameter {name},2.0")

    def test_refusals(self) -> None:
        source = self.made({"GetParameter": REFUSED, "SetParameter": "Error: could not set"}).source
        self.assertRaises(QtegraError, source.ion_repeller)
        self.assertRaises(QtegraError, source.set_ion_repeller, 5)


class DetectorTests(SpectrometerTestCase):
    def test_commands(self) -> None:
        argus = self.made(
            {
                "GetDeflection": "100",
                "SetDeflection": "OK",
                "GetGain": "1.01",
                "SetGain": "OK",
                "ProtectDetector": "OK",
            }
        )
        detector = argus.detectors["H1"]
        self.assertEqual((detector.deflection(), detector.gain()), (100.0, 1.01))
        detector.set_deflection(55)
        detector.set_gain(1.02)
        detector.protect()
        detector.expose()
        self.assert_asked(
            "GetDeflection H1",
            "GetGain H1",
            "SetDeflection H1,55.0",
            "SetGain H1,1.02",
            "ProtectDetector H1,On",
            "ProtectDetector H1,Off",
        )

    def test_ion_counter(self) -> None:
        argus = self.made(
            {
                "GetIonCounterVoltage": "1730",
                "SetIonCounterVoltage": "OK",
                "ActivateIonCounter": "OK",
                "DeactivateIonCounter": "Could not restart monitor scan.",
            }
        )
        counter = argus.ion_counters["CDD"]
        self.assertIs(counter, argus.detectors["CDD"])
        self.assertEqual(counter.voltage(), 1730.0)
        counter.set_voltage(1740)
        counter.activate()
        self.assertRaises(UnexpectedReplyError, counter.deactivate)
        # Both take more than a second.
        self.assertEqual(self.communicator.timeouts, [None, None, LONG, LONG])
        self.assert_asked(
            "GetIonCounterVoltage",
            "SetIonCounterVoltage 1740.0",
            "ActivateIonCounter CDD",
            "DeactivateIonCounter CDD",
        )
