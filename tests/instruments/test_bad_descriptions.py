"""Descriptions with a mistake in them: each is found with file, line and key."""

from __future__ import annotations

import tomllib
from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.instruments.loader import read_description
from tests import properties
from tests.instruments.case import SWITCH, described
from tests.instruments.test_bound_item import LOOP
from tests.instruments.test_hardware import GAUGE

#: What stands in place of what is right.
ODD: list[Any] = [
    *("", "{", "{value:q}", "{value:9999d}", "<STX", "\u03a9", "(", "[a", "crc99", "value"),
    *(-1, 0, 1e308, 10**30, True, [], ["("], [1], {}, {"a": 1}, {"value": "x"}, [{}]),
]

#: Keys that none of them has, or not everywhere.
ADDED = [
    *("first", "recover", "send_line", "line", "size", "extra", "check", "unasked", "verify"),
    *("words", "status", "bits", "test", "every", "refusal", "step", "identify", "refuse", "with"),
    *("minimum", "maximum", "default", "choices", "hexadecimal", "frames", "block", "scale"),
]


class MistakeTests(SynchronousTestCase):
    def said(self, text: str, old: str, new: str) -> str:
        self.assertIn(old, text)
        error = self.assertRaises(ConfigError, described, text.replace(old, new, 1))
        self.assertRegex(str(error), r"^switch\.toml:\d+: ")
        return str(error)

    def test_a_wrong_pattern(self) -> None:
        for new, why in (
            ("OPEN {channel:q}", "no such format: 'q'"),
            ("OPEN {chanel:d}", "fields are known, not {chanel}"),
            ("OPEN {channel:d}{check}", "no checksum is named"),
            ("OPEN {channel d}", "not a field"),
        ):
            said = self.said(SWITCH, "OPEN {channel:d}", new)
            self.assertIn("item.valve.do.open.send: expected a ", said)
            self.assertIn(why, said)

    def test_an_unknown_checksum(self) -> None:
        said = self.said(SWITCH, 'line = "<LF>"', 'line = "<LF>"\ncheck = "modbsu"')
        self.assertIn("wire.check: expected one of", said)
        self.assertIn("did you mean modbus?", said)

    def test_bytes_that_are_none(self) -> None:
        said = self.said(SWITCH, "late = 3.0", 'recover = "\u03a9"')
        self.assertIn("wire.recover: expected a text of single bytes", said)

    def test_a_unit_that_does_not_fit(self) -> None:
        said = self.said(GAUGE, '"Torr"', '"torr"')
        self.assertIn("item.gauge.read.pressure.unit: expected one of mbar", said)
        self.assertIn("did you mean Torr?", said)
        self.assertIn("expected one of mbar", self.said(GAUGE, 'unit = "Torr"', ""))

    def test_a_unit_that_another_is_read_in(self) -> None:
        text = LOOP.replace('take = "{value:.1f}"', 'take = "{value:.1f}"\nunit = "C"')
        said = self.said(text, "maximum = 1000", 'unit = "K"\nmaximum = 1000')
        self.assertIn("item.loop.do.set.unit: K, and setpoint is read in C", said)

    def test_limits_that_leave_nothing(self) -> None:
        said = self.said(SWITCH, "minimum = 1, maximum = 8", "minimum = 9, maximum = 8")
        self.assertIn("8 is below the minimum, 9", said)
        said = self.said(SWITCH, "maximum = 8", "maximum = 8, default = 9")
        self.assertIn("item.valve.parameter.channel.default: expected a number from 1 to 8", said)

    def test_a_limit_beyond_what_can_be_read(self) -> None:
        text = LOOP.replace('take = "{value:.1f}"', 'take = "{value:.1f}"\nmaximum = 900')
        said = self.said(text, "maximum = 1000", "maximum = 1000 ")
        self.assertIn("item.loop.do.set.maximum: 1000 is beyond what setpoint can be, 900", said)

    def test_a_limit_that_cannot_be_sent(self) -> None:
        """What is within the limits would be sent as what is beyond them."""
        said = self.said(LOOP, "maximum = 1000", "maximum = 999.96")
        self.assertIn("item.loop.do.set.maximum: 999.96 is sent as 1000, which is beyond", said)
        text = LOOP.replace("SP {value:.1f}", "SP {value:u8}")
        said = self.said(text, "maximum = 1000", "maximum = 256")
        self.assertIn("item.loop.do.set.maximum: 256 cannot be sent", said)

    def test_codes_and_bits_are_of_numbers(self) -> None:
        text = GAUGE.replace('words = { OFF = "off" }', "")
        said = self.said(text, '"{value:.2E}"', '"{status:w} {value:.2E}"\nstatus = { 0 = "ok" }')
        self.assertIn("a status is a number", said)
        self.assertIn(
            "bits are of a number",
            self.said(text, '"{value:.2E}"', '"{value}"\nbits = { 0 = "a" }'),
        )


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, below in value.items():
            found += _places(below, (*path, key))
    return found


class BrokenTests(SynchronousTestCase):
    @properties.holds_in(400)
    @given(
        st.sampled_from([SWITCH, LOOP, GAUGE]).map(tomllib.loads),
        st.integers(0, 999),
        st.sampled_from(ODD),
        st.none() | st.sampled_from(ADDED),
    )
    def test_no_mistake_makes_another_error(
        self, values: dict[str, Any], number: int, odd: Any, added: str | None
    ) -> None:
        """Whatever stands in place of a key's value, or beside it, is read, or refused by name."""
        values = deepcopy(values)
        places = _places(values)
        *above, key = places[number % len(places)]
        table: Any = values
        for each in above:
            table = table[each]
        table[key if added is None else added] = odd
        try:
            read_description(Table(values, "odd.toml"), "odd")
        except ConfigError as error:
            self.assertTrue(str(error).startswith("odd.toml: "), error)
