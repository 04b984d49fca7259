"""What the tests share: processes that end with the test, and laboratories that run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.laboratories import CONFIGURATION, Laboratory, start_laboratory
from tests.integration.processes import Processes


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    """Starts processes in the test's own folder and ends them with it."""
    started = Processes(tmp_path)
    try:
        yield started
    finally:
        started.end()


@pytest.fixture(scope="module")
def laboratory(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Laboratory]:
    """One for the tests of a file; its halves are joined by a unix socket, or as a test asks."""
    started = Processes(tmp_path_factory.mktemp("laboratory"))
    try:
        yield start_laboratory(started, getattr(request, "param", "unix"))
    finally:
        started.end()


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A configuration file for both halves, with no mistake in it."""
    file = tmp_path / "lab.toml"
    file.write_text(CONFIGURATION)
    return file


@pytest.fixture
def reactor() -> Any:
    """The one that the tests run in."""
    from twisted.internet import reactor  # noqa: PLC0415

    return reactor
