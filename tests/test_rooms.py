"""The rooms of the package are those of the design's page, and import as it says."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

_ROOT = Path(__file__).parent.parent
_PACKAGE = _ROOT / "pychron_comms"

#: Words that the page may explain, so that they are read.
_WORDS = 30


def section(title: str) -> str:
    page = (_ROOT / "docs" / "design.md").read_text("utf-8")
    return page.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows(title: str) -> list[str]:
    """The first cells of a section's table, without its head."""
    return re.findall(r"^\| (?!-)([^|]+?) \|", section(title), re.MULTILINE)[1:]


def rooms() -> list[str]:
    return [each.strip("`") for each in rows("The rooms")]


def room_of(path: Path) -> str:
    return path.relative_to(_PACKAGE).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """The rooms that a module imports from."""
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names += [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{each.name}" for each in node.names]
    parts = [name.split(".") for name in names]
    return {each[1] for each in parts if each[0] == "pychron_comms" and len(each) > 1}


class RoomTests(SynchronousTestCase):
    def test_the_page_has_them_all(self) -> None:
        there = {room_of(path) for path in _PACKAGE.rglob("*.py")} - {"__init__"}
        self.assertEqual(set(rooms()), there)

    def test_a_room_imports_only_from_those_above_it(self) -> None:
        order = rooms()
        for path in _PACKAGE.rglob("*.py"):
            here = room_of(path)
            below = order[order.index(here) + 1 :] if here in order else []
            self.assertEqual(imported(path) & set(below), set(), str(path))


class LengthTests(SynchronousTestCase):
    def test_no_file_of_tests_is_too_long_to_be_read_at_once(self) -> None:
        for path in (_PACKAGE.parent / "tests").rglob("*.py"):
            self.assertLessEqual(len(path.read_text("utf-8").splitlines()), 500, str(path))


class StartTests(SynchronousTestCase):
    def test_the_services_bring_no_reactor_and_nothing_that_few_need(self) -> None:
        """A reactor that a program has not chosen itself could not be replaced any more.

        A server whose processor is elsewhere brings no laboratory either.
        """
        text = (
            "import sys\n"
            "import pychron_comms.server.tap\n"
            "rooms = ('lab', 'instruments', 'processor')\n"
            "laboratory = {f'pychron_comms.{each}' for each in rooms}\n"
            "print(*sorted(laboratory & sys.modules.keys()))\n"
            "import pychron_comms.processor.tap\n"
            "unwanted = {'twisted.internet.reactor', 'twisted.mail.smtp', 'matplotlib',"
            " 'prometheus_client', 'twisted.web.server', 'zoneinfo', 'pika',"
            " 'pychron_comms.history.recorder', 'pychron_comms.alarms.notifiers.mail'}\n"
            "print(*sorted(unwanted & sys.modules.keys()))\n"
        )
        self.assertEqual(self.told(text), "")

    def test_a_processor_without_instruments_brings_none(self) -> None:
        text = (
            "import sys\n"
            "import pychron_comms.processor.tap\n"
            "import pychron_comms.lab.hardware\n"
            "print('pychron_comms.instruments' in sys.modules)\n"
        )
        self.assertEqual(self.told(text), "False")

    def test_the_operators_tool_builds_no_laboratory_unless_it_is_to(self) -> None:
        text = (
            "import sys\n"
            "import pychron_comms.operations.tool\n"
            "unwanted = {'pychron_comms.processor.assembly', 'pychron_comms.lab.hardware'}\n"
            "print(*sorted(unwanted & sys.modules.keys()))\n"
        )
        self.assertEqual(self.told(text), "")

    def told(self, text: str) -> str:
        """What a new process says that runs this."""
        ran = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, timeout=600, check=True
        )
        return ran.stdout.strip()


class WordTests(SynchronousTestCase):
    def test_they_are_few_and_each_is_explained_once(self) -> None:
        words = rows("Words")
        self.assertLessEqual(len(words), _WORDS)
        self.assertEqual(len(words), len(set(words)))
