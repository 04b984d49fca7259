"""A person's home with nothing in it but a fresh checkout, and terminals there.

The network is one of its own, where the system lets us have one: examples name the ports that
everybody knows, which others may be using on this computer.
"""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

CHECKOUT = Path(__file__).parents[2]

#: Seconds that one step of a person may take, and an installation.
PATIENCE = 120.0
INSTALLING = 600.0

_UNSEEN = shutil.ignore_patterns(
    ".git", ".venv", ".*_cache", ".hypothesis", "build", "__pycache__", "*.egg-info", "dropin.cache"
)
_KEPT = re.compile(r"PIP_|.*_proxy$|SSL_CERT|REQUESTS_", re.IGNORECASE)
_PROMPT = "[[$?]] "
_PROMPT_SHOWN = re.compile(r"(?:\(\S+\) )?\[\[(\d+)\]\] ")
_CONTROL = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|[=>])|\r")
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Sets its loopback up, says so, and keeps the network until its standard input ends.
_LOOPBACK_UP = """\
import fcntl, socket, struct, sys
with socket.socket() as any:
    fcntl.ioctl(any, 0x8914, struct.pack("16sH14x", b"lo", 1))
print(flush=True)
sys.stdin.read()
"""


class Block(NamedTuple):
    """What stands between three backticks."""

    language: str
    text: str


class Line(NamedTuple):
    """A command of a page, and what the page shows below it."""

    command: str
    shown: str


def blocks(page: str, title: str = "") -> list[Block]:
    """Those of a page, by its path in the checkout; or of its part below that title alone."""
    text = (CHECKOUT / page).read_text("utf-8")
    if title:
        text = text.partition(title)[2].partition("\n## ")[0]
    return [Block(*found) for found in _BLOCK.findall(text)]


def lines(block: str) -> list[Line]:
    """The commands of a block for a shell."""
    parts = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert not parts[0], block
    found = (part.partition("\n") for part in parts[1:])
    return [Line(command, shown) for command, _, shown in found]


@contextmanager
def own_network() -> Iterator[list[str]]:
    """What stands in front of a command that is to run in it; empty where there is none."""
    user = ["--user", "--map-root-user"] if os.getuid() else []
    words = ["unshare", "--net", *user, sys.executable, "-c", _LOOPBACK_UP]
    if shutil.which("unshare") is None or shutil.which("nsenter") is None:
        yield []
        return
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as holder:
        assert holder.stdout is not None
        come = holder.stdout.readline()
        enter = ["nsenter", "--target", str(holder.pid), "--net"]
        yield [*enter, *(["--user", "--preserve-credentials"] if user else [])] if come else []
        assert holder.stdin is not None
        holder.stdin.close()


class Shell:
    """A terminal with bash in it, as it is before anybody has set up anything."""

    def __init__(self, enter: list[str], folder: Path, environment: Mapping[str, str]) -> None:
        self._keyboard, its_end = pty.openpty()
        # So wide that bash shows a whole line as it is typed.
        termios.tcsetwinsize(its_end, (50, 1000))
        self._process = subprocess.Popen(
            [*enter, "bash", "--noprofile", "--norc", "-i"],
            cwd=folder,
            env={**environment, "PS1": _PROMPT, "TERM": "dumb"},
            stdin=its_end,
            stdout=its_end,
            stderr=its_end,
            start_new_session=True,
        )
        os.close(its_end)
        self._screen = ""
        self.wait_for(_PROMPT_SHOWN.pattern)

    def type(self, line: str) -> None:
        """Type it and press Enter."""
        self.press(f"{line}\n")

    def press(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    def wait_for(self, pattern: str, seconds: float = PATIENCE) -> re.Match[str]:
        """Until the screen shows it, behind what was waited for before."""
        end = time.monotonic() + seconds
        while (found := re.search(pattern, self._screen, re.MULTILINE)) is None:
            assert time.monotonic() < end, f"no {pattern!r} on the screen:\n{self._screen}"
            if select.select([self._keyboard], [], [], 0.2)[0]:
                read = os.read(self._keyboard, 65536).decode(errors="replace")
                self._screen = _CONTROL.sub("", self._screen + read)
        self._screen = self._screen[found.end() :]
        return found

    def wait_for_prompt(self) -> None:
        """Until what was typed before has ended, whatever it says."""
        self.wait_for(_PROMPT_SHOWN.pattern)

    def run(self, command: str) -> tuple[str, int]:
        """What a command shows, and its exit status."""
        self.type(command)
        self.wait_for(re.escape(command) + r"\n")
        found = self.wait_for(rf"(?s)\A(.*?){_PROMPT_SHOWN.pattern}", INSTALLING)
        return found[1], int(found[2])

    def close(self) -> None:
        """Close its window, which ends what runs in it."""
        os.close(self._keyboard)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class CleanHome:
    """``checkout`` is where the person has put the package; ``folder`` is the home."""

    def __init__(self, folder: Path, enter: list[str]) -> None:
        self.folder = folder
        self.checkout = folder / "pychron_comms"
        self._enter = enter
        self._shells: list[Shell] = []
        # A test beside this one may have left a link that leads nowhere.
        shutil.copytree(CHECKOUT, self.checkout, ignore=_UNSEEN, symlinks=True)
        # Where packages come from is this computer's affair, and not of the home.
        mine = [Path.home() / each for each in (".config/pip/pip.conf", ".pip/pip.conf")]
        pip = dict([("PIP_CONFIG_FILE", str(each)) for each in mine if each.exists()][:1])
        programs = (str(Path(sys.base_prefix, "bin")), "/usr/local/bin", "/usr/bin", "/bin")
        self.environment = {
            **pip,
            **{name: value for name, value in os.environ.items() if _KEPT.match(name)},
            # Most of it is never used. What begins with "no" is switched on by a zero.
            "PIP_NO_COMPILE": "0",
            "HOME": str(folder),
            "PATH": os.pathsep.join(programs),
            "LANG": "C.UTF-8",
        }

    def install(self) -> None:
        """What ``make run`` does first, while there is a network to install from."""
        done = subprocess.run(
            ["make", ".venv/installed"],
            cwd=self.checkout,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=INSTALLING,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def open_terminal(self, *, outside: bool = False) -> Shell:
        """In the checkout's folder; ``outside``: in this computer's own network."""
        enter = [] if outside else self._enter
        self._shells.append(Shell(enter, self.checkout, self.environment))
        return self._shells[-1]

    def close(self) -> None:
        while self._shells:
            self._shells.pop().close()


@contextmanager
def clean_home(folder: Path) -> Iterator[CleanHome]:
    """A home in a folder, installed, with terminals that end with it."""
    with own_network() as enter:
        if not enter and _is_taken(1061):
            pytest.skip("port 1061 is in use here, and there can be no network of our own")
        home = CleanHome(folder, enter)
        home.install()
        try:
            yield home
        finally:
            home.close()


def _is_taken(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return True
    return False
