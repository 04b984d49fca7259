"""Arguments that cannot be: refused by their command's name, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.extraction_line import ExtractionLine
from pychron_comms.client.laser import PychronUVLaserManager
from pychron_comms.client.spectrometer import ArgusSpectrometer, QtegraMicrocontroller
from pychron_comms.errors import InvalidArgumentsError
from tests.asking import ScriptedCommunicator, clock_waiter

NAN = float("nan")
COMMA = "'a,b' (a name without commas)"


class LaserAmountTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = ScriptedCommunicator()
        self.laser = PychronUVLaserManager(self.server, waiter=clock_waiter(Clock()))

    def assert_refused(self, what: Callable[..., Any], *arguments: Any, told: str) -> None:
        error = self.assertRaises(InvalidArgumentsError, what, *arguments)
        self.assertEqual(str(error), f"invalid arguments: {told}")
        self.assertEqual(self.server.asked, [])

    def test_output(self) -> None:
        laser, percent = self.laser, "a number from 0 to 100 %"
        for power, shown in ((-0.1, "-0.1"), (100.1, "100.1"), (NAN, "nan")):
            self.assert_refused(
                laser.set_laser_power, power, told=f"SetLaserPower {shown} ({percent})"
            )
            self.assert_refused(laser.set_light, power, told=f"SetLight {shown} ({percent})")
            self.assert_refused(laser.set_zoom, power, told=f"SetZoom {shown} ({percent})")
        self.assert_refused(
            laser.set_laser_output, -1, "watts", told="SetLaserOutput -1 (a number from 0 watts)"
        )
        self.assert_refused(laser.set_laser_output, 1, "a,b", told=f"SetLaserOutput {COMMA}")

    def test_pulses(self) -> None:
        laser, whole = self.laser, "a whole number, at least 1"
        self.assert_refused(laser.set_nburst, 0, told=f"SetNBurst 0 ({whole})")
        self.assert_refused(laser.burst, 1.5, told=f"SetNBurst 1.5 ({whole})")
        for rate in (-1, 301):
            told = f"SetReprate {rate} (a number from 0 to 300 Hz)"
            self.assert_refused(laser.set_reprate, rate, told=told)
        self.assert_refused(laser.fire, "a,b", told=f"Fire {COMMA}")

    def test_moves(self) -> None:
        laser, whole = self.laser, "a whole number, at least 0"
        self.assert_refused(laser.move_to_hole, -1, told=f"GoToHole -1 ({whole})")
        self.assert_refused(laser.move_to_hole, 1.5, told=f"GoToHole 1.5 ({whole})")
        self.assert_refused(laser.move_to, 1, NAN, told="SetXY nan (a number)")
        self.assert_refused(laser.move_to, NAN, 1, told="SetXY nan (a number)")
        infinite = float("inf")
        self.assert_refused(laser.set_x, infinite, told="SetX inf (a number)")
        self.assert_refused(laser.set_y, -infinite, told="SetY -inf (a number)")
        self.assert_refused(laser.set_z, NAN, told="SetZ nan (a number)")
        self.assert_refused(laser.move_to_position, "a,b", told=f"GoToNamedPosition {COMMA}")
        self.assert_refused(laser.move_to_point, "a,b", told=f"GoToPoint {COMMA}")
        self.assert_refused(laser.set_sample_holder, "a,b", told=f"SetSampleHolder {COMMA}")

    def test_motors(self) -> None:
        laser = self.laser
        self.assert_refused(laser.set_motor, "a,b", 1, told=f"SetMotor {COMMA}")
        self.assert_refused(laser.set_motor, "mask", NAN, told="SetMotor nan (a number)")
        self.assert_refused(laser.is_motor_moving, "a,b", told=f"GetMotorMoving {COMMA}")
        self.assert_refused(laser.set_motor_lock, "a,b", True, told=f"SetMotorLock {COMMA}")
        told = "SetBeamDiameter -1 (a number from 0 mm)"
        self.assert_refused(laser.set_beam_diameter, -1, told=told)

    def test_what_runs_by_itself(self) -> None:
        laser = self.laser
        self.assert_refused(laser.execute_pattern, "p", -1, told="DoPattern -1 (a number from 0 s)")
        self.assert_refused(laser.trace_path, -1, "l", told="TracePath -1 (a number from 0)")
        self.assert_refused(laser.trace_path, 1, "a,b", told=f"TracePath {COMMA}")
        self.assert_refused(laser.trace_path, 1, "l", "a,b", told=f"TracePath {COMMA}")
        degas = "MachineVisionDegas -1 (a number from 0 {})".format
        self.assert_refused(laser.degas, -1, 1, told=degas("lumens"))
        self.assert_refused(laser.degas, 1, -1, told=degas("s"))

    def test_names(self) -> None:
        laser = self.laser
        self.assert_refused(laser.snapshot, "a,b", told=f"Snapshot {COMMA}")
        self.assert_refused(
            laser.snapshot, "s", ".a,b", told="Snapshot '.a,b' (a name without commas)"
        )
        self.assert_refused(laser.claimed, 1, "a,b", told=f"Claim {COMMA}")

    def test_the_least_and_the_most_that_may_be(self) -> None:
        self.server = ScriptedCommunicator(dict.fromkeys(
            ("SetLaserPower", "SetLaserOutput", "SetLight", "SetZoom", "SetNBurst", "SetReprate",
             "GoToHole", "SetBeamDiameter", "DoPattern", "TracePath", "MachineVisionDegas"), "OK"
        ))  # fmt: skip
        laser = PychronUVLaserManager(self.server)
        for percent in (0, 100):
            laser.set_laser_power(percent)
            laser.set_light(percent)
            laser.set_zoom(percent, block=False)
        laser.set_laser_output(0)
        laser.set_nburst(1)
        laser.set_reprate(0)
        laser.set_reprate(300)
        laser.move_to_hole(0, block=False)
        laser.set_beam_diameter(0, block=False)
        laser.execute_pattern("p", 0, block=False)
        laser.trace_path(0, "l", block=False)
        laser.degas(0, 0)
        self.assertEqual(len(self.server.asked), 15)


class OtherAmountTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = ScriptedCommunicator()

    def assert_refused(self, what: Callable[..., Any], *arguments: Any, told: str) -> None:
        error = self.assertRaises(InvalidArgumentsError, what, *arguments)
        self.assertEqual(str(error), f"invalid arguments: {told}")
        self.assertEqual([each for each in self.server.asked if not each.startswith("Get")], [])

    def test_valves(self) -> None:
        line = ExtractionLine(self.server)
        for what, command in (
            (line.open, "Open"),
            (line.close, "Close"),
            (line.state, "GetValveState"),
            (line.indicator, "GetIndicatorState"),
            (line.is_locked, "GetValveLockState"),
            (line.pipette_count, "GetPipetteCount"),
            (line.claim_group, "ClaimGroup"),
            (line.release_group, "ReleaseGroup"),
        ):
            self.assert_refused(what, "a,b", told=f"{command} {COMMA}")
        self.assert_refused(line.checksum, ["A", "a,b"], told=f"GetStateChecksum {COMMA}")
        self.assert_refused(line.pressure, "a,b", "g", told=f"GetPressure {COMMA}")
        self.assert_refused(line.pressure, "c", "a,b", told=f"GetPressure {COMMA}")
        self.assert_refused(line.claimed, "a,b", 1, told=f"Claim {COMMA}")
        self.assertEqual(self.server.asked, [])

    def test_a_name_is_not_empty_and_ends_no_line(self) -> None:
        line = ExtractionLine(self.server)
        for name in ("", " ", "A\r", "A\nOpen B"):
            self.assert_refused(line.open, name, told=f"Open {name!r} (a name without commas)")

    def test_a_spectrometer(self) -> None:
        argus = ArgusSpectrometer(QtegraMicrocontroller(self.server))
        magnet, detector = argus.magnet, argus.detectors["H1"]
        self.assert_refused(magnet.set_dac, NAN, told="SetMagnetDAC nan (a number)")
        self.assert_refused(magnet.set_mass, NAN, told="SetMass nan (a number)")
        self.assert_refused(magnet.set_mass, 40, "a,b", told=f"SetMass {COMMA}")
        self.assert_refused(detector.set_deflection, NAN, told="SetDeflection nan (a number)")
        self.assert_refused(detector.set_gain, NAN, told="SetGain nan (a number)")
        self.assert_refused(
            argus.set_integration_time, NAN, told="SetIntegrationTime nan (a number)"
        )
        self.assert_refused(
            argus.sub_cup_configurations, "a,b", told=f"GetSubCupConfigurationList {COMMA}"
        )
        activate = "ActivateCupConfiguration"
        self.assert_refused(argus.set_cup_configuration, "a,b", "s", told=f"{activate} {COMMA}")
        self.assert_refused(argus.set_cup_configuration, "c", "a,b", told=f"{activate} {COMMA}")
        self.assert_refused(
            argus.set_cup_configuration, "a b", "s", told=f"{activate} 'a b' (one word)"
        )
