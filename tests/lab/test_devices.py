"""Simulated devices, flags, runs and scripts."""

from __future__ import annotations

import random

from twisted.internet.task import Clock
from twisted.logger import LogLevel, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms import errors
from pychron_comms.interfaces import (
    IChiller,
    IDevice,
    IFlag,
    IGaugeController,
    IPneumatics,
    IReactorManager,
    IRunReport,
    IScriptRunner,
    IShowsState,
    Source,
)
from pychron_comms.lab.simulated.devices import (
    SimulatedChiller,
    SimulatedDevice,
    SimulatedGaugeController,
    SimulatedPneumatics,
)
from pychron_comms.lab.simulated.extraction_line.runs import RunReport
from pychron_comms.lab.simulated.extraction_line.scripts import SimulatedScripts
from pychron_comms.lab.simulated.extraction_line.vacuum import Vacuum, Volume
from pychron_comms.lab.simulated.flags import Flag, TimedFlag

ME = "10.0.0.1"


class DeviceTestCase(SynchronousTestCase):
    def refused(self, device: IDevice, value: str, reason: str) -> None:
        with self.assertRaises(errors.InvalidArgumentsError) as caught:
            device.set(value, ME)
        self.assertEqual(caught.exception.details, ("Set", f"{device.name} {value} ({reason})"))


class SimulatedDeviceTests(DeviceTestCase):
    def test_it_is_a_device_that_never_blocks(self) -> None:
        device = SimulatedDevice("d", 1.0)
        self.assertTrue(verifyObject(IDevice, device))
        self.assertTrue(IReactorManager.providedBy(device))

    def test_a_number(self) -> None:
        device = SimulatedDevice("d", 1.0)
        device.set("2.5e3", ME)
        self.assertEqual(device.get(), 2500.0)

    def test_a_text(self) -> None:
        device = SimulatedDevice("d", "none")
        device.set("two words", ME)
        self.assertEqual(device.get(), "two words")

    def test_what_is_no_number(self) -> None:
        device = SimulatedDevice("d", 1.0)
        for value in ("x", "nan", "inf", "1_5"):
            self.refused(device, value, "must be a number")
        self.assertEqual(device.get(), 1.0)

    def test_bounds_are_included(self) -> None:
        device = SimulatedDevice("d", 1.0, minimum=0.0, maximum=5.0)
        for value in ("0", "5"):
            device.set(value, ME)
        self.refused(device, "-0.1", "must be at least 0")
        self.refused(device, "5.1", "must be at most 5")
        self.assertEqual(device.get(), 5.0)

    def test_read_only(self) -> None:
        self.refused(SimulatedDevice("d", 1.0, read_only=True), "2", "can only be read")


class GaugeTests(DeviceTestCase):
    def controller(self, noise: float, seed: int = 1) -> SimulatedGaugeController:
        volumes = [Volume("bone", 1.0, 1.5e-9, outgassing=0), Volume("ms", 1.0, 2e-7)]
        vacuum = Vacuum(Clock(), volumes, {})
        gauges = {"IG": "bone", "CG1": "ms"}
        return SimulatedGaugeController("gc", vacuum, gauges, noise, random.Random(seed))

    def test_it_is_a_gauge_controller_that_never_blocks(self) -> None:
        self.assertTrue(verifyObject(IGaugeController, self.controller(0.0)))
        self.assertTrue(IReactorManager.providedBy(self.controller(0.0)))

    def test_pressures_without_noise(self) -> None:
        controller = self.controller(0.0)
        self.assertEqual(repr(controller.get_pressure("IG")), "1.5e-09")
        self.assertEqual(repr(controller.get_pressure("CG1")), "2e-07")

    def test_its_value_is_the_first_gauges(self) -> None:
        self.assertEqual(self.controller(0.0).get(), 1.5e-9)

    def test_noise_is_relative_and_the_same_for_the_same_seed(self) -> None:
        one, same, other = (self.controller(0.01, seed) for seed in (1, 1, 2))
        readings = [one.get() for _ in range(20)]
        self.assertEqual(readings, [same.get() for _ in range(20)])
        self.assertNotEqual(readings, [other.get() for _ in range(20)])
        for reading in readings:
            self.assertApproximates(reading / 1.5e-9, 1.0, 0.06)

    def test_an_unknown_gauge(self) -> None:
        with self.assertRaises(errors.InvalidGaugeError) as caught:
            self.controller(0.0).get_pressure("XX")
        self.assertEqual(errors.error_line(caught.exception), "ERROR 016 : gc XX not available")

    def test_it_can_only_be_read(self) -> None:
        self.refused(self.controller(0.0), "1", "can only be read")


class ChillerTests(DeviceTestCase):
    def setUp(self) -> None:
        self.chiller = SimulatedChiller("ch", 15.0, ["Too Hot", "Tank Low"], random.Random(1))

    def test_it_is_a_chiller_that_never_blocks(self) -> None:
        self.assertTrue(verifyObject(IChiller, self.chiller))
        self.assertTrue(IReactorManager.providedBy(self.chiller))

    def test_the_coolant_stays_near_the_set_point(self) -> None:
        self.assertApproximates(self.chiller.get(), 15.0, 0.5)
        self.chiller.set("20", ME)
        self.assertApproximates(self.chiller.get_coolant_out_temperature(), 20.0, 0.5)

    def test_the_set_point_has_bounds(self) -> None:
        self.refused(self.chiller, "50", "must be at most 40")

    def test_faults(self) -> None:
        self.assertEqual(self.chiller.get_faults(), ("Too Hot", "Tank Low"))


class PneumaticsTests(DeviceTestCase):
    def setUp(self) -> None:
        self.pneumatics = SimulatedPneumatics("pneu_tcp", 80.0, random.Random(1))

    def test_it_is_compressed_air_that_never_blocks(self) -> None:
        self.assertTrue(verifyObject(IPneumatics, self.pneumatics))
        self.assertTrue(IReactorManager.providedBy(self.pneumatics))

    def test_pressure(self) -> None:
        self.assertApproximates(self.pneumatics.get(), 80.0, 2.0)
        self.assertApproximates(self.pneumatics.get_pneumatics_pressure(), 80.0, 2.0)

    def test_it_can_only_be_read(self) -> None:
        self.refused(self.pneumatics, "1", "can only be read")


class FlagTests(DeviceTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1234.9)
        self.flag = Flag("FooFlag", self.clock.seconds)

    def test_it_is_a_flag_that_never_blocks(self) -> None:
        self.assertTrue(verifyObject(IFlag, self.flag))
        self.assertTrue(IReactorManager.providedBy(self.flag))

    def test_set_and_clear(self) -> None:
        self.assertEqual(self.flag.get(), 0)
        self.flag.set("1", ME)
        self.assertEqual(self.flag.get(), 1)
        self.flag.set("0.0", ME)
        self.assertEqual(repr(self.flag.get()), "0")

    def test_a_ping_is_the_time_in_whole_seconds(self) -> None:
        self.assertEqual(self.flag.ping(ME), "1234")

    def test_other_values(self) -> None:
        self.refused(self.flag, "2", "must be 0 or 1")
        self.refused(self.flag, "on", "must be a number")


class TimedFlagTests(DeviceTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.flag = TimedFlag("TFlag", self.clock, self.clock.seconds)

    def test_it_is_a_flag_that_never_blocks(self) -> None:
        self.assertTrue(verifyObject(IFlag, self.flag))
        self.assertTrue(IReactorManager.providedBy(self.flag))

    def test_it_runs_out(self) -> None:
        self.flag.set("2.5", ME)
        self.clock.advance(2.4)
        self.assertEqual((self.flag.get(), self.flag.ping(ME)), (1, "2"))
        self.clock.advance(0.1)
        self.assertEqual((self.flag.get(), self.flag.ping(ME)), (0, "Complete"))

    def test_one_that_was_never_set(self) -> None:
        self.assertEqual((self.flag.get(), self.flag.ping(ME)), (0, "0"))

    def test_clearing_it(self) -> None:
        self.flag.set("1", ME)
        self.flag.set("0", ME)
        self.clock.advance(5)
        self.assertEqual((self.flag.get(), self.flag.ping(ME)), (0, "5"))

    def test_setting_it_again_begins_anew(self) -> None:
        self.flag.set("1", ME)
        self.clock.advance(5)
        self.flag.set("1", ME)
        self.assertEqual((self.flag.get(), self.flag.ping(ME)), (1, "5"))

    def test_a_negative_time(self) -> None:
        self.refused(self.flag, "-1", "must be at least 0 s")


class RunReportTests(SynchronousTestCase):
    def test_it_is_a_run_report_that_never_blocks(self) -> None:
        report = RunReport()
        self.assertTrue(verifyObject(IRunReport, report))
        self.assertTrue(IReactorManager.providedBy(report))

    def test_events_are_kept_and_logged(self) -> None:
        logged: list[str] = []

        def observe(event: dict[str, object]) -> None:
            if event.get("log_level") is LogLevel.info and "kind" in event:
                logged.append(str(event["kind"]))

        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        report = RunReport()
        report.start_mult_runs("5", ME)
        report.start_run("1001-01,sample,10", ME)
        report.complete_run("1001-01, canceled", ME)
        report.complete_mult_runs("", ME)
        kinds = ["StartMultRuns", "StartRun", "CompleteRun", "CompleteMultRuns"]
        self.assertEqual([event.kind for event in report.events], kinds)
        self.assertEqual(report.events[2][2:], ("1001-01, canceled", ME))
        self.assertEqual(logged, kinds)

    def test_it_shows_the_run_and_the_series_that_are_on(self) -> None:
        report = RunReport(lambda: 12.5)
        self.assertTrue(verifyObject(IShowsState, report))

        def shown() -> dict[str, tuple[object, Source]]:
            return {each.path: (each.value, each.source) for each in report.readings()}

        nobody_told = ("", Source.ASSUMED)
        self.assertEqual(shown(), {"run": nobody_told, "series": nobody_told})
        report.start_mult_runs("5", ME)
        report.start_run("1001-01,sample,10", ME)
        told = Source.COMMANDED
        self.assertEqual(shown(), {"run": ("1001-01,sample,10", told), "series": ("5", told)})
        run = report.readings()[0]
        self.assertEqual(run.details, {"since": 12.5, "by": ME})
        report.complete_run("1001-01", ME)
        self.assertEqual(shown(), {"run": ("", told), "series": ("5", told)})
        report.complete_mult_runs("", ME)
        self.assertEqual(shown()["series"], ("", told))

    def test_a_run_that_is_told_without_a_word_is_on_and_a_long_word_is_cut(self) -> None:
        report = RunReport()
        report.start_run("", ME)
        self.assertEqual(report.readings()[0].value, "unnamed")
        report.start_run("r" * 1000, ME)
        self.assertEqual(report.readings()[0].value, "r" * 200)

    def test_only_the_last_ones_are_kept(self) -> None:
        report = RunReport(limit=2)
        for number in range(5):
            report.start_run(str(number), ME)
        self.assertEqual([event.text for event in report.events], ["3", "4"])


class ScriptTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.scripts = SimulatedScripts(self.clock, {"evacuate": 5.0}, limit=2)

    def test_it_is_a_script_runner_that_never_blocks(self) -> None:
        self.assertTrue(verifyObject(IScriptRunner, self.scripts))
        self.assertTrue(IReactorManager.providedBy(self.scripts))

    def test_a_script_runs_for_its_time(self) -> None:
        identifier = self.scripts.execute_script("evacuate")
        self.assertEqual(identifier, "evacuate-1")
        self.clock.advance(4.9)
        self.assertEqual(self.scripts.get_script_state(identifier), "Running")
        self.clock.advance(0.1)
        self.assertEqual(self.scripts.get_script_state(identifier), "Complete")

    def test_only_the_last_runs_are_remembered(self) -> None:
        first, *others = [self.scripts.execute_script("evacuate") for _ in range(3)]
        self.assertRaises(errors.InvalidPyScriptError, self.scripts.get_script_state, first)
        for identifier in others:
            self.assertEqual(self.scripts.get_script_state(identifier), "Running")

    def test_an_unknown_script(self) -> None:
        self.assertRaises(errors.InvalidPyScriptError, self.scripts.execute_script, "nope")
