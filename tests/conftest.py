"""Which tests run under pytest, in which order they are shared out, and where they write.

The tests of a file, or of a class, go to one process of pytest-xdist (``--dist loadscope``): those
that share a laboratory start it once, and those of one file never run beside each other.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from unittest import TestCase

import pytest
from twisted.trial.unittest import SynchronousTestCase

#: Those that mostly wait: they begin first, and what computes fills their time.
WAITING = ("integration", "faults")

#: Those of them that take the longest: begun last, they would end alone.
LONGEST = (
    "test_pages.py",
    "test_standing_still.py",
    "test_broker_takeover.py",
    "test_hostile.py",
    "test_broker_cluster.py",
    "test_real_takeovers.py",
    "test_fuzz.py",
    "test_page.py",
    "test_stops.py",
    "test_broker_compose.py",
    "test_lab_tool.py",
    "test_faults.py",
    "test_scan.py",
    "test_page_alone.py",
    "test_package.py",
    "test_broker_pages.py",
    "test_soak.py",
    "test_journal.py",
    "test_charts.py",
    "test_instruments.py",
    "test_client.py",
)

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


def pytest_addoption(parser: pytest.Parser) -> None:
    told = "only what Twisted's trial does not run"
    parser.addoption("--beside-trial", action="store_true", help=told)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    items.sort(key=_place)
    if config.getoption("beside_trial"):
        config.hook.pytest_deselected(items=[each for each in items if _is_trials(each)])
        items[:] = [each for each in items if not _is_trials(each)]


@pytest.fixture(scope="session", autouse=True)
def _among_pytests_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trial makes a test's folder where it was started itself."""

    def mktemp(case: SynchronousTestCase) -> str:
        return str(tmp_path_factory.mktemp("trial") / "temp")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SynchronousTestCase, "mktemp", mktemp)
        yield


def _is_trials(item: pytest.Item) -> bool:
    case = item.cls if isinstance(item, pytest.Function) else None
    return case is not None and issubclass(case, TestCase)


def _place(item: pytest.Item) -> int:
    if item.path.name in LONGEST:
        return LONGEST.index(item.path.name) - len(LONGEST)
    room = item.path.relative_to(_HERE).parts[0]
    return WAITING.index(room) if room in WAITING else len(WAITING)
