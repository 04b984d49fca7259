"""A small change of the code: where it is, what it changes, and who may notice it."""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Lines(NamedTuple):
    """Both ends included."""

    first: int
    last: int


@dataclass(frozen=True)
class Mutant:
    """One change of one function.

    ``change`` is its diff, ``text`` the function's new text, ``reached`` the lines by any of which
    a test may notice it, ``in_head`` whether a default is changed.
    """

    path: str
    function: str
    number: int
    line: int
    reached: Lines
    in_head: bool
    change: str
    original: str
    text: str

    @property
    def name(self) -> str:
        """As ``equivalent.toml`` has it: ``transport.turns.Turns.take``."""
        module = self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return f"{module.removeprefix('pychron_comms.')}.{self.function}"

    @property
    def source(self) -> str:
        """The whole file as it would be."""
        source = (ROOT / self.path).read_text("utf-8")
        return source.replace(self.original, self.text)


def changed(
    path: str, source: str, function: str, number: int, *, original: str, text: str
) -> Mutant:
    """What becomes of a file where the text of a function, ``original``, becomes another."""
    start = source[: source.index(original)].count("\n") + 1
    lines = difference(original.splitlines(), text.splitlines())
    here = Lines(start + lines.first, start + lines.last)
    body = ast.parse(textwrap.dedent(original)).body[0].body[0]  # type: ignore[attr-defined]
    in_head = lines.first < body.lineno - 1
    whole = Lines(start + body.lineno - 1, start + original.count("\n") - 1)
    reached = whole if in_head else statement(source, here)
    change = diff(original, text)
    return Mutant(path, function, number, here.first, reached, in_head, change, original, text)


def difference(old: Sequence[str], new: Sequence[str]) -> Lines:
    """Which lines of ``old``, counted from 0, a single change has touched."""
    first = _alike(old, new)
    rest = min(len(old), len(new)) - first
    after = min(_alike(old[::-1], new[::-1]), rest)
    return Lines(min(first, len(old) - 1), max(first, len(old) - 1 - after))


def diff(original: str, text: str) -> str:
    """Only the lines that differ."""
    old, new = original.splitlines(), text.splitlines()
    first = _alike(old, new)
    after = min(_alike(old[::-1], new[::-1]), min(len(old), len(new)) - first)
    lines = [f"- {line.strip()}" for line in old[first : len(old) - after]]
    return "\n".join([*lines, *(f"+ {line.strip()}" for line in new[first : len(new) - after])])


def _alike(old: Sequence[str], new: Sequence[str]) -> int:
    pairs = zip(old, new, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(old), len(new)))


def with_twins(source: str, mutants: Sequence[Mutant]) -> tuple[str, dict[tuple[str, int], Lines]]:
    """A file that has each of its mutants beside the original, and where each stands.

    So a type checker looks at all of them at once. Number 0 of each function is the original, with
    another name as its mutants have: what is wrong with that is no mutant's fault.
    """
    spans: dict[tuple[str, int], Lines] = {}
    made, rest = "", source
    originals = {each.original: each.function for each in mutants}
    for original, function in sorted(originals.items(), key=lambda each: source.index(each[0])):
        before, _, rest = rest.partition(original)
        made += before + original
        here = {each.number: each.text for each in mutants if each.original == original}
        for number, text in {0: original, **here}.items():
            first = made.count("\n") + 2
            made += "\n" + renamed(text, f"_{number}")
            spans[function, number] = Lines(first, made.count("\n"))
    return made + rest, spans


def renamed(text: str, ending: str) -> str:
    return re.sub(r"\bdef (\w+)", lambda found: f"def mutant_{found[1]}{ending}", text, count=1)


def statement(source: str, lines: Lines) -> Lines:
    """The lines of the statement in which these are: those that a test may reach it by.

    Of a compound statement its head, where the change is there.
    """
    best = lines
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.stmt) or node.end_lineno is None:
            continue
        body = getattr(node, "body", None)
        end = body[0].lineno - 1 if body else node.end_lineno
        if node.lineno <= lines.first and lines.last <= end:
            best = Lines(node.lineno, end)
    return best
