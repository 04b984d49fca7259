"""The simulated laser: its output, its faults, what the camera sees, what was recorded."""

import math
import struct
import zlib
from random import Random
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.errors import (
    DisableError,
    EmergencyShutdownError,
    EnableError,
    InvalidArgumentsError,
    InvalidMotorError,
    LogicBoardCommunicationError,
    PositionError,
    SetpointError,
)
from pychron_comms.interfaces import ILaserManager, IReactorManager
from pychron_comms.lab.simulated.laser.camera import grey_png
from pychron_comms.lab.simulated.laser.grains import MOST_WAITING
from pychron_comms.lab.simulated.laser.pyrometer import Pyrometer
from tests.lasers import BEAM_AND_ZOOM, build_laser


class LaserCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.laser: Any = build_laser(self.clock, BEAM_AND_ZOOM)

    def refused(self, error: type[Exception], said: str, ask: Any, *arguments: Any) -> None:
        self.assertEqual(str(self.assertRaises(error, ask, *arguments)), said)


class EnableTests(LaserCase):
    def test_promises(self) -> None:
        verifyObject(ILaserManager, self.laser)
        verifyObject(IReactorManager, self.laser)

    def test_enable_and_disable(self) -> None:
        self.assertFalse(self.laser.is_enabled())
        self.laser.enable()
        self.assertTrue(self.laser.is_enabled())
        self.laser.set_laser_power(50.0)
        self.laser.disable()
        self.assertFalse(self.laser.is_enabled())
        self.assertEqual(self.laser.output.power, 0.0)

    def test_interlock_that_is_not_made(self) -> None:
        self.laser.output.set_interlock("coolant", False)
        self.refused(EnableError, "Laser failed to enable coolant", self.laser.enable)
        self.assertFalse(self.laser.is_enabled())
        self.assertIsNone(self.laser.get_error())

    def test_interlock_that_breaks(self) -> None:
        self.laser.enable()
        self.laser.set_laser_power(50.0)
        self.laser.output.set_interlock("door", False)
        self.assertFalse(self.laser.is_enabled())
        self.assertEqual(self.laser.output.power, 0.0)
        self.assertEqual(self.laser.get_error(), "interlock door broke")
        self.assertRaises(EnableError, self.laser.enable)
        self.laser.output.set_interlock("door", True)
        self.laser.enable()
        self.assertIsNone(self.laser.get_error())

    def test_silent_logic_board(self) -> None:
        self.laser.enable()
        self.laser.set_laser_power(50.0)
        self.laser.output.faults.logic_board = False
        said = "Failed communication with logic board"
        for ask in (self.laser.enable, self.laser.disable):
            self.refused(LogicBoardCommunicationError, said, ask)
        for power in (0.0, 1.0):
            self.refused(LogicBoardCommunicationError, said, self.laser.set_laser_power, power)
        self.assertEqual(self.laser.output.power, 0.0)
        self.assertEqual(self.laser.get_error(), said)
        self.assertEqual(self.laser.get_laser_status(), said)

    def test_disable_fails_without_power(self) -> None:
        self.laser.enable()
        self.laser.set_laser_power(50.0)
        self.laser.output.faults.shutter = False
        said = "Laser failed to disable (the shutter did not close)"
        self.refused(DisableError, said, self.laser.disable)
        self.assertEqual(self.laser.output.power, 0.0)
        self.assertTrue(self.laser.is_enabled())

    def test_emergency(self) -> None:
        self.laser.enable()
        self.laser.set_laser_power(50.0)
        self.laser.output.shut_down("coolant flow")
        said = "emergency shutdown. coolant flow"
        self.assertEqual(self.laser.output.power, 0.0)
        self.assertEqual(self.laser.get_error(), said)
        self.refused(EmergencyShutdownError, said, self.laser.enable)
        self.refused(EmergencyShutdownError, said, self.laser.set_laser_power, 1.0)
        self.laser.set_laser_power(0.0)
        self.laser.disable()
        self.laser.output.faults.emergency = ""
        self.laser.enable()

    def test_prepare(self) -> None:
        self.assertFalse(self.laser.is_ready())
        self.laser.prepare()
        self.clock.advance(1.9)
        self.assertFalse(self.laser.is_ready())
        self.clock.advance(0.2)
        self.assertTrue(self.laser.is_ready())
        self.laser.disable()
        self.assertFalse(self.laser.is_ready())

    def test_status(self) -> None:
        self.assertEqual(self.laser.get_laser_status(), "OK")


class OutputTests(LaserCase):
    def test_no_power_unless_enabled(self) -> None:
        said = "Laser failed to enable (it is not enabled)"
        self.refused(EnableError, said, self.laser.set_laser_power, 1.0)
        self.refused(EnableError, said, self.laser.set_laser_output, 1.0, "watts")
        self.laser.set_laser_power(0.0)
        self.laser.set_laser_output(0.0, "watts")

    def test_percent(self) -> None:
        self.laser.enable()
        self.laser.set_laser_output(75.0, "percent")
        self.assertEqual(self.laser.get_achieved_output(), 75.0)
        self.assertApproximates(self.laser.read_laser_power(), 25.0, 0.5)

    def test_watts(self) -> None:
        self.laser.enable()
        self.laser.set_laser_output(25.0, "watts")
        self.assertEqual(self.laser.output.power, 75.0)
        self.assertApproximates(self.laser.get_achieved_output(), 25.0, 0.5)

    def test_temperature(self) -> None:
        self.laser.enable()
        self.laser.set_laser_output(520.0, "temp")
        self.assertEqual(self.laser.output.power, 50.0)
        self.clock.advance(100)
        self.assertEqual(self.laser.get_achieved_output(), 520.0)
        self.laser.set_laser_output(15.0, "temp")
        self.assertEqual(self.laser.output.power, 0.0)

    def test_dark(self) -> None:
        self.assertEqual(self.laser.read_laser_power(), 0.0)

    def test_beyond_what_it_can(self) -> None:
        self.laser.enable()
        ask = self.laser.set_laser_output
        self.refused(SetpointError, "failed to reach setpoint 41 watts", ask, 41.0, "watts")
        self.refused(SetpointError, "failed to reach setpoint 9999 temp", ask, 9999.0, "temp")
        said = "invalid arguments: SetLaserOutput 101 percent (at most 100)"
        self.refused(InvalidArgumentsError, said, ask, 101.0, "percent")
        said = "invalid arguments: SetLaserOutput 1 furlongs (no such unit)"
        self.refused(InvalidArgumentsError, said, ask, 1.0, "furlongs")
        self.assertEqual(self.laser.output.power, 0.0)

    def test_set_point_that_is_not_reached(self) -> None:
        self.laser.enable()
        self.laser.output.faults.setpoint = False
        ask = self.laser.set_laser_output
        self.refused(SetpointError, "failed to reach setpoint 5 watts", ask, 5.0, "watts")
        self.laser.set_laser_output(0.0, "watts")


class PyrometerTests(LaserCase):
    def test_warms_with_its_time_constant(self) -> None:
        self.assertEqual(self.laser.get_pyrometer_temperature(), 20.0)
        self.laser.enable()
        self.laser.set_laser_power(50.0)
        self.assertEqual(self.laser.get_pyrometer_temperature(), 20.0)
        self.clock.advance(2.0)
        warm = 20.0 + 500.0 * (1 - math.exp(-1))
        self.assertEqual(self.laser.get_pyrometer_temperature(), round(warm, 2))
        self.laser.set_laser_power(0.0)
        self.clock.advance(2.0)
        cooler = 20.0 + (warm - 20.0) * math.exp(-1)
        self.assertEqual(self.laser.get_pyrometer_temperature(), round(cooler, 2))

    def test_noise_is_the_same_with_the_same_seed(self) -> None:
        readings = [
            [pyrometer.read() for _ in range(5)]
            for pyrometer in (Pyrometer(self.clock, Random(3)), Pyrometer(self.clock, Random(3)))
        ]
        self.assertEqual(*readings)
        self.assertGreater(len(set(readings[0])), 1)
        self.assertTrue(all(abs(reading - 25.0) < 1 for reading in readings[0]))

    def test_blobs_of_an_extraction(self) -> None:
        self.assertEqual(self.laser.get_response_blob(), b"")
        self.laser.enable()
        self.laser.set_laser_power(50.0)
        self.clock.advance(2.0)
        self.laser.set_laser_power(100.0)
        self.clock.advance(1.0)
        self.laser.disable()
        self.clock.advance(50.0)
        self.laser.disable()
        watts = list(struct.iter_unpack("<ff", self.laser.get_output_blob()))
        self.assertEqual(watts, [(0.0, 10.0), (1.0, 10.0), (2.0, 40.0), (3.0, 0.0)])
        degrees = [
            height for _, height in struct.iter_unpack("<ff", self.laser.get_response_blob())
        ]
        self.assertEqual(degrees[0], 20.0)
        self.assertEqual(degrees, sorted(degrees))

    def test_blob_of_an_extraction_that_goes_on(self) -> None:
        self.laser.enable()
        self.laser.set_laser_power(50.0)
        self.clock.advance(2.0)
        self.assertEqual(len(self.laser.get_output_blob()), 3 * 8)

    def test_a_new_extraction_begins_a_new_record(self) -> None:
        self.laser.enable()
        for _ in range(2):
            self.laser.set_laser_power(50.0)
            self.clock.advance(2.0)
            self.laser.set_laser_power(0.0)
        self.assertEqual(len(self.laser.get_output_blob()), 3 * 8)

    def test_blobs_stay_small(self) -> None:
        self.laser.enable()
        for step in range(2000):
            self.laser.set_laser_power(50.0 + step % 2)
            self.clock.advance(7.0)
        for blob in (self.laser.get_response_blob(), self.laser.get_output_blob()):
            self.assertLessEqual(len(blob), 3064)
            self.assertGreater(len(blob), 3000)


class MotorTests(LaserCase):
    def test_moves(self) -> None:
        self.assertTrue(self.laser.set_motor("mask", 4.0))
        self.assertTrue(self.laser.is_motor_moving("mask"))
        self.clock.advance(2.0)
        self.assertFalse(self.laser.is_motor_moving("mask"))
        self.assertEqual(self.laser.motors.position("mask"), 4.0)

    def test_locked(self) -> None:
        self.assertFalse(self.laser.set_motor("attenuator", 4.0))
        self.assertFalse(self.laser.is_motor_moving("attenuator"))
        self.laser.set_motor_lock("attenuator", False)
        self.assertTrue(self.laser.set_motor("attenuator", 4.0))

    def test_unknown(self) -> None:
        for ask, arguments in (
            (self.laser.set_motor, ("nope", 1.0)),
            (self.laser.is_motor_moving, ("nope",)),
            (self.laser.set_motor_lock, ("nope", True)),
        ):
            self.refused(InvalidMotorError, "no motor named nope available", ask, *arguments)

    def test_outside_its_travel(self) -> None:
        said = "positioning error. mask 11 is outside 0 to 10"
        self.refused(PositionError, said, self.laser.set_motor, "mask", 11.0)

    def test_beam_and_zoom(self) -> None:
        self.assertEqual(self.laser.get_beam_diameter(), 1.5)
        self.assertTrue(self.laser.set_beam_diameter(2.5))
        self.assertTrue(self.laser.set_zoom(50.0))
        self.clock.advance(1.0)
        self.assertEqual(self.laser.get_beam_diameter(), 2.5)
        self.assertEqual(self.laser.get_zoom(), 50.0)

    def test_no_beam_and_no_zoom(self) -> None:
        laser = build_laser(self.clock)
        self.assertIsNone(laser.get_beam_diameter())
        self.assertIsNone(laser.get_zoom())
        said = "no motor named {} available"
        self.refused(InvalidMotorError, said.format("beam"), laser.set_beam_diameter, 1.0)
        self.refused(InvalidMotorError, said.format("zoom"), laser.set_zoom, 1.0)


class PatternTests(LaserCase):
    def test_runs_for_its_own_time(self) -> None:
        self.assertEqual(self.laser.get_pattern_names(), ["pa", "pb"])
        self.laser.execute_pattern("pa", None)
        self.clock.advance(9.9)
        self.assertTrue(self.laser.is_patterning())
        self.clock.advance(0.2)
        self.assertFalse(self.laser.is_patterning())

    def test_runs_for_another_time(self) -> None:
        self.laser.execute_pattern("pa", 2.0)
        self.clock.advance(2.0)
        self.assertFalse(self.laser.is_patterning())

    def test_unknown(self) -> None:
        said = "invalid arguments: DoPattern nope (no such pattern; GetPatternNames lists them)"
        self.refused(InvalidArgumentsError, said, self.laser.execute_pattern, "nope", None)

    def test_stops(self) -> None:
        for stop in (self.laser.stop_pattern, self.laser.stop_drive):
            self.laser.execute_pattern("pa", None)
            stop()
            self.assertFalse(self.laser.is_patterning())

    def test_degassing(self) -> None:
        self.assertRaises(EnableError, self.laser.machine_vision_degas, 10.0, 5.0)
        self.laser.enable()
        self.laser.machine_vision_degas(10.0, 5.0)
        self.assertTrue(self.laser.degassing)
        self.clock.advance(5.0)
        self.assertFalse(self.laser.degassing)

    def test_degassing_ends_with_the_light(self) -> None:
        self.laser.enable()
        self.laser.machine_vision_degas(10.0, 5.0)
        self.laser.disable()
        self.assertFalse(self.laser.degassing)
        self.laser.enable()
        self.laser.machine_vision_degas(10.0, 5.0)
        self.laser.output.shut_down("power failure")
        self.assertFalse(self.laser.degassing)
        self.laser.output.faults.emergency = ""
        self.laser.enable()
        self.assertFalse(self.laser.degassing)


class CameraTests(LaserCase):
    def test_snapshot(self) -> None:
        for extension in (".jpg", "jpg"):
            shot = self.laser.take_snapshot("s1", extension)
            self.assertEqual(shot.local_path, "snaps/s1.jpg")
            self.assertEqual(shot.shared_path, "smb://lab/s1.jpg")
        self.assertEqual(shot.image[:8], b"\x89PNG\r\n\x1a\n")
        self.assertLess(len(shot.image), 1000)

    def test_light_shows_in_the_image(self) -> None:
        dark = self.laser.take_snapshot("s1", ".jpg").image
        self.assertEqual(dark, self.laser.take_snapshot("s2", ".jpg").image)
        self.laser.set_light(100.0)
        self.assertNotEqual(dark, self.laser.take_snapshot("s1", ".jpg").image)

    def test_png(self) -> None:
        image = grey_png([b"\x00\xff", b"\x80\x40"])
        self.assertEqual(image[16:24], struct.pack(">II", 2, 2))
        (length,) = struct.unpack(">I", image[33:37])
        pixels = zlib.decompress(image[41 : 41 + length])
        self.assertEqual(pixels, b"\0\x00\xff\0\x80\x40")

    def test_recording(self) -> None:
        self.laser.start_video_recording("v1")
        self.assertEqual(self.laser.camera.recording, "v1")
        self.laser.stop_video_recording()
        self.laser.stop_video_recording()
        self.assertEqual(self.laser.camera.recording, "")


class GrainTests(LaserCase):
    def fetched(self) -> list[bytes]:
        return list(iter(self.laser.get_grain_polygon_blob, None))

    def test_none_at_first(self) -> None:
        self.assertEqual(self.fetched(), [])

    def test_acquired(self) -> None:
        self.laser.acquire_grain_polygon()
        (outline,) = self.fetched()
        self.assertEqual(len(outline), 12 * 8)
        for x, y in struct.iter_unpack("<ff", outline):
            self.assertApproximates(math.hypot(x, y), 0.5, 0.06)

    def test_measured(self) -> None:
        self.laser.start_measure_grain_polygon()
        self.clock.advance(2.5)
        self.laser.start_measure_grain_polygon()
        self.assertEqual(len(self.fetched()), 2)
        self.clock.advance(0.5)
        self.assertEqual(len(self.fetched()), 1)
        self.clock.advance(3.0)
        self.laser.stop_measure_grain_polygon()
        self.clock.advance(3.0)
        self.assertEqual(len(self.fetched()), 3)
        self.laser.stop_measure_grain_polygon()
        self.assertEqual(self.fetched(), [])

    def test_bounded(self) -> None:
        self.laser.start_measure_grain_polygon()
        self.clock.advance(1e6)
        self.assertEqual(len(self.fetched()), MOST_WAITING)
