"""All mistakes of a configuration at once: the independent ones, in the file's order."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.mistakes import MOST, all_mistakes
from pychron_comms.config.table import ConfigError, Table
from tests.properties import holds

KINDS = ("valve", "gauge")


def build(top: Table) -> None:
    """As the services do: one section after the other, and the keys that are left over last."""
    server = top.table("server")
    server.integer("port", 1061, minimum=1, maximum=65535)
    server.texts("hosts", [])
    parts = {}
    for part in top.tables("part"):
        name = part.text("name")
        if name in parts:
            raise part.mistake("name", f"{name} is there already")
        parts[name] = part.choice("kind", KINDS, "valve")
        part.number("volume", 1.0, minimum=0.0)
    for name, below in top.named_tables("instrument").items():
        if not below.text("link").startswith("tcp:"):
            raise below.mistake("link", f"expected an address for {name}")
        parts[name] = "instrument"
    if "holder" in top and not top.named_tables("holder"):
        raise top.error("holder", "a table for each holder")
    for below in top.named_tables("holder").values():
        below.number("pitch", minimum=0.0)
    levels = top.table("levels") if "levels" in top else None
    if levels is not None and not [levels.number(each) for each in levels]:
        raise top.error("levels", "a number for each level")
    for rule in top.tables("rule"):
        if rule.text("about") not in parts:
            raise rule.error("about", f"one of {', '.join(parts)}", parts)
        rule.choice("then", ("open", "close"), "close")
    if "certificate" in top and not Path(top.text("certificate")).exists():
        raise ValueError("it cannot be read")
    top.finish()


class MistakesTests(SynchronousTestCase):
    def told(self, text: str) -> list[str]:
        """All that is found wrong, without the file's name."""
        file = Path(self.mktemp())
        file.write_text(text, "utf-8")
        try:
            build(Table.load(file))
        except ConfigError as error:
            found = all_mistakes(error, build)
            return [str(each).removeprefix(f"{file}:") for each in found]
        return []

    def starts(self, text: str) -> list[str]:
        return [": ".join(each.split(": ")[:2]) for each in self.told(text)]

    def test_none(self) -> None:
        self.assertEqual(self.told('[[part]]\nname = "A"\n'), [])

    def test_each_section_and_each_key_in_the_order_of_the_file(self) -> None:
        text = """
[[rule]]
about = "A"
then = "opne"
[[part]]
name = "A"
kind = "valv"
volume = -1
[[part]]
name = "B"
volum = 2
[server]
port = "x"
hosts = 5
extra = 1
"""
        self.assertEqual(
            self.starts(text),
            [
                "4: rule[0].then",
                "7: part[0].kind",
                "8: part[0].volume",
                "11: part[1].volum",
                "13: server.port",
                "14: server.hosts",
                "15: server.extra",
            ],
        )
        self.assertIn("did you mean open?", self.told(text)[0])

    def test_what_follows_from_a_mistake_is_none(self) -> None:
        # Read as it is meant, A is there, and B is nowhere.
        text = '[[part]]\nnmae = "A"\n[[rule]]\nabout = "A"\n[[rule]]\nabout = "B"\n'
        self.assertEqual(self.starts(text), ["1: part[0].name", "6: rule[1].about"])

    def test_who_names_what_was_taken_out_does_so_rightly(self) -> None:
        text = '[instrument.box]\n[[rule]]\nabout = "box"\n[[rule]]\nabout = "bax"\n'
        self.assertEqual(self.starts(text), ["1: instrument.box.link", "5: rule[1].about"])

    def test_nor_is_it_that_the_last_of_a_table_was_taken_out(self) -> None:
        """A gauge that is none was told twice: that no gauge is there at all, too."""
        text = '[levels]\nhigh = "x"\n[[part]]\nname = "b"\nvolume = -1'
        self.assertEqual(self.starts(text), ["2: levels.high", "5: part[0].volume"])

    def test_that_the_last_table_was_taken_out_is_no_mistake(self) -> None:
        (told,) = self.told("[holder.one]\nrows = 3\n")
        self.assertIn("holder.one.pitch", told)
        (told,) = self.told("[holder]\n")
        self.assertIn("a table for each holder", told)

    def test_a_table_that_lacks_something_keeps_the_others_numbers(self) -> None:
        text = '[[part]]\n[[part]]\nname = "B"\nkind = 4\n[[part]]\nname = "B"\n'
        self.assertEqual(
            self.starts(text), ["1: part[0].name", "4: part[1].kind", "6: part[2].name"]
        )

    def test_behind_a_mistake_that_names_no_key_nothing_is_looked_for(self) -> None:
        text = 'certificate = "/none.pem"\nodd = 1\n[server]\nport = 0\n'
        self.assertEqual(self.starts(text), ["4: server.port"])

    def test_what_is_no_toml_is_told_alone(self) -> None:
        self.assertEqual(len(self.told('[server]\nport = "x\nhosts = 5\n')), 1)

    def test_no_more_than_can_be_read_are_told(self) -> None:
        keys = "".join(f"odd{number} = 1\n" for number in range(3 * MOST))
        self.assertEqual(len(self.told(keys)), MOST)

    @holds
    @given(
        st.lists(
            st.sampled_from(
                (
                    "[server]\n",
                    "[[part]]\n",
                    "[[rule]]\n",
                    'name = "A"\n',
                    "name = 4\n",
                    'kind = "guage"\n',
                    'about = "A"\n',
                    "volume = -2\n",
                    'odd = "A"\n',
                )
            ),
            max_size=12,
        )
    )
    def test_whatever_is_written_it_ends_and_tells_nothing_twice(self, lines: list[str]) -> None:
        told = self.told("".join(lines))
        self.assertEqual(len(told), len(set(told)))
