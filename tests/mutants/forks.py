"""So many at a time, each in a fork of this process, which has everything imported already."""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator

#: What a fork ends with where the tool itself was wrong: never to be taken for a test that failed.
BROKEN = 70


class Forks:
    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._waiting: list[tuple[str, Callable[[], int]]] = []
        # By the end of a pipe whose other end a fork holds until it ends.
        self._running: dict[int, tuple[int, str, str]] = {}

    def start(self, name: str, work: Callable[[], int]) -> None:
        """``work`` is done in a folder of its own, and says its exit status."""
        self._waiting.append((name, work))

    def ends(self) -> Iterator[tuple[str, int]]:
        """By name: the exit status, negative for the signal that ended it."""
        self._waiting.reverse()
        while self._waiting or self._running:
            while self._waiting and len(self._running) < self._jobs:
                self._fork(*self._waiting.pop())
            ended = select.select(list(self._running), [], [])[0][0]
            process, name, folder = self._running.pop(ended)
            os.close(ended)
            status = os.waitpid(process, 0)[1]
            shutil.rmtree(folder, ignore_errors=True)
            yield name, os.waitstatus_to_exitcode(status)

    def _fork(self, name: str, work: Callable[[], int]) -> None:
        sys.stdout.flush()
        folder = tempfile.mkdtemp(prefix="mutant")
        ended, held = os.pipe()
        process = os.fork()
        if process:
            os.close(held)
            self._running[ended] = process, name, folder
            return
        try:
            os.chdir(folder)
            os.setsid()
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            quiet = os.open(os.devnull, os.O_RDWR)
            os.dup2(quiet, 0)
            os.dup2(quiet, 1)
            warnings.simplefilter("error")
            end = work()
        except BaseException:
            traceback.print_exc()
            end = BROKEN
        finally:
            os._exit(end)
