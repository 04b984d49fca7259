"""``pychron-journal export``: records for a spreadsheet, a program, or a data frame."""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from pychron_comms.journal.asking import FINE, Subcommands, add_options, find, wanted
from pychron_comms.journal.table import Entry, counted
from pychron_comms.process.extras import install_command

#: What is told of each record.
COLUMNS = (
    *("record", "time", "event", "who", "type", "command", "target", "key"),
    *("reply", "code", "seconds", "part"),
)

_NO_PYARROW = f"Parquet needs pyarrow:\n    {install_command('pyarrow')}"
_ROWS = 10_000


def add_to(below: Subcommands) -> None:
    """The subcommand."""
    export = below.add_parser("export", help="write records as CSV, JSON Lines or Parquet")
    add_options(export)
    export.add_argument("--format", choices=tuple(_WRITERS), help="else as OUT is called, or csv")
    export.add_argument("--out", type=Path, metavar="OUT", help="a file; else standard output")
    export.set_defaults(run=_export)


def row_of(entry: Entry) -> dict[str, Any]:
    """What the columns say of it."""
    about, facts = entry.about, entry.facts
    return {
        "record": about["n"],
        "time": about["at"],
        "event": facts.event,
        "who": facts.who,
        "type": facts.type,
        "command": _text(about, "command"),
        "target": facts.target,
        "key": facts.key,
        "reply": _text(about, "reply"),
        "code": facts.code,
        "seconds": facts.seconds,
        "part": _text(about, "part"),
    }


def _export(given: argparse.Namespace, out: TextIO) -> int:
    form = given.format or _form_of(given.out)
    if form == "parquet" and given.out is None:
        raise ValueError("Parquet needs a file: give --out FILE.parquet")
    asked, _ = wanted(given)
    rows = map(row_of, find(given.file, asked))
    if form == "parquet":
        count = _write_parquet(rows, given.out)
    elif given.out is None:
        _WRITERS[form](rows, out)
        return FINE
    else:
        with given.out.open("w", encoding="utf-8", newline="") as file:
            count = _WRITERS[form](rows, file)
    out.write(f"{given.out}: {counted(count, 'record')}\n")
    return FINE


def _form_of(file: Path | None) -> str:
    if file is None:
        return "csv"
    form = {".csv": "csv", ".jsonl": "jsonl", ".parquet": "parquet"}.get(file.suffix.lower())
    if form is None:
        raise ValueError(f"{file}: give --format, or a name in .csv, .jsonl or .parquet")
    return form


def _write_csv(rows: Iterable[Mapping[str, Any]], file: TextIO) -> int:
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    lines = ({key: _unarmed(value) for key, value in row.items()} for row in rows)
    return sum(1 for line in lines if writer.writerow(line))


def _write_jsonl(rows: Iterable[Mapping[str, Any]], file: TextIO) -> int:
    return sum(1 for row in rows if file.write(json.dumps(row) + "\n"))


def _write_parquet(rows: Iterator[Mapping[str, Any]], file: Path) -> int:
    if find_spec("pyarrow") is None:
        raise ValueError(_NO_PYARROW)
    pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    kinds = {
        "record": pyarrow.int64(),
        "time": pyarrow.timestamp("us", tz="UTC"),
        "code": pyarrow.int32(),
        "seconds": pyarrow.float64(),
    }
    schema = pyarrow.schema([(name, kinds.get(name, pyarrow.string())) for name in COLUMNS])
    count = 0
    with parquet.ParquetWriter(file, schema) as writer:
        while batch := list(islice(rows, _ROWS)):
            whole = [
                {key: _unpaired(value) for key, value in row.items()}
                | {"time": datetime.fromisoformat(row["time"])}
                for row in batch
            ]
            writer.write_table(pyarrow.Table.from_pylist(whole, schema))
            count += len(batch)
    return count


_WRITERS: dict[str, Callable[[Iterator[Mapping[str, Any]], Any], int]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "parquet": _write_parquet,
}


def _text(about: Mapping[str, Any], key: str) -> str:
    value = about.get(key)
    return "" if value is None else str(value)


def _unarmed(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is a text."""
    if not isinstance(value, str):
        return value
    value = _unpaired(value)
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def _unpaired(value: Any) -> Any:
    """Without lone surrogates, which UTF-8 cannot write."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value
