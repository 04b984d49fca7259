"""The request types Hardware and test, and the instruments that System shares with Hardware."""

from __future__ import annotations

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms import errors
from pychron_comms.config.table import Table
from pychron_comms.handlers.echo import EchoHandlerFactory
from pychron_comms.handlers.extraction_line.handler import ExtractionlineHandlerFactory
from pychron_comms.handlers.hardware import HardwareHandlerFactory
from pychron_comms.interfaces import Effect, ICall, IRequestHandler, IRequestHandlerFactory
from pychron_comms.lab.hardware import Hardware, hardware_from_config
from tests.handlers.extraction_line_case import LABORATORY, ME, FakeLock


class HardwareHandlerTests(SynchronousTestCase):
    def setUp(self) -> None:
        clock = Clock()
        table = Table.parse(LABORATORY, "")
        self.hardware = hardware_from_config(table, clock, FakeLock(), clock.seconds)
        self.handler = HardwareHandlerFactory().build(self.hardware)

    def ask(self, data: str) -> str:
        try:
            return str(self.handler.handle(self.handler.prepare(data, ME)))
        except errors.CommandError as error:
            return errors.error_line(error)

    def answers(self, *rows: tuple[str, str]) -> None:
        for data, reply in rows:
            self.assertEqual(self.ask(data), reply, msg=data)

    def test_its_factory(self) -> None:
        factory = HardwareHandlerFactory()
        self.assertTrue(verifyObject(IRequestHandlerFactory, factory))
        self.assertTrue(verifyObject(IRequestHandler, self.handler))
        self.assertEqual(factory.request_types, ("Hardware",))

    def test_base_commands(self) -> None:
        self.answers(
            ("Read dev", "1.5"),
            ("Set dev 2", "OK"),
            ("Ping FooFlag", "0"),
            ("GetError", "OK"),
            ("PychronReady", "OK"),
        )
        self.assertTrue(self.ask("Help").startswith("Hardware commands: Check"))

    def test_pressure(self) -> None:
        for data in (
            "GetPressure gc,IG",
            "GetPressure gc, IG",
            "GetPressure gc IG",
            "GetPressure,gc,IG",
            "GetPressure (gc, IG)",
            '{"command": "GetPressure", "controller": "gc", "gauge": "IG"}',
            '{"gauge":"IG","controller":"gc","command":"GetPressure"}',
        ):
            self.assertEqual(self.ask(data), "1.5e-09", msg=data)

    def test_gauges_that_are_not_there(self) -> None:
        self.answers(
            ("GetPressure gc XX", "ERROR 016 : gc XX not available"),
            ("GetPressure gc ig", "ERROR 016 : gc ig not available; did you mean IG?"),
            ("GetPressure nope,IG", "ERROR 016 : nope IG not available"),
            ("GetPressure GC,IG", "ERROR 016 : GC IG not available; did you mean gc?"),
            ("GetPressure dev,IG", "ERROR 016 : dev IG not available"),
        )
        self.assertTrue(self.ask("GetPressure gc").startswith("ERROR 004 : invalid arguments"))

    def test_chiller(self) -> None:
        self.answers(("GetFaults", "Too Hot,Tank Low"))
        self.assertApproximates(float(self.ask("GetCoolantOutTemperature")), 15.0, 0.5)
        self.assertIs(self.handler.prepare("GetFaults", ME).manager, self.hardware.device("ch"))

    def test_pneumatics(self) -> None:
        self.assertApproximates(float(self.ask("GetPneumaticsPressure")), 80.0, 2.0)
        self.assertApproximates(float(self.ask('{"command":"GetPneumaticsPressure"}')), 80.0, 2.0)

    def test_a_laboratory_that_has_neither(self) -> None:
        self.handler = HardwareHandlerFactory().build(Hardware({}, {}, FakeLock()))
        self.answers(
            ("GetFaults", "ERROR 008 : device chiller not connected"),
            ("GetCoolantOutTemperature", "ERROR 008 : device chiller not connected"),
            ("GetPneumaticsPressure", "ERROR 008 : device pneumatics not connected"),
        )

    def test_system_answers_the_same(self) -> None:
        system = ExtractionlineHandlerFactory().build(self.hardware)
        for data, reply in (("GetPressure gc_tcp,IG", None), ("GetPressure gc,IG", "1.5e-09")):
            if reply is None:
                self.assertRaises(errors.InvalidGaugeError, system.prepare, data, ME)
            else:
                self.assertEqual(system.handle(system.prepare(data, ME)), reply)
        self.assertEqual(system.handle(system.prepare("GetFaults", ME)), "Too Hot,Tank Low")


class EchoTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.handler = EchoHandlerFactory().build(Hardware({}, {}, FakeLock()))

    def test_its_factory(self) -> None:
        factory = EchoHandlerFactory()
        self.assertTrue(verifyObject(IRequestHandlerFactory, factory))
        self.assertTrue(verifyObject(IRequestHandler, self.handler))
        self.assertEqual(factory.request_types, ("test",))

    def test_whatever_follows_comes_back(self) -> None:
        for data in ("0.123", "PychronReady", "two words", '{"command": "x"}', "@|{"):
            self.assertEqual(self.handler.handle(self.handler.prepare(data, ME)), data)

    def test_its_call(self) -> None:
        call = self.handler.prepare("0.123", ME)
        self.assertTrue(verifyObject(ICall, call))
        self.assertEqual((call.sender, call.effect, call.safe), (ME, Effect.READ, False))
        self.assertIsNone(call.manager)

    def test_the_same_text_is_the_same_read(self) -> None:
        call = self.handler.prepare("1", ME)
        self.assertEqual(call.question, self.handler.prepare("1", "10.0.0.2").question)
        self.assertNotEqual(call.question, self.handler.prepare("2", ME).question)
