"""Commands of valves."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import succeed
from zope.interface.verify import verifyObject

from pychron_comms import errors
from pychron_comms.handlers.extraction_line.handler import (
    ExtractionlineHandlerFactory,
)
from pychron_comms.interfaces import (
    Effect,
    IRequestHandler,
    IRequestHandlerFactory,
    ValveStatus,
)
from pychron_comms.lab.hardware import Hardware
from pychron_comms.wire.crc import compute_crc
from tests.handlers.extraction_line_case import COMMANDS, HandlerTestCase


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
        self.answers(
            (
                "Opne A",
                "ERROR 003 : invalid command: Opne; did you mean Open? (Help lists the commands)",
            )
        )


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
            (
                "Open Z",
                "ERROR 004 : invalid arguments: Open Z (no such valve; GetValveStates lists them)",
            ),
            (
                "Close Z",
                "ERROR 004 : invalid arguments: Close Z (no such valve; GetValveStates lists them)",
            ),
            (
                "Open A,B",
                "ERROR 004 : invalid arguments: Open A,B (no such valve; did you mean AB?)",
            ),
            ("Open C", "ERROR 014 : Valve C is software locked"),
            ("Close C", "ERROR 014 : Valve C is software locked"),
            ("Open B", "ERROR 204 : B is owned by 10.0.0.7"),
            ("Open D", "ERROR 015 : Valve D failed to actuate open"),
        )

    def test_arguments_that_do_not_fit(self) -> None:
        wrong = "ERROR 004 : invalid arguments: Open "
        usage = "(wrong number of arguments; usage: Open name)"
        self.answers(
            ("Open", wrong + usage),
            ('{"command": "Open"}', wrong + usage),
            ('{"command": "Open", "name": null}', f"{wrong}name=None {usage}"),
            (
                '{"command": "Open", "name": [1]}',
                f"{wrong}name=[1] (name must be a text; usage: Open name)",
            ),
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
            ("Open NoFlag", "ERROR 008 : device NoFlag not connected; did you mean FooFlag?"),
            ("Close NoFlag", "ERROR 008 : device NoFlag not connected; did you mean FooFlag?"),
        )
        self.assertIs(self.call("Open FooFlag").manager, self.hardware.device("FooFlag"))

    def test_two_words_clear_a_flag_and_one_of_them_is_safe_whatever_it_names(self) -> None:
        """Scripts say ``Set`` again when they hear nothing, which must be known for a copy."""
        close, clear = self.call("Close FooFlag"), self.call("Set FooFlag 0")
        self.assertEqual(close.moves, clear.moves)
        self.assertEqual((close.safe, clear.safe), (True, False))

    def test_any_device_whose_name_ends_in_flag_is_one(self) -> None:
        self.answers(
            ("Open NumberFlag", "OK"),
            ("Read NumberFlag", "1.0"),
            ("Close NumberFlag", "OK"),
            ("Read NumberFlag", "0.0"),
        )


UNKNOWN = "ERROR 005 : {} is not a registered valve name"


class ValveQueryTests(HandlerTestCase):
    def test_states(self) -> None:
        for word in ("GetValveState", "GetIndicatorState", "GetChannelState"):
            self.answers(
                (f"{word} A", "False"),
                (f"{word} AB", "True"),
                (f"{word},AB", "True"),
                (f"{word} Z", f"{UNKNOWN.format('Z')}; GetValveStates lists them"),
                (f"{word} a", f"{UNKNOWN.format('a')}; did you mean A?"),
                (f'{{"command": "{word}", "name": "AB"}}', "True"),
                (f'{{"command":"{word}","value":"A"}}', "False"),
            )

    def test_locks(self) -> None:
        for word in ("GetValveLockState", "GetManualState"):
            self.answers(
                (f"{word} A", "False"),
                (f"{word} C", "True"),
                (f"{word} Z", f"{UNKNOWN.format('Z')}; GetValveStates lists them"),
                (f"{word} a", f"{UNKNOWN.format('a')}; did you mean A?"),
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
            ("GetStateChecksum A,Z,B,C", "3744915456"),
            ("GetStateChecksum Z", "0"),
            ("GetStateChecksum", "0"),
        )

    def test_also_of_a_line_that_tells_of_all_valves_only(self) -> None:
        class AllOrNone:
            valves = self.handler.manager.valves

        orders = [("GetStateChecksum A,A,B", self.ask("GetStateChecksum A,A,B"))]
        self.handler.manager = AllOrNone()
        self.answers(("GetStateChecksum A,Z,B,C", "3744915456"), *orders)

    def test_it_looks_at_no_other_valve(self) -> None:
        def all_of_them() -> list[ValveStatus]:
            self.fail("all were looked at")

        self.patch(self.handler.manager, "valves", all_of_them)
        self.answers(("GetStateChecksum A,B,C", "3744915456"))


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
