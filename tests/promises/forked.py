"""Tests in processes forked from one that has loaded what is not ours: most of what a start takes.

What they run has none of this project's own modules but those of the folder that they are told.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from pathlib import Path

#: Seconds that one test may take.
_PATIENCE = 120.0

#: None of them loads the reactor, which is each process's own.
_LOADED = (
    "hypothesis.strategies",
    "prometheus_client",
    "twisted.application.internet",
    "twisted.internet.endpoints",
    "twisted.internet.testing",
    "twisted.scripts.trial",
    "twisted.web.http",
)


def passes(tests: Sequence[str], folder: Path) -> bool:
    """Whether they do in that copy of the project, in a process of their own."""
    forked = multiprocessing.get_context("forkserver")
    forked.set_forkserver_preload(list(_LOADED))
    process = forked.Process(target=_run, args=(tests, folder))
    process.start()
    process.join(_PATIENCE)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode == 0


def _run(tests: Sequence[str], folder: Path) -> None:
    """As Twisted's own runner does; it ends this process."""
    silence = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(silence, descriptor)
    for name in [each for each in sys.modules if each.partition(".")[0] == "tests"]:
        del sys.modules[name]
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    sys.argv = ["trial", "--reporter=text", *tests]
    from twisted.scripts.trial import run  # noqa: PLC0415

    run()
