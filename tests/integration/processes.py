"""Real processes: each writes its log to a file, and is ended whatever happens."""

from __future__ import annotations

import atexit
import functools
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType

from pychron_comms.wire.copies import KEEP_DATAGRAM
from tests.integration.fork_server import FORKS, Fork, ForkServer

#: Seconds that anything may take before a test gives up; far more than it takes on a busy machine.
PATIENCE = 60.0

TWISTD = Path(sys.executable).with_name("twistd")

_POLL = 0.01
_STOOD_STILL = re.compile(r"^(\S+) .* this process stood still for", re.MULTILINE)
# Seconds in which a process that goes on says that it stood still, and attempts in all.
_A_MOMENT = 0.5
_ATTEMPTS = 8
# What came before still tells of what is read now, for as long as a datagram's refusal stands; and
# a log's times are whole seconds.
_BEFORE = timedelta(seconds=KEEP_DATAGRAM + 1)
# What no log may show, whatever a client has done. Python's own stdin counts for nothing: it is
# told of as "sys:1" where a program ends early.
_BUG = re.compile(
    r"Traceback|Unhandled|never awaited|(?<!sys:1: )ResourceWarning|Exception ignored"
)
_SHOW_LEAKS = {"PYTHONWARNINGS": "default::ResourceWarning"}


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
    """Return as soon as ``condition`` holds; fail, telling ``what``, where it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain for {what}"
        time.sleep(_POLL)


def _started(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: int
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        arguments,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


@functools.cache
def _fork_server() -> ForkServer:
    server = ForkServer({**os.environ, **_SHOW_LEAKS})
    atexit.register(server.end)
    return server


def _forked(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: int
) -> subprocess.Popen[bytes] | Fork:
    can = FORKS and _fork_server().can_start(environment)
    start = _fork_server().start if can else _started
    return start(arguments, folder, environment, output)


class RunningProcess:
    """One process, in a process group of its own."""

    def __init__(
        self,
        arguments: list[str],
        folder: Path,
        log: Path,
        environment: Mapping[str, str],
        forked: bool = False,
    ) -> None:
        self._log = log
        start = _forked if forked else _started
        with log.open("wb") as output:
            self._process = start(
                arguments, folder, {**os.environ, **_SHOW_LEAKS, **environment}, output.fileno()
            )
        self.pid = self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text("utf-8", errors="replace")

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    @property
    def group_is_empty(self) -> bool:
        """Whether neither it is left nor what it has started in its own group."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def wait_for(self, pattern: str) -> re.Match[str]:
        """The first match in its log; fail where it ends before, or takes too long."""
        end = time.monotonic() + PATIENCE
        while True:
            runs = self.runs
            found = re.search(pattern, self.log)
            if found is not None:
                return found
            assert runs, f"it ended before it logged {pattern!r}:\n{self.log}"
            assert time.monotonic() < end, f"it never logged {pattern!r}:\n{self.log}"
            time.sleep(_POLL)

    def wait_for_end(self, seconds: float = PATIENCE) -> int:
        """Its exit status."""
        return self._process.wait(seconds)

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def terminate(self) -> None:
        self._process.terminate()

    def press_ctrl_c(self) -> None:
        """A terminal sends SIGINT to the whole group in the foreground."""
        os.killpg(self.pid, signal.SIGINT)

    def kill(self) -> None:
        """As ``kill -9`` does."""
        self._process.kill()
        self._process.wait(PATIENCE)

    def end(self) -> None:
        """End it if it still runs, and all that it started; by force where it takes too long."""
        if self.runs:
            self.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if not self.group_is_empty:
            os.killpg(self.pid, signal.SIGKILL)


class Attempt:
    """What fails in it counts for nothing where a process stood still meanwhile."""

    def __init__(self, stood_still: Callable[[datetime], bool], is_last: bool) -> None:
        self._stood_still = stood_still
        self._is_last = is_last
        self.is_over = True

    def __enter__(self) -> None:
        self._begun = datetime.now(UTC)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, AssertionError) or self._is_last:
            return False
        time.sleep(_A_MOMENT)
        self.is_over = not self._stood_still(self._begun - _BEFORE)
        return not self.is_over


class Processes:
    """Starts processes in one folder, and ends them all, the last one first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: list[RunningProcess] = []

    def start(self, *arguments: str | Path, **environment: str) -> RunningProcess:
        """Any program, as a user starts it."""
        return self._start(arguments, environment, forked=False)

    def fork(self, *arguments: str | Path, **environment: str) -> RunningProcess:
        """One of this project's, by its script or by ``python -m``; it is there sooner."""
        return self._start(arguments, environment, forked=True)

    def attempts(self) -> Iterator[Attempt]:
        """For what is promised only where none stands still, as a busy machine makes them.

        What fails while they run on is not tried again. What is promised where one does stand
        still has tests of its own, in ``tests/faults``.
        """
        for number in range(1, _ATTEMPTS + 1):
            attempt = Attempt(self._stood_still, number == _ATTEMPTS)
            yield attempt
            if attempt.is_over:
                return

    def _stood_still(self, since: datetime) -> bool:
        return any(
            datetime.fromisoformat(at) >= since
            for process in self._started
            for at in _STOOD_STILL.findall(process.log)
        )

    def twistd(self, *arguments: str, **environment: str) -> RunningProcess:
        return self.fork(TWISTD, "-n", "--pidfile=", *arguments, **environment)

    def end(self) -> None:
        """Fail where one of them has logged what can only be a bug."""
        started, self._started = self._started, []
        for process in reversed(started):
            process.end()
        for process in started:
            assert _BUG.search(process.log) is None, process.log

    def _start(
        self, arguments: Sequence[str | Path], environment: Mapping[str, str], forked: bool
    ) -> RunningProcess:
        log = self.folder / f"process-{len(self._started)}.log"
        words = [str(each) for each in arguments]
        process = RunningProcess(words, self.folder, log, environment, forked)
        self._started.append(process)
        return process


def run_to_the_end(
    *arguments: str | Path, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run any program that ends by itself; its output is in ``stdout``, errors included."""
    return subprocess.run(
        [str(each) for each in arguments],
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=5 * PATIENCE,
        check=False,
    )


def run_forked(
    *arguments: str | Path, folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same for one of this project's, by its script or by ``python -m``: it is done sooner."""
    words = [str(each) for each in arguments]
    with tempfile.TemporaryFile("w+") as output:
        process = _forked(
            words, folder, {**os.environ, **_SHOW_LEAKS, **environment}, output.fileno()
        )
        try:
            status = process.wait(5 * PATIENCE)
        finally:
            process.kill()
        output.seek(0)
        return subprocess.CompletedProcess(words, status, output.read())
