"""Programs in forks of a process that has imported what they need: most of what a start takes.

They are real processes, with a folder, environment, output, session and end of their own, and are
run by the same scripts; only their interpreter has begun already. What is about a start itself is
tested with programs that start afresh.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path


def _can_fork() -> bool:
    """Whether a process can be a descriptor here: some containers forbid what Linux has."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):
        return False
    return True


#: Whether it can be done here.
FORKS = _can_fork()

#: Not the reactor, nor Twisted's list of plugins: each process has its own.
_IMPORTED = (
    "twisted.scripts.twistd",
    "pychron_comms.server.tap",
    "pychron_comms.processor.tap",
    "pychron_comms.operations.tool",
    "pychron_comms.operations.check",
    "pychron_comms.instruments.tool",
    "pychron_comms.journal.command",
    "pychron_comms.client.ask",
    # What a service imports when it is made.
    "pychron_comms.process.prompt_reactor",
    "pychron_comms.lab.binding",
    "pychron_comms.lab.bound.config",
    "pychron_comms.lab.bound.devices",
    "pychron_comms.history.recorder",
    "importlib.readers",
    # What that list is of.
    "twisted.cred.strcred",
    "twisted.protocols.haproxy",
    "twisted.trial.itrial",
    "twisted.words.iwords",
)
# What is read when Python starts, but for the path.
_OF_A_START = ("PYTHON", "COVERAGE", "LANG", "LC_", "TZ", "MALLOC_", "OPENSSL_", "SSL_")
_PATH = "PYTHONPATH"
_LONGEST = 1 << 20

#: Seconds in which a fork begins; the first one waits for all imports, on a busy machine.
_PATIENCE = 300.0


class Fork:
    """A running program: what its users need of ``Popen``."""

    def __init__(self, server: ForkServer, pid: int) -> None:
        self.pid = pid
        self._server = server
        # Readable when it has ended; no other process can have its number before it is reaped.
        self._itself = os.pidfd_open(pid)
        self._status: int | None = None

    def poll(self) -> int | None:
        return self._status if self._status is not None or not self._ends(0) else self._reap()

    def wait(self, timeout: float | None = None) -> int:
        if self._status is not None:
            return self._status
        if not self._ends(timeout):
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0.0)
        return self._reap()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self._itself, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ends(self, seconds: float | None) -> bool:
        ended = select.poll()
        ended.register(self._itself, select.POLLIN)
        return bool(ended.poll(None if seconds is None else seconds * 1000))

    def _reap(self) -> int:
        self._status = self._server.reap(self.pid)
        os.close(self._itself)
        return self._status


class ForkServer:
    """A process that forks, and that ends with this one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {each: environment[each] for each in environment if each != _PATH}
        self._turn = threading.Lock()
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._channel.settimeout(_PATIENCE)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )

    def can_start(self, environment: Mapping[str, str]) -> bool:
        """Whether Python would begin in that one as this process's Python did."""
        return _of_a_start(environment) == _of_a_start(self._environment)

    def start(
        self, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: int
    ) -> Fork:
        """What it says, errors included, goes to ``output``, a descriptor."""
        asked = json.dumps([list(arguments), str(folder), dict(environment)]).encode()
        with self._turn:
            socket.send_fds(self._channel, [asked], [output])
            begun = self._channel.recv(_LONGEST)
        if not begun.isdigit():
            raise RuntimeError(f"{arguments}: {begun.decode() or 'the fork server has ended'}")
        return Fork(self, int(begun))

    def reap(self, pid: int) -> int:
        """The exit status of one that has ended; negative for the signal that ended it."""
        with self._turn:
            self._channel.send(json.dumps(pid).encode())
            return int(self._channel.recv(_LONGEST))

    def end(self) -> None:
        self._channel.close()
        self._process.wait()


def _of_a_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_OF_A_START) and name != _PATH
    }


def _serve(channel: socket.socket) -> list[str]:
    """In each fork, the command line that it is to run; empty when nobody asks any more."""
    while True:
        asked, outputs, _flags, _address = socket.recv_fds(channel, _LONGEST, 1)
        if not asked:
            return []
        request = json.loads(asked)
        if isinstance(request, int):
            status = os.waitstatus_to_exitcode(os.waitpid(request, 0)[1])
            channel.send(str(status).encode())
        elif os.fork():
            os.close(outputs[0])
        else:
            arguments, folder, environment = request
            try:
                _begin(folder, environment, outputs[0])
            except OSError as error:
                # Else who asked would wait for a number for ever.
                channel.send(str(error).encode())
                return []
            # Now that it has a group of its own.
            channel.send(str(os.getpid()).encode())
            return list(arguments)


def _begin(folder: str, environment: Mapping[str, str], output: int) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for descriptor in (1, 2):
        os.dup2(output, descriptor)
    os.close(output)


def _run(arguments: list[str]) -> None:
    """A script, or ``python -m`` and a module: as ``__main__``, with the path that it would see."""
    path = [each for each in os.environ.get(_PATH, "").split(os.pathsep) if each]
    if arguments[0] == sys.executable:
        _python, _m, module, *words = arguments
        sys.path[:1] = [os.getcwd(), *path]
        sys.argv = [module, *words]
        if not hasattr(sys.modules.get(module), "__path__"):
            sys.modules.pop(module, None)
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    else:
        sys.path[:1] = [os.path.dirname(arguments[0]), *path]
        sys.argv = arguments
        runpy.run_path(arguments[0], run_name="__main__")


def main() -> None:
    with socket.socket(fileno=int(sys.argv[1])) as channel:
        # What is imported stays, and is shared by the forks: none looks through it for garbage.
        gc.disable()
        for each in _IMPORTED:
            importlib.import_module(each)
        # Who tries again where a process stood still looks for each time in its log.
        importlib.import_module("pychron_comms.observability.loop_watch").PERIOD = 0.0
        gc.freeze()
        gc.enable()
        arguments = _serve(channel)
    if arguments:
        _run(arguments)


if __name__ == "__main__":
    main()
