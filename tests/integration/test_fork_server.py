"""A program in a fork finds what it would find when it is started, and ends as it would."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.fork_server import FORKS, ForkServer
from tests.integration.processes import Processes, RunningProcess

pytestmark = pytest.mark.skipif(not FORKS, reason="a process is not a descriptor here")

_LOOK = """
import atexit, json, os, resource, signal, sys, threading, warnings

itself = os.getpid()
atexit.register(print, "ended")
print(json.dumps({
    "words": [os.path.basename(sys.argv[0]), *sys.argv[1:]],
    "name": __name__,
    "folder": os.getcwd(),
    "environment": sorted(os.environ.items()),
    "path": sys.path,
    "ours": sorted({name for name in sys.modules if name.partition(".")[0] == "tests"}),
    "reactor": "twisted.internet.reactor" in sys.modules,
    "session": os.getsid(0) == itself,
    "group": os.getpgid(0) == itself,
    "files": [each for each in range(3, 100) if os.path.exists(f"/proc/{itself}/fd/{each}")],
    "input": os.path.samefile("/proc/self/fd/0", os.devnull),
    "signals": [str(signal.getsignal(each)) for each in signal.valid_signals()],
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "limits": [resource.getrlimit(each) for each in range(10)],
    "threads": threading.active_count(),
    "warnings": [each[0] for each in warnings.filters],
    "buffered": sys.stdout.line_buffering,
}))
print("error", file=sys.stderr)
left = open(os.devnull)
if sys.argv[-1] == "raises":
    raise ValueError("no")
if sys.argv[-1] == "signalled":
    sys.stdout.flush()
    os.kill(itself, signal.SIGTERM)
sys.exit(3)
"""

_LINE = re.compile(r"^(?!.*ResourceWarning)[\w:]+.*$", re.MULTILINE)


@pytest.mark.parametrize("way", ["script", "module"])
@pytest.mark.parametrize(("word", "status"), [("", 3), ("raises", 1), ("signalled", -15)])
def test_it_is_as_a_start(tmp_path: Path, way: str, word: str, status: int) -> None:
    file = tmp_path / "look.py"
    file.write_text(f"#!{sys.executable}\n{_LOOK}")
    file.chmod(0o755)
    arguments = [str(file)] if way == "script" else [sys.executable, "-m", "look"]
    more = {"PYTHONPATH": str(tmp_path / "more"), "GIVEN": "yes"}

    started, forked = (
        RunningProcess([*arguments, "a b", word], tmp_path, tmp_path / how, more, how == "forked")
        for how in ("started", "forked")
    )

    assert (started.wait_for_end(), forked.wait_for_end()) == (status, status)
    assert json.loads(forked.log.splitlines()[0]) == json.loads(started.log.splitlines()[0])
    # By which way it came there is in its trace.
    assert set(_LINE.findall(forked.log)) == set(_LINE.findall(started.log))
    assert ("ResourceWarning: unclosed file" in forked.log) is (word != "signalled")


def test_one_that_stands_still_is_waited_for_in_vain_and_killed(processes: Processes) -> None:
    forked = processes.fork(sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "0")
    forked.wait_for("Serving HTTP")
    forked.signal(signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        forked.wait_for_end(0.01)
    assert forked.runs
    forked.kill()
    assert not forked.runs
    assert forked.group_is_empty
    assert forked.wait_for_end() == -signal.SIGKILL


def test_one_that_cannot_begin_is_told_of_and_waited_for_by_nobody(tmp_path: Path) -> None:
    server = ForkServer(dict(os.environ))
    try:
        for folder in (tmp_path / "nowhere", tmp_path / "there_neither"):
            with pytest.raises(RuntimeError, match=f"No such file.*{folder.name}"):
                server.start(["x"], folder, dict(os.environ), sys.stderr.fileno())
    finally:
        server.end()
