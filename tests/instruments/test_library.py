"""The ready descriptions: their examples, and their simulators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.instruments.bound_item import is_so
from pychron_comms.instruments.checking import asked, findings
from pychron_comms.instruments.description import Description, Item, Verb
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.kinds import GIVEN
from pychron_comms.instruments.library import named_description, ready
from pychron_comms.instruments.simulators import simulator
from pychron_comms.instruments.talk import FINE, interpreted, talk
from tests import properties
from tests.instruments.case import described
from tests.instruments.garbage import questions, unspoiled, values_of

ALL = [named_description(name) for name in ready()]


def items() -> Iterator[tuple[Description, Item]]:
    for description in ALL:
        for item in description.items.values():
            yield description, item


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

    @properties.holds_in(40)
    @given(st.integers(0, 977).map(lambda number: number / 977), st.booleans())
    def test_what_is_done_is_read_back(self, share: float, whole: bool) -> None:
        """As a laboratory would see it: what the wire can carry comes back as ``verify`` wants."""
        for description, item in items():
            for verb in item.verbs.values():
                if verb.verify is not None:
                    self.read_back(description, item, verb, share, whole)

    def read_back(
        self, description: Description, item: Item, verb: Verb, share: float, whole: bool
    ) -> None:
        values = values_of(item)
        assert verb.verify is not None
        reading = item.readings[verb.verify.reading]
        wanted: Value = item.kind.effects[verb.name][reading.name]
        if wanted == GIVEN:
            low, high = verb.minimum or 0.0, 1000.0 if verb.maximum is None else verb.maximum
            wanted = low + share * (high - low)
            wanted = values["value"] = round(wanted) if whole else wanted
        instrument = simulator(description)
        try:
            asked(talk(description.wire, verb.exchange, values), instrument)
        except ValueError:
            # The wire has no room for so many digits, and nothing was sent.
            self.assertFalse(whole)
            return
        fields = asked(talk(description.wire, reading.exchange, values), instrument)
        told = interpreted(reading, fields)
        place = f"{description.name}, {item.name}.{verb.name}"
        self.assertTrue(is_so(reading, told, wanted, verb.verify.within), (place, told, wanted))

    def test_every_meaning_comes_back(self) -> None:
        """What an instrument is, a word or a number, is what its reading tells."""
        for question in questions():
            for truth in question.truths:
                with self.subTest(question.place, truth=truth):
                    told = question.told(truth, unspoiled)
                    fine = told.value is not None and truth == FINE
                    self.assertIn(truth, (told.value, told.reason, FINE if fine else None))


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
