"""The diagrams of the pages: the site shows their pictures, which load nothing from elsewhere."""

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

    def test_that_of_the_first_page_is_drawn(self) -> None:
        first = next(self.diagrams.texts())
        self.assertTrue(self.diagrams.picture_of(first).exists(), "make diagrams")

    def test_a_page_of_the_site_shows_it(self) -> None:
        text = next(self.diagrams.texts())
        page = self.diagrams.with_pictures(f"# A\n\n```mermaid\n{text}```\n\nb\n")
        place = self.diagrams.picture_of(text).relative_to(DOCS)
        self.assertEqual(page, f"# A\n\n![a diagram]({place})\n\nb\n")

    def test_one_that_has_changed_since_is_its_text(self) -> None:
        page = "```mermaid\nflowchart\n```\n"
        self.assertEqual(self.diagrams.with_pictures(page), page)

    def test_nothing_is_loaded_from_elsewhere(self) -> None:
        for picture in self.diagrams.PICTURES.glob("*.svg"):
            text = picture.read_text("utf-8")
            self.assertNotIn("<script", text)
            self.assertEqual(re.findall(r'(?:href|src)="|url\((?!#)|@import', text), [])
