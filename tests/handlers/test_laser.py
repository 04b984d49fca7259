"""The commands of CO2, Diode and Synrad, by the bytes that real clients send."""

import base64
import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.plugin import IPlugin
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides
from zope.interface.verify import verifyObject

from pychron_comms.errors import ManagerUnavailableError, NoResponseError, ReplyTooLongError
from pychron_comms.handlers.laser import replies as laser_replies
from pychron_comms.handlers.laser.handler import LaserHandler, LaserHandlerFactory
from pychron_comms.interfaces import (
    Effect,
    ILaserManager,
    IRequestHandler,
    IRequestHandlerFactory,
    Snapshot,
)
from tests.lasers import BEAM_AND_ZOOM, OneManager, ask, build_laser, call_of


class HandlerCase(SynchronousTestCase):
    extra = BEAM_AND_ZOOM

    def setUp(self) -> None:
        self.clock = Clock()
        self.laser: Any = build_laser(self.clock, self.extra)
        self.handler = LaserHandlerFactory("CO2").build(OneManager("co2", self.laser))

    def ask(self, sent: bytes) -> str:
        return ask(self.handler, sent)

    def assert_replies(self, *exchanges: tuple[bytes, str]) -> None:
        for sent, reply in exchanges:
            self.assertEqual((sent, self.ask(sent)), (sent, reply))

    def assert_position(self, sent: bytes, position: str) -> None:
        """The command is acknowledged at once, and the stage is there in a while."""
        self.assertEqual(self.ask(b"SetXY 5,-5\n"), "OK")
        self.clock.advance(60)
        self.assertEqual((sent, self.ask(sent)), (sent, "OK"))
        self.assertEqual((sent, self.ask(b"GetDriveMoving\n")), (sent, "True"))
        self.clock.advance(60)
        self.assertEqual(self.ask(b"GetDriveMoving\n"), "False")
        self.assertEqual((sent, self.ask(b"GetPosition\n")), (sent, position))


class FactoryTests(SynchronousTestCase):
    def test_types(self) -> None:
        for request_type in ("CO2", "Diode", "Synrad"):
            factory = LaserHandlerFactory(request_type)
            verifyObject(IRequestHandlerFactory, factory)
            verifyObject(IPlugin, factory)
            self.assertEqual(factory.request_types, (request_type,))
            hardware = OneManager(request_type.lower(), build_laser(Clock()))
            handler = factory.build(hardware)
            verifyObject(IRequestHandler, handler)
            self.assertTrue(ask(handler, b"Help\r").startswith(f"{request_type} commands: "))

    def test_without_its_laser(self) -> None:
        for hardware in (OneManager("diode", build_laser(Clock())), OneManager("co2", object())):
            factory = LaserHandlerFactory("CO2")
            self.assertRaises(ManagerUnavailableError, factory.build, hardware)


class OutputCommandTests(HandlerCase):
    def test_enable_and_disable(self) -> None:
        self.assert_replies((b"Enable\n", "OK"))
        self.assertTrue(self.laser.is_enabled())
        self.assert_replies((b"Disable\n", "OK"))
        self.assertFalse(self.laser.is_enabled())

    def test_logic_board_101(self) -> None:
        self.laser.output.faults.logic_board = False
        said = "ERROR 101 : Failed communication with logic board"
        self.assert_replies((b"Enable\n", said), (b"Disable\n", said), (b"SetLaserPower 1\n", said))

    def test_interlock_102(self) -> None:
        self.laser.output.set_interlock("door", False)
        self.assert_replies((b"Enable\n", "ERROR 102 : Laser failed to enable door"))

    def test_not_enabled_102(self) -> None:
        said = "ERROR 102 : Laser failed to enable (it is not enabled)"
        self.assert_replies(
            (b"SetLaserPower 12.5\n", said),
            (b"SetLaserPower 0\n", "OK"),
            (b'{"command": "SetLaserOutput", "value": 5, "units": "watts"}\n', said),
            (b"MachineVisionDegas 10,5\n", said),
        )

    def test_disable_103(self) -> None:
        self.laser.output.faults.shutter = False
        said = "ERROR 103 : Laser failed to disable (the shutter did not close)"
        self.assert_replies((b"Disable\n", said))

    def test_emergency_105(self) -> None:
        self.laser.output.shut_down("coolant flow")
        said = "emergency shutdown. coolant flow"
        self.assert_replies((b"Enable\n", f"ERROR 105 : {said}"), (b"GetError\n", said))

    def test_setpoint_106(self) -> None:
        self.ask(b"Enable\n")
        said = "ERROR 106 : failed to reach setpoint 500 watts"
        self.assert_replies((b"SetLaserOutput 500,watts\n", said))

    def test_power(self) -> None:
        self.ask(b"Enable\n")
        for sent, power in (
            (b"SetLaserPower 12.5\n", 12.5),
            (b'{"command": "SetLaserPower", "value": 7}\n', 7.0),
            (b'{"command":"SetLaserPower","power":"8"}\n', 8.0),
            (b"SetLaserPower 1e-05\n", 1e-05),
            (b"SetLaserPower 100\n", 100.0),
            (b"SetLaserPower 0\n", 0.0),
        ):
            self.assert_replies((sent, "OK"))
            self.assertEqual(self.laser.output.power, power)

    def test_output(self) -> None:
        self.ask(b"Enable\n")
        for sent, power in (
            (b'{"command": "SetLaserOutput", "value": 5, "units": "watts"}\n', 25.0),
            (b"SetLaserOutput 10,watts\n", 50.0),
            (b"SetLaserOutput 5 watts\n", 25.0),
            (b"SetLaserOutput 520,temp\n", 50.0),
            (b"SetLaserOutput 30,percent\n", 30.0),
            (b'{"command": "SetLaserOutput", "value": 31, "units": ""}\n', 31.0),
            (b'{"command": "SetLaserOutput", "value": 32, "units": null}\n', 32.0),
            (b"SetLaserOutput 33\n", 33.0),
            (b"SetLaserOutput 0,watts\n", 0.0),
        ):
            self.assert_replies((sent, "OK"))
            self.assertApproximates(self.laser.output.power, power, 1e-9)

    def test_wrong_values_004(self) -> None:
        said = "ERROR 004 : invalid arguments:"
        self.assert_replies(
            (b"SetLaserPower a\n", f"{said} SetLaserPower a"),
            (b"SetLaserPower nan\n", f"{said} SetLaserPower nan"),
            (
                b"SetLaserPower 101\n",
                f"{said} SetLaserPower 101 (power must be 0 to 100 %; usage: SetLaserPower power)",
            ),
            (
                b"SetLaserPower\n",
                f"{said} SetLaserPower (wrong number of arguments; usage: SetLaserPower power)",
            ),
            (b"SetLaserOutput a,watts\n", f"{said} SetLaserOutput a,watts"),
            (
                b"SetLaserOutput 5,lumens\n",
                f"{said} SetLaserOutput 5,lumens (units must be one of percent, watts, temp; "
                "usage: SetLaserOutput value [units])",
            ),
            (
                b"SetLaserOutput 101,percent\n",
                f"{said} SetLaserOutput 101 percent (at most 100)",
            ),
        )

    def test_readings(self) -> None:
        self.assert_replies(
            (b"ReadLaserPower\n", "0.0"),
            (b"GetAchievedOutput\n", "0.0"),
            (b"GetPyrometerTemperature\n", "20.0"),
        )
        self.ask(b"Enable\n")
        self.ask(b"SetLaserPower 12.5\n")
        self.assert_replies((b"GetAchievedOutput\n", "12.5"))
        self.assertApproximates(float(self.ask(b"ReadLaserPower\n")), 2.5, 0.1)
        self.clock.advance(100)
        self.assert_replies((b"GetPyrometerTemperature\n", "145.0"))

    def test_error_and_status(self) -> None:
        self.assert_replies((b"GetError\n", "OK"), (b"GetLaserStatus\n", "OK"))

    def test_prepare(self) -> None:
        for prepare, ready in ((b"Prepare\n", b"IsReady\n"), (b"PrepareLaser\n", b"LaserReady\n")):
            self.assert_replies((ready, "False"), (prepare, "OK"), (ready, "False"))
            self.clock.advance(2.0)
            self.assert_replies((ready, "True"))
            self.ask(b"Disable\n")

    def test_blobs(self) -> None:
        self.assert_replies((b"GetResponseBlob\n", ""), (b"GetOutputBlob\n", ""))
        self.ask(b"Enable\n")
        self.ask(b"SetLaserPower 50\n")
        self.clock.advance(10_000)
        for sent in (b"GetResponseBlob\n", b"GetOutputBlob\n"):
            reply = self.ask(sent)
            self.assertLessEqual(len(reply) + len("\r\n"), 4096)
            self.assertEqual(len(base64.b64decode(reply)), 3064)

    def test_words_of_every_type(self) -> None:
        self.assert_replies((b"WakeScreen\n", "OK"), (b"PychronReady\n", "OK"))
        self.assert_replies((b"Nope\n", "ERROR 003 : invalid command: Nope"))
        self.assert_replies((b"Fire burst\n", "ERROR 003 : invalid command: Fire"))


class StageCommandTests(HandlerCase):
    def test_position(self) -> None:
        self.assert_replies((b"GetPosition\n", "0.00000,0.00000,0.00000"))

    def test_xy(self) -> None:
        for sent, position in (
            (b"SetXY (1.5, 2.0)\n", "1.50000,2.00000,0.00000"),
            (b"SetXY (1, 2)\n", "1.00000,2.00000,0.00000"),
            (b"SetXY 1,2\n", "1.00000,2.00000,0.00000"),
            (b"SetXY 1 2\n", "1.00000,2.00000,0.00000"),
            (b"SetXY -1.25, 2e-3\n", "-1.25000,0.00200,0.00000"),
            (b'{"command": "SetXY", "x": 1, "y": 2.5}\n', "1.00000,2.50000,0.00000"),
        ):
            self.assert_position(sent, position)

    def test_one_axis(self) -> None:
        for sent, position in (
            (b"SetX 1.25\n", "1.25000,-5.00000,0.00000"),
            (b"SetY 1.25\n", "5.00000,1.25000,0.00000"),
            (b"SetZ 1.25\n", "5.00000,-5.00000,1.25000"),
            (b'{"command": "SetZ", "value": 2}\n', "5.00000,-5.00000,2.00000"),
        ):
            self.assert_position(sent, position)

    def test_moving(self) -> None:
        still = [b"GetXMoving\n", b"GetYMoving\n", b"GetZMoving\n"]
        self.assert_replies(*((sent, "False") for sent in still))
        for move, moving in zip((b"SetX 1\n", b"SetY 1\n", b"SetZ 1\n"), still, strict=True):
            self.ask(move)
            self.assertEqual([self.ask(sent) == "True" for sent in still].count(True), 1)
            self.assert_replies((moving, "True"), (b"GetDriveMoving\n", "True"))
            self.clock.advance(1)

    def test_stop(self) -> None:
        self.ask(b"SetX 10\n")
        self.clock.advance(0.5)
        self.assert_replies((b"StopDrive\n", "OK"), (b"GetDriveMoving\n", "False"))
        self.assert_replies((b"GetPosition\n", "5.00000,0.00000,0.00000"))

    def test_home(self) -> None:
        self.assert_position(b"SetDriveHome\n", "0.00000,0.00000,0.00000")

    def test_set_home(self) -> None:
        self.ask(b"SetXY 1,2\n")
        self.ask(b"SetZ 3\n")
        self.clock.advance(1)
        self.assert_replies(
            (b"SetHomeX\n", "OK"),
            (b"GetPosition\n", "0.00000,2.00000,3.00000"),
            (b"SetHomeY\n", "OK"),
            (b"GetPosition\n", "0.00000,0.00000,3.00000"),
            (b"SetHomeZ\n", "OK"),
            (b"GetPosition\n", "0.00000,0.00000,0.00000"),
        )

    def test_holes(self) -> None:
        for sent in (
            b"GoToHole 3,True\n",
            b"GoToHole 3,False\n",
            b"GoToHole 3 True\n",
            b"GoToHole 3\n",
            b'{"command": "GoToHole", "hole": 3, "autocenter": true}\n',
            b'{"command": "GoToHole", "hole": "3"}\n',
        ):
            self.assert_position(sent, "-2.00000,16.00000,0.00000")

    def test_autocentering(self) -> None:
        self.assert_replies((b"GetAutoCorrecting\n", "False"), (b"GoToHole 3,True\n", "OK"))
        self.assert_replies((b"GetAutoCorrecting\n", "True"))
        self.clock.advance(5)
        self.assert_replies((b"GetAutoCorrecting\n", "False"))
        self.ask(b"GoToHole 7,True\n")
        self.assert_replies((b"CancelAutoCorrecting\n", "OK"), (b"GetAutoCorrecting\n", "False"))
        self.ask(b"GoToHole 7,False\n")
        self.assert_replies((b"GetAutoCorrecting\n", "False"))

    def test_places(self) -> None:
        for sent, position in (
            (b"GoToNamedPosition,t1\n", "-20.00000,20.00000,5.00000"),
            (b"GoToNamedPosition t1\n", "-20.00000,20.00000,5.00000"),
            (b"GoToPoint,p1\n", "1.00000,2.00000,5.00000"),
            (b'{"command": "GoToPoint", "name": "p1"}\n', "1.00000,2.00000,5.00000"),
        ):
            self.assert_position(sent, position)

    def test_positioning_108(self) -> None:
        said = "ERROR 108 : positioning error."
        self.assert_replies(
            (b"GoToHole 999,True\n", f"{said} no hole 999 in 221-hole"),
            (b"GoToPoint,p9\n", f"{said} no point named p9"),
            (b"GoToNamedPosition,t9\n", f"{said} no position named t9"),
            (b"SetXY (99.0, 2.0)\n", f"{said} x 99 is outside -25 to 25"),
            (b"SetZ 11\n", f"{said} z 11 is outside -10 to 10"),
            (b"TracePath 1,l9,continuous\n", f"{said} no path named l9"),
            (b"SetMotor mask,11\n", f"{said} mask 11 is outside 0 to 10"),
        )

    def test_wrong_values_004(self) -> None:
        said = "ERROR 004 : invalid arguments:"
        usage = "(wrong number of arguments; usage: SetXY x y)"
        self.assert_replies(
            (b"SetX a\n", f"{said} SetX a"),
            (b"SetXY 1,b\n", f"{said} SetXY 1,b"),
            (b"SetXY 1,2,3\n", f"{said} SetXY 1,2,3 {usage}"),
            (b"SetXY\n", f"{said} SetXY {usage}"),
            (b"GoToHole a,True\n", f"{said} GoToHole a,True"),
            (b"GoToHole 1.5,True\n", f"{said} GoToHole 1.5,True"),
            (b"GoToHole 3,perhaps\n", f"{said} GoToHole 3,perhaps"),
        )

    def test_sample_holder(self) -> None:
        self.assert_replies(
            (b"GetSampleHolder\n", "221-hole"),
            (b"SetSampleHolder pair\n", "OK"),
            (b"GetSampleHolder\n", "pair"),
            (b"SetSampleHolder nope\n", "ERROR 104 : Invalid sample holder. nope"),
            (b'{"command": "SetSampleHolder", "value": "221-hole"}\n', "OK"),
        )


class PatternCommandTests(HandlerCase):
    def test_names(self) -> None:
        self.assert_replies((b"GetPatternNames\n", "pa,pb"), (b"GetJogProcedures\n", "pa,pb"))

    def test_pattern(self) -> None:
        for sent, seconds in (
            (b"DoPattern pa\n", 10),
            (b"DoPattern pa.lp\n", 10),
            (b"DoPattern pa,4\n", 4),
            (b"DoPattern pa.lp 4\n", 4),
            (b"DoJog pb\n", 30),
            (b'{"command": "DoPattern", "name": "pa.lp", "duration": null}\n', 10),
            (b'{"command": "DoPattern", "name": "pa.lp", "duration": 10}\n', 10),
            (b'{"command":"DoPattern","value":"pa"}\n', 10),
        ):
            self.assert_replies((sent, "OK"), (b"IsPatterning\n", "True"))
            self.clock.advance(seconds - 0.1)
            self.assert_replies((b"IsPatterning\n", "True"), (b"IsJogging\n", "True"))
            self.clock.advance(0.1)
            self.assert_replies((b"IsPatterning\n", "False"), (b"IsJogging\n", "False"))

    def test_abort(self) -> None:
        for sent in (b"AbortPattern\n", b"AbortJog\n", b"StopDrive\n"):
            self.ask(b"DoPattern pa\n")
            self.assert_replies((sent, "OK"), (b"IsPatterning\n", "False"))

    def test_wrong_values_004(self) -> None:
        said = "ERROR 004 : invalid arguments: DoPattern"
        self.assert_replies(
            (b"DoPattern nope.lp\n", f"{said} nope"),
            (b"DoPattern pa,soon\n", f"{said} pa,soon"),
            (
                b"DoPattern\n",
                f"{said} (wrong number of arguments; usage: DoPattern name [duration])",
            ),
        )

    def test_trace(self) -> None:
        for sent in (
            b"TracePath 1,l1,continuous\n",
            b"TracePath 1 l1\n",
            b'{"command": "TracePath", "value": 1, "name": "l1", "kind": "continuous"}\n',
        ):
            self.assert_replies((sent, "OK"), (b"IsTracing\n", "True"))
            self.clock.advance(10)
            self.assert_replies((b"IsTracing\n", "False"))

    def test_stop_trace(self) -> None:
        self.ask(b"TracePath 1,l1,continuous\n")
        self.assert_replies((b"StopTrace\n", "OK"), (b"IsTracing\n", "False"))

    def test_degas(self) -> None:
        self.ask(b"Enable\n")
        for sent in (b"MachineVisionDegas 10,5\n", b"MachineVisionDegas 10 5\n"):
            self.assert_replies((sent, "OK"))
            self.assertTrue(self.laser.degassing)
            self.clock.advance(5)
            self.assertFalse(self.laser.degassing)


class MotorCommandTests(HandlerCase):
    def test_motor(self) -> None:
        for sent in (
            b"SetMotor mask,2\n",
            b"SetMotor mask,0.0\n",
            b"SetMotor mask 2\n",
            b'{"command": "SetMotor", "name": "mask", "value": 0}\n',
        ):
            self.assert_replies((sent, "OK"), (b"GetMotorMoving mask\n", "True"))
            self.clock.advance(1)
            self.assert_replies((b"GetMotorMoving mask\n", "False"))

    def test_lock(self) -> None:
        self.assert_replies(
            (b"SetMotorLock mask,1\n", "OK"),
            (b"SetMotor mask,2\n", "OK - mask disabled"),
            (b"GetMotorMoving mask\n", "False"),
            (b"SetMotorLock mask 0\n", "OK"),
            (b"SetMotor mask,2\n", "OK"),
        )

    def test_unknown_107(self) -> None:
        said = "ERROR 107 : no motor named nope available"
        self.assert_replies(
            (b"SetMotor nope,2\n", said),
            (b"SetMotorLock nope,1\n", said),
            (b"GetMotorMoving nope\n", said),
        )

    def test_wrong_values_004(self) -> None:
        said = "ERROR 004 : invalid arguments:"
        usage = "(wrong number of arguments; usage: SetMotor name value)"
        self.assert_replies(
            (b"SetMotor mask,a\n", f"{said} SetMotor mask,a"),
            (b"SetMotor mask\n", f"{said} SetMotor mask {usage}"),
            (b"SetBeamDiameter wide\n", f"{said} SetBeamDiameter wide"),
            (b"SetZoom a\n", f"{said} SetZoom a"),
        )

    def test_beam(self) -> None:
        self.assert_replies((b"GetBeamDiameter\n", "1.5"), (b"SetBeamDiameter 2.5\n", "OK"))
        self.clock.advance(1)
        self.assert_replies(
            (b"GetBeamDiameter\n", "2.5"),
            (b"SetMotorLock beam,1\n", "OK"),
            (b"SetBeamDiameter 1\n", "OK - beam disabled"),
        )

    def test_zoom(self) -> None:
        self.assert_replies((b"GetZoom\n", "0.0"), (b"SetZoom 50\n", "OK"))
        self.clock.advance(1)
        self.assert_replies(
            (b"GetZoom\n", "50.0"),
            (b"SetMotorLock zoom,1\n", "OK"),
            (b"SetZoom 1\n", "OK - zoom disabled"),
        )


class FewMotorsTests(HandlerCase):
    extra = ""

    def test_no_motor(self) -> None:
        self.assert_replies(
            (b"GetBeamDiameter\n", "No Beam Motor"),
            (b"GetZoom\n", "No Zoom Motor"),
            (b"SetBeamDiameter 1\n", "ERROR 107 : no motor named beam available"),
        )


class CameraCommandTests(HandlerCase):
    def test_light(self) -> None:
        self.assert_replies((b"SetLight 50\n", "OK"))
        self.assertEqual(self.laser.camera.light, 50.0)

    def test_snapshot(self) -> None:
        image = base64.b64encode(self.laser.take_snapshot("s1", ".jpg").image).decode()
        expected = f"0Csnaps/s1.jpg10smb://lab/s1.jpg{image}"
        for sent in (
            b"Snapshot s1,.jpg\n",
            b"Snapshot s1 .jpg\n",
            b"Snapshot s1\n",
            b'{"command": "Snapshot", "name": "s1", "pic_format": ".jpg"}\n',
        ):
            self.assert_replies((sent, expected))

    def test_lengths_of_the_paths(self) -> None:
        shot = Snapshot("l.jpg", "smb://u.jpg", b"ABC")
        self.assertEqual(laser_replies.snapshot(shot), "05l.jpg0bsmb://u.jpgQUJD")

    def test_path_too_long(self) -> None:
        said = "ERROR 213 : reply too long: 260 bytes, at most 255"
        self.assert_replies((b"Snapshot %s,.jpg\n" % (b"s" * 250), said))

    def test_recording(self) -> None:
        for sent in (
            b'{"command": "StartVideoRecording", "name": "v1"}\n',
            b'{"command":"StartVideoRecording","name":"v1"}\n',
            b"StartVideoRecording v1\n",
        ):
            self.assert_replies((sent, "OK"))
            self.assertEqual(self.laser.camera.recording, "v1")
            self.assert_replies((b"StopVideoRecording\n", "OK"))
            self.assertEqual(self.laser.camera.recording, "")

    def test_name_with_an_escaped_slash(self) -> None:
        self.ask(b'{"command":"StartVideoRecording","name":"dir\\/v1"}\n')
        self.assertEqual(self.laser.camera.recording, "dir/v1")

    def test_polygons_come_to_their_end(self) -> None:
        self.assert_replies(
            (b"GetGrainPolygonBlob\n", "No Response"),
            (b"AcquireGrainPolygonBlob\n", "OK"),
            (b"StartMeasureGrainPolygon\n", "OK"),
        )
        self.clock.advance(2)
        self.assert_replies((b"StopMeasureGrainPolygon\n", "OK"))
        for _ in range(3):
            self.assertEqual(len(base64.b64decode(self.ask(b"GetGrainPolygonBlob\n"))), 96)
        self.assert_replies((b"GetGrainPolygonBlob\n", "No Response"))


class EffectTests(HandlerCase):
    SAFE = (
        "Disable",
        "StopDrive",
        "AbortPattern",
        "AbortJog",
        "StopTrace",
        "SetLaserPower 0",
        "SetLaserPower 0.0",
        "SetLaserOutput 0,watts",
        '{"command": "SetLaserOutput", "value": 0, "units": "percent"}',
    )
    UNSAFE = ("Enable", "SetLaserPower 1", "SetLaserOutput 1,watts", "SetXY 1,2", "GetError")

    def test_safe(self) -> None:
        self.assertEqual([c for c in self.SAFE if not self.prepared(c).safe], [])
        self.assertEqual([c for c in self.UNSAFE if self.prepared(c).safe], [])

    def test_reads_share_an_answer(self) -> None:
        first, second = self.prepared("GetPosition"), self.prepared("GetPosition")
        self.assertTrue(first.same_read(second))

    def test_fetching_an_outline_shares_none(self) -> None:
        first, second = self.prepared("GetGrainPolygonBlob"), self.prepared("GetGrainPolygonBlob")
        self.assertFalse(first.same_read(second))

    def test_effects(self) -> None:
        described = json.loads(self.ask(b"Describe\n"))
        self.assertEqual(described["type"], "CO2")
        effects = {each["name"]: Effect(each["effect"]) for each in described["commands"]}
        for name in ("DoPattern", "Snapshot", "MachineVisionDegas", "TracePath", "SetHomeX"):
            self.assertIs(effects[name], Effect.ACTUATE)
        for name in ("Enable", "Disable", "SetLaserPower", "SetXY", "GoToHole", "SetMotor"):
            self.assertIs(effects[name], Effect.IDEMPOTENT)
        reads = [n for n in effects if n.startswith(("Get", "Is")) and n != "GetGrainPolygonBlob"]
        self.assertEqual({effects[name] for name in reads}, {Effect.READ})

    def prepared(self, command: str) -> Any:
        return call_of(self.handler, command.encode())


class LaterTests(SynchronousTestCase):
    """Managers that answer later, and managers that do not answer."""

    def test_deferred(self) -> None:
        answer: Deferred[bool] = Deferred()
        reply = self.handler(lambda name, value: answer).handle(self.call)
        self.assertNoResult(reply)
        answer.callback(False)
        self.assertEqual(self.successResultOf(reply), "OK - mask disabled")

    def test_coroutine(self) -> None:
        async def set_motor(name: str, value: float) -> bool:
            return True

        self.assertEqual(self.successResultOf(self.handler(set_motor).handle(self.call)), "OK")

    def test_no_answer(self) -> None:
        for reply in (laser_replies.position, laser_replies.base64, laser_replies.snapshot):
            self.assertRaises(NoResponseError, reply, None)
        self.assertRaises(ReplyTooLongError, laser_replies.snapshot, Snapshot("l", "u" * 256, b""))

    def handler(self, set_motor: Any) -> Any:
        class Manager:
            pass

        manager: Any = Manager()
        manager.set_motor = set_motor
        directlyProvides(manager, ILaserManager)
        handler = LaserHandler(OneManager("co2", manager), manager, "CO2")
        self.call = call_of(handler, b"SetMotor mask,1\n")
        return handler
