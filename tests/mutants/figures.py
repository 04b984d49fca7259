"""How many mutants of a room were noticed, as numbers and as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class End(StrEnum):
    """What became of a mutant."""

    TYPES = "noticed by the type checker"
    EQUIVALENT = "equivalent"
    KILLED = "killed"
    #: It never ended, or ended the whole process.
    ENDLESS = "endless"
    SURVIVED = "survived"
    NO_TESTS = "reached by no test"


@dataclass(frozen=True)
class Figures:
    """Of one room: how many came to which end."""

    room: str
    ends: Counter[End]

    @property
    def killed(self) -> int:
        return self.ends[End.KILLED] + self.ends[End.ENDLESS]

    @property
    def survived(self) -> int:
        return self.ends[End.SURVIVED] + self.ends[End.NO_TESTS]

    @property
    def noticed(self) -> float:
        """The share that tests noticed, of those that they could tell from the original."""
        tried = self.killed + self.survived
        return self.killed / tried if tried else 1.0

    def row(self) -> str:
        return (
            f"{self.room:<12}{self.ends.total():>8}{self.ends[End.TYPES]:>8}"
            f"{self.ends[End.EQUIVALENT]:>12}{self.killed:>8}{self.survived:>10}{self.noticed:>9.1%}"
        )


def table(figures: Sequence[Figures]) -> str:
    head = (
        f"{'room':<12}{'sampled':>8}{'types':>8}{'equivalent':>12}{'killed':>8}{'survived':>10}"
        f"{'noticed':>9}"
    )
    return "\n".join([head, *(each.row() for each in figures), ""])
