"""Commands of a laser's stage, motors and camera."""

import base64

from pychron_comms.handlers.laser import replies as laser_replies
from pychron_comms.interfaces import (
    Snapshot,
)
from tests.handlers.laser_case import HandlerCase


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
            (b"GoToHole 999,True\n", f"{said} no hole 999 in 221-hole or pair"),
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
        hole = "usage: GoToHole hole [autocenter]"
        self.assert_replies(
            (b"SetX a\n", f"{said} SetX a (value must be a number; usage: SetX value)"),
            (b"SetXY 1,b\n", f"{said} SetXY 1,b (y must be a number; usage: SetXY x y)"),
            (b"SetXY 1,2,3\n", f"{said} SetXY 1,2,3 {usage}"),
            (b"SetXY\n", f"{said} SetXY {usage}"),
            (b"GoToHole a,True\n", f"{said} GoToHole a,True (hole must be a whole number; {hole})"),
            (
                b"GoToHole 1.5,True\n",
                f"{said} GoToHole 1.5,True (hole must be a whole number; {hole})",
            ),
            (
                b"GoToHole 3,perhaps\n",
                f"{said} GoToHole 3,perhaps (autocenter must be True or False; {hole})",
            ),
        )

    def test_sample_holder(self) -> None:
        self.assert_replies(
            (b"GetSampleHolder\n", "221-hole"),
            (b"SetSampleHolder pair\n", "OK"),
            (b"GetSampleHolder\n", "pair"),
            (b"SetSampleHolder nope\n", "ERROR 104 : Invalid sample holder. nope"),
            (
                b"SetSampleHolder Pair\n",
                "ERROR 104 : Invalid sample holder. Pair; did you mean pair?",
            ),
            (b'{"command": "SetSampleHolder", "value": "221-hole"}\n', "OK"),
        )


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
            (
                b"GetMotorMoving maks\n",
                "ERROR 107 : no motor named maks available; did you mean mask?",
            ),
        )

    def test_wrong_values_004(self) -> None:
        said = "ERROR 004 : invalid arguments:"
        usage = "(wrong number of arguments; usage: SetMotor name value)"
        number = "value must be a number; usage:"
        self.assert_replies(
            (b"SetMotor mask,a\n", f"{said} SetMotor mask,a ({number} SetMotor name value)"),
            (b"SetMotor mask\n", f"{said} SetMotor mask {usage}"),
            (
                b"SetBeamDiameter wide\n",
                f"{said} SetBeamDiameter wide ({number} SetBeamDiameter value)",
            ),
            (b"SetZoom a\n", f"{said} SetZoom a ({number} SetZoom value)"),
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
