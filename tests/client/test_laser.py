"""A laser's client against a simulated laser, and against servers that answer otherwise."""

from __future__ import annotations

import struct
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms import errors
from pychron_comms.client import answers, instrument
from pychron_comms.client.answers import UnexpectedReplyError
from pychron_comms.client.laser import PychronLaserManager, PychronUVLaserManager
from pychron_comms.client.waiting import Progress, WaitCancelledError
from pychron_comms.handlers.laser.handler import LaserHandlerFactory
from pychron_comms.handlers.laser.uv import UVHandlerFactory
from pychron_comms.interfaces import Position, Snapshot
from tests.asking import Answer, ScriptedCommunicator, SimulatedCommunicator, clock_waiter
from tests.lasers import BEAM_AND_ZOOM, OneManager, build_laser


class LaserCase(SynchronousTestCase):
    """``laser`` is the client, ``simulated`` the hardware."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.simulated: Any = build_laser(self.clock, BEAM_AND_ZOOM)
        handler = LaserHandlerFactory("CO2").build(OneManager("co2", self.simulated))
        self.communicator = SimulatedCommunicator(handler)
        self.laser = PychronLaserManager(self.communicator, waiter=clock_waiter(self.clock))

    def assert_asked(self, *commands: str) -> None:
        self.assertEqual(self.communicator.asked, list(commands))


class ScriptedCase(SynchronousTestCase):
    def laser(self, **replies: Answer | list[Answer]) -> PychronLaserManager:
        self.communicator = ScriptedCommunicator(replies)
        return PychronLaserManager(self.communicator, waiter=clock_waiter(Clock()))


class ConnectionTests(ScriptedCase):
    def test_a_communicator_that_was_given_stays_open(self) -> None:
        with self.laser(GetError="OK") as laser:
            self.assertEqual(laser.ask("GetError", 3.0), "OK")
        self.assertEqual(self.communicator.timeouts, [3.0])
        self.assertFalse(self.communicator.closed)

    def test_a_communicator_of_its_own_is_closed(self) -> None:
        made = ScriptedCommunicator()
        arguments: list[Any] = []

        def build(endpoint: str, *, request_type: str) -> ScriptedCommunicator:
            arguments.extend((endpoint, request_type))
            return made

        self.patch(instrument, "Communicator", build)
        with PychronLaserManager("tcp:lab:1060", request_type="CO2"):
            self.assertFalse(made.closed)
        self.assertTrue(made.closed)
        self.assertEqual(arguments, ["tcp:lab:1060", "CO2"])

    def test_the_end_of_a_block_disables_nothing(self) -> None:
        with self.laser():
            pass
        self.assertEqual(self.communicator.asked, [])


class OutputTests(LaserCase):
    def test_power_within_enabled(self) -> None:
        with self.laser.enabled() as laser:
            laser.set_laser_power(50)
            self.assertEqual(self.laser.achieved_output(), 50.0)
            self.assertAlmostEqual(self.laser.read_laser_power(), 10.0, 0)
        self.assertEqual((self.simulated.is_enabled(), self.simulated.output.power), (False, 0.0))
        self.assert_asked(
            "Enable", "SetLaserPower 50.0", "GetAchievedOutput", "ReadLaserPower", "Disable"
        )

    def test_enabled_disables_behind_an_error(self) -> None:
        with self.assertRaises(RuntimeError), self.laser.enabled():
            self.assertTrue(self.simulated.is_enabled())
            raise RuntimeError
        self.assertFalse(self.simulated.is_enabled())

    def test_enabled_disables_where_enabling_fails(self) -> None:
        self.simulated.output.set_interlock("door", False)
        with self.assertRaises(errors.EnableError), self.laser.enabled():
            self.fail("it was not enabled")
        self.assert_asked("Enable", "Disable")

    def test_output_in_units(self) -> None:
        self.laser.enable()
        self.laser.set_laser_output(10, "watts")
        self.clock.advance(60)
        self.assertEqual(self.laser.pyrometer_temperature(), 520.0)
        self.laser.set_laser_output(0)
        self.laser.disable()
        self.assertEqual(self.communicator.asked[1], "SetLaserOutput 10.0,watts")
        self.assertEqual(self.communicator.asked[3], "SetLaserOutput 0.0,percent")

    def test_out_of_range_is_never_sent(self) -> None:
        for power in (-1, 100.5, float("nan"), float("inf")):
            self.assertRaises(errors.InvalidArgumentsError, self.laser.set_laser_power, power)
        error = self.assertRaises(
            errors.InvalidArgumentsError, self.laser.set_laser_output, -1, "watts"
        )
        self.assertEqual(str(error), "invalid arguments: SetLaserOutput -1 (a number from 0 watts)")
        self.assert_asked()

    def test_server_errors_keep_their_class(self) -> None:
        error = self.assertRaises(errors.EnableError, self.laser.set_laser_power, 5)
        self.assertEqual(
            (error.code, str(error)), (102, "Laser failed to enable (it is not enabled)")
        )

    def test_blobs(self) -> None:
        self.laser.enable()
        self.laser.set_laser_power(50)
        self.clock.advance(1)
        times = [pair[0] for pair in answers.pairs(self.laser.response_blob())]
        self.assertEqual(times, [0.0, 1.0])
        self.assertEqual(answers.pairs(self.laser.output_blob()), [(0.0, 10.0), (1.0, 10.0)])
        self.assertRaises(ValueError, answers.pairs, b"abc")

    def test_prepare(self) -> None:
        self.laser.prepare(block=False)
        self.assertFalse(self.laser.is_ready())
        self.laser.prepare()
        self.assertTrue(self.laser.is_ready())
        self.assertEqual(self.clock.seconds(), 2.25)

    def test_error_and_status(self) -> None:
        self.assertEqual((self.laser.error(), self.laser.status()), (None, "OK"))
        self.simulated.output.shut_down("coolant flow")
        self.assertEqual(self.laser.error(), "emergency shutdown. coolant flow")


class StageTests(LaserCase):
    def test_move_to_hole(self) -> None:
        told: list[Progress] = []
        self.laser.move_to_hole(1, progress=told.append)
        self.assertEqual(self.laser.position(), Position(-6.0, 16.0, 0.0))
        self.assertEqual(self.communicator.asked[:2], ["GoToHole 1,False", "GetDriveMoving"])
        self.assertEqual(told[0].what, "hole 1")
        self.assertNotIn("GetAutoCorrecting", self.communicator.asked)

    def test_move_to_hole_with_correction(self) -> None:
        self.laser.move_to_hole(1, autocenter=True)
        self.assertFalse(self.laser.is_autocentering())
        self.assertGreater(self.clock.seconds(), 2.6)

    def test_moves(self) -> None:
        for move, position in (
            (lambda: self.laser.move_to(1.5, -2), (1.5, -2.0, 0.0)),
            (lambda: self.laser.set_x(2), (2.0, -2.0, 0.0)),
            (lambda: self.laser.set_y(3), (2.0, 3.0, 0.0)),
            (lambda: self.laser.set_z(1e-05), (2.0, 3.0, 1e-05)),
            (lambda: self.laser.move_to_position("t1"), (-20.0, 20.0, 5.0)),
            (lambda: self.laser.move_to_point("p1"), (1.0, 2.0, 5.0)),
            (self.laser.move_home, (0.0, 0.0, 0.0)),
        ):
            move()
            self.assertEqual(self.laser.position(), position)

    def test_begin_look_and_wait(self) -> None:
        self.laser.move_to_hole(1, block=False)
        self.laser.move_to(20, 0, block=False)
        self.assertTrue(self.laser.is_moving())
        self.assertFalse(self.laser.is_moving("z"))
        self.laser.wait_moved()
        self.assertFalse(self.laser.is_moving("x"))

    def test_cancel_leaves_the_drive_alone(self) -> None:
        self.assertRaises(
            WaitCancelledError, self.laser.move_to, 20, 0, cancel=lambda: self.clock.seconds() > 1
        )
        self.assertTrue(self.laser.is_moving())

    def test_stop_on_cancel(self) -> None:
        self.assertRaises(
            WaitCancelledError,
            self.laser.move_to,
            20,
            0,
            cancel=lambda: self.clock.seconds() > 1,
            stop_on_cancel=True,
        )
        self.assertFalse(self.laser.is_moving())
        self.assertEqual(self.laser.position().x, 12.5)

    def test_homes(self) -> None:
        self.laser.move_to(4, 0)
        self.laser.call_home("x")
        self.assertEqual(self.laser.position().x, 0.0)

    def test_holder(self) -> None:
        self.laser.set_sample_holder("pair")
        self.assertEqual(self.laser.sample_holder(), "pair")
        self.assertRaises(errors.InvalidSampleHolderError, self.laser.set_sample_holder, "none")

    def test_correction_is_cancelled(self) -> None:
        self.laser.move_to_hole(1, autocenter=True, block=False)
        self.laser.cancel_autocentering()
        self.assertFalse(self.laser.is_autocentering())

    def test_refused(self) -> None:
        self.assertRaises(errors.PositionError, self.laser.move_to_hole, 999)
        for hole in (-1, 1.5):
            self.assertRaises(errors.InvalidArgumentsError, self.laser.move_to_hole, hole)
        for name in ("", " ", "a,b", "a\rDisable"):
            self.assertRaises(errors.InvalidArgumentsError, self.laser.move_to_point, name)
        self.assert_asked("GoToHole 999,False")


class OtherServerTests(ScriptedCase):
    """Pychron's own server says OK for True, and No Response where a manager returned nothing."""

    def test_ok_is_true(self) -> None:
        laser = self.laser(SetX="OK", GetDriveMoving=["OK", "OK", "False"])
        laser.set_x(1)
        self.assertEqual(self.communicator.asked.count("GetDriveMoving"), 4)

    def test_nothing_is_done(self) -> None:
        laser = self.laser(Prepare="No Response", StopVideoRecording="No Response")
        laser.prepare(block=False)
        laser.stop_recording()

    def test_nothing_is_not_enabled(self) -> None:
        for reply in ("No Response", "", "True", "garbage"):
            error = self.assertRaises(UnexpectedReplyError, self.laser(Enable=reply).enable)
            self.assertEqual(str(error), f"outcome unknown: Enable was answered {reply!r}")
            self.assertIsInstance(error, errors.OutcomeUnknownError)

    def test_an_error_is_no_end_of_a_move(self) -> None:
        for lost in (errors.NoResponseError(), errors.OutcomeUnknownError("GetDriveMoving")):
            laser = self.laser(SetX="OK", GetDriveMoving=["True", lost])
            self.assertIs(self.assertRaises(type(lost), laser.set_x, 1), lost)

    def test_garbage_is_no_end_of_a_move(self) -> None:
        for reply in ("", "No Response", "maybe"):
            laser = self.laser(SetX="OK", GetDriveMoving=reply)
            self.assertRaises(UnexpectedReplyError, laser.set_x, 1)

    def test_garbage_is_no_value(self) -> None:
        for reply in ("", "No Response", "x", "nan", "inf", "1,2"):
            laser = self.laser(GetAchievedOutput=reply, GetPosition=reply)
            self.assertRaises(UnexpectedReplyError, laser.achieved_output)
            self.assertRaises(UnexpectedReplyError, laser.position)
        self.assertRaises(UnexpectedReplyError, self.laser(GetSampleHolder="").sample_holder)

    def test_a_long_reply_is_told_in_short(self) -> None:
        error = self.assertRaises(UnexpectedReplyError, self.laser(Enable="x" * 9000).enable)
        self.assertLess(len(str(error)), 150)


class PatternTests(LaserCase):
    def test_names(self) -> None:
        self.assertEqual(self.laser.patterns(), ("pa", "pb"))

    def test_own_time(self) -> None:
        self.laser.execute_pattern("pa")
        self.assertEqual(self.clock.seconds(), 10.25)
        self.assertEqual(
            self.communicator.asked[0],
            '{"command": "DoPattern", "name": "pa.lp", "duration": null}',
        )

    def test_begin_wait_and_stop(self) -> None:
        self.laser.execute_pattern("pa.lp", 3, block=False)
        self.assertTrue(self.laser.is_patterning())
        self.laser.wait_pattern()
        self.assertEqual(self.clock.seconds(), 3.25)
        self.laser.execute_pattern("pb", block=False)
        self.laser.stop_pattern()
        self.assertFalse(self.laser.is_patterning())

    def test_refused(self) -> None:
        self.assertRaises(errors.InvalidArgumentsError, self.laser.execute_pattern, "pa", -1)
        self.assert_asked()
        self.assertRaises(errors.InvalidArgumentsError, self.laser.execute_pattern, "none")

    def test_trace(self) -> None:
        self.laser.trace_path(2, "l1", deadline=60)
        self.assertEqual(self.communicator.asked[0], "TracePath 2.0,l1,continuous")
        self.laser.trace_path(2, "l1", block=False)
        self.laser.stop_trace()
        self.assertFalse(self.laser.is_tracing())

    def test_degas(self) -> None:
        self.laser.enable()
        self.laser.degas(10, 5)
        self.assert_asked("Enable", "MachineVisionDegas 10.0,5.0")


class MotorTests(LaserCase):
    def test_moves(self) -> None:
        self.laser.set_motor("mask", 5)
        self.assertFalse(self.laser.is_motor_moving("mask"))
        self.laser.set_motor("mask", 0, block=False)
        self.assertTrue(self.laser.is_motor_moving("mask"))
        self.laser.set_beam_diameter(3)
        self.laser.set_zoom(20)
        self.assertEqual((self.laser.beam_diameter(), self.laser.zoom()), (3.0, 20.0))

    def test_a_wait_that_is_cancelled_leaves_the_motor_alone(self) -> None:
        self.assertRaises(
            WaitCancelledError,
            self.laser.set_motor,
            "mask",
            9,
            cancel=lambda: self.clock.seconds() > 1,
            stop_on_cancel=True,
        )
        self.assertTrue(self.laser.is_motor_moving("mask"))

    def test_locks(self) -> None:
        self.laser.set_motor_lock("mask", True)
        error = self.assertRaises(errors.NotPermittedError, self.laser.set_motor, "mask", 1)
        self.assertEqual(str(error), "not permitted: motor mask is locked")
        self.laser.set_motor_lock("mask", False)
        self.laser.set_motor("mask", 1)

    def test_refused(self) -> None:
        self.assertRaises(errors.InvalidMotorError, self.laser.set_motor, "none", 1)
        self.assertRaises(errors.PositionError, self.laser.set_motor, "mask", 11)

    def test_no_beam_and_no_zoom(self) -> None:
        laser = PychronLaserManager(
            ScriptedCommunicator({"GetBeamDiameter": "No Beam Motor", "GetZoom": "No Zoom Motor"})
        )
        for read, motor in ((laser.beam_diameter, "beam"), (laser.zoom, "zoom")):
            error = self.assertRaises(errors.InvalidMotorError, read)
            self.assertEqual(str(error), str(errors.InvalidMotorError(motor)))


class CameraTests(LaserCase):
    def test_snapshot(self) -> None:
        self.laser.set_light(50)
        local, shared, image = self.laser.snapshot("s1")
        self.assertEqual((local, shared), ("snaps/s1.jpg", "smb://lab/s1.jpg"))
        self.assertTrue(image.startswith(b"\x89PNG"))
        self.assert_asked("SetLight 50.0", "Snapshot s1,.jpg")

    def test_recording_ends_behind_an_error(self) -> None:
        with self.assertRaises(RuntimeError), self.laser.recording("v 1"):
            self.assertEqual(self.simulated.camera.recording, "v 1")
            raise RuntimeError
        self.assertEqual(self.simulated.camera.recording, "")

    def test_polygons(self) -> None:
        self.assertEqual(list(self.laser.grain_polygons()), [])
        self.laser.acquire_grain_polygon()
        self.laser.start_measuring_grain_polygons()
        self.clock.advance(2)
        self.laser.stop_measuring_grain_polygons()
        outlines = list(self.laser.grain_polygons())
        self.assertEqual([len(answers.pairs(outline)) for outline in outlines], [12, 12, 12])

    def test_polygons_end_where_there_are_no_more(self) -> None:
        for end in ("", "No Response"):
            answers_: list[Answer] = ["YWJj", "YQ==", end]
            laser = PychronLaserManager(ScriptedCommunicator({"GetGrainPolygonBlob": answers_}))
            self.assertEqual(list(laser.grain_polygons()), [b"abc", b"a"])

    def test_polygons_end_with_an_error(self) -> None:
        """Where a client that compares replies alone would ask for ever."""
        laser = PychronLaserManager(
            ScriptedCommunicator({"GetGrainPolygonBlob": ["YWJj", errors.NoResponseError()]})
        )
        outlines = laser.grain_polygons()
        self.assertEqual(next(outlines), b"abc")
        self.assertRaises(errors.NoResponseError, next, outlines)


class SnapshotReplyTests(ScriptedCase):
    def test_as_a_client_recorded_it(self) -> None:
        laser = self.laser(Snapshot="05l.jpg0bsmb://u.jpgQUJD")
        self.assertEqual(laser.snapshot("s1"), Snapshot("l.jpg", "smb://u.jpg", b"ABC"))

    def test_of_an_image_that_is_empty(self) -> None:
        laser = self.laser(Snapshot="05l.jpg0bsmb://u.jpg")
        self.assertEqual(laser.snapshot("s1"), Snapshot("l.jpg", "smb://u.jpg", b""))

    def test_damaged(self) -> None:
        for reply in (
            "",
            "zz",
            "05l.j",
            "05l.jpg",
            "05l.jpg0bsmb",
            "01l01u!",
            "01l01uQUJ",
            "01l01ué",
        ):
            self.assertRaises(UnexpectedReplyError, self.laser(Snapshot=reply).snapshot, "s1")


class UVTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        simulated: Any = build_laser(self.clock, kind="uv")
        self.communicator = SimulatedCommunicator(
            UVHandlerFactory().build(OneManager("uv", simulated))
        )
        self.laser = PychronUVLaserManager(self.communicator, waiter=clock_waiter(self.clock))

    def test_burst(self) -> None:
        with self.laser.enabled():
            self.laser.set_reprate(20)
            self.laser.burst(30)
        self.assertEqual(self.clock.seconds(), 1.75)
        self.assertEqual((self.laser.nburst(), self.laser.burst_mode()), (30, True))

    def test_burst_of_as_many_as_the_last(self) -> None:
        with self.laser.enabled():
            self.laser.burst(block=False)
            self.assertTrue(self.laser.is_firing())
        self.assertNotIn("SetNBurst", " ".join(self.communicator.asked))

    def test_continuous(self) -> None:
        with self.laser.enabled():
            self.laser.fire("continuous")
            self.clock.advance(60)
            self.assertTrue(self.laser.is_firing())
            self.laser.stop_fire()
            self.assertFalse(self.laser.is_firing())

    def test_refused(self) -> None:
        self.assertRaises(errors.EnableError, self.laser.fire)
        self.assertRaises(errors.InvalidArgumentsError, self.laser.set_nburst, 0)
        self.assertRaises(errors.InvalidArgumentsError, self.laser.set_reprate, 301)
        laser = PychronUVLaserManager(ScriptedCommunicator({"GetNBurst": "many"}))
        self.assertRaises(UnexpectedReplyError, laser.nburst)


class PairsTests(SynchronousTestCase):
    def test_order(self) -> None:
        self.assertEqual(answers.pairs(struct.pack("<ffff", 1, 2, 3, 4)), [(1.0, 2.0), (3.0, 4.0)])
