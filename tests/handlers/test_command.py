"""Commands: how they are declared, prepared and run."""

from __future__ import annotations

import contextlib
import json

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyClass, verifyObject

from pychron_comms.errors import (
    CommandError,
    DeviceConnectionError,
    InvalidArgumentsError,
    InvalidCommandError,
    MalformedRequestError,
    NoResponseError,
    ReplyTooLongError,
)
from pychron_comms.handlers.arguments import Text
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.call import LONGEST
from pychron_comms.handlers.command import DEADLINE, Call, Values, command, declared_commands
from pychron_comms.handlers.replies import value
from pychron_comms.interfaces import Effect, ICall, IDevice, IFlag, IHardware, IRequestHandler
from pychron_comms.wire.context import PLAIN
from tests.handlers.command_case import (
    SENDER,
    Commands,
    Hardware,
    MendedHandler,
    Stage,
    StageHandler,
)
from tests.properties import holds, json_values


class InterfaceTests(Commands):
    def test_a_handler_keeps_its_promises(self) -> None:
        self.assertTrue(verifyClass(IRequestHandler, BaseHandler))
        self.assertTrue(verifyObject(IRequestHandler, self.handler))

    def test_a_call_keeps_its_promises(self) -> None:
        self.assertTrue(verifyClass(ICall, Call))
        self.assertTrue(verifyObject(ICall, self.prepare("SetXY 1,2")))

    def test_the_hardware_here_keeps_its_promises(self) -> None:
        self.assertTrue(verifyObject(IHardware, self.hardware))
        self.assertTrue(verifyObject(IDevice, self.hardware.device("gauge")))
        self.assertTrue(verifyObject(IFlag, self.hardware.device("FooFlag")))


class PrepareTests(Commands):
    def test_a_command_is_found_and_its_arguments_are_converted(self) -> None:
        call = self.prepare("SetXY 1.5, -2")
        self.assertEqual(call.name, "SetXY")
        self.assertEqual(call.sender, SENDER)
        self.assertEqual(call.values, {"x": 1.5, "y": -2.0})
        self.assertIs(call.manager, self.stage)

    def test_nothing_is_run_yet(self) -> None:
        self.prepare("SetXY 1,2")
        self.assertEqual(self.stage.calls, [])

    def test_the_ways_of_real_clients_come_to_the_same(self) -> None:
        lines = [
            "SetXY 1.5,2",
            "SetXY (1.5, 2.0)",
            "SetXY 1.5 2",
            "SetXY,1.5,2",
            '{"command": "SetXY", "x": 1.5, "y": 2}',
            '{"y": "2", "x": "1.5", "command": "SetXY"}',
        ]
        for line in lines:
            self.assertEqual(self.prepare(line).values, {"x": 1.5, "y": 2.0}, msg=line)

    def test_an_argument_left_out_has_its_default(self) -> None:
        lines = [
            "GoToHole 3",
            '{"command": "GoToHole", "hole": 3}',
            '{"command": "GoToHole", "hole": 3, "autocenter": null}',
        ]
        for line in lines:
            expected = {"hole": 3, "autocenter": False}
            self.assertEqual(self.prepare(line).values, expected, msg=line)

    def test_an_alias_is_the_same_command_under_its_own_name(self) -> None:
        call = self.prepare("DoJog spiral")
        self.assertEqual((call.name, call.values), ("DoJog", {"name": "spiral"}))

    def test_json_may_use_another_name_of_an_argument(self) -> None:
        for key in ["name", "value"]:
            call = self.prepare(f'{{"command": "DoPattern", "{key}": "spiral"}}')
            self.assertEqual(call.values, {"name": "spiral"}, msg=key)

    def test_an_unknown_command_is_invalid(self) -> None:
        said = "invalid command: Frobnicate (Help lists the commands)"
        self.assertRefused("Frobnicate A", InvalidCommandError, said)
        self.assertRefused('{"command": "Frobnicate"}', InvalidCommandError, said)

    def test_an_unknown_command_names_the_nearest_one(self) -> None:
        for word, near in (("DoPatern", "DoPattern"), ("stopdrive", "StopDrive"), ("?", "Help")):
            said = f"invalid command: {word}; did you mean {near}? (Help lists the commands)"
            self.assertRefused(word, InvalidCommandError, said)

    def test_who_wants_to_leave_is_told_how(self) -> None:
        for word in ("quit", "exit", "QUIT", "bye", "logout"):
            said = f"invalid command: {word}; to leave telnet, type Ctrl-] and then quit"
            self.assertRefused(word, InvalidCommandError, said)

    def test_case_counts(self) -> None:
        error = self.assertRaises(InvalidCommandError, self.prepare, "setxy 1,2")
        self.assertIn("did you mean SetXY?", str(error))

    def test_only_declared_methods_are_commands(self) -> None:
        for name in ["set_xy", "prepare", "handle", "hardware", "_spec", "__init__"]:
            error = self.assertRaises(InvalidCommandError, self.prepare, name)
            self.assertEqual(error.details[0], name, msg=name)

    def test_malformed_json_is_refused(self) -> None:
        self.assertRefused("{}", MalformedRequestError, 'malformed request: JSON: no "command"')

    def test_a_wrong_number_of_arguments_is_refused_with_the_usage(self) -> None:
        self.assertRefused(
            "SetXY 1",
            InvalidArgumentsError,
            "invalid arguments: SetXY 1 (wrong number of arguments; usage: SetXY x y)",
        )
        self.assertRefused(
            "SetXY",
            InvalidArgumentsError,
            "invalid arguments: SetXY (wrong number of arguments; usage: SetXY x y)",
        )
        self.assertRefused(
            "StopDrive now",
            InvalidArgumentsError,
            "invalid arguments: StopDrive now (wrong number of arguments; usage: StopDrive)",
        )
        self.assertRefused(
            "GoToHole 1 True 2",
            InvalidArgumentsError,
            "invalid arguments: GoToHole 1 True 2"
            " (wrong number of arguments; usage: GoToHole hole [autocenter])",
        )

    def test_a_field_missing_from_json_is_refused_with_the_usage(self) -> None:
        for fields in ['"x": 1', '"x": 1, "y": null']:
            error = self.assertRaises(
                InvalidArgumentsError, self.prepare, f'{{"command": "SetXY", {fields}}}'
            )
            self.assertSubstring("(wrong number of arguments; usage: SetXY x y)", str(error))

    def test_a_field_that_is_no_argument_is_refused_with_the_usage(self) -> None:
        self.assertRefused(
            '{"command": "SetXY", "x": 1, "z": 2}',
            InvalidArgumentsError,
            "invalid arguments: SetXY x=1 z=2 (no argument named z; usage: SetXY x y)",
        )

    def test_a_value_of_the_wrong_kind_is_refused_as_it_was_sent(self) -> None:
        self.assertRefused(
            "SetXY a,2",
            InvalidArgumentsError,
            "invalid arguments: SetXY a,2 (x must be a number; usage: SetXY x y)",
        )
        self.assertRefused(
            '{"command": "SetXY", "x": 1, "y": [2]}',
            InvalidArgumentsError,
            "invalid arguments: SetXY x=1 y=[2] (y must be a number; usage: SetXY x y)",
        )

    def test_a_value_out_of_range_is_refused_with_the_range(self) -> None:
        self.assertRefused(
            "SetXY 1,51",
            InvalidArgumentsError,
            "invalid arguments: SetXY 1,51 (y must be -50 to 50 mm; usage: SetXY x y)",
        )

    def test_an_alias_that_is_refused_is_named_as_it_was_sent(self) -> None:
        self.assertRefused(
            "DoJog",
            InvalidArgumentsError,
            "invalid arguments: DoJog (wrong number of arguments; usage: DoPattern name)",
        )

    def test_a_device_that_is_not_there_is_refused(self) -> None:
        self.assertRefused("Read x", DeviceConnectionError, "device x not connected")
        self.assertRefused("Set x 1", DeviceConnectionError, "device x not connected")
        self.assertRefused("Ping x", DeviceConnectionError, "device x not connected")

    @holds
    @given(
        st.sampled_from(["SetXY", "GoToHole", "DoPattern", "GetMoving", "Read", "Help", "Nope"]),
        st.sampled_from(["", " ", ","]),
        st.text(st.characters()),
    )
    def test_any_text_is_a_call_or_a_command_error(
        self, name: str, blank: str, arguments: str
    ) -> None:
        with contextlib.suppress(CommandError):
            self.prepare(name + blank + arguments)

    @holds
    @given(
        st.sampled_from(["SetXY", "GoToHole", "DoPattern", "GetMoving", "Set", "Describe"]),
        st.dictionaries(
            st.sampled_from(["x", "y", "hole", "name", "value", "axes", "device"]) | st.text(),
            json_values,
            max_size=4,
        ),
    )
    def test_any_json_is_a_call_or_a_command_error(
        self, name: str, fields: dict[str, object]
    ) -> None:
        with contextlib.suppress(CommandError):
            self.prepare(json.dumps(fields | {"command": name}))

    def test_json_of_any_depth_is_a_call_or_a_command_error(self) -> None:
        for depth in range(1, 1200):
            nested = "[" * depth + "]" * depth
            self.assertRaises(CommandError, self.prepare, f'{{"command": "SetXY", "x": {nested}}}')


class CallTests(Commands):
    def test_a_declaration_says_what_running_twice_would_do(self) -> None:
        self.assertIs(self.prepare("SetXY 1,2").effect, Effect.ACTUATE)
        self.assertIs(self.prepare("StopDrive").effect, Effect.IDEMPOTENT)
        self.assertIs(self.prepare("GetMoving").effect, Effect.READ)

    def test_a_declaration_may_give_the_deadline(self) -> None:
        self.assertEqual(self.prepare("SetXY 1,2").deadline, 2.0)
        self.assertEqual(self.prepare("StopDrive").deadline, DEADLINE)

    def test_a_command_is_safe_where_it_says_so(self) -> None:
        self.assertIs(self.prepare("StopDrive").safe, True)
        self.assertIs(self.prepare("SetXY 1,2").safe, False)

    def test_whether_it_is_safe_may_lie_in_its_arguments(self) -> None:
        self.assertIs(self.prepare("Fire stop").safe, True)
        self.assertIs(self.prepare("Fire burst").safe, False)

    def test_the_target_is_the_argument_that_is_named(self) -> None:
        self.assertEqual(self.prepare("GoToHole 3").target, "3")

    def test_the_target_may_be_the_same_for_all_arguments(self) -> None:
        self.assertEqual(self.prepare("DoPattern spiral").target, "pattern")

    def test_without_a_target_it_is_for_the_whole(self) -> None:
        self.assertEqual(self.prepare("StopDrive").target, "")

    def test_a_command_may_find_its_own_manager(self) -> None:
        self.assertIs(self.prepare("Read gauge").manager, self.hardware.device("gauge"))
        self.assertIsNone(self.prepare("Help").manager)

    def assert_same(self, first: Call, second: Call) -> None:
        self.assertIsNotNone(first.question)
        self.assertEqual(first.question, second.question)

    def test_two_of_one_read_are_the_same_read(self) -> None:
        self.assert_same(self.prepare("GetMoving x"), self.prepare("GetMoving x"))

    def test_who_asks_makes_no_difference_to_a_read(self) -> None:
        other = self.handler.prepare("GetMoving x", "10.0.0.8")
        self.assert_same(self.prepare("GetMoving x"), other)

    def test_an_alias_is_the_same_read(self) -> None:
        self.assert_same(self.prepare("PychronReady"), self.prepare("SendTest"))

    def test_what_else_is_read_is_another_read(self) -> None:
        stage = Stage()
        questions = [
            self.prepare("GetMoving x").question,
            self.prepare("GetMoving y").question,
            self.prepare("GetLater").question,
            self.prepare("GetSlowly").question,
            StageHandler(self.hardware, stage).prepare("GetMoving x", SENDER).question,
        ]
        self.assertEqual(len(set(questions)), 5)

    def test_what_actuates_is_no_read(self) -> None:
        self.assertIsNone(self.prepare("SetXY 1,2").question)
        self.assertIsNone(self.prepare("StopDrive").question)

    def test_run_calls_the_manager_and_returns_what_it_returns(self) -> None:
        self.stage.result = object()
        self.assertIs(self.prepare("SetXY 1,2").run(), self.stage.result)
        self.assertEqual(self.stage.calls, [("xy", SENDER, 1.0, 2.0)])

    def test_reply_makes_the_text(self) -> None:
        self.assertEqual(self.prepare("GetMoving").reply(0), "False")

    def test_a_reply_longer_than_any_may_be_is_an_error(self) -> None:
        """A driver that read 20 MB of rubbish ended the hop for all."""
        call = self.prepare("GetLater")
        self.assertEqual(len(call.reply("x" * LONGEST)), LONGEST)
        for text in ("x" * (LONGEST + 1), "µ" * (LONGEST // 2) + "x"):
            error = self.assertRaises(ReplyTooLongError, call.reply, text)
            self.assertEqual(str(error), "reply too long: 8388609 bytes, at most 8388608")


class HandleTests(Commands):
    def test_a_result_is_answered_at_once(self) -> None:
        self.assertEqual(self.answer("SetXY 1,2"), "OK")
        self.assertEqual(self.stage.calls, [("xy", SENDER, 1.0, 2.0)])

    def test_a_deferred_is_answered_later(self) -> None:
        self.stage.result = Deferred()
        answer = self.answer("GetLater")
        self.assertNoResult(answer)
        self.stage.result.callback(1.5)
        self.assertEqual(self.successResultOf(answer), "1.5")

    def test_a_coroutine_is_answered_later(self) -> None:
        self.stage.result = Deferred()
        answer = self.answer("GetSlowly")
        self.assertNoResult(answer)
        self.stage.result.callback(1.5)
        self.assertEqual(self.successResultOf(answer), "1.5")

    def test_a_failure_stays_one(self) -> None:
        self.stage.result = Deferred()
        answer = self.answer("GetSlowly")
        self.stage.result.errback(NoResponseError())
        self.failureResultOf(answer, NoResponseError)

    def test_no_answer_is_an_error_at_once_or_later(self) -> None:
        self.assertRaises(NoResponseError, self.answer, "GetMoving")
        self.stage.result = succeed(None)
        self.failureResultOf(self.answer("GetLater"), NoResponseError)

    def test_an_error_of_the_manager_is_raised_on(self) -> None:
        def broken(*call: object) -> object:
            raise ZeroDivisionError

        self.patch(self.stage, "note", broken)
        self.assertRaises(ZeroDivisionError, self.answer, "StopDrive")


class DeclaredCommandsTests(SynchronousTestCase):
    def test_every_word_is_in_the_table_in_order(self) -> None:
        self.assertEqual(
            list(declared_commands(BaseHandler)),
            [
                "Check",
                "Claim",
                "Describe",
                "GetError",
                "Help",
                "Outcome",
                "Override",
                "Owners",
                "Ping",
                "PychronReady",
                "Read",
                "ReadTest",
                "Release",
                "SendTest",
                "Set",
                "WakeScreen",
                "Watch",
            ],
        )

    def test_the_words_of_one_command_share_its_declaration(self) -> None:
        table = declared_commands(StageHandler)
        self.assertIs(table["DoPattern"], table["DoJog"])

    def test_a_class_without_commands_has_none(self) -> None:
        self.assertEqual(declared_commands(Stage), {})

    def test_a_class_has_the_commands_of_its_bases(self) -> None:
        self.assertLess(
            declared_commands(BaseHandler).keys(), declared_commands(StageHandler).keys()
        )

    def test_a_class_may_declare_a_command_of_its_base_anew(self) -> None:
        handler = MendedHandler(Hardware(), Stage())
        self.assertEqual(handler.handle(handler.prepare("GetError", SENDER)), "on fire")
        self.assertEqual(declared_commands(BaseHandler)["GetError"].help, "what is wrong, or OK")

    def test_a_declared_method_is_still_a_method(self) -> None:
        stage = Stage()
        StageHandler(Hardware(), stage).go_to_hole(stage, SENDER, 3, True)
        self.assertEqual(stage.calls, [("hole", 3, True)])

    def test_a_manager_may_be_found_from_the_arguments(self) -> None:
        def manager_of(handler: object, values: Values) -> object:
            return values["device"].upper()

        class Finder(BaseHandler):
            @command(
                "Find",
                arguments=(Text("device"),),
                reply=value,
                effect=Effect.READ,
                manager=manager_of,
                help="find",
            )
            def find(self, manager: object, sender: str, device: str) -> object:
                return manager

        handler = Finder(Hardware(), None)
        self.assertEqual(handler.handle(handler.prepare("Find gauge", SENDER)), "GAUGE")


class AgainTests(Commands):
    """A call that was prepared once can be asked again."""

    def test_it_is_what_prepare_gives(self) -> None:
        first = self.prepare("Read gauge")
        again = first.again("10.0.0.8", PLAIN)
        self.assertIsNot(first, again)
        self.assertEqual(first.question, again.question)
        self.assertEqual((again.name, again.values), (first.name, first.values))
        self.assertEqual(again.sender, "10.0.0.8")
        self.assertIs(again.context, PLAIN)

    def test_it_is_itself_where_nothing_is_another(self) -> None:
        first = self.prepare("Read gauge")
        self.assertIs(first.again(SENDER, PLAIN), first)
        late = PLAIN._replace(age=1.0)
        self.assertEqual(first.again(SENDER, late).context, late)
        self.assertIs(first.context, PLAIN)

    def test_a_device_that_has_gone_is_not_there(self) -> None:
        first = self.prepare("Read gauge")
        self.hardware.named.clear()
        with self.assertRaises(DeviceConnectionError):
            first.again(SENDER, PLAIN)
