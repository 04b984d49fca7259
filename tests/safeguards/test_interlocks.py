"""Rules across devices: what they hold back, what they never do, and that they are kept."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import NoResponseError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.settings import laboratory_from
from pychron_comms.safeguards.interlocks import READ_TIME
from pychron_comms.wire.context import RequestContext
from tests.config.table_case import without_line
from tests.guarded_laboratory import A_CLOSED, BAKEOUT, DEFAULT, OTHER, LaboratoryCase, rule


class ConditionTests(LaboratoryCase):
    def opens(self, condition: str) -> bool:
        """Whether V opens under that condition; where it does not, 207 says so."""
        self.start(rule("System|Open V", condition))
        reply = self.reply("System|Open V")
        if reply != "OK":
            self.assertTrue(
                reply.startswith("ERROR 207 : interlock: System|Open V only if "), msg=reply
            )
            self.assertEqual(self.reply("System|GetIndicatorState V"), "False")
        return reply == "OK"

    def test_numbers_are_compared_as_numbers(self) -> None:
        for comparison, expected in (
            ("< 20", False),
            ("< 1e2", True),
            ("<= 20", True),
            ("<= 19.9", False),
            ("> 20", False),
            ("> 3", True),
            (">= 20", True),
            (">= 20.1", False),
            ("is 20", True),
            ("is 21", False),
            ("is not 20", False),
            ("is not 21", True),
        ):
            self.assertEqual(self.opens(f"{BAKEOUT} {comparison}"), expected, msg=comparison)

    def test_texts_are_compared_as_they_stand(self) -> None:
        for condition, expected in (
            ("System|GetIndicatorState A is False", True),
            ("System|GetIndicatorState A is True", False),
            ("System|GetIndicatorState A is not True", True),
            ("Hardware|Read message is none", True),
            ("Hardware|Read message is None", False),
            ("Hardware|Read message is not none", False),
        ):
            self.assertEqual(self.opens(condition), expected, msg=condition)

    def test_what_is_no_number_is_not_known_to_be_another(self) -> None:
        self.start(rule("System|Open V", "Hardware|Read message is not 3"))
        refused = "ERROR 207"
        for message, said in (("nan", refused), ("-inf", refused), ("3.0", refused), ("2", "OK")):
            self.reply(f"Hardware|Set message {message}")
            self.assertIn(said, self.reply("System|Open V"), msg=message)

    def test_what_no_instrument_can_measure_is_neither_more_nor_less(self) -> None:
        self.start(rule("System|Open V", "Hardware|Read message < 3"))
        for message in ("-inf", "-1e999", "nan", "inf"):
            self.reply(f"Hardware|Set message {message}")
            self.assertIn("ERROR 207", self.reply("System|Open V"), msg=message)
        self.reply("Hardware|Set message 2")
        self.assertEqual(self.reply("System|Open V"), "OK")

    def test_all_conditions_of_all_rules_must_hold(self) -> None:
        self.start(
            rule("System|Open V", A_CLOSED, f"{BAKEOUT} < 30")
            + rule("System|Open V", "Hardware|Read message is none")
        )
        self.assertEqual(self.reply("System|Open V"), "OK")
        self.reply("System|Close V")
        for command in ("Hardware|Set bakeout_setpoint 40", "Hardware|Set message busy"):
            self.reply(command)
            self.assertIn("ERROR 207", self.reply("System|Open V"), msg=command)
            self.reply("Hardware|Set bakeout_setpoint 20")

    def test_the_error_tells_the_condition_the_answer_and_the_reason(self) -> None:
        self.start(rule("System|Open V", f"{BAKEOUT} < 20", reason="the line is hot"))
        self.assertEqual(
            self.reply("System|Open V"),
            f"ERROR 207 : interlock: System|Open V only if {BAKEOUT} < 20, and it says 20.0; "
            "the line is hot",
        )

    def test_what_cannot_be_told_does_not_hold(self) -> None:
        read = "Hardware|Read message < 5"
        self.start(rule("System|Open V", read))
        self.assertEqual(
            self.reply("System|Open V"),
            f"ERROR 207 : interlock: System|Open V only if {read}, which cannot be told: "
            "could not convert string to float: 'none'",
        )

    def test_a_device_that_fails_does_not_hold_either(self) -> None:
        self.start(rule("System|Open V", "Hardware|Read slow is 1"))
        reply = self.ask("System|Open V")
        self.slow.readings[0].errback(NoResponseError())
        self.assertIn("cannot be told: no response from device", self.successResultOf(reply))

    def test_nor_does_one_whose_driver_has_a_bug(self) -> None:
        class Untold(ValueError):
            def __str__(self) -> str:
                raise self

        self.start(rule("System|Open V", "Hardware|Read slow is 1"))
        for bug, said in (
            (OSError("bang"), "OSError('bang')"),
            (Untold(), "Untold()"),
            (SystemExit(3), "func call problem: err= SystemExit(3) args= "),
        ):
            reply = self.ask("System|Open V")
            self.slow.readings[-1].errback(bug)
            self.assertEqual(
                self.successResultOf(reply),
                "ERROR 207 : interlock: System|Open V only if Hardware|Read slow is 1, "
                f"which cannot be told: {said}",
            )
        self.assertEqual(len(self.flushLoggedErrors(OSError, Untold)), 2)

    def test_a_refusal_is_written_down_and_not_begun(self) -> None:
        self.start(rule("System|Open V", f"{BAKEOUT} < 20"))
        self.reply("System|Open V")
        self.assertEqual(
            [each[:2] for each in self.events("event", "command")],
            [["start", None], ["refused", "Open V"]],
        )


class HungDeviceTests(LaboratoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.start(
            rule("System|Open V", "Hardware|Read slow is 1")
            + rule("System|Open A", f"{BAKEOUT} < 30")
        )

    def test_a_device_that_hangs_is_given_up_with_207(self) -> None:
        reply = self.ask("System|Open V")
        self.clock.advance(READ_TIME - 0.1)
        self.assertNoResult(reply)
        self.clock.advance(0.1)
        self.assertEqual(
            self.successResultOf(reply),
            "ERROR 207 : interlock: System|Open V only if Hardware|Read slow is 1, "
            "which cannot be told: no answer",
        )

    def test_others_wait_for_it_no_longer_than_that(self) -> None:
        self.ask("System|Open V")
        after = self.ask("System|Open A")
        self.clock.advance(READ_TIME)
        self.clock.advance(0.2)
        self.assertEqual(self.successResultOf(after), "OK")
        # What commands did is told a moment later; then nothing is left.
        self.clock.advance(0.1)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_manager_that_is_not_held_back_does_not_wait(self) -> None:
        self.ask("System|Open V")
        self.assertEqual(self.reply("Hardware|Set bakeout_setpoint 21"), "OK")
        self.assertEqual(self.reply("System|Close A"), "OK")


class ExclusionTests(LaboratoryCase):
    """Either A is open or the bakeout is on, whoever asks when."""

    def setUp(self) -> None:
        super().setUp()
        self.start(
            rule("System|Open A", "Hardware|Read slow is 1", f"{BAKEOUT} < 100")
            + rule("Hardware|Set bakeout_setpoint", A_CLOSED)
        )

    def both(self) -> tuple[str, str, float]:
        """A's indicator, and the set point, when all has ended."""
        self.clock.pump([0.1] * 5)
        setpoint = float(self.reply(BAKEOUT))
        return self.reply("System|GetIndicatorState A"), str(setpoint), setpoint

    def test_asked_at_the_same_moment_exactly_one_is_run(self) -> None:
        opening = self.ask("System|Open A")
        baking = self.ask("Hardware|Set bakeout_setpoint 200", OTHER)
        self.assertNoResult(baking)
        self.slow.readings[0].callback(1)
        self.clock.advance(0.2)
        self.assertEqual(self.successResultOf(opening), "OK")
        self.assertIn(
            "ERROR 207 : interlock: Hardware|Set bakeout_setpoint only if System|GetIndi",
            self.successResultOf(baking),
        )
        self.assertEqual(self.both()[:2], ("True", "20.0"))

    def test_in_the_other_order_the_other_one_is(self) -> None:
        baking = self.ask("Hardware|Set bakeout_setpoint 200")
        opening = self.ask("System|Open A", OTHER)
        self.slow.readings[0].callback(1)
        self.assertEqual(self.successResultOf(baking), "OK")
        self.assertIn("ERROR 207", self.successResultOf(opening))
        self.assertEqual(self.both()[:2], ("False", "200.0"))

    def test_one_that_is_still_moving_holds_the_other(self) -> None:
        opening = self.ask("System|Open A")
        self.slow.readings[0].callback(1)
        baking = self.ask("Hardware|Set bakeout_setpoint 200")
        self.clock.advance(0.1)
        self.assertNoResult(baking)
        self.clock.advance(0.1)
        self.assertEqual(self.successResultOf(opening), "OK")
        self.assertIn("ERROR 207", self.successResultOf(baking))

    def test_one_that_fails_lets_the_next_one_go(self) -> None:
        for line in ("Hardware|Set bakeout_setpoint x", "Hardware|Set bakeout_setpoint 999"):
            self.assertIn("ERROR 004", self.reply(line))
        self.assertEqual(self.reply("Hardware|Set bakeout_setpoint 50"), "OK")


class NeverHeldBackTests(LaboratoryCase):
    def test_closing_is_never_held_back(self) -> None:
        self.start(rule("System|Close A", "Hardware|Read slow is 1"))
        self.reply("System|Open A")
        self.assertEqual(self.reply("System|Close A"), "OK")
        self.assertEqual(self.slow.readings, [])

    def test_closing_passes_what_is_being_cleared(self) -> None:
        self.start(
            rule("System|Open V", "Hardware|Read slow is 1")
            + rule("System|Close A", "Hardware|Read slow is 1")
        )
        self.reply("System|Open A")
        self.ask("System|Open V")
        self.assertEqual(self.reply("System|Close A"), "OK")

    def test_what_makes_safe_by_its_value_is_not_and_other_values_are(self) -> None:
        self.start(rule("CO2|SetLaserPower", A_CLOSED))
        self.reply("System|Open A")
        self.assertEqual(self.reply("CO2|SetLaserPower 0"), "OK")
        self.assertIn("ERROR 207", self.reply("CO2|SetLaserPower 10"))


class ClearingTests(LaboratoryCase):
    """Between asking and beginning, while a slow device is read."""

    def setUp(self) -> None:
        super().setUp()
        self.start(rule("System|Open V", "Hardware|Read slow is 1"))

    def cleared(self) -> None:
        self.slow.readings[0].callback(1)
        self.clock.pump([0.1] * 5)

    def assert_not_begun(self) -> None:
        self.assertEqual(self.reply("System|GetValveState V"), "False")
        self.assertNotIn(["begin", "Open V"], self.events("event", "command"))
        self.assertIn(["refused", "Open V"], self.events("event", "command"))

    def test_it_waits_and_is_begun_when_it_is_clear(self) -> None:
        reply = self.ask("System|Open V", context=RequestContext(key="k"))
        self.assertEqual(self.reply("System|Outcome k"), "waiting")
        self.cleared()
        self.assertEqual(self.successResultOf(reply), "OK")
        self.assertEqual(self.reply("System|Outcome k"), "done OK")

    def test_one_that_gives_up_is_not_begun(self) -> None:
        reply = self.ask("System|Open V", context=RequestContext(within=0.5))
        self.clock.advance(0.5)
        self.assertEqual(
            self.successResultOf(reply), "ERROR 202 : expired before it was begun: Open"
        )
        self.cleared()
        self.assert_not_begun()

    def test_one_that_is_overtaken_is_not_begun(self) -> None:
        reply = self.ask("System|Open V")
        self.assertEqual(self.reply("System|Close V"), "OK")
        self.cleared()
        self.assertIn("ERROR 210", self.successResultOf(reply))
        self.assert_not_begun()

    def test_one_whose_asker_has_gone_is_not_begun(self) -> None:
        response = self.gate.process_server_request("System", "Open V", "10.0.0.1")
        assert not isinstance(response, str)
        reply = response.addErrback(lambda failure: str(failure.value))
        self.gate.asker_gone(response)
        self.assertEqual(
            self.successResultOf(reply), "expired before it was begun: Open: who asked has gone"
        )
        self.cleared()
        self.assert_not_begun()

    def test_one_that_meets_the_end_of_the_gate_is_not_begun(self) -> None:
        reply = self.ask("System|Open V")
        stopped = self.gate.stopService()
        self.slow.readings[0].callback(1)
        self.clock.pump([0.1] * 5)
        self.assertEqual(self.successResultOf(reply), "ERROR 209 : shutting down: Open")
        self.successResultOf(stopped)
        self.assertNotIn(["begin", "Open V"], self.events("event", "command"))

    def test_one_that_is_given_up_while_it_runs_lets_the_others_go(self) -> None:
        line = self.gate._hardware.manager("extraction_line")
        self.patch(line, "open_valve", lambda name, sender: Deferred())
        reply = self.ask("System|Open V")
        self.slow.readings[0].callback(1)
        self.clock.advance(5)
        self.assertIn("ERROR 201", self.successResultOf(reply))
        self.ask("System|Open V")
        self.assertEqual(len(self.slow.readings), 2)


class MatchTests(LaboratoryCase):
    def held_back(self, command: str, *lines: str) -> list[bool]:
        """Which of these lines a rule for ``command`` holds back."""
        self.start(rule(command, "Hardware|Read lab_temperature < 0"))
        return ["ERROR 207" in self.reply(line) for line in lines]

    def test_a_command_is_the_same_by_every_name_of_its_type(self) -> None:
        lines = ("System|Open V", "Extractionline|Open V", "Extractionline|Open A")
        self.assertEqual(self.held_back("System|Open V", *lines), [True, True, False])
        self.assertEqual(self.held_back("Extractionline|Open V", *lines), [True, True, False])

    def test_a_command_is_the_same_in_every_form(self) -> None:
        lines = (
            'System|{"command": "Open", "name": "V"}',
            'System|{"command": "Open", "value": "V"}',
            "System|Open,V",
            'System|{"command": "Open", "name": "A"}',
        )
        self.assertEqual(self.held_back("System|Open V", *lines), [True, True, True, False])

    def test_a_command_is_the_same_by_every_word_of_it(self) -> None:
        lines = ("CO2|Prepare", "CO2|PrepareLaser", "Diode|Prepare")
        self.assertEqual(self.held_back("CO2|PrepareLaser", *lines), [True, True, False])

    def test_another_type_that_has_the_same_device_is_held_back_too(self) -> None:
        lines = (
            "System|Set bakeout_setpoint 21",
            "CO2|Set bakeout_setpoint 21",
            "Hardware|Set bakeout_setpoint 21",
            "Hardware|Set message 21",
        )
        expected = [True, True, True, False]
        self.assertEqual(self.held_back("System|Set bakeout_setpoint", *lines), expected)

    def test_arguments_that_are_left_out_may_be_any(self) -> None:
        lines = ("CO2|SetLaserPower 1", "CO2|SetLaserPower 2", "CO2|Enable")
        self.assertEqual(self.held_back("CO2|SetLaserPower", *lines), [True, True, False])
        lines = ("CO2|SetMotor mask 1", "CO2|SetMotor mask 2", "CO2|SetMotor zoom 1")
        self.assertEqual(self.held_back("CO2|SetMotor mask", *lines), [True, True, False])

    def test_a_line_of_qtegras_own_is_its_command(self) -> None:
        lines = ("Spectrometer|SetMass 40,AX", "Spectrometer|Qtegra BlankBeam False")
        self.assertEqual(self.held_back("Spectrometer|SetMass", *lines), [True, False])


class ConfigurationTests(LaboratoryCase):
    def mistake(self, extra: str) -> str:
        table = Table.parse(DEFAULT + extra, "lab.toml")
        with self.assertRaises(ConfigError) as caught:
            gate_from_config(*laboratory_from(table), self.clock, Metrics())
        return without_line(str(caught.exception))

    def test_a_command_must_be_one_that_is_served_here(self) -> None:
        for command in ("Open V", "Nope|Open V", "test|Open V"):
            self.assertIn(
                "lab.toml: interlock[0].command: expected Type|command with a type that is served "
                f"here, got '{command}'",
                self.mistake(rule(command, A_CLOSED)),
            )

    def test_a_command_must_be_known_with_its_arguments(self) -> None:
        for command, why in (
            ("System|Opne V", "invalid command: Opne"),
            ("System|", "invalid command"),
            ("CO2|SetLaserPower hot", "invalid arguments"),
            ('System|{"command": "Open"}', "a text is wanted, no JSON"),
            ("System|Set", "which device"),
            ("System|Open", "which name"),
            ("System|Set nothing", "device nothing not connected"),
            ("System|Open Z1", "Open Z1 (no such valve"),
            ("System|GetValveState V", "it does not act on hardware"),
            ("System|SystemLock", "it does not act on hardware"),
        ):
            mistake = self.mistake(rule(command, A_CLOSED))
            self.assertIn("interlock[0].command: expected a command of ", mistake)
            self.assertIn(why, mistake)

    def test_a_condition_must_be_a_read_of_a_device_and_a_comparison(self) -> None:
        for condition, why in (
            ("System|GetIndicatorState A", ": no comparison in it)"),
            ("Hardware|Read message < inf", ": no number that can be measured)"),
            ("", ": no comparison in it)"),
            ("GetIndicatorState A is False", "no request type"),
            ("Nope|Get A is False", "no request type Nope"),
            ("System|Open A is OK", "Open does not read a device"),
            ("System|Help is OK", "Help does not read a device"),
            ("System|Gte A is OK", "invalid command: Gte"),
            ("Hardware|Read nothing < 5", "device nothing not connected"),
            ("System|GetIndicatorState Q9 is False", "there is no valve Q9 (known: A, B, C, "),
            ("System|GetIndicatorState a is False", "there is no valve a; did you mean A?"),
            ("System|GetPressure gc,IGG < 5", "there is no gauge IGG; did you mean IG?"),
            (f"{BAKEOUT} < hot", "could not convert string to float: 'hot'"),
        ):
            mistake = self.mistake(rule("System|Open V", condition))
            expected = "expected reads such as System|GetIndicatorState W is False ("
            self.assertIn(f"lab.toml: interlock[0].only_if: {expected}", mistake)
            self.assertIn(f"({condition}: ", mistake)
            self.assertIn(why, mistake)

    def test_each_key_is_needed_but_the_reason(self) -> None:
        self.assertIn("interlock[0].command", self.mistake("\n[[interlock]]\nonly_if = []\n"))
        self.assertIn(
            "interlock[0].only_if", self.mistake('\n[[interlock]]\ncommand = "System|Open V"\n')
        )

    def test_a_key_that_nobody_knows_is_a_mistake(self) -> None:
        mistake = self.mistake(rule("System|Open V", A_CLOSED) + "only = 1\n")
        self.assertIn("interlock[0].only: no such key is known", mistake)

    def test_the_table_that_is_wrong_is_told_by_its_number(self) -> None:
        rules = rule("System|Open V", A_CLOSED) + rule("System|Opne V", A_CLOSED)
        self.assertIn("interlock[1].command", self.mistake(rules))

    def test_a_type_whose_manager_is_missing_has_no_commands(self) -> None:
        table = Table.parse(rule("CO2|Enable", "System|GetValveStates is x"), "lab.toml")
        with self.assertRaises(ConfigError):
            gate_from_config(*laboratory_from(table), self.clock, Metrics())
        text = '[[extraction_line.valve]]\nname = "V"\n' + rule(
            "System|Open V", "CO2|GetXMoving is False"
        )
        with self.assertRaises(ConfigError) as caught:
            gate_from_config(*laboratory_from(Table.parse(text, "lab.toml")), self.clock, Metrics())
        self.assertIn("manager unavaliable", str(caught.exception))
