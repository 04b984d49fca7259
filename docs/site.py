"""Hooks of MkDocs: the README is the first page, and each room of the package has a reference."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "pychron_comms"


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made from elsewhere, and lead to the references."""
    files.append(File.generated(config, "index.md", content=first_page()))
    rooms = {room: reference(room) for room in rooms_of_the_package()}
    for room, content in rooms.items():
        files.append(File.generated(config, f"reference/{room}.md", content=content))
    config.nav.append({"Reference": [{room: f"reference/{room}.md"} for room in rooms]})
    return files


def first_page() -> str:
    """The README, its links seen from the site's top."""
    text = (ROOT / "README.md").read_text("utf-8")
    return re.sub(r"\]\(docs/", "](", text)


def rooms_of_the_package() -> list[str]:
    rooms = [each.name for each in PACKAGE.iterdir() if (each / "__init__.py").exists()]
    return ["errors", *sorted(rooms)]


def reference(room: str) -> str:
    """A page with every public class and function of a room, from their docstrings."""
    top = PACKAGE / room
    modules = sorted(top.rglob("*.py")) if top.is_dir() else [top.with_suffix(".py")]
    names = [".".join(each.relative_to(ROOT).with_suffix("").parts) for each in modules]
    shown = [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]
    return "\n\n".join([f"# {room}", *(f"::: {name}" for name in shown)]) + "\n"
