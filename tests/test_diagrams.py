"""The diagrams of the pages: each has its picture, and the pictures load nothing from elsewhere."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

DOCS = Path(__file__).parent.parent / "docs"


def load() -> Any:
    """What ``make diagrams`` runs; the folder of the pages is no package."""
    found = spec_from_file_location("diagrams", DOCS / "diagrams.py")
    assert found is not None
    assert found.loader is not None
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module


class DiagramTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.diagrams = load()

    def test_each_has_its_picture_and_each_picture_its_diagram(self) -> None:
        wanted = {self.diagrams.picture_of(text) for text in self.diagrams.texts()}
        self.assertEqual(set(self.diagrams.PICTURES.glob("*")), wanted, "make diagrams")
        self.assertGreater(len(wanted), 2)

    def test_a_page_of_the_site_shows_it(self) -> None:
        text = next(self.diagrams.texts())
        page = self.diagrams.with_pictures(f"# A\n\n```mermaid\n{text}```\n\nb\n")
        place = self.diagrams.picture_of(text).relative_to(DOCS)
        self.assertEqual(page, f"# A\n\n![a diagram]({place})\n\nb\n")

    def test_one_that_was_not_drawn_ends_the_site(self) -> None:
        error = self.assertRaises(
            ValueError, self.diagrams.with_pictures, "```mermaid\nflowchart\n```\n"
        )
        self.assertIn("make diagrams", str(error))

    def test_nothing_is_loaded_from_elsewhere(self) -> None:
        for picture in self.diagrams.PICTURES.glob("*.svg"):
            text = picture.read_text("utf-8")
            self.assertNotIn("<script", text)
            self.assertEqual(re.findall(r'(?:href|src)="|url\((?!#)|@import', text), [])
