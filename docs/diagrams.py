"""``make diagrams``: draws the Mermaid diagrams of the pages, for the site.

GitHub and editors draw them from their text. The site shows the pictures that are kept beside the
pages, so that its reader's browser loads nothing from elsewhere: they are made here by Mermaid's
own command line, each time the text of one has changed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

DOCS = Path(__file__).parent
PICTURES = DOCS / "pictures" / "diagrams"

#: npx fetches it, with some 500 MB; it draws with the Chromium that is here.
TOOL = "@mermaid-js/mermaid-cli@11.17.0"

DIAGRAM = re.compile(r"^```mermaid\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Labels that are text, since a picture may hold no HTML.
_LOOK = {"htmlLabels": False, "flowchart": {"htmlLabels": False}}


def texts() -> Iterator[str]:
    """Those of the README and of all pages."""
    for page in (DOCS.parent / "README.md", *sorted(DOCS.glob("*.md"))):
        yield from DIAGRAM.findall(page.read_text("utf-8"))


def picture_of(text: str) -> Path:
    """Where the picture of a diagram is; a diagram that changes has another one."""
    return PICTURES / f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.svg"


def with_pictures(page: str) -> str:
    """A page of the site: each diagram is a picture; one that has changed since is its text."""

    def picture(found: re.Match[str]) -> str:
        file = picture_of(found[1])
        if not file.exists():
            return found[0]
        return f"![a diagram]({file.relative_to(DOCS).as_posix()})"

    return DIAGRAM.sub(picture, page)


def draw(text: str, folder: Path) -> None:
    """Raises CalledProcessError for what is no diagram."""
    source, look, browser = (folder / name for name in ("d.mmd", "look.json", "browser.json"))
    source.write_text(text, "utf-8")
    look.write_text(json.dumps(_LOOK))
    chromium = shutil.which("chromium") or shutil.which("google-chrome") or ""
    browser.write_text(json.dumps({"executablePath": chromium, "args": ["--no-sandbox"]}))
    words = ["--input", source, "--output", picture_of(text)]
    words += ["--configFile", look, "--puppeteerConfigFile", browser]
    tool = ["npx", "--yes", "--package", TOOL, "mmdc", "--quiet"]
    # It would bring a browser of its own.
    environment = {**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}
    subprocess.run([*tool, *words], env=environment, check=True)


def main() -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    wanted = {picture_of(text): text for text in texts()}
    for file in set(PICTURES.glob("*.svg")) - set(wanted):
        file.unlink()
    with tempfile.TemporaryDirectory() as folder:
        for file, text in wanted.items():
            if not file.exists():
                draw(text, Path(folder))
                sys.stdout.write(f"{file}\n")


if __name__ == "__main__":
    main()
