"""Commands of a laser's output and patterns."""

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
from tests.handlers.laser_case import HandlerCase
from tests.lasers import OneManager, ask, build_laser, call_of


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
        power = "(power must be a number; usage: SetLaserPower power)"
        output = "(value must be a number; usage: SetLaserOutput value [units])"
        self.assert_replies(
            (b"SetLaserPower a\n", f"{said} SetLaserPower a {power}"),
            (b"SetLaserPower nan\n", f"{said} SetLaserPower nan {power}"),
            (
                b"SetLaserPower 101\n",
                f"{said} SetLaserPower 101 (power must be 0 to 100 %; usage: SetLaserPower power)",
            ),
            (
                b"SetLaserPower\n",
                f"{said} SetLaserPower (wrong number of arguments; usage: SetLaserPower power)",
            ),
            (b"SetLaserOutput a,watts\n", f"{said} SetLaserOutput a,watts {output}"),
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
        self.assert_replies(
            (b"Nope\n", "ERROR 003 : invalid command: Nope (Help lists the commands)")
        )
        self.assert_replies(
            (b"Fire burst\n", "ERROR 003 : invalid command: Fire (Help lists the commands)")
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
        usage = "usage: DoPattern name [duration]"
        self.assert_replies(
            (b"DoPattern nope.lp\n", f"{said} nope (no such pattern; GetPatternNames lists them)"),
            (
                b"DoPattern pa,soon\n",
                f"{said} pa,soon (duration must be a number; {usage})",
            ),
            (
                b"DoPattern\n",
                f"{said} (wrong number of arguments; {usage})",
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
        self.assertIsNotNone(first.question)
        self.assertEqual(first.question, second.question)

    def test_fetching_an_outline_shares_none(self) -> None:
        self.assertIsNone(self.prepared("GetGrainPolygonBlob").question)

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
