"""How much room is left on a disk that may not even answer that."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pychron_comms.journal.syncing import Syncing


def free_bytes(folder: Path) -> int:
    """Left on the disk of a folder. Errors: OSError."""
    return shutil.disk_usage(folder).free


class FreeRoom:
    """As ``free_bytes``, but that only the first who asks waits for the disk: the others are told
    what the thread found last, and have it look again."""

    def __init__(self, syncing: Syncing, look: Callable[[Path], int] = free_bytes) -> None:
        self._syncing = syncing
        self._look = look
        self._found: int | OSError | None = None
        self._is_looking = False

    def __call__(self, folder: Path) -> int:
        if self._found is None:
            self._found = self._look(folder)
        elif not self._is_looking:
            self._is_looking = True
            self._syncing.begin(partial(self._look, folder), self._looked)
        if isinstance(self._found, OSError):
            raise self._found
        return self._found

    def _looked(self, outcome: int | OSError) -> None:
        self._is_looking = False
        self._found = outcome
