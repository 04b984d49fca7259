"""The request type System: every command as clients write it, and the bytes of its reply."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pychron_comms import errors
from pychron_comms.config.table import Table
from pychron_comms.handlers.command import Call
from pychron_comms.handlers.extraction_line.handler import (
    ExtractionlineHandler,
    ExtractionlineHandlerFactory,
)
from pychron_comms.interfaces import (
    Effect,
    IRequestHandler,
    IRequestHandlerFactory,
    ISystemLock,
)
from pychron_comms.lab.hardware import Hardware, hardware_from_config
from pychron_comms.wire.crc import compute_crc

ME = "10.0.0.1"
OTHER = "10.0.0.2"
STRANGER = "10.0.0.99"

LABORATORY = """
[[extraction_line.volume]]
name = "bone"
litres = 1.0
pressure = 1.5e-9
outgassing = 0
[[extraction_line.valve]]
name = "A"
[[extraction_line.valve]]
name = "B"
owner = "10.0.0.7"
[[extraction_line.valve]]
name = "C"
locked = true
[[extraction_line.valve]]
name = "D"
interlocks = ["AB"]
[[extraction_line.valve]]
name = "AB"
open = true
[[extraction_line.pipette]]
name = "P1"
valve = "A"
[extraction_line.groups]
mine = ["A", "D"]
theirs = ["B"]

[[device]]
name = "gc"
kind = "gauges"
gauges = { IG = "bone" }
noise = 0.0
[[device]]
name = "FooFlag"
kind = "flag"
[[device]]
name = "TFlag"
kind = "timed_flag"
[[device]]
name = "NumberFlag"
kind = "number"
value = 3.0
[[device]]
name = "dev"
kind = "number"
value = 1.5
[[device]]
name = "ch"
kind = "chiller"
setpoint = 15.0
faults = ["Too Hot", "Tank Low"]
[[device]]
name = "pneu_tcp"
kind = "pneumatics"
pressure = 80.0

[[script]]
name = "evacuate"
duration = 5.0
"""

COMMANDS = """
Open Close GetValveState GetIndicatorState GetChannelState GetValveStates GetValveLockStates
GetStateWord GetLockWord GetValveLockState GetValveOwners GetStateChecksum GetPipetteCount
GetPipetteCounts GetData GetPressure GetFaults GetCoolantOutTemperature GetPneumaticsPressure
GetManualState PychronScript ScriptState ClaimGroup ReleaseGroup StartRun CompleteRun StartMultRuns
CompleteMultRuns SystemLock Read Set Ping GetError PychronReady
"""


@implementer(ISystemLock)
class FakeLock:
    """As the real one, for two registered computers."""

    def __init__(self) -> None:
        self.holder = ""
        # What asks for the laboratory's safeguards asks for their lock alone.
        self.system_lock = self

    def lock(self, sender: str) -> None:
        self._check(sender)
        self.holder = sender

    def unlock(self, sender: str) -> None:
        self._check(sender)
        self.holder = ""

    def _check(self, sender: str) -> None:
        if sender not in {ME, OTHER}:
            raise errors.InvalidIPAddressError(sender)
        if self.holder not in {"", sender}:
            raise errors.SystemLockError("lab", self.holder, sender)


class HandlerTestCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(1000.5)
        self.lock = FakeLock()
        table = Table.parse(LABORATORY, "lab.toml")
        self.hardware = hardware_from_config(table, self.clock, self.lock, self.clock.seconds)
        self.line = self.hardware.manager("extraction_line")
        self.handler = ExtractionlineHandlerFactory().build(self.hardware)

    def ask(self, data: str, sender: str = ME) -> str:
        """The reply's text, after the valves have had the time to move."""
        try:
            reply = self.handler.handle(self.handler.prepare(data, sender))
        except errors.CommandError as error:
            return errors.error_line(error)
        if isinstance(reply, Deferred):
            reply.addErrback(lambda failure: errors.error_line(failure.value))
            self.clock.advance(0.15)
            reply = self.successResultOf(reply)
        return str(reply)

    def call(self, data: str) -> Call:
        return self.handler.prepare(data, ME)

    def answers(self, *rows: tuple[str, str]) -> None:
        for data, reply in rows:
            self.assertEqual(self.ask(data), reply, msg=data)


class FactoryTests(HandlerTestCase):
    def test_it_makes_handlers_for_both_names(self) -> None:
        factory = ExtractionlineHandlerFactory()
        self.assertTrue(verifyObject(IRequestHandlerFactory, factory))
        self.assertTrue(verifyObject(IRequestHandler, self.handler))
        self.assertEqual(factory.request_types, ("System", "Extractionline"))

    def test_a_laboratory_without_an_extraction_line(self) -> None:
        hardware = Hardware({}, {}, self.lock)
        self.assertRaises(
            errors.ManagerUnavailableError, ExtractionlineHandlerFactory().build, hardware
        )

    def test_help_names_every_command(self) -> None:
        words = self.ask("Help").split()
        self.assertEqual(set(COMMANDS.split()) - set(words), set())

    def test_an_unknown_command(self) -> None:
        self.answers(("Opne A", "ERROR 003 : invalid command: Opne"))


class OpenCloseTests(HandlerTestCase):
    def test_every_way_to_write_it(self) -> None:
        for data in (
            "Open A",
            "Open  A",
            "Open,A",
            "Open, A",
            'Open "A"',
            '{"command": "Open", "name": "A"}',
            '{"command":"Open","value":"A"}',
            '{"value": "A", "command": "Open"}',
        ):
            self.assertEqual(self.ask(data), "OK", msg=data)
            self.assertTrue(self.line.get_indicator_state("A"), msg=data)
            closing = data.replace("Open", "Close")
            self.assertEqual(self.ask(closing), "OK", msg=closing)
            self.assertFalse(self.line.get_indicator_state("A"), msg=closing)

    def test_the_reply_waits_for_the_valve(self) -> None:
        reply = self.handler.handle(self.call("Open A"))
        self.assertNoResult(reply)
        self.assertEqual(self.ask("GetIndicatorState A"), "False")
        self.clock.advance(0.15)
        self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(self.ask("GetIndicatorState A"), "True")

    def test_a_valve_that_is_there_already(self) -> None:
        self.answers(("Close A", "OK"), ("Open AB", "OK"))

    def test_errors(self) -> None:
        self.answers(
            ("Open Z", "ERROR 004 : invalid arguments: Open Z"),
            ("Close Z", "ERROR 004 : invalid arguments: Close Z"),
            ("Open A,B", "ERROR 004 : invalid arguments: Open A,B"),
            ("Open C", "ERROR 014 : Valve C is software locked"),
            ("Close C", "ERROR 014 : Valve C is software locked"),
            ("Open B", "ERROR 204 : B is leased to 10.0.0.7"),
            ("Open D", "ERROR 015 : Valve D failed to actuate open"),
        )

    def test_arguments_that_do_not_fit(self) -> None:
        wrong = "ERROR 004 : invalid arguments: Open "
        usage = "(wrong number of arguments; usage: Open name)"
        self.answers(
            ("Open", wrong + usage),
            ('{"command": "Open"}', wrong + usage),
            ('{"command": "Open", "name": null}', f"{wrong}name=None {usage}"),
            ('{"command": "Open", "name": [1]}', f"{wrong}name=[1]"),
            (
                '{"command": "Open", "valve": "A"}',
                f"{wrong}valve=A (no argument named valve; usage: Open name)",
            ),
        )

    def test_what_the_gate_is_told(self) -> None:
        opening, closing = self.call("Open A"), self.call("Close A")
        self.assertEqual((opening.safe, closing.safe), (False, True))
        self.assertEqual((opening.target, closing.target), ("A", "A"))
        self.assertEqual((opening.effect, closing.effect), (Effect.ACTUATE, Effect.ACTUATE))
        self.assertIs(opening.manager, self.line)

    def test_a_close_overtakes_an_open(self) -> None:
        opening = self.handler.handle(self.call("Open A"))
        closing = self.handler.handle(self.call("Close A"))
        self.failureResultOf(opening, errors.ValveActuationError)
        self.clock.advance(0)
        self.assertEqual(self.successResultOf(closing), "OK")

    def test_flags(self) -> None:
        self.answers(
            ("Open FooFlag", "OK"),
            ("Read FooFlag", "1"),
            ("Close FooFlag", "OK"),
            ("Read FooFlag", "0"),
            ('{"command": "Open", "value": "FooFlag"}', "OK"),
            ("Read FooFlag", "1"),
            ("Open NoFlag", "ERROR 008 : device NoFlag not connected"),
            ("Close NoFlag", "ERROR 008 : device NoFlag not connected"),
        )
        self.assertIs(self.call("Open FooFlag").manager, self.hardware.device("FooFlag"))

    def test_any_device_whose_name_ends_in_flag_is_one(self) -> None:
        self.answers(
            ("Open NumberFlag", "OK"),
            ("Read NumberFlag", "1.0"),
            ("Close NumberFlag", "OK"),
            ("Read NumberFlag", "0.0"),
        )


class ValveQueryTests(HandlerTestCase):
    def test_states(self) -> None:
        for word in ("GetValveState", "GetIndicatorState", "GetChannelState"):
            self.answers(
                (f"{word} A", "False"),
                (f"{word} AB", "True"),
                (f"{word},AB", "True"),
                (f"{word} Z", "ERROR 005 : Z is not a registered valve name"),
                (f'{{"command": "{word}", "name": "AB"}}', "True"),
                (f'{{"command":"{word}","value":"A"}}', "False"),
            )

    def test_locks(self) -> None:
        for word in ("GetValveLockState", "GetManualState"):
            self.answers(
                (f"{word} A", "False"),
                (f"{word} C", "True"),
                (f"{word} Z", "ERROR 005 : Z is not a registered valve name"),
                (f'{{"command": "{word}", "value": "C"}}', "True"),
            )

    def test_an_indicator_with_an_action(self) -> None:
        self.answers(
            ('{"command": "GetIndicatorState", "name": "A", "action": "Open"}', "closed"),
            ('{"command": "GetIndicatorState", "name": "AB", "action": "Close"}', "open"),
            ('{"command":"GetIndicatorState","name":"AB","action":"open"}', "open"),
            ('{"command": "GetIndicatorState", "name": "AB", "action": null}', "True"),
            ("GetIndicatorState AB,Open", "open"),
        )
        self.assertIn("ERROR 004", self.ask("GetIndicatorState A,Tilt"))

    def test_words(self) -> None:
        for data, word in (
            ("GetValveStates", "A0,B0,C0,D0,AB1"),
            ("GetValveLockStates", "A0,B0,C1,D0,AB0"),
            ("GetStateWord", "A,B,C,D,<AB>|1"),
            ("GetLockWord", "A,B,C,D,<AB>|4"),
            ('{"command": "GetStateWord"}', "A,B,C,D,<AB>|1"),
        ):
            self.answers((data, word + compute_crc(word.encode())))

    def test_owners(self) -> None:
        self.answers(
            ("GetValveOwners", "A,C,D,AB:10.0.0.7-B"),
            ('{"command": "GetValveOwners"}', "A,C,D,AB:10.0.0.7-B"),
        )

    def test_words_take_no_arguments(self) -> None:
        for word in ("GetValveStates", "GetStateWord", "GetValveOwners", "GetPipetteCounts"):
            self.assertTrue(
                self.ask(f"{word} A").startswith(f"ERROR 004 : invalid arguments: {word}")
            )

    def test_state_checksum(self) -> None:
        self.answers(
            ("GetStateChecksum A,B,C", "3744915456"),
            ("GetStateChecksum A, B, C", "3744915456"),
            ("GetStateChecksum A B C", "3744915456"),
            ("GetStateChecksum,A,B,C", "3744915456"),
            ('{"command": "GetStateChecksum", "value": "A,B,C"}', "3744915456"),
            ('{"command":"GetStateChecksum","names":["A","B","C"]}', "3744915456"),
            ("GetStateChecksum Z", "0"),
            ("GetStateChecksum", "0"),
        )


class LaterLine:
    """An extraction line whose answers come later."""

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def get_indicator_state(self, name: str) -> Any:
        return self._answer

    def get_pipette_counts(self) -> Any:
        return self._answer


class LaterAnswerTests(HandlerTestCase):
    INDICATOR = '{"command": "GetIndicatorState", "name": "A", "action": "Open"}'

    def with_answer(self, answer: Any) -> None:
        self.handler.manager = LaterLine(answer)

    def test_a_deferred(self) -> None:
        self.with_answer(succeed(True))
        self.answers((self.INDICATOR, "open"))

    def test_a_coroutine(self) -> None:
        async def closed() -> bool:
            return False

        self.with_answer(closed())
        self.answers(("GetIndicatorState A", "False"))

    def test_hardware_that_does_not_answer(self) -> None:
        for data in ("GetIndicatorState A", self.INDICATOR, "GetPipetteCounts"):
            self.with_answer(None)
            self.answers((data, "ERROR 010 : no response from device"))


class PipetteTests(HandlerTestCase):
    def test_counts(self) -> None:
        self.answers(
            ("GetPipetteCount P1", "0"),
            ("Open A", "OK"),
            ("Close A", "OK"),
            ("GetPipetteCount P1", "1"),
            ("GetPipetteCount,P1", "1"),
            ('{"command": "GetPipetteCount", "value": "P1"}', "1"),
            ("GetPipetteCounts", '[["P1", 1]]'),
            ("GetPipetteCount P9", "ERROR 004 : invalid arguments: GetPipetteCount P9"),
        )

    def test_no_pipettes(self) -> None:
        hardware = hardware_from_config(
            Table.parse('[[extraction_line.valve]]\nname = "A"', ""), self.clock, self.lock
        )
        self.handler = ExtractionlineHandlerFactory().build(hardware)
        self.answers(("GetPipetteCounts", "[]"))
        self.assertEqual(json.loads(self.ask("GetPipetteCounts")), [])


class GroupTests(HandlerTestCase):
    def test_claim_and_release(self) -> None:
        self.answers(("ClaimGroup mine", "OK"), ("GetValveOwners", f"{ME}-A,D:10.0.0.7-B:C,AB"))
        self.assertEqual(self.ask("Open A", OTHER), f"ERROR 204 : A is leased to {ME}")
        self.assertEqual(self.ask("ReleaseGroup mine", OTHER), f"ERROR 204 : A is leased to {ME}")
        self.answers(('{"command": "ReleaseGroup", "value": "mine"}', "OK"))
        self.assertEqual(self.ask('{"command": "ClaimGroup", "name": "mine"}', OTHER), "OK")

    def test_errors(self) -> None:
        self.answers(
            ("ClaimGroup nope", "ERROR 006 : Invalid valve group - nope"),
            ("ReleaseGroup nope", "ERROR 006 : Invalid valve group - nope"),
            ("ClaimGroup theirs", "ERROR 204 : B is leased to 10.0.0.7"),
        )


class RunTests(HandlerTestCase):
    def events(self) -> list[tuple[str, str, str]]:
        return [event[1:] for event in self.hardware.manager("runs").events]

    def test_a_run_is_noted(self) -> None:
        self.answers(("StartRun 1001-01,sample,10", "OK"), ("CompleteRun 1001-01, canceled", "OK"))
        self.assertEqual(
            self.events(),
            [
                ("StartRun", "1001-01,sample,10", ME),
                ("CompleteRun", "1001-01, canceled", ME),
            ],
        )

    def test_a_series_holds_the_system_lock_from_its_start_to_its_end(self) -> None:
        for data in ("StartMultRuns 2", "StartRun a", "CompleteRun a", "StartRun b"):
            self.answers((data, "OK"))
            self.assertEqual(self.lock.holder, ME)
        self.answers(("CompleteMultRuns", "OK"))
        self.assertEqual(self.lock.holder, "")

    def test_runs_as_json(self) -> None:
        self.answers(
            ('{"command": "StartMultRuns", "value": 2}', "OK"),
            ('{"command":"StartRun","text":"a,b,c"}', "OK"),
            ('{"command": "CompleteRun", "name": "a"}', "OK"),
            ('{"command": "CompleteMultRuns"}', "OK"),
        )
        self.assertEqual([event[1] for event in self.events()], ["2", "a,b,c", "a", ""])

    def test_another_can_neither_take_nor_give_back_the_lock(self) -> None:
        self.ask("StartMultRuns 1")
        refusal = f"ERROR 012 : Access restricted to lab ({ME}). You are {OTHER}"
        for data in (
            "StartMultRuns 2",
            "CompleteMultRuns",
            "SystemLock lab On",
            "SystemLock lab Off",
        ):
            self.assertEqual(self.ask(data, OTHER), refusal, msg=data)
        self.assertEqual(self.lock.holder, ME)
        self.assertEqual(len(self.events()), 1)

    def test_a_computer_that_is_not_registered(self) -> None:
        refusal = f"ERROR 009 : {STRANGER} is not a registered ip address"
        for data in ("StartMultRuns 2", "CompleteMultRuns", "SystemLock lab On"):
            self.assertEqual(self.ask(data, STRANGER), refusal, msg=data)
        self.assertEqual(self.events(), [])

    def test_ways_to_write_it(self) -> None:
        for data in (
            "SystemLock lab On",
            "SystemLock lab,on",
            "SystemLock (lab, On)",
            'SystemLock "a lab" True',
            '{"command": "SystemLock", "name": "lab", "value": "On"}',
            '{"command":"SystemLock","name":"lab","on":true}',
        ):
            self.assertEqual(self.ask(data), "OK", msg=data)
            self.assertEqual(self.lock.holder, ME, msg=data)
            self.answers(("SystemLock lab Off", "OK"))
            self.assertEqual(self.lock.holder, "", msg=data)
        self.assertIn("ERROR 004", self.ask("SystemLock lab Maybe"))

    def test_giving_back_what_is_free(self) -> None:
        self.answers(("CompleteMultRuns", "OK"), ("SystemLock lab Off", "OK"))


class ScriptTests(HandlerTestCase):
    def test_a_script(self) -> None:
        self.answers(
            ("PychronScript evacuate", "evacuate-1"),
            ("ScriptState evacuate-1", "Running"),
            ('{"command": "PychronScript", "value": "evacuate"}', "evacuate-2"),
            ('{"command": "ScriptState", "name": "evacuate-2"}', "Running"),
        )
        self.clock.advance(5)
        self.answers(("ScriptState,evacuate-1", "Complete"))

    def test_errors(self) -> None:
        self.answers(
            ("PychronScript nope", "ERROR 001 : invalid pyscript nope does not exist"),
            ("ScriptState nope-1", "ERROR 001 : invalid pyscript nope-1 does not exist"),
        )

    def test_a_laboratory_without_scripts(self) -> None:
        hardware = Hardware({"extraction_line": self.line}, {}, self.lock)
        self.handler = ExtractionlineHandlerFactory().build(hardware)
        self.answers(
            ("PychronScript evacuate", "ERROR 007 : manager unavaliable: scripts"),
            ("StartRun a", "ERROR 007 : manager unavaliable: runs"),
        )


class DeviceTests(HandlerTestCase):
    def test_devices_and_flags(self) -> None:
        self.answers(
            ("Read dev", "1.5"),
            ("Set dev 2.5", "OK"),
            ("Read dev", "2.5"),
            ('{"command": "Set", "device": "dev", "value": "3"}', "OK"),
            (
                '{"command": "Read", "value": "dev"}',
                "ERROR 004 : invalid arguments: Read value=dev"
                " (no argument named value; usage: Read device)",
            ),
            ("Set dev x", "ERROR 004 : invalid arguments: Set dev x (must be a number)"),
            ("Read x", "ERROR 008 : device x not connected"),
            ("Set x 1", "ERROR 008 : device x not connected"),
            ("Ping x", "ERROR 008 : device x not connected"),
            ("Set FooFlag 1", "OK"),
            ("Read FooFlag", "1"),
            ("Ping FooFlag", "1000"),
            ("Set FooFlag 0", "OK"),
            ("Read FooFlag", "0"),
            ("Ping dev", "ERROR 004 : invalid arguments: Ping dev"),
        )

    def test_a_flag_that_runs_out(self) -> None:
        self.answers(("Set TFlag 2", "OK"), ("Ping TFlag", "1000"), ("Read TFlag", "1"))
        self.clock.advance(2)
        self.answers(("Ping TFlag", "Complete"), ("Read TFlag", "0"))

    def test_data(self) -> None:
        for data, number in (
            ("GetData", 0.0),
            ("GetData 5", 5.0),
            ('{"command": "GetData", "value": 5}', 5.0),
        ):
            self.assertTrue(number <= float(self.ask(data)) < number + 1, msg=data)
        self.assertIn("ERROR 004", self.ask("GetData x"))

    def test_the_data_are_the_same_in_every_process(self) -> None:
        other = ExtractionlineHandlerFactory().build(self.hardware)
        data = [self.ask("GetData") for _ in range(3)]
        self.handler = other
        self.assertEqual(data, [self.ask("GetData") for _ in range(3)])

    def test_a_handler_is_given_its_noise(self) -> None:
        class Quiet:
            def random(self) -> float:
                return 0.25

        noise: Any = Quiet()
        self.handler = ExtractionlineHandler(self.hardware, self.line, noise)
        self.answers(("GetData 1", "1.25"))
