"""In which order the tests are shared out among processes (pytest-xdist), and what each collects.

The tests of a file, or of a class, go to one process (``--dist loadscope``): those that share a
laboratory start it once, and those of one file never run beside each other.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

#: Those that mostly wait: they begin first, and what computes fills their time.
WAITING = ("integration", "faults")

#: Those of them that take the longest: begun last, they would end alone.
LONGEST = ("test_pages.py", "test_broker_takeover.py", "test_scan.py", "test_fuzz.py")

_HERE = Path(__file__).parent


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of tests stay until the end: nothing looks through them for garbage."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    if item.path.name in LONGEST:
        return -1
    room = item.path.relative_to(_HERE).parts[0]
    return WAITING.index(room) if room in WAITING else len(WAITING)
