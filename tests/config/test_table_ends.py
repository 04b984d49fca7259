"""Bounds, paths, left-over keys and files of a configuration."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pychron_comms.config.table import ConfigError, Table
from tests.config.table_case import LAB, Mistakes, table
from tests.properties import holds


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
            "lab.toml: prot: no such key is known; did you mean port? (known here: name, port)",
            lab.finish,
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
            "lab.toml: journal.keep.dyas: no such key is known; did you mean days? "
            "(known here: days)",
            lab.finish,
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
            f"{self.file}: cannot be read: [listener (a ] is missing)",
            Table.load,
            self.path,
        )

    def test_a_key_given_twice_is_a_mistake(self) -> None:
        self.assertMistake(
            "lab.toml: cannot be read: port = 2 (this key has a value already)",
            table,
            "port = 1\nport = 2\n",
        )

    def test_a_number_too_long_to_read_is_a_mistake(self) -> None:
        error = self.assertRaises(ConfigError, table, "port = " + "9" * 5_000)
        self.assertSubstring("lab.toml: cannot be read: Exceeds the limit", str(error))

    def test_lists_nested_too_deep_are_a_mistake(self) -> None:
        error = self.assertRaises(ConfigError, table, "hosts = " + "[" * 5_000)
        self.assertSubstring("lab.toml: cannot be read: maximum recursion depth", str(error))

    @holds
    @given(st.text() | st.text('[]{}"=.,#ab1\n', max_size=40))
    def test_any_text_is_a_table_or_a_mistake(self, text: str) -> None:
        try:
            table(text)
        except ConfigError as error:
            self.assertRegex(str(error), r"\Alab.toml(:\d+)?: cannot be read: ")
