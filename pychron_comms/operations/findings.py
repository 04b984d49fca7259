"""What is found about a laboratory, for people as lines and for a monitor as JSON."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pychron_comms.config.here import LABORATORY
from pychron_comms.process.typed import as_typed

#: How it stands: in order, to be looked at, or broken. They order the exit status, too.
GOOD, WARNING, BROKEN = "ok", "warning", "broken"
_STATUS = {GOOD: 0, WARNING: 1, BROKEN: 2}

#: What to do where another laboratory has the ports of this one.
SEE_WHICH = "pychron-lab run says which process that is, and how to end it"

#: How a terminal shows them: green, yellow, red.
_COLOURS = {GOOD: "\x1b[32m", WARNING: "\x1b[33m", BROKEN: "\x1b[31m"}
_PLAIN = "\x1b[0m"

#: So many that say the same, one behind the other, are one line.
_MANY = 4


@dataclass(frozen=True)
class Finding:
    """``mend`` is the command, or the edit, that mends it; empty where there is nothing to do.

    Of what is in order it is what else there could be, for who wants it.
    """

    subject: str
    state: str
    text: str
    mend: str = ""

    @property
    def line(self) -> str:
        what = "if wanted" if self.state == GOOD else "mend it"
        mend = f"\n           {what}: {self.mend}" if self.mend else ""
        return f"{self.state:8}  {self.subject}: {self.text}{mend}"


def built_in(told: str = "") -> Finding:
    """That no file's laboratory is looked at; ``told`` is added."""
    text = f"no {LABORATORY} is in {Path.cwd()}; this is about the built-in laboratory{told}"
    return Finding("configuration", GOOD, text, "pychron-lab init writes one for your own")


def exit_status(findings: Sequence[Finding]) -> int:
    """0 all in order, 1 something to look at, 2 something broken."""
    return max((_STATUS[each.state] for each in findings), default=0)


def told_together(findings: Sequence[Finding]) -> Iterator[Finding]:
    """What many in order have in common is told once, of the first of them and so many more; so
    is that another laboratory has their ports."""
    for (state, _, mend), alike in itertools.groupby(
        findings, lambda it: (it.state, it.text, it.mend)
    ):
        first, *others = alike
        if (state == GOOD or mend == SEE_WHICH) and len(others) + 1 >= _MANY:
            yield replace(first, subject=f"{first.subject} and {len(others)} more")
        else:
            yield from (first, *others)


def as_lines(findings: Sequence[Finding], *, in_colour: bool = False) -> str:
    """With ``in_colour`` each state has one, for a terminal."""
    lines = (f"{_coloured(each) if in_colour else each.line}\n" for each in findings)
    return as_typed("".join(lines))


def _coloured(finding: Finding) -> str:
    rest = finding.line.removeprefix(finding.state)
    return f"{_COLOURS[finding.state]}{finding.state}{_PLAIN}{rest}"


def as_json(findings: Sequence[Finding]) -> str:
    """One object: the worst state, and every finding."""
    worst = max((each.state for each in findings), key=_STATUS.__getitem__, default=GOOD)
    told = {"state": worst, "findings": [asdict(each) for each in findings]}
    return json.dumps(told, indent=2) + "\n"
