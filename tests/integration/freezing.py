"""A real file system that a test freezes, as the moment of a snapshot does. For root on Linux."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.processes import PATIENCE

#: Seconds after which it goes on whatever has become of the test.
_AT_LAST = 60


class FileSystem:
    """``folder`` is where it is mounted; only what writes there stands still with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def frozen(self) -> Iterator[None]:
        thaw = ["fsfreeze", "-u", str(self.folder)]
        words = ["sh", "-c", f'sleep {_AT_LAST}; exec "$@"', "sh", *thaw]
        guard = subprocess.Popen(words, stdin=subprocess.DEVNULL, start_new_session=True)
        try:
            subprocess.run(["fsfreeze", "-f", str(self.folder)], timeout=PATIENCE, check=True)
            try:
                yield
            finally:
                subprocess.run(thaw, timeout=PATIENCE, check=True)
        finally:
            guard.kill()
            guard.wait(PATIENCE)


@pytest.fixture
def file_system(tmp_path: Path) -> Iterator[FileSystem]:
    """Of ext4, in a file."""
    folder, image = tmp_path / "mounted", tmp_path / "image"
    folder.mkdir()
    with image.open("wb") as file:
        file.truncate(32 << 20)
    steps = (["mkfs.ext4", "-q", "-F", image], ["mount", "-o", "loop", image, folder])
    try:
        for step in (*steps, ["fsfreeze", "--version"]):
            done = subprocess.run(step, capture_output=True, timeout=PATIENCE, check=False)
            if done.returncode:
                pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
    except FileNotFoundError as error:
        pytest.skip(f"there is no {error.filename}")
    try:
        yield FileSystem(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], timeout=PATIENCE, check=True)
