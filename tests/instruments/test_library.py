"""The ready descriptions: their examples, their simulators, and bytes that mean nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.checking import asked, defaults, findings
from pychron_comms.instruments.description import Description, Item, Reading, Verb
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.kinds import GIVEN
from pychron_comms.instruments.library import named_description, ready
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.simulated import SimulatedInstrument
from pychron_comms.instruments.talk import RefusedError, interpreted, talk
from tests.instruments.case import described

ALL = [named_description(name) for name in ready()]


def items() -> Iterator[tuple[Description, Item]]:
    for description in ALL:
        for item in description.items.values():
            yield description, item


def values_of(item: Item) -> dict[str, Value]:
    """Some that its parameters can be."""
    least = {
        name: parameter.choices[0] if parameter.choices else int(parameter.minimum or 1)
        for name, parameter in item.parameters.items()
    }
    return defaults(item, least)


class LibraryTests(SynchronousTestCase):
    def test_every_example_holds(self) -> None:
        for description in ALL:
            with self.subTest(description.name):
                self.assertEqual(list(findings(description)), [])

    def test_every_member_has_an_example_and_every_fact_a_source(self) -> None:
        for description, item in items():
            self.assertTrue(description.source)
            for place, member in item.members():
                with self.subTest(description.name, place=place):
                    self.assertTrue(member.tests)

    def test_what_moves_is_sent_once(self) -> None:
        for description, item in items():
            for verb in item.verbs.values():
                with self.subTest(description.name, verb=verb.name):
                    self.assertEqual(verb.repeat == 1, not verb.safe)

    def test_what_is_done_is_read_back(self) -> None:
        for description, item in items():
            for verb in item.verbs.values():
                for name, effect in item.kind.effects.get(verb.name, {}).items():
                    if verb.verify is not None and verb.verify.reading == name:
                        with self.subTest(description.name, verb=verb.name, reading=name):
                            self.read_back(description, item, verb, name, effect)

    def read_back(
        self, description: Description, item: Item, verb: Verb, name: str, effect: str
    ) -> None:
        values = values_of(item)
        if effect == GIVEN:
            values["value"] = (verb.minimum or 0) + 1
        instrument = SimulatedInstrument(description)
        asked(talk(description.wire, verb.exchange, values), instrument)
        reading = item.readings[name]
        told = interpreted(
            reading, asked(talk(description.wire, reading.exchange, values), instrument)
        )
        wanted = values["value"] if effect == GIVEN else effect
        if isinstance(told.value, str):
            self.assertEqual(told.value, wanted)
        else:
            self.assertIsNotNone(told.value, told.reason)
            self.assertAlmostEqual(float(told.value or 0), float(wanted), places=1)

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=24), st.integers(0, 1 << 16))
    def test_no_value_comes_of_garbage(self, data: bytes, at: int) -> None:
        """Bytes of no sense, and answers that were cut or changed, raise the one error."""
        for description, item in items():
            for reading in item.readings.values():
                self.garbled(description, item, reading, data, at)

    def garbled(
        self, description: Description, item: Item, reading: Reading, data: bytes, at: int
    ) -> None:
        dialogue = talk(description.wire, reading.exchange, values_of(item))
        next(dialogue)
        try:
            dialogue.send(data)
            for _ in description.wire.steps:
                dialogue.send(data)
        except (GarbledError, RefusedError):
            return
        except StopIteration as end:
            try:
                told = interpreted(reading, end.value)
            except GarbledError:
                return
            self.assertTrue(told.value is not None or told.reason)

    def test_one_bit_of_a_checked_answer_is_noticed(self) -> None:
        description = named_description("eurotherm-bisynch")
        item = description.items["loop"]
        reading = item.readings["value"]
        answer = b"\x02PV16.4\x03" + bytes([0x18])
        for bit in range(8 * len(answer)):
            spoiled = bytearray(answer)
            spoiled[bit // 8] ^= 1 << bit % 8
            dialogue = talk(description.wire, reading.exchange, values_of(item))
            next(dialogue)
            self.assertRaises((GarbledError, RefusedError), dialogue.send, bytes(spoiled))


class FindingTests(SynchronousTestCase):
    """A check that finds nothing would be no check."""

    def found(self, **changes: object) -> list[str]:
        description = named_description("agilent-34970a")
        item = description.items["valve"]
        reading = item.readings["state"]
        (first, *rest) = reading.tests
        broken = replace(reading, tests=(replace(first, **changes), *rest))  # type: ignore[arg-type]
        changed = replace(item, readings={**item.readings, "state": broken})
        return list(findings(replace(description, items={"valve": changed})))

    def test_a_wrong_example(self) -> None:
        self.assertIn("it gives 'open', and the example 'closed'", self.found(gives="closed")[0])
        self.assertIn("it sends", self.found(values={"channel": 104})[0])
        self.assertIn("it was not refused", self.found(refused=True)[0])
        wire = ((True, b"ROUT:CLOS? (@103)\n"), (False, b"1"))
        self.assertIn("does not end where it should", self.found(wire=wire)[0])

    def test_a_description_whose_simulator_cannot_answer(self) -> None:
        description = described()
        valve = description.items["valve"]
        reading = replace(valve.readings["state"], words={"1": "open", "0": "closed"})
        changed = replace(valve, readings={"state": reading})
        self.assertEqual(list(findings(replace(description, items={"valve": changed}))), [])
