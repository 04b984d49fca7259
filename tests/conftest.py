"""In which order the tests are shared out among processes (pytest-xdist).

The tests of a file, or of a class, go to one process (``--dist loadscope``): those that share a
laboratory start it once, and those of one file never run beside each other.
"""

from __future__ import annotations

from pathlib import Path

import pytest

#: Those that mostly wait: they begin first, and what computes fills their time.
WAITING = ("integration", "faults")

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    room = item.path.relative_to(_HERE).parts[0]
    return WAITING.index(room) if room in WAITING else len(WAITING)
