"""Claim, Release, Owners, Override, Outcome and Check, as a client writes and reads them."""

from __future__ import annotations

import json
from typing import Any

from zope.interface.verify import verifyObject

from pychron_comms.interfaces import IDescribedHandler
from pychron_comms.wire.context import RequestContext
from tests.guarded_laboratory import ME, OTHER, LaboratoryCase, rule


class GateCommandsCase(LaboratoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.start()

    def owners(self) -> Any:
        return json.loads(self.reply("System|Owners", OTHER))


class LeaseCommandsTests(GateCommandsCase):
    def test_every_type_but_test_has_parts_and_matches_commands(self) -> None:
        for request_type, handler in self.gate._handlers.items():
            if request_type != "test":
                verifyObject(IDescribedHandler, handler)

    def test_a_lease_is_claimed_shown_and_given_back(self) -> None:
        self.assertEqual(self.reply("System|Claim A 60"), "OK")
        self.assertEqual(
            self.owners(),
            [
                {
                    "target": "System:A",
                    "owner": ME,
                    "since": "1970-01-12T13:46:40.000+00:00",
                    "until": "1970-01-12T13:47:40.000+00:00",
                }
            ],
        )
        self.assertEqual(
            self.reply("System|Open A", OTHER), "ERROR 204 : System:A is leased to " + ME
        )
        self.assertEqual(self.reply("System|GetValveState A", OTHER), "False")
        self.assertEqual(self.reply("System|Open A"), "OK")
        self.assertEqual(self.reply("System|Release A"), "OK")
        self.assertEqual(self.owners(), [])

    def test_the_json_form(self) -> None:
        claim = {"command": "Claim", "name": "A", "seconds": 60}
        self.assertEqual(self.reply(f"System|{json.dumps(claim)}"), "OK")
        self.assertEqual(len(self.owners()), 1)

    def test_each_name_of_a_part_is_understood(self) -> None:
        for line, target in (
            ("System|Claim System 9", "System"),
            ("System|Claim A 9", "System:A"),
            ("Extractionline|Claim V 9", "System:V"),
            ("System|Claim FooFlag 9", "System:FooFlag"),
            ("Hardware|Claim bakeout_setpoint 9", "Hardware:bakeout_setpoint"),
            ("CO2|Claim CO2 9", "CO2"),
            ("Diode|Claim output 9", "Diode:output"),
            ("Diode|Claim stage 9", "Diode:stage"),
            ("Synrad|Claim x 9", "Synrad:x"),
            ("Synrad|Claim stage/y 9", "Synrad:stage/y"),
            ("UV|Claim motors 9", "UV:motors"),
            ("UV|Claim camera 9", "UV:camera"),
            ("Spectrometer|Claim magnet 9", "Spectrometer:magnet"),
        ):
            self.assertEqual(self.reply(line), "OK", msg=line)
            self.assertIn(target, [each["target"] for each in self.owners()])

    def test_a_part_that_is_none_is_004(self) -> None:
        for line in (
            "System|Claim Z 9",
            "Hardware|Claim Hardware 9",
            "CO2|Claim name 9",
            "CO2|Claim A 9",
            "Spectrometer|Claim detector 9",
        ):
            self.assertTrue(self.reply(line).startswith("ERROR 004 : invalid arguments: "), line)
        self.assertEqual(self.owners(), [])

    def test_the_time_has_its_limits(self) -> None:
        for seconds in ("0", "-1", "86401", "nan", "soon"):
            self.assertIn("ERROR 004", self.reply(f"System|Claim A {seconds}"), msg=seconds)
        self.assertEqual(self.reply("System|Claim A 86400"), "OK")

    def test_another_is_told_who_has_it(self) -> None:
        self.reply("CO2|Claim stage 60")
        for line in ("CO2|Claim x 9", "CO2|Claim CO2 9", "CO2|Release stage"):
            self.assertEqual(
                self.reply(line, OTHER).partition(" is ")[2], f"leased to {ME}", msg=line
            )
        self.assertEqual(self.reply("CO2|Claim output 9", OTHER), "OK")

    def test_a_bound_lease_needs_a_connection(self) -> None:
        self.assertEqual(
            self.reply("System|Claim A 60 connection"),
            "ERROR 004 : invalid arguments: Claim connection (a datagram has none)",
        )
        context = RequestContext(session="server/one")
        self.assertEqual(self.reply("System|Claim A 60 connection", context=context), "OK")
        self.gate.session_ended("server")
        self.assertEqual(self.owners(), [])

    def test_one_that_is_not_bound_stays_when_its_connection_ends(self) -> None:
        self.reply("System|Claim A 60", context=RequestContext(session="one"))
        self.gate.session_ended("one")
        self.assertEqual(len(self.owners()), 1)

    def test_who_only_looks_leases_nothing(self) -> None:
        looking = RequestContext(role="observe")
        for line in ("System|Claim A 9", "System|Release A", "System|Override A fire"):
            self.assertIn("ERROR 208", self.reply(line, context=looking), msg=line)
        self.assertEqual(self.reply("System|Owners", context=looking), "[]")


class OverrideTests(GateCommandsCase):
    def test_without_a_key_of_the_laboratory_nobody_overrides(self) -> None:
        self.reply("System|Claim A 60")
        for line in (
            "System|Override A fire",
            "System|Override A fire x",
        ):
            self.assertIn("ERROR 208", self.reply(line, OTHER), msg=line)
        self.assertEqual(len(self.owners()), 1)

    def test_a_reason_is_needed(self) -> None:
        self.assertIn("ERROR 004", self.reply("System|Override A"))


class OutcomeTests(GateCommandsCase):
    def test_each_word(self) -> None:
        keyed = RequestContext(key="k")
        self.assertEqual(self.reply("System|Outcome k"), "never seen")
        opening = self.ask("System|Open A", context=keyed)
        self.assertEqual(self.reply_now("System|Outcome k"), "running")
        waiting = self.ask("System|Open V", context=RequestContext(key="w"))
        self.assertEqual(self.reply_now("System|Outcome w"), "waiting")
        self.clock.pump([0.2, 0.2])
        self.assertEqual(self.successResultOf(opening), "OK")
        self.assertEqual(self.successResultOf(waiting), "OK")
        self.assertEqual(self.reply("System|Outcome k"), "done OK")
        self.assertEqual(self.reply("CO2|Outcome k"), "done OK")
        self.assertEqual(self.reply("System|Outcome k", OTHER), "never seen")

    def test_an_error_is_an_end_too(self) -> None:
        self.reply("System|Open E", context=RequestContext(key="e"))
        self.assertEqual(
            self.reply("System|Outcome e"), "done ERROR 014 : Valve E is software locked"
        )

    def test_what_its_asker_did_not_wait_for_is_known_at_its_end(self) -> None:
        reply = self.ask("System|Open A", context=RequestContext(0.1, "k"))
        self.clock.advance(0.1)
        self.assertIn("ERROR 201", self.successResultOf(reply))
        self.assertEqual(self.reply_now("System|Outcome k"), "running")
        self.clock.advance(0.1)
        self.assertEqual(self.reply_now("System|Outcome k"), "done OK")

    def test_what_ran_at_a_kill_is_unknown(self) -> None:
        self.ask("System|Open A", context=RequestContext(key="k"))
        self.start()
        self.assertEqual(self.reply("System|Outcome k"), "unknown")
        self.assertIn("ERROR 201", self.reply("System|Open A", context=RequestContext(key="k")))
        self.assertEqual(self.reply("System|GetValveState A"), "False")

    def reply_now(self, line: str) -> str:
        return self.successResultOf(self.ask(line))


class CheckTests(LaboratoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.start(rule("System|Open V", "System|GetIndicatorState A is False", reason="why"))

    def test_it_says_what_a_command_would_get_and_does_nothing(self) -> None:
        self.assertEqual(self.reply("System|Check Open V"), "OK")
        self.reply("System|Open A")
        expected = self.reply("System|Open V")
        self.assertIn("ERROR 207", expected)
        self.assertEqual(self.reply("System|Check Open V"), expected)
        self.assertEqual(self.reply("System|GetValveState V"), "False")

    def test_it_does_not_run_what_it_finds_clear(self) -> None:
        self.assertEqual(self.reply("System|Check Open V"), "OK")
        self.assertEqual(self.reply("System|GetValveState V"), "False")
        self.assertNotIn(["begin", "Open V"], self.events("event", "command"))

    def test_it_finds_leases_and_mistakes(self) -> None:
        self.reply("System|Claim V 60")
        self.assertIn("ERROR 204", self.reply("System|Check Open V", OTHER))
        self.assertEqual(self.reply("System|Check Open V"), "OK")
        self.assertIn("ERROR 003", self.reply("System|Check Opne V"))
        self.assertIn("ERROR 004", self.reply("CO2|Check SetLaserPower 200"))
        self.assertIn("ERROR 004", self.reply("System|Check"))

    def test_it_finds_what_the_line_knows_without_its_hardware(self) -> None:
        self.assertEqual(self.reply("System|Check Open E"), self.reply("System|Open E"))
        self.assertIn("ERROR 014", self.reply("System|Check Open E"))
        self.assertIn("ERROR 204", self.reply("System|Check Open F"))
        # That it is stuck, the valve alone knows.
        self.assertEqual(self.reply("System|Check Open G"), "OK")
        self.assertEqual(self.reply("System|Check Open FooFlag"), "OK")

    def test_closing_would_never_be_held_back(self) -> None:
        self.start(rule("System|Close A", "System|GetIndicatorState V is True"))
        self.assertEqual(self.reply("System|Check Close A"), "OK")

    def test_json_is_checked_as_text_is(self) -> None:
        self.reply("System|Open A")
        inner = json.dumps({"command": "Open", "name": "V"})
        outer = json.dumps({"command": "Check", "value": inner})
        self.assertIn("ERROR 004", self.reply(f"System|{outer}"))
        outer = json.dumps({"command": "Check", "command_": inner})
        self.assertIn("ERROR", self.reply(f"System|{outer}"))
        self.assertIn("ERROR 207", self.reply(f"System|Check {inner}"))
