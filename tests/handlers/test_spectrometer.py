"""The request type Spectrometer: Qtegra's commands on our own road, and Qtegra's own lines."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.plugin import IPlugin
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.errors import ManagerUnavailableError
from pychron_comms.handlers.command import declared_commands
from pychron_comms.handlers.spectrometer.handler import (
    SpectrometerHandler,
    SpectrometerHandlerFactory,
)
from pychron_comms.interfaces import Effect, ICall, IRequestHandler, IRequestHandlerFactory
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.settings import laboratory_from
from pychron_comms.qtegra.answers import carried
from tests.lasers import OneManager, ask, call_of
from tests.qtegra_exchanges import EXCHANGES, INVALID, UNANSWERED, build_spectrometer

_WRONG = "ERROR 004 : invalid arguments:"
_NO_DETECTOR = f"{_WRONG} detector Nope (there is none)"


class HandlerCase(SynchronousTestCase):
    extra = ""

    def setUp(self) -> None:
        self.clock = Clock()
        self.spectrometer = build_spectrometer(self.clock, self.extra)
        hardware: Any = OneManager("spectrometer", self.spectrometer)
        self.handler = SpectrometerHandlerFactory().build(hardware)

    def assert_replies(self, *exchanges: tuple[str, str]) -> None:
        for sent, reply in exchanges:
            self.assertEqual((sent, ask(self.handler, sent.encode())), (sent, reply))

    def qtegra(self, line: str) -> Any:
        return call_of(self.handler, carried(line).encode())


class FactoryTests(HandlerCase):
    def test_it_builds_a_handler(self) -> None:
        verifyObject(IRequestHandlerFactory, SpectrometerHandlerFactory())
        verifyObject(IPlugin, SpectrometerHandlerFactory())
        verifyObject(IRequestHandler, self.handler)

    def test_without_its_manager(self) -> None:
        for name, manager in (("laser", self.spectrometer), ("spectrometer", object())):
            hardware: Any = OneManager(name, manager)
            self.assertRaises(ManagerUnavailableError, SpectrometerHandlerFactory().build, hardware)


class RoadTests(HandlerCase):
    """Values as Qtegra writes them, errors as our road does."""

    def test_parameters(self) -> None:
        no_such = "ERROR 004 : invalid arguments: GetParameter Nope (no such parameter)"
        self.assert_replies(
            ("GetParameter Trap Current Readback", "250.125"),
            ("GetParameter Tiny", "1.5E-09"),
            ("GetParameters Temp1,Y-Symmetry Set", "31.25,1.5"),
            ('{"command": "GetParameters", "names": ["Temp1", "Tiny"]}', "31.25,1.5E-09"),
            ("SetParameter Trap Voltage Set,121", "OK"),
            ('{"command": "SetParameter", "name": "Z-Focus Set", "value": 3}', "OK"),
            ("GetParameter Z-Focus Set", "3"),
            ("GetParameter Nope", no_such),
            ("GetParameters Temp1,Nope", no_such),
            ("SetParameter Nope,1", "ERROR 106 : failed to reach setpoint Nope 1"),
        )
        for wrong in (
            "GetParameters Temp1,,Tiny",
            '{"command": "GetParameters", "names": []}',
            '{"command": "GetParameters", "names": 5}',
            "SetParameter Temp1,hot",
        ):
            reply = ask(self.handler, wrong.encode())
            self.assertTrue(reply.startswith("ERROR 004 : "), reply)

    def test_valves(self) -> None:
        self.assert_replies(
            ("Open Ion Pump Set", "OK"),
            ("GetValveState Ion Pump Set", "True"),
            ("Close Ion Pump Set", "OK"),
            ("GetValveState Ion Pump Set", "False"),
            ("Open Nope", "ERROR 106 : failed to reach setpoint Nope 1"),
        )

    def test_tuning_settings(self) -> None:
        self.assert_replies(
            ("GetTuningSettingsList", "tune1,tune 2"),
            ("SetTuningSettings tune 2", "OK"),
            ("GetParameter Ion Repeller Set", "-1"),
            (
                "SetTuningSettings nope",
                "ERROR 004 : invalid arguments: tuning settings nope (there are none)",
            ),
        )

    def test_the_high_voltage(self) -> None:
        self.assert_replies(
            ("GetHighVoltage", "4500"),
            ("SetHV 4400", "OK"),
            ("GetHV", "4.4"),
            ("SetHighVoltage 4500", "OK"),
            ("GetHV", "4.5"),
        )

    def test_the_beam_and_the_magnet(self) -> None:
        self.assert_replies(
            ("BlankBeam True", "OK"),
            ("GetParameter Y-Symmetry Set", "-50"),
            ("BlankBeam False", "OK"),
            ("GetMagnetDAC", "5.35"),
            ("SetMagnetDAC 7", "OK"),
            ("GetMagnetMoving", "True"),
        )
        self.clock.advance(2.1)
        self.assert_replies(("GetMagnetMoving", "False"), ("GetMagnetDAC", "7"))
        self.assertIn("0 to 10 V", ask(self.handler, b"SetMagnetDAC 11"))

    def test_a_mass_is_acknowledged_when_it_is_there(self) -> None:
        for line in (b"SetMass 40", b"SetMass 36,CDD"):
            reply: Any = self.handler.handle(call_of(self.handler, line))
            self.assertIsInstance(reply, Deferred)
            self.clock.advance(1)
            self.assertEqual(self.successResultOf(reply), "OK")
        self.assert_replies(
            ("SetMass 40,Nope", _NO_DETECTOR),
            ("SetMass 0", "ERROR 108 : positioning error. mass 0 is not above 0"),
        )

    def test_data(self) -> None:
        self.assert_replies(("GetData", "ERROR 010 : no response from device"))
        self.clock.advance(2)
        data = ask(self.handler, b"GetData").split(",")
        self.assertEqual(data[::2], ["H2", "H1", "AX", "L1", "L2", "CDD"])
        self.assert_replies(
            ("GetIntegrationTime", "1.048"),
            ("SetIntegrationTime 2", "OK"),
            ("GetIntegrationTime", "2"),
            ("SetIntegrationTime 0", "ERROR 106 : failed to reach setpoint integration time 0"),
        )

    def test_detectors(self) -> None:
        self.assert_replies(
            ("SetDeflection H1,100.5", "OK"),
            ("ProtectDetector H1,On", "OK"),
            ("GetDeflection H1", "2000"),
            ("ProtectDetector H1,off", "OK"),
            ("GetDeflections H1,H2", "100.5,0"),
            (
                "GetDeflection Nope",
                "ERROR 004 : invalid arguments: GetParameter Deflection Nope Set "
                "(no such parameter; did you mean Deflection L2 Set?)",
            ),
            (
                "ProtectDetector Nope,On",
                _NO_DETECTOR,
            ),
            ("GetGain H1", "1.01"),
            ("SetGain H1,1.02", "OK"),
            ("GetGain H1", "1.02"),
            ("GetGain Nope", _NO_DETECTOR),
            ("DeactivateIonCounter CDD", "OK"),
            ("ActivateIonCounter CDD", "OK"),
            (
                "ActivateIonCounter H1",
                f"{_WRONG} ion counter H1 (counts no ions)",
            ),
            ("SetIonCounterVoltage 1700", "OK"),
            ("GetIonCounterVoltage", "1700"),
        )

    def test_cups(self) -> None:
        self.assert_replies(
            ("GetCupConfigurationList", "Argon,Xenon"),
            ("GetSubCupConfigurationList Argon", "Standard,Sub1"),
            ("ActivateCupConfiguration Argon,Sub1", "OK"),
            ("GetActiveCupConfiguration", "Argon"),
            ("GetActiveSubCupConfiguration", "Sub1"),
            (
                "ActivateCupConfiguration Argon Nope",
                "ERROR 004 : invalid arguments: sub cup configuration Argon Nope (there is none)",
            ),
            (
                "GetSubCupParameters",
                "Deflection H2 Set,0;Deflection H1 Set,0;Deflection AX Set,0;"
                "Deflection L1 Set,0;Deflection L2 Set,0;Deflection CDD Set,0;"
                "CDD Supply Set,1730",
            ),
        )

    def test_help(self) -> None:
        self.assertIn("usage", ask(self.handler, b"SetMass"))
        self.assertIn("names,...", ask(self.handler, b"Help GetParameters"))
        described = json.loads(ask(self.handler, b"Describe Qtegra"))
        self.assertEqual(described["effect"], "actuate")

    def test_what_makes_safe_passes_the_queue(self) -> None:
        for line, safe, target in (
            ("BlankBeam True", True, "beam"),
            ("BlankBeam False", False, "beam"),
            ("ProtectDetector CDD,On", True, "CDD"),
            ("ProtectDetector CDD,Off", False, "CDD"),
            ("Close Ion Pump Set", True, "Ion Pump Set"),
            ("DeactivateIonCounter CDD", True, "CDD"),
            ("SetMagnetDAC 5", False, "magnet"),
        ):
            for call in (call_of(self.handler, line.encode()), self.qtegra(line)):
                self.assertEqual((line, call.safe, call.target), (line, safe, target))


class QtegraLineTests(HandlerCase):
    """What carries a line of Qtegra's gives just what Qtegra would."""

    def test_every_row(self) -> None:
        for line, reply in EXCHANGES:
            self.assertEqual((line, self.handler.handle(self.qtegra(line))), (line, reply))

    def test_what_the_script_leaves_unanswered_is_invalid(self) -> None:
        for line in UNANSWERED:
            self.assertEqual((line, self.handler.handle(self.qtegra(line))), (line, INVALID))

    def test_a_reply_that_comes_later(self) -> None:
        reply: Any = self.handler.handle(self.qtegra("SetMass 40,AX"))
        self.clock.advance(1)
        self.assertEqual(self.successResultOf(reply), "OK")

    def test_rules_and_queues_see_what_it_really_is(self) -> None:
        for line, name, effect in (
            ("GetHV", "GetHV", Effect.READ),
            ("SetHV 4500", "SetHV", Effect.IDEMPOTENT),
            ("BlankBeam whatever", "BlankBeam", Effect.IDEMPOTENT),
            ("SetMagnetDAC", "SetMagnetDAC", Effect.IDEMPOTENT),
            ("Reset", "Qtegra", Effect.READ),
            ("", "Qtegra", Effect.READ),
        ):
            call = self.qtegra(line)
            verifyObject(ICall, call)
            self.assertEqual((line, call.name, call.effect), (line, name, effect))
            self.assertIs(call.manager, self.spectrometer)
            self.assertEqual(call.sender, "10.0.0.2")

    def test_every_command_of_qtegras_that_changes_something_is_known_to_change_it(self) -> None:
        own = declared_commands(SpectrometerHandler)
        for line, reply in EXCHANGES:
            word = line.split(" ")[0]
            if reply != INVALID or word.startswith("GetDefl"):
                self.assertEqual(own[word].effect is Effect.READ, word.startswith("Get"), word)

    def test_the_same_read(self) -> None:
        question = self.qtegra("GetHV").question
        self.assertEqual(question, self.qtegra("GetHV").question)
        self.assertNotEqual(question, self.qtegra("GetMagnetDAC").question)
        self.assertNotEqual(question, call_of(self.handler, b"GetHV").question)
        self.assertIsNone(self.qtegra("SetHV 1").question)

    def test_the_carriers_own_method_runs_the_line_too(self) -> None:
        self.assertEqual(self.handler.qtegra(self.spectrometer, "", "GetHV"), "4.5")


class UntaggedTests(HandlerCase):
    extra = "tag_data = false\n"

    def test_only_qtegras_own_form_is_untagged(self) -> None:
        self.clock.advance(2)
        self.assertEqual(len(str(self.handler.handle(self.qtegra("GetData"))).split(",")), 6)
        self.assertEqual(len(ask(self.handler, b"GetData").split(",")), 12)


class GateTests(SynchronousTestCase):
    def test_the_built_in_laboratory_has_a_spectrometer(self) -> None:
        gate = gate_from_config(*laboratory_from(None), Clock(), Metrics())
        for data, reply in (
            ("GetHV", "4.5"),
            ("Qtegra GetCupConfigurationList", "Argon\rXenon"),
            ("Qtegra GetTuningSettingsList", "tune1,low_emission"),
            ("Qtegra Nonsense", INVALID),
        ):
            self.assertEqual(gate.process_server_request("Spectrometer", data, "::1"), reply)
