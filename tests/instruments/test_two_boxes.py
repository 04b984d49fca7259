"""Frames with a checksum, and binary answers: two descriptions that docs/instruments.md shows."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError
from pychron_comms.instruments.checking import findings
from pychron_comms.instruments.description import Description
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.pattern import GarbledError, Pattern
from pychron_comms.instruments.simulated import SimulatedInstrument
from pychron_comms.instruments.talk import Told
from tests.instruments.case import InstrumentCase, described

_PAGE = Path(__file__).parents[2] / "docs" / "instruments.md"


def shown(title: str) -> str:
    """The description of that title, as the page has it."""
    blocks = re.findall(r"```text\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
    (found,) = [each for each in blocks if each.startswith(f'title = "{title}')]
    return str(found)


FRAMED, BINARY = shown("A pump controller with frames"), shown("A box of 16 valves")


class ShownTests(SynchronousTestCase):
    def wrong(self, text: str) -> list[str]:
        return list(findings(described(text)))

    def answers(self, description: Description, *questions: bytes) -> list[bytes]:
        connection = SimulatedInstrument(description).connection()
        return [answer for each in questions for answer in connection.received(each)]

    def test_both_hold(self) -> None:
        for text in (FRAMED, BINARY):
            self.assertEqual(self.wrong(text), [])

    def test_a_code_is_found_as_it_stands_on_the_wire(self) -> None:
        text = FRAMED.replace("refused = true", "refused = false")
        (said,) = self.wrong(text)
        self.assertIn("too hot", said)

    def test_an_answer_of_a_size_has_no_end_of_line_behind_it(self) -> None:
        question = bytes.fromhex("AA 53 00 FD")
        for text in (BINARY, BINARY.replace('line = ""', 'line = "<LF>"\nsend_line = ""')):
            said = self.answers(described(text), question)
            self.assertEqual(said, [bytes.fromhex("55 53 00 00 A8")])

    def test_what_its_simulator_is_not_understood_with_is_wrong_without_a_test_too(self) -> None:
        text = re.sub("size = .*\n|test = .*\n", "", BINARY)
        said = self.wrong(text)
        self.assertEqual(len(said), 3)
        for each in said:
            self.assertIn("(with its simulator): more than one answer to", each)
        said = self.wrong(re.sub("test = .*\n", "", FRAMED.replace('send_line = ""\n', "")))
        self.assertEqual(len(said), 3)
        self.assertIn("(with its simulator): no answer to", said[0])


class BinaryWordTests(SynchronousTestCase):
    def test_a_word_of_a_binary_value_is_a_number(self) -> None:
        pattern = Pattern("{value:u8}", words=["0", "1", "48"])
        for data, word in ((b"\x00", "0"), (b"\x01", "1"), (b"0", "48")):
            self.assertEqual(pattern.match(data), {"value": word})
            self.assertEqual(pattern.build({"value": word}), data)
        self.assertEqual(pattern.match(b"\x02"), {"value": 2})
        self.assertRaises(GarbledError, pattern.match, b"48")
        wide = Pattern("{value:u16le}", words=["256"])
        self.assertEqual(wide.match(b"\x00\x01"), {"value": "256"})
        self.assertEqual(wide.build({"value": "256"}), b"\x00\x01")

    def test_one_that_is_none_is_a_mistake(self) -> None:
        error = self.assertRaises(ConfigError, described, BINARY.replace("0 = ", "off = "))
        self.assertIn("words.off: the value is binary, and its words are numbers", str(error))


class NumberWordTests(SynchronousTestCase):
    def test_without_a_unit_it_is_always_a_word(self) -> None:
        for text, name in ((FRAMED, "pump"), (BINARY, "valve")):
            self.assertTrue(described(text).items[name].readings["state"].is_state)
        text = FRAMED.replace("words =", 'unit = "Hz"\nwords =')
        self.assertFalse(described(text).items["pump"].readings["state"].is_state)


class BoundTests(InstrumentCase):
    text = BINARY

    def asked(self, value: Value) -> Deferred[Told]:
        self.put("state", value)
        asked = Deferred.fromCoroutine(self.item.read("state"))
        self.pump(1.0)
        return asked

    def test_its_valve_is_known(self) -> None:
        for state in ("open", "closed"):
            self.assertEqual(self.successResultOf(self.asked(state)).value, state)

    def test_what_is_none_of_its_words_is_no_state(self) -> None:
        error = self.failureResultOf(self.asked(7), GarbledError)
        self.assertIn("expected one of 0, 1", str(error.value))
        self.assertIsNone(self.item.latest("state").value)
