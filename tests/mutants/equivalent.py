"""Mutants that no test can tell from the original, each with the reason, as a file lists them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

_FILE = Path(__file__).with_name("equivalent.toml")


@dataclass(frozen=True)
class Equivalent:
    """``change`` is a piece of the diff; ``where`` the function's name after ``pychron_comms.``.

    A ``*`` in it stands for anything.
    """

    where: str
    change: str
    reason: str

    def covers(self, name: str, change: str) -> bool:
        return fnmatchcase(name, self.where) and self.change.strip() in change


class Equivalents:
    def __init__(self, entries: Iterable[Equivalent]) -> None:
        self.entries = tuple(entries)

    @classmethod
    def read(cls, path: Path = _FILE) -> Self:
        """Raises TypeError for an entry that lacks something or has something else."""
        table = tomllib.loads(path.read_text("utf-8"))
        return cls(Equivalent(**entry) for entry in table.get("equivalent", ()))

    def reason(self, name: str, change: str) -> str:
        """Why it is one; empty where it is none."""
        return next((each.reason for each in self.entries if each.covers(name, change)), "")
