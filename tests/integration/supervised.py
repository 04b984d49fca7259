"""What the tests of supervision start: slow hardware, and programs that start a service oddly."""

from __future__ import annotations

import contextlib
import socket
import sys
import time
from pathlib import Path

from tests.integration.laboratories import ANY_PORT
from tests.integration.processes import Processes, RunningProcess, wait_until

#: A device that is set to a number of seconds, and takes as long, or until it is let go; its value
#: is long.
_SLOW_LAB = """
import pathlib, time
from zope.interface import implementer
from pychron_comms.interfaces import IDevice

@implementer(IDevice)
class Slow:
    def __init__(self, name):
        self.name = name
    def get(self):
        return "x" * 8_000_000
    def set(self, value, sender):
        here, end = pathlib.Path(__file__).parent, time.monotonic() + float(value)
        (here / "begun").touch()
        while time.monotonic() < end and not (here / "let-go").exists():
            time.sleep(0.02)
"""

_CONFIGURATION = f"""
[[server.listener]]
type = "Hardware"
listen = ["{ANY_PORT}", "udp:0:interface=127.0.0.1"]
%s
[manager.slow]
class = "slowlab:Slow"
name = "slow"

# What was taken is begun at once: no look stands before it.
[state]
period = 0
"""

_RUN = "from twisted.scripts.twistd import run; run()"

#: Gives twistd a wall clock that is off by what a file says.
_SKEWED = f"""
import pathlib, sys, time
file, real = pathlib.Path(sys.argv.pop(1)), time.time
time.time = lambda: real() + float(file.read_text() or 0)
{_RUN}
"""

#: Opens sockets as a supervisor does, hands them over as 3 and 4, and becomes twistd.
_ACTIVATED = f"""
import os, socket, sys
path = sys.argv.pop(1)
tcp = socket.create_server(("127.0.0.1", 0))
unix = socket.socket(socket.AF_UNIX)
unix.bind(path)
os.chmod(path, 0o600)
unix.listen()
print("port", tcp.getsockname()[1], flush=True)
for number, each in ((13, tcp), (14, unix)):
    os.dup2(each.fileno(), number)
for number in (3, 4):
    os.dup2(number + 10, number)
    os.close(number + 10)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="2", LISTEN_FDNAMES="tcp:unix")
os.execv(sys.executable, [sys.executable, "-c", {_RUN!r}, *sys.argv[1:]])
"""


def write_slow_lab(folder: Path, **listener: object) -> dict[str, str]:
    """A file ``lab.toml`` for both halves; the environment that it wants."""
    (folder / "slowlab.py").write_text(_SLOW_LAB)
    keys = "\n".join(f"{key} = {value}" for key, value in listener.items())
    (folder / "lab.toml").write_text(_CONFIGURATION % keys)
    # Its own folder first, and what the tests themselves run from.
    return {"PYTHONPATH": f"{folder}:{':'.join(path for path in sys.path if path)}"}


def wait_until_begun(folder: Path) -> None:
    """Return when the slow device is at work: its thread has taken the command."""
    wait_until((folder / "begun").exists, "the slow device")


def let_go(folder: Path) -> None:
    """The slow device has done its work."""
    (folder / "let-go").touch()


def start_skewed(processes: Processes, skew: Path, *arguments: str) -> RunningProcess:
    """A service whose wall clock is off by as many seconds as the file ``skew`` says."""
    skew.write_text("0")
    return processes.start(
        sys.executable,
        "-c",
        _SKEWED,
        skew,
        "-n",
        "--pidfile=",
        *arguments,
        **write_slow_lab(processes.folder),
    )


def start_activated(processes: Processes, path: Path, *arguments: str) -> RunningProcess:
    """A service that is given two sockets, ``tcp`` and ``unix``; its log begins with the port."""
    return processes.start(sys.executable, "-c", _ACTIVATED, path, "-n", "--pidfile=", *arguments)


class Supervisor:
    """Hears what a service tells its supervisor."""

    def __init__(self, address: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)

    def next(self, seconds: float = 20.0) -> str:
        """The next word; fail where none comes in time."""
        self._socket.settimeout(seconds)
        return self._socket.recv(4096).decode()

    def wait_for(self, word: str) -> None:
        while self.next() != word:
            pass

    def all_in(self, seconds: float) -> list[str]:
        """All words of that time."""
        end = time.monotonic() + seconds
        words: list[str] = []
        with contextlib.suppress(TimeoutError):
            while (left := end - time.monotonic()) > 0:
                words.append(self.next(left))
        return words

    def drain(self) -> None:
        """Forget what has come so far."""
        self._socket.setblocking(False)
        try:
            while self._socket.recv(4096):
                pass
        except BlockingIOError:
            pass

    def close(self) -> None:
        self._socket.close()
