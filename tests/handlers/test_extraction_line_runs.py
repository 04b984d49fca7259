"""Commands of pipettes, groups, runs, scripts and devices."""

from __future__ import annotations

import json
from typing import Any

from pychron_comms.config.table import Table
from pychron_comms.handlers.extraction_line.handler import (
    ExtractionlineHandler,
    ExtractionlineHandlerFactory,
)
from pychron_comms.lab.hardware import Hardware, hardware_from_config
from tests.handlers.extraction_line_case import ME, OTHER, STRANGER, HandlerTestCase


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
            (
                "GetPipetteCount P9",
                "ERROR 004 : invalid arguments: GetPipetteCount P9 "
                "(no such pipette; GetPipetteCounts lists them)",
            ),
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
        self.assertEqual(self.ask("Open A", OTHER), f"ERROR 204 : A is owned by {ME}")
        self.assertEqual(self.ask("ReleaseGroup mine", OTHER), f"ERROR 204 : A is owned by {ME}")
        self.answers(('{"command": "ReleaseGroup", "value": "mine"}', "OK"))
        self.assertEqual(self.ask('{"command": "ClaimGroup", "name": "mine"}', OTHER), "OK")

    def test_errors(self) -> None:
        self.answers(
            ("ClaimGroup nope", "ERROR 006 : Invalid valve group - nope"),
            ("ReleaseGroup nope", "ERROR 006 : Invalid valve group - nope"),
            ("ClaimGroup theirs", "ERROR 204 : B is owned by 10.0.0.7"),
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
            ("Ping dev", "ERROR 004 : invalid arguments: Ping dev (is no flag)"),
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
