"""``pychron-journal`` as a program: its help, what it says of mistakes, and any terminal."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stdout
from typing import Any

from pychron_comms.journal import export, listing
from pychron_comms.journal.command import main
from pychron_comms.journal.export import COLUMNS
from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.index import UnusableError
from tests.journal.test_command import Command


class HelpTests(Command):
    def test_it_says_what_it_is_for_and_shows_examples_as_they_are_typed(self) -> None:
        out = io.StringIO()
        with redirect_stdout(out):
            self.assertRaises(SystemExit, main, ["--help"])
        lines = out.getvalue().splitlines()
        self.assertIn("Read and check a journal.", lines)
        self.assertIn("  pychron-journal show --target A --since 1h", lines)
        self.assertIn(
            "exit status: 0 fine, 1 tampering found, 2 it cannot be read, or a mistake in the call",
            lines,
        )

    def test_without_a_word_it_says_that_one_is_wanted(self) -> None:
        self.assertEqual(self.run_command(), (2, []))
        self.assertIn("COMMAND", self.errors.getvalue())


class MistakeTests(Command):
    def test_a_folder_that_is_not_there_is_named_and_why(self) -> None:
        missing = self.folder / "missing"
        self.assertEqual(self.run_command("show", missing / "file"), (2, []))
        self.assertEqual(
            self.errors.getvalue(), f"pychron-journal: {missing}: No such file or directory\n"
        )

    def test_a_head_is_of_one_journal(self) -> None:
        head = f"1:{'0' * 64}"
        status, _ = self.run_command("verify", self.path, self.path, "--head", head)
        self.assertEqual(status, 2)
        self.assertEqual(
            self.errors.getvalue(), "pychron-journal: --head is of one journal: give one FILE\n"
        )

    def test_a_head_is_as_it_was_printed(self) -> None:
        for head in ("x", "0:" + "0" * 64, "1:" + "0" * 63, "1:" + "0" * 65):
            status, _ = self.run_command("verify", self.path, "--head", head)
            self.assertEqual(status, 2)
            said = f"argument --head: {head}: not as pychron-journal head prints it"
            self.assertIn(said, self.errors.getvalue())
        self.assertIn("usage: pychron-journal verify", self.errors.getvalue())

    def test_an_index_that_cannot_be_made_is_told_with_the_reason(self) -> None:
        def unusable(path: object, *, make: bool) -> None:
            raise UnusableError("lab.journal.index: the disk is full")

        self.patch(listing, "Index", unusable)
        self.assertEqual(self.run_command("index", self.path), (2, []))
        self.assertEqual(
            self.errors.getvalue(), "pychron-journal: lab.journal.index: the disk is full\n"
        )


class AskingTests(Command):
    def test_an_errors_number_may_have_noughts(self) -> None:
        journal = FileJournal(self.path, now=lambda: self.time)
        journal.refused({"command": "Open B", "sender": "10.0.0.9", "reply": "ERROR 013 : no"})
        journal.close()
        for text in ("013", "13", "error"):
            lines = self.show("--json", "--who", "10.0.0.9", "--outcome", text)
            self.assertEqual([json.loads(line)["command"] for line in lines], ["Open B"], text)

    def test_times_are_of_the_zone_that_is_named(self) -> None:
        for zone, since in (("UTC", "10:18"), ("Europe/Berlin", "11:18"), ("Asia/Tokyo", "19:18")):
            status, lines = self.run_command(
                "show", self.path, "--json", "--zone", zone, "--since", f"2026-03-02T{since}"
            )
            self.assertEqual(status, 0)
            self.assertEqual([json.loads(line)["n"] for line in lines], [5, 6])
            _, lines = self.run_command("show", self.path, "--zone", zone)
            self.assertIn(f" {since}:05.116 ", lines[5])


class TerminalTests(Command):
    def test_what_it_cannot_say_is_escaped(self) -> None:
        journal = FileJournal(self.path, now=lambda: self.time)
        journal.write("begin", {"type": "System", "command": "Open Düse", "sender": "10.0.0.5"})
        journal.close()
        out = io.BytesIO()
        terminal = io.TextIOWrapper(out, encoding="ascii")
        self.assertEqual(main(["show", str(self.path), "--target", "Düse"], terminal), 0)
        terminal.flush()
        self.assertIn(b"Open D\\xfcse", out.getvalue())

    def test_what_a_turn_carried_over_is_counted(self) -> None:
        journal = FileJournal(self.path, now=lambda: self.time)
        for records in ([{"event": "key"}], [{"event": "key"}] * 2):
            journal.write("carried", {"records": records})
        journal.close()
        told = [line.split("carried ")[-1] for line in self.show()[-2:]]
        self.assertEqual([each.strip() for each in told], ["1 record", "2 records"])


class Columns:
    """Stands for pyarrow and its writer: keeps the columns, and what is written in which pieces."""

    def __init__(self) -> None:
        self.schema: dict[str, str] = {}
        self.file: Any = None
        self.pieces: list[list[dict[str, Any]]] = []
        self.Table = self

    def int64(self) -> str:
        return "int64"

    def int32(self) -> str:
        return "int32"

    def float64(self) -> str:
        return "float64"

    def string(self) -> str:
        return "string"

    def timestamp(self, unit: str, tz: str) -> str:
        return f"{unit} {tz}"

    def make_schema(self, columns: list[tuple[str, str]]) -> dict[str, str]:
        return dict(columns)

    def from_pylist(self, rows: list[dict[str, Any]], schema: object) -> Any:
        return rows, schema

    def ParquetWriter(self, file: object, schema: dict[str, str]) -> Columns:
        self.file, self.schema = file, schema
        return self

    def __enter__(self) -> Columns:
        return self

    def __exit__(self, *failure: object) -> None:
        """All is kept."""

    def write_table(self, table: Any) -> None:
        rows, schema = table
        assert schema is self.schema
        self.pieces.append(rows)


class ParquetTests(Command):
    def test_each_column_has_its_kind_and_many_rows_go_in_pieces(self) -> None:
        columns: Any = Columns()
        modules = {"pyarrow": _Module(columns), "pyarrow.parquet": columns}
        self.patch(export, "find_spec", {"pyarrow": object()}.get)
        self.patch(export, "import_module", modules.__getitem__)
        self.patch(export, "_ROWS", 4)
        out = self.folder / "a.parquet"
        journal = FileJournal(self.path, now=lambda: self.time)
        journal.write("begin", {"command": "Open \udc80", "sender": "10.0.0.5"})
        journal.close()

        self.assertEqual(
            self.run_command("export", self.path, "--out", out), (0, [f"{out}: 7 records"])
        )
        self.assertEqual((columns.file, list(columns.schema)), (out, list(COLUMNS)))
        numbers = {name: kind for name, kind in columns.schema.items() if kind != "string"}
        self.assertEqual(
            numbers,
            {"record": "int64", "time": "us UTC", "code": "int32", "seconds": "float64"},
        )
        self.assertEqual([len(piece) for piece in columns.pieces], [4, 3])
        row = columns.pieces[0][3]
        self.assertEqual((row["record"], row["command"], row["seconds"]), (4, "Open A", 120.0))
        self.assertEqual(row["time"].isoformat(), "2026-03-02T10:17:05.116000+00:00")
        self.assertEqual(columns.pieces[1][2]["command"], "Open ?")


class _Module:
    """As pyarrow names it, ``schema`` is what makes one."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns

    def schema(self, columns: list[tuple[str, str]]) -> dict[str, str]:
        return self._columns.make_schema(columns)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._columns, name)
