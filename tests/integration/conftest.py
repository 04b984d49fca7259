"""What the tests share: processes that end with the test, and laboratories that run."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.brokers import Broker
from tests.integration.laboratories import CONFIGURATION, Laboratory, start_laboratory
from tests.integration.processes import PATIENCE, Processes

# As who starts the tests in the background, or by nohup, has it: programs would inherit that, and
# hear no Ctrl-C, nor that their terminal has closed.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


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


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One for all tests that need no more than a set of hardware of their own at it."""
    started = Processes(tmp_path_factory.mktemp("broker"))
    try:
        yield Broker(started)
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


@pytest.fixture
def small_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 KiB in all, or as much as the test's parameter says."""
    size = getattr(request, "param", "64k")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, timeout=PATIENCE, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command")
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], timeout=PATIENCE, check=True)
