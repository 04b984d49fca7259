"""The page docs/promises.md, whose tables are written from the promises."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.promises import PARTS
from tests.promises.promise import Promise

PAGE = Path(__file__).parents[2] / "docs" / "promises.md"

_BEHIND = "## What bends a promise\n"


def tables() -> str:
    """The page's parts."""
    return "\n\n".join(f"## {name}\n\n{_table(part)}" for name, part in PARTS.items())


def write_page() -> None:
    """Put the parts into the page, in place of those that are there."""
    head, _, rest = PAGE.read_text("utf-8").partition("## ")
    _, _, behind = rest.partition(_BEHIND)
    PAGE.write_text(f"{head}{tables()}\n\n{_BEHIND}{behind}", "utf-8")


def _table(promises: Iterable[Promise]) -> str:
    rows = "\n".join(
        f"| {each.text} | {each.how} | [{each.test.rpartition('.')[2]}](../{each.test_file}) |"
        for each in promises
    )
    return f"| promise | how it is kept | test |\n|---|---|---|\n{rows}"
