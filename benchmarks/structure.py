"""The shape of the package, read from its syntax trees: its rooms, and who imports from whom."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PACKAGE = "pychron_comms"


class Structure(NamedTuple):
    """A room is a folder, or a module beside them; an arrow, that one imports from another."""

    modules: int
    loose_modules: int
    rooms: int
    arrows: int
    longest_module: int
    median_function: float
    longest_function: int


def structure(checkout: Path) -> Structure:
    root = checkout / PACKAGE
    files = sorted(root.rglob("*.py"))
    loose = {path.stem for path in files if path.parent == root}
    rooms = {_room(root, path) for path in files} - {"__init__"}
    arrows: set[tuple[str, str]] = set()
    functions: list[int] = []
    lengths: list[int] = []
    for path in files:
        text = path.read_text()
        lengths.append(text.count("\n"))
        tree = ast.parse(text)
        functions.extend(_function_lengths(tree))
        here = _room(root, path)
        arrows.update((here, there) for there in _imported(tree) if there in rooms - {here})
    return Structure(
        modules=len(files),
        loose_modules=len(loose - {"__init__", "__main__"}),
        rooms=len(rooms),
        arrows=len(arrows),
        longest_module=max(lengths),
        median_function=statistics.median(functions),
        longest_function=max(functions),
    )


def _room(root: Path, path: Path) -> str:
    return path.relative_to(root).with_suffix("").parts[0]


def _imported(tree: ast.AST) -> Iterator[str]:
    """The rooms that a module imports from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module, *(f"{node.module}.{each.name}" for each in node.names)]
        elif isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == PACKAGE and len(parts) > 1:
                yield parts[1]


def _function_lengths(tree: ast.AST) -> Iterator[int]:
    """Lines of each function's body, without its docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[ast.get_docstring(node) is not None :] or node.body
            last = body[-1].end_lineno or body[-1].lineno
            yield last - body[0].lineno + 1
