"""Mistakes name their line and the nearest known word."""

from __future__ import annotations

import tomllib

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.key_lines import key_lines
from pychron_comms.config.nearest import did_you_mean, nearest
from pychron_comms.config.table import ConfigError, Table
from tests.properties import holds

FILE = '''\
# A comment with [brackets] and name = "x".
seed = 1 # one
text = """
inside = 1
[inside]
"""
raw = \'\'\'
also = 2
\'\'\'
list = [
    1, # first
    "]", 2,
]
"quoted key" = true
dotted.key = 1

[server]
processor = "tcp:1"

[[server.listener]]
type = "System"

[[server.listener]]
type = "CO2"
frame = 'x'
limits = { idle = 1, deep = { x = [ { y = 1 },
    { y = 2 } ] } }

[server.listener.below]
key = 1

[ server . routes ]
CO2 = "tcp:2"
'''


class KeyLinesTests(SynchronousTestCase):
    def test_every_key_is_where_it_stands(self) -> None:
        tomllib.loads(FILE)
        lines = key_lines(FILE)
        for path, line in {
            "seed": 2,
            "text": 3,
            "raw": 7,
            "list": 10,
            "list[0]": 11,
            "list[2]": 12,
            "quoted key": 14,
            "dotted.key": 15,
            "server": 17,
            "server.processor": 18,
            "server.listener": 20,
            "server.listener[0]": 20,
            "server.listener[0].type": 21,
            "server.listener[1]": 23,
            "server.listener[1].type": 24,
            "server.listener[1].limits.idle": 26,
            "server.listener[1].limits.deep.x[0].y": 26,
            "server.listener[1].limits.deep.x[1].y": 27,
            "server.listener[1].below.key": 30,
            "server.routes.CO2": 33,
        }.items():
            self.assertEqual(lines.get(path), line, path)
        self.assertNotIn("inside", lines)
        self.assertNotIn("also", lines)

    @holds
    @given(st.text("[]{}\"'=.,#ab1\\ \n", max_size=60))
    def test_any_toml_is_read_to_its_end(self, text: str) -> None:
        try:
            values = tomllib.loads(text)
        except ValueError:
            return
        self.assertLessEqual(set(values), {path.partition(".")[0] for path in key_lines(text)})


class MistakeTests(SynchronousTestCase):
    def said(self, text: str, *keys: str) -> str:
        table = Table.parse(text, "lab.toml")
        with self.assertRaises(ConfigError) as caught:
            for key in keys:
                table.choice(key, ("closed", "open"))
            table.finish()
        return str(caught.exception)

    def test_a_wrong_value_names_its_line_and_the_nearest_choice(self) -> None:
        self.assertEqual(
            self.said('\nsafe = "opne"', "safe"),
            "lab.toml:2: safe: expected one of closed, open, got 'opne'; did you mean open?",
        )

    def test_an_unknown_key_names_all_keys_that_are_taken(self) -> None:
        self.assertEqual(
            self.said('safe = "open"\n\nsaef = 1', "safe"),
            "lab.toml:3: saef: no such key is known; did you mean safe? (known here: safe)",
        )
        table = Table.parse("[server]\nlissen = 1", "lab.toml")
        table.table("server").text("listen", "")
        table.table("server").text("absent", "")
        with self.assertRaises(ConfigError) as caught:
            table.finish()
        self.assertIn("(known here: absent, listen)", str(caught.exception))

    def test_a_missing_key_names_its_table_and_what_may_be_meant_for_it(self) -> None:
        table = Table.parse('a = 1\n[[valve]]\nnmae = "A"', "lab.toml")
        with self.assertRaises(ConfigError) as caught:
            table.tables("valve")[0].text("name")
        self.assertEqual(
            str(caught.exception),
            "lab.toml:2: valve[0].name: expected a text, and it is missing; is nmae meant for it?",
        )


class NearestTests(SynchronousTestCase):
    def test_case_does_not_matter(self) -> None:
        self.assertEqual(nearest("OPEN", ["Close", "Open"]), "Open")
        self.assertEqual(nearest("a", ["B", "A"]), "A")

    def test_a_slip_is_found(self) -> None:
        self.assertEqual(did_you_mean("Opne", ["Close", "Open"]), "; did you mean Open?")

    def test_what_is_like_none_gets_no_word(self) -> None:
        self.assertEqual(did_you_mean("xyz", ["Close", "Open"]), "")
        self.assertEqual(did_you_mean("xyz", []), "")
