"""What every request type answers, and how commands describe themselves."""

from __future__ import annotations

import json

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import (
    InvalidArgumentsError,
    InvalidCommandError,
    NoResponseError,
)
from pychron_comms.handlers.replies import done, state, value, words
from tests.handlers.command_case import SENDER, Commands


class HelpTests(Commands):
    def test_lists_every_word(self) -> None:
        self.assertEqual(
            self.answer("Help"),
            "Stage commands: Check Claim Describe DoJog DoPattern Fire GetError GetLater GetMoving"
            " GetSlowly GoToHole Help Outcome Override Owners Ping PychronReady Read ReadTest"
            " Release SendTest Set SetXY StopDrive WakeScreen Watch -- Help Name tells more",
        )

    def test_of_a_command_tells_usage_and_purpose(self) -> None:
        self.assertEqual(
            self.answer("Help GoToHole"), "GoToHole hole [autocenter]: begin a move to a hole"
        )

    def test_of_a_command_tells_units(self) -> None:
        self.assertEqual(self.answer("Help SetXY"), "SetXY x y: begin a move; x in mm; y in mm")

    def test_of_an_alias_tells_of_the_command(self) -> None:
        expected = "DoPattern name: begin a pattern (also DoJog)"
        self.assertEqual(self.answer("Help DoJog"), expected)

    def test_of_a_command_may_be_asked_in_json(self) -> None:
        self.assertEqual(self.answer('{"command": "Help", "name": "StopDrive"}'), "StopDrive: stop")

    def test_of_an_unknown_command_is_an_error(self) -> None:
        error = self.assertRaises(InvalidCommandError, self.answer, "Help Opne")
        self.assertEqual(error.details[0], "Opne")

    def test_tells_of_itself(self) -> None:
        self.assertEqual(
            self.answer("Help Help"), "Help [command]: list the commands, or tell of one"
        )


class DescribeTests(Commands):
    def test_a_command_is_described_as_json(self) -> None:
        self.assertEqual(
            json.loads(self.answer("Describe SetXY")),
            {
                "name": "SetXY",
                "aliases": [],
                "usage": "SetXY x y",
                "help": "begin a move",
                "arguments": [
                    {"name": "x", "type": "number", "unit": "mm", "minimum": -50, "maximum": 50},
                    {"name": "y", "type": "number", "unit": "mm", "minimum": -50, "maximum": 50},
                ],
                "effect": "actuate",
                "target": "",
                "safe": "never",
                "deadline": 2.0,
            },
        )

    def test_a_description_may_be_asked_for_in_json(self) -> None:
        described = json.loads(self.answer('{"command": "Describe", "name": "Fire"}'))
        self.assertEqual(described["name"], "Fire")

    def test_an_alias_is_described_as_its_command(self) -> None:
        described = json.loads(self.answer("Describe DoJog"))
        self.assertEqual((described["name"], described["aliases"]), ("DoPattern", ["DoJog"]))

    def test_what_is_long_is_made_once(self) -> None:
        for word in ("Describe", "Help"):
            self.assertIs(self.answer(word), self.answer(word))

    def test_all_commands_are_described_once_each(self) -> None:
        described = json.loads(self.answer("Describe"))
        self.assertEqual(described["type"], "Stage")
        self.assertEqual(
            [each["name"] for each in described["commands"]],
            [
                "Check",
                "Claim",
                "Describe",
                "DoPattern",
                "Fire",
                "GetError",
                "GetLater",
                "GetMoving",
                "GetSlowly",
                "GoToHole",
                "Help",
                "Outcome",
                "Override",
                "Owners",
                "Ping",
                "PychronReady",
                "Read",
                "ReadTest",
                "Release",
                "Set",
                "SetXY",
                "StopDrive",
                "Watch",
            ],
        )

    def test_an_unknown_command_is_an_error(self) -> None:
        self.assertRaises(InvalidCommandError, self.answer, "Describe Opne")

    def test_the_description_is_one_line(self) -> None:
        self.assertEqual(len(self.answer("Describe").splitlines()), 1)


class BaseCommandTests(Commands):
    def test_read_gives_the_value_of_a_device(self) -> None:
        self.assertEqual(self.answer("Read gauge"), "1.5e-09")

    def test_read_of_a_device_that_says_nothing_is_an_error(self) -> None:
        self.hardware.named["gauge"].present = None
        self.assertRaises(NoResponseError, self.answer, "Read gauge")

    def test_set_gives_a_device_the_value_and_the_sender(self) -> None:
        self.assertEqual(self.answer("Set FooFlag 1"), "OK")
        self.assertEqual(self.hardware.named["FooFlag"].present, ("1", SENDER))

    def test_set_and_read_take_json(self) -> None:
        self.assertEqual(self.answer('{"command": "Set", "name": "gauge", "value": 5}'), "OK")
        self.assertEqual(
            self.answer('{"command": "Read", "device": "gauge"}'), f"('5', '{SENDER}')"
        )

    def test_a_value_may_hold_blanks(self) -> None:
        self.assertEqual(self.answer("Set gauge out of order"), "OK")
        self.assertEqual(self.hardware.named["gauge"].present, ("out of order", SENDER))

    def test_ping_keeps_a_flag_alive(self) -> None:
        self.assertEqual(self.answer("Ping FooFlag"), f"pinged by {SENDER}")
        self.assertEqual(self.answer("Ping FooFlag 1"), f"pinged by {SENDER}")

    def test_ping_of_what_is_no_flag_is_refused(self) -> None:
        error = self.assertRaises(InvalidArgumentsError, self.answer, "Ping gauge")
        self.assertEqual(error.details, ("Ping", "gauge (is no flag)"))

    def test_get_error_says_ok(self) -> None:
        self.assertEqual(self.answer("GetError"), "OK")

    def test_get_error_says_what_is_wrong(self) -> None:
        self.assertEqual(self.prepare("GetError").reply("water off"), "water off")

    def test_the_link_test_says_ok(self) -> None:
        self.assertEqual(self.answer("PychronReady"), "OK")
        self.assertEqual(self.answer("SendTest"), "OK")

    def test_the_read_test_counts_to_twelve_and_begins_again(self) -> None:
        counted = [self.answer("ReadTest") for _ in range(14)]
        self.assertEqual(counted, [str(number) for number in [*range(1, 13), 1, 2]])

    def test_the_screen_words_say_ok(self) -> None:
        self.assertEqual(self.answer("Watch"), "OK")
        self.assertEqual(self.answer("WakeScreen"), "OK")

    def test_what_touches_no_hardware_has_no_manager(self) -> None:
        for name in ["Help", "Describe", "GetError", "PychronReady", "ReadTest", "Watch"]:
            self.assertIs(self.prepare(name).manager, None, msg=name)


class ReplyWordTests(SynchronousTestCase):
    def test_done_is_ok_whatever_came_back(self) -> None:
        for result in [None, True, False, "ok", 0]:
            self.assertEqual(done(result), "OK", msg=repr(result))

    def test_a_state_is_true_or_false(self) -> None:
        for result, text in [(True, "True"), (False, "False"), (1, "True"), (0, "False")]:
            self.assertEqual(state(result), text, msg=repr(result))

    def test_a_value_is_written_as_python_writes_it(self) -> None:
        for result, text in [(1.5e-09, "1.5e-09"), (7, "7"), ("a", "a"), ("", "")]:
            self.assertEqual(value(result), text, msg=repr(result))

    def test_words_are_joined_by_commas(self) -> None:
        for result, text in [(["a", "b"], "a,b"), ((1.0, 2), "1.0,2"), ([], "")]:
            self.assertEqual(words(result), text, msg=repr(result))

    def test_none_is_no_response(self) -> None:
        self.assertRaises(NoResponseError, state, None)
        self.assertRaises(NoResponseError, value, None)
        self.assertRaises(NoResponseError, words, None)
