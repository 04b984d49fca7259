"""How many mutants of a room were noticed, as numbers and as a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# A mutant that never ends, or crashes, is noticed as well.
_NOTICED = ("killed", "timeout", "suspicious", "segfault")
#: Those that no test noticed; none may even reach it.
SURVIVED = ("survived", "no tests")
_TYPES = "caught by type check"


@dataclass(frozen=True)
class Figures:
    """Of one room: how many came to which end."""

    room: str
    ends: Counter[str]

    @property
    def killed(self) -> int:
        return sum(self.ends[each] for each in _NOTICED)

    @property
    def survived(self) -> int:
        return sum(self.ends[each] for each in SURVIVED)

    @property
    def noticed(self) -> float:
        """The share that tests noticed, of those that they could tell from the original."""
        tried = self.killed + self.survived
        return self.killed / tried if tried else 1.0

    def row(self) -> str:
        return (
            f"{self.room:<12}{self.ends.total():>8}{self.ends[_TYPES]:>8}"
            f"{self.ends['equivalent']:>12}{self.killed:>8}{self.survived:>10}{self.noticed:>9.1%}"
        )


def table(figures: Sequence[Figures]) -> str:
    head = (
        f"{'room':<12}{'mutants':>8}{'types':>8}{'equivalent':>12}{'killed':>8}{'survived':>10}"
        f"{'noticed':>9}"
    )
    return "\n".join([head, *(each.row() for each in figures), ""])
