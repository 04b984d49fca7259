"""Hooks of MkDocs: the README is the first page, and each room of the package has a reference."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "pychron_comms"

# What a browser fetches by itself; a link to a page that the reader follows is none of it.
_LOADED = re.compile(r'<(?:script|img|iframe|link)\b[^>]* (?:src|href)="((?:https?:)?//[^"]*)')


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made from elsewhere, and lead to the references."""
    files.append(File.generated(config, "index.md", content=first_page()))
    rooms = {room: reference(room) for room in rooms_of_the_package()}
    for room, content in rooms.items():
        files.append(File.generated(config, f"reference/{room}.md", content=content))
    config.nav.append({"Reference": [{room: f"reference/{room}.md"} for room in rooms]})
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Diagrams are pictures here."""
    return str(diagrams().with_pictures(markdown))


def on_post_page(output: str, page: Any, config: Any) -> str:
    """PluginError for a page that would load anything from elsewhere."""
    found = _LOADED.search(output)
    if found is not None:
        raise PluginError(f"{page.file.src_uri} loads {found[1]} from elsewhere")
    return output


def diagrams() -> Any:
    """The module beside this one: hooks are no package."""
    found = spec_from_file_location("diagrams", Path(__file__).with_name("diagrams.py"))
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


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
