"""A person at telnet: the program itself, at a terminal, on either hop."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import termios
import time
from collections.abc import Iterator

import pytest

from tests.integration.clients import Address
from tests.integration.laboratories import Laboratory
from tests.integration.processes import PATIENCE, wait_until

_ESCAPE = b"\x1d"

over_tcp = pytest.mark.parametrize("laboratory", ["tcp"], indirect=True, scope="module")


class Terminal:
    """A program at a terminal of its own: keys in, the screen back."""

    def __init__(self, *arguments: str) -> None:
        self._keyboard, its_end = pty.openpty()
        try:
            self.process = subprocess.Popen(
                arguments, stdin=its_end, stdout=its_end, stderr=its_end, start_new_session=True
            )
        finally:
            os.close(its_end)
        self._screen = b""

    def type(self, text: str) -> None:
        """Type it and press Enter."""
        os.write(self._keyboard, text.encode() + b"\r")

    def press(self, key: bytes) -> None:
        os.write(self._keyboard, key)

    def wait_for(self, pattern: str) -> None:
        """Until the screen shows it, after what was waited for before."""
        end = time.monotonic() + PATIENCE
        while (found := re.search(pattern.encode(), self._screen, re.MULTILINE)) is None:
            assert time.monotonic() < end, f"no {pattern!r} on the screen: {self._screen!r}"
            if select.select([self._keyboard], [], [], 0.1)[0]:
                self._screen += self._read()
        self._screen = self._screen[found.end() :]

    def takes_escape(self) -> bool:
        """Whether telnet has set the terminal for its session, where Ctrl-] ends a line."""
        return bool(termios.tcgetattr(self._keyboard)[6][termios.VEOL] == _ESCAPE)

    def _read(self) -> bytes:
        try:
            return os.read(self._keyboard, 4096)
        except OSError:
            raise AssertionError(f"the program ended; on the screen: {self._screen!r}") from None

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._keyboard)


@pytest.fixture
def telnet() -> Iterator[list[Terminal]]:
    """Keeps the terminals of a test, to close them with it."""
    terminals: list[Terminal] = []
    yield terminals
    for terminal in terminals:
        terminal.close()


def open_telnet(terminals: list[Terminal], address: Address | None) -> Terminal:
    program = shutil.which("telnet")
    if program is None:
        pytest.fail("telnet is missing; on Debian: apt-get install telnet")
    assert isinstance(address, tuple)
    terminal = Terminal(program, address[0], str(address[1]))
    terminals.append(terminal)
    terminal.wait_for("Escape character is")
    wait_until(terminal.takes_escape, "telnet to set its terminal")
    return terminal


def tell_telnet(terminal: Terminal, command: str) -> None:
    """Press Ctrl-] and give a command to the program itself."""
    terminal.press(_ESCAPE)
    terminal.wait_for("telnet> ")
    wait_until(lambda: not terminal.takes_escape(), "telnet to take a command of its own")
    terminal.type(command)


def quit_telnet(terminal: Terminal) -> None:
    tell_telnet(terminal, "quit")
    terminal.wait_for("Connection closed")
    assert terminal.process.wait(PATIENCE) == 0


@over_tcp
def test_open_a_at_the_server(laboratory: Laboratory, telnet: list[Terminal]) -> None:
    terminal = open_telnet(telnet, laboratory.system)

    terminal.type("Open A")
    terminal.wait_for(r"^OK\r$")
    terminal.type("GetIndicatorState A")
    terminal.wait_for(r"^True\r$")
    terminal.type("Close A")
    terminal.wait_for(r"^OK\r$")
    quit_telnet(terminal)


@over_tcp
def test_system_open_v_at_the_processor(laboratory: Laboratory, telnet: list[Terminal]) -> None:
    terminal = open_telnet(telnet, laboratory.processor)

    terminal.type("System|Open V")
    terminal.wait_for(r"^OK\r$")
    terminal.type("System|GetIndicatorState V")
    terminal.wait_for(r"^True\r$")
    terminal.type("System|Close V")
    terminal.wait_for(r"^OK\r$")
    quit_telnet(terminal)


@over_tcp
@pytest.mark.parametrize("command", ["mode character", "toggle binary", "send nop"])
def test_a_telnet_that_negotiates_is_understood(
    laboratory: Laboratory, telnet: list[Terminal], command: str
) -> None:
    terminal = open_telnet(telnet, laboratory.system)
    tell_telnet(terminal, command)
    wait_until(terminal.takes_escape, "telnet to go on with its session")

    terminal.type("Open A")
    terminal.wait_for(r"^OK\r$")
    terminal.type("Close A")
    terminal.wait_for(r"^OK\r$")
    quit_telnet(terminal)


@over_tcp
def test_a_mistake_is_explained(laboratory: Laboratory, telnet: list[Terminal]) -> None:
    terminal = open_telnet(telnet, laboratory.system)

    terminal.type("open a")
    terminal.wait_for(r"^ERROR 003 : invalid command: open; did you mean Open\? \(Help .*\)\r$")
    terminal.type("Help Open")
    terminal.wait_for(r"^Open .*: open a valve")
    quit_telnet(terminal)


@over_tcp
def test_ctrl_c_does_not_make_the_screen_mute(
    laboratory: Laboratory, telnet: list[Terminal]
) -> None:
    terminal = open_telnet(telnet, laboratory.system)
    terminal.type("GetValveState A")
    terminal.wait_for(r"^False\r$")
    # What a terminal sends the program on Ctrl-C; telnet asks for a mark, and waits for it.
    terminal.process.send_signal(signal.SIGINT)
    # Typed again and again, since what is typed before the mark comes may be thrown away.
    terminal.type("GetValveState B")
    terminal.type("GetValveState B")
    terminal.wait_for(r"^False\r$")
