"""The configuration file: what is read, and what a mistake says to the person who made it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError, Table
from tests.properties import holds

LAB = """
name = "argon lab"
serving = true
settle = 2
interval = 0.25
port = 1061
kind = "tcp"
hosts = ["10.0.0.1", "10.0.0.2"]
levels = [1, 2.5]

[journal]
file = "journal.sqlite"

[journal.keep]
days = 30

[[listener]]
port = 1061

[[listener]]
port = 1067

[valve.A]
address = "1"

[valve.B]
address = "2"

[alias]
V1 = "A"
V2 = "B"

[limit]
low = 1
high = 2.5
"""


def table(text: str) -> Table:
    return Table.parse(text, "lab.toml")


class Mistakes(SynchronousTestCase):
    """What the classes below share."""

    def assertMistake(self, message: str, read: Callable[..., object], *args: object) -> None:
        error = self.assertRaises(ConfigError, read, *args)
        self.assertEqual(str(error), message)


class ReadingTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.lab = table(LAB)

    def test_text(self) -> None:
        self.assertEqual(self.lab.text("name"), "argon lab")

    def test_flag(self) -> None:
        self.assertIs(self.lab.flag("serving"), True)

    def test_number(self) -> None:
        self.assertEqual(self.lab.number("interval"), 0.25)

    def test_a_whole_number_may_be_read_as_a_number(self) -> None:
        self.assertIsInstance(self.lab.number("settle"), float)

    def test_integer(self) -> None:
        self.assertEqual(self.lab.integer("port", minimum=1, maximum=65535), 1061)

    def test_bounds_are_included(self) -> None:
        self.assertEqual(self.lab.integer("port", minimum=1061, maximum=1061), 1061)
        self.assertEqual(self.lab.number("interval", minimum=0.25, maximum=0.25), 0.25)

    def test_choice(self) -> None:
        self.assertEqual(self.lab.choice("kind", ["udp", "tcp"]), "tcp")

    def test_texts(self) -> None:
        self.assertEqual(self.lab.texts("hosts"), ["10.0.0.1", "10.0.0.2"])

    def test_numbers(self) -> None:
        self.assertEqual(self.lab.numbers("levels"), [1, 2.5])

    def test_tables_within_tables(self) -> None:
        self.assertEqual(self.lab.table("journal").table("keep").integer("days"), 30)

    def test_an_array_of_tables(self) -> None:
        ports = [each.integer("port") for each in self.lab.tables("listener")]
        self.assertEqual(ports, [1061, 1067])

    def test_named_tables(self) -> None:
        valves = self.lab.named_tables("valve")
        addresses = {name: valve.text("address") for name, valve in valves.items()}
        self.assertEqual(addresses, {"A": "1", "B": "2"})

    def test_texts_by_name(self) -> None:
        self.assertEqual(self.lab.texts_by_name("alias"), {"V1": "A", "V2": "B"})

    def test_numbers_by_name(self) -> None:
        self.assertEqual(self.lab.numbers_by_name("limit"), {"low": 1.0, "high": 2.5})

    def test_knows_which_keys_it_holds(self) -> None:
        self.assertIn("name", self.lab)
        self.assertNotIn("colour", self.lab)
        self.assertEqual(list(self.lab.table("limit")), ["low", "high"])


class DefaultTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.empty = table("")

    def test_an_absent_key_gives_its_default(self) -> None:
        self.assertEqual(self.empty.text("name", "lab"), "lab")
        self.assertIs(self.empty.flag("serving", False), False)
        self.assertEqual(self.empty.number("interval", 0.5), 0.5)
        self.assertEqual(self.empty.integer("port", 1061), 1061)
        self.assertEqual(self.empty.choice("kind", ["tcp", "udp"], "tcp"), "tcp")
        self.assertEqual(self.empty.texts("hosts", ["::1"]), ["::1"])
        self.assertEqual(self.empty.numbers("levels", [1.0]), [1.0])

    def test_a_default_may_be_none(self) -> None:
        self.assertIsNone(self.empty.text("name", None))
        self.assertIsNone(self.empty.flag("serving", None))
        self.assertIsNone(self.empty.number("interval", None, minimum=0))
        self.assertIsNone(self.empty.integer("port", None, minimum=1))
        self.assertIsNone(self.empty.choice("kind", ["tcp"], None))

    def test_a_default_need_not_be_within_the_bounds(self) -> None:
        self.assertEqual(self.empty.integer("port", 0, minimum=1), 0)
        self.assertEqual(self.empty.number("interval", -1.0, minimum=0, maximum=1), -1.0)

    def test_a_default_need_not_be_one_of_the_choices(self) -> None:
        self.assertEqual(self.empty.choice("kind", ["tcp", "udp"], ""), "")

    def test_an_absent_table_is_empty(self) -> None:
        self.assertEqual(list(self.empty.table("journal")), [])
        self.assertEqual(self.empty.tables("listener"), [])
        self.assertEqual(self.empty.named_tables("valve"), {})
        self.assertEqual(self.empty.texts_by_name("alias"), {})
        self.assertEqual(self.empty.numbers_by_name("limit"), {})

    def test_a_list_that_was_read_is_the_readers_own(self) -> None:
        default = ["::1"]
        self.empty.texts("hosts", default).append("10.0.0.1")
        self.assertEqual(default, ["::1"])


class MissingTests(Mistakes):
    def setUp(self) -> None:
        self.empty = table("")

    def test_a_text(self) -> None:
        self.assertMistake(
            "lab.toml: name: expected a text, and it is missing", self.empty.text, "name"
        )

    def test_a_flag(self) -> None:
        self.assertMistake(
            "lab.toml: serving: expected true or false, and it is missing",
            self.empty.flag,
            "serving",
        )

    def test_a_number(self) -> None:
        self.assertMistake(
            "lab.toml: interval: expected a number, and it is missing",
            self.empty.number,
            "interval",
        )

    def test_an_integer(self) -> None:
        self.assertMistake(
            "lab.toml: port: expected a whole number, and it is missing",
            self.empty.integer,
            "port",
        )

    def test_a_choice(self) -> None:
        self.assertMistake(
            "lab.toml: kind: expected one of tcp, udp, and it is missing",
            self.empty.choice,
            "kind",
            ["tcp", "udp"],
        )

    def test_a_list(self) -> None:
        self.assertMistake(
            "lab.toml: hosts: expected a list of texts, and it is missing",
            self.empty.texts,
            "hosts",
        )
        self.assertMistake(
            "lab.toml: levels: expected a list of numbers, and it is missing",
            self.empty.numbers,
            "levels",
        )


class WrongValueTests(Mistakes):
    def test_a_text(self) -> None:
        self.assertMistake("lab.toml: name: expected a text, got 7", table("name = 7").text, "name")

    def test_a_flag(self) -> None:
        self.assertMistake(
            "lab.toml: serving: expected true or false, got 'yes'",
            table('serving = "yes"').flag,
            "serving",
        )
        self.assertMistake(
            "lab.toml: serving: expected true or false, got 1", table("serving = 1").flag, "serving"
        )

    def test_a_number(self) -> None:
        self.assertMistake(
            "lab.toml: interval: expected a number, got '2'",
            table('interval = "2"').number,
            "interval",
        )
        self.assertMistake(
            "lab.toml: interval: expected a number, got True",
            table("interval = true").number,
            "interval",
        )

    def test_a_number_that_is_not_finite(self) -> None:
        for value in ["nan", "inf", "-inf"]:
            self.assertMistake(
                f"lab.toml: interval: expected a number, got {value}",
                table(f"interval = {value}").number,
                "interval",
            )

    def test_a_number_that_no_float_can_hold(self) -> None:
        digits = "9" * 400
        self.assertMistake(
            f"lab.toml: interval: expected a number, got {digits}",
            table(f"interval = {digits}").number,
            "interval",
        )

    def test_an_integer(self) -> None:
        self.assertMistake(
            "lab.toml: port: expected a whole number, got 1.5", table("port = 1.5").integer, "port"
        )
        self.assertMistake(
            "lab.toml: port: expected a whole number, got False",
            table("port = false").integer,
            "port",
        )

    def test_a_choice(self) -> None:
        self.assertMistake(
            "lab.toml: kind: expected one of tcp, udp, got 'ipc'",
            table('kind = "ipc"').choice,
            "kind",
            ["tcp", "udp"],
        )
        self.assertMistake(
            "lab.toml: kind: expected one of tcp, udp, got 7",
            table("kind = 7").choice,
            "kind",
            ["tcp", "udp"],
        )

    def test_a_list_of_texts(self) -> None:
        self.assertMistake(
            "lab.toml: hosts: expected a list of texts, got '::1'",
            table('hosts = "::1"').texts,
            "hosts",
        )
        self.assertMistake(
            "lab.toml: hosts: expected a list of texts, got ['::1', 7]",
            table('hosts = ["::1", 7]').texts,
            "hosts",
        )

    def test_a_list_of_numbers(self) -> None:
        self.assertMistake(
            "lab.toml: levels: expected a list of numbers, got [1, 'x']",
            table('levels = [1, "x"]').numbers,
            "levels",
        )
        self.assertMistake(
            "lab.toml: levels: expected a list of numbers, got [1, True]",
            table("levels = [1, true]").numbers,
            "levels",
        )
        self.assertMistake(
            "lab.toml: levels: expected a list of numbers, got [nan]",
            table("levels = [nan]").numbers,
            "levels",
        )

    def test_a_table(self) -> None:
        self.assertMistake(
            "lab.toml: journal: expected a table, got 'x.sqlite'",
            table('journal = "x.sqlite"').table,
            "journal",
        )

    def test_an_array_of_tables(self) -> None:
        self.assertMistake(
            "lab.toml: listener: expected tables, each begun with [[listener]], got {'port': 1}",
            table("[listener]\nport = 1").tables,
            "listener",
        )
        self.assertMistake(
            "lab.toml: listener: expected tables, each begun with [[listener]], got [1]",
            table("listener = [1]").tables,
            "listener",
        )

    def test_values_by_name(self) -> None:
        self.assertMistake(
            "lab.toml: valve.A: expected a table, got 1", table("valve.A = 1").named_tables, "valve"
        )
        self.assertMistake(
            "lab.toml: alias.V1: expected a text, got 1",
            table("alias.V1 = 1").texts_by_name,
            "alias",
        )
        self.assertMistake(
            "lab.toml: limit.low: expected a number, got 'x'",
            table('limit.low = "x"').numbers_by_name,
            "limit",
        )

    def test_a_mistake_that_only_the_reader_can_see(self) -> None:
        lab = table('endpoint = "tpc:1061"')
        self.assertEqual(
            str(lab.error("endpoint", "an endpoint such as tcp:1061")),
            "lab.toml: endpoint: expected an endpoint such as tcp:1061, got 'tpc:1061'",
        )
        self.assertEqual(
            str(lab.error("name", "a name")), "lab.toml: name: expected a name, and it is missing"
        )


class BoundsTests(Mistakes):
    def test_between_two(self) -> None:
        for value in [0, 65536]:
            self.assertMistake(
                f"lab.toml: port: expected a whole number from 1 to 65535, got {value}",
                lambda value=value: table(f"port = {value}").integer(
                    "port", minimum=1, maximum=65535
                ),
            )

    def test_from_below(self) -> None:
        self.assertMistake(
            "lab.toml: wait: expected a number, 0.5 or more, got 0.25",
            lambda: table("wait = 0.25").number("wait", minimum=0.5),
        )

    def test_from_above(self) -> None:
        self.assertMistake(
            "lab.toml: wait: expected a number, at most 10, got 10.5",
            lambda: table("wait = 10.5").number("wait", maximum=10),
        )

    def test_a_large_bound_is_written_out(self) -> None:
        self.assertMistake(
            "lab.toml: size: expected a whole number from 1 to 1048576, got 0",
            lambda: table("size = 0").integer("size", minimum=1, maximum=1 << 20),
        )
        self.assertMistake(
            "lab.toml: size: expected a whole number, 1048576 or more, got 0",
            lambda: table("size = 0").integer("size", minimum=1 << 20),
        )
        self.assertMistake(
            "lab.toml: size: expected a whole number, at most 1048576, got 9999999",
            lambda: table("size = 9999999").integer("size", maximum=1 << 20),
        )

    def test_a_missing_key_names_the_bounds(self) -> None:
        self.assertMistake(
            "lab.toml: port: expected a whole number from 1 to 65535, and it is missing",
            lambda: table("").integer("port", minimum=1, maximum=65535),
        )


class PathTests(Mistakes):
    def test_a_mistake_names_the_tables_it_is_in(self) -> None:
        keep = table(LAB).table("journal").table("keep")
        self.assertMistake(
            "lab.toml: journal.keep.days: expected a text, got 30", keep.text, "days"
        )

    def test_a_mistake_counts_the_tables_of_an_array(self) -> None:
        second = table(LAB).tables("listener")[1]
        self.assertMistake(
            "lab.toml: listener[1].port: expected a text, got 1067", second.text, "port"
        )

    def test_a_mistake_in_an_array_within_a_table_names_both(self) -> None:
        laser = table("[laser]\nmotor = 1").table("laser")
        self.assertMistake(
            "lab.toml: laser.motor: expected tables, each begun with [[laser.motor]], got 1",
            laser.tables,
            "motor",
        )

    def test_what_is_missing_from_an_absent_table_names_it(self) -> None:
        self.assertMistake(
            "lab.toml: journal.file: expected a text, and it is missing",
            table("").table("journal").text,
            "file",
        )


class FinishTests(Mistakes):
    def test_is_content_when_all_was_read(self) -> None:
        lab = table('name = "x"\n[journal]\nfile = "y"')
        lab.text("name")
        lab.table("journal").text("file")
        lab.finish()

    def test_a_key_that_nobody_read_is_a_mistake(self) -> None:
        lab = table('name = "x"\nport = 1\nprot = 1061')
        lab.text("name")
        lab.integer("port")
        self.assertMistake(
            "lab.toml: prot: no such key is known (known here: name, port)", lab.finish
        )

    def test_the_first_of_several_is_named(self) -> None:
        self.assertMistake(
            "lab.toml: a: no such key is known (known here: none)", table("b = 1\na = 1").finish
        )

    def test_a_key_with_a_default_counts_as_read(self) -> None:
        lab = table("port = 1")
        lab.integer("port", 1061)
        lab.finish()

    def test_a_key_may_be_left_to_another_reader(self) -> None:
        lab = table("[journal]\nkeep = 1")
        lab.pass_over("journal")
        lab.pass_over("absent")
        lab.finish()

    def test_the_rest_is_what_nobody_has_read_and_counts_as_read(self) -> None:
        lab = table("port = 1\nspeed = 2\n[axis]\nx = 3")
        lab.integer("port")
        self.assertEqual(lab.rest(), {"speed": 2, "axis": {"x": 3}})
        self.assertEqual(lab.rest(), {})
        lab.finish()

    def test_asking_whether_a_key_is_there_does_not_read_it(self) -> None:
        lab = table("port = 1")
        self.assertIn("port", lab)
        self.assertMistake("lab.toml: port: no such key is known (known here: none)", lab.finish)

    def test_a_key_in_a_table_below_is_found(self) -> None:
        lab = table("[journal.keep]\ndyas = 30")
        lab.table("journal").table("keep").integer("days", 30)
        self.assertMistake(
            "lab.toml: journal.keep.dyas: no such key is known (known here: none)", lab.finish
        )

    def test_a_key_in_an_array_of_tables_is_found(self) -> None:
        lab = table("[[listener]]\nport = 1\n[[listener]]\nport = 2\nfram = 1")
        for listener in lab.tables("listener"):
            listener.integer("port")
        self.assertMistake(
            "lab.toml: listener[1].fram: no such key is known (known here: port)", lab.finish
        )


class FileTests(Mistakes):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "lab.toml"
        self.file = str(self.path)

    def test_a_file_is_read(self) -> None:
        self.path.write_text('name = "Pl\u00e4ttchen"\nport = "x"\n', "utf-8")
        lab = Table.load(self.path)
        self.assertEqual(lab.text("name"), "Pl\u00e4ttchen")
        self.assertMistake(
            f"{self.file}: port: expected a whole number, got 'x'", lab.integer, "port"
        )

    def test_a_missing_file_is_a_mistake(self) -> None:
        self.assertMistake(
            f"{self.file}: cannot be read: [Errno 2] No such file or directory: {self.file!r}",
            Table.load,
            self.file,
        )

    def test_a_file_that_is_no_text_is_a_mistake(self) -> None:
        self.path.write_bytes(b"name = '\xff'")
        self.assertMistake(
            f"{self.file}: cannot be read: 'utf-8' codec can't decode byte 0xff in position 8:"
            " invalid start byte",
            Table.load,
            self.path,
        )

    def test_a_file_that_is_no_toml_is_a_mistake(self) -> None:
        self.path.write_text("[listener\n", "utf-8")
        self.assertMistake(
            f"{self.file}: not TOML: Expected ']' at the end of a table declaration"
            " (at line 1, column 10)",
            Table.load,
            self.path,
        )

    def test_a_key_given_twice_is_a_mistake(self) -> None:
        self.assertMistake(
            "lab.toml: not TOML: Cannot overwrite a value (at line 2, column 9)",
            table,
            "port = 1\nport = 2\n",
        )

    def test_a_number_too_long_to_read_is_a_mistake(self) -> None:
        error = self.assertRaises(ConfigError, table, "port = " + "9" * 5_000)
        self.assertSubstring("lab.toml: not TOML: Exceeds the limit", str(error))

    def test_lists_nested_too_deep_are_a_mistake(self) -> None:
        error = self.assertRaises(ConfigError, table, "hosts = " + "[" * 5_000)
        self.assertSubstring("lab.toml: not TOML: maximum recursion depth", str(error))

    @holds
    @given(st.text() | st.text('[]{}"=.,#ab1\n', max_size=40))
    def test_any_text_is_a_table_or_a_mistake(self, text: str) -> None:
        try:
            table(text)
        except ConfigError as error:
            self.assertTrue(str(error).startswith("lab.toml: not TOML: "))
