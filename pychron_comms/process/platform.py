"""What differs between the systems that a laboratory runs on, as far as a person sees it.

What differs below that stands where the system is asked: docs/platforms.md names the files. Linux
is where all of it is tested. What is said of macOS and Windows is written with them in mind, and
tested with a ``Platform`` as an argument: docs/platforms.md says what that means.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath, PureWindowsPath


@dataclass(frozen=True)
class Platform:
    """``name`` is that of ``sys.platform``: linux, darwin, win32."""

    name: str

    @property
    def is_windows(self) -> bool:
        return self.name == "win32"

    @property
    def has_unix_sockets(self) -> bool:
        """Whether Twisted can use them there."""
        return not self.is_windows

    @property
    def has_file_modes(self) -> bool:
        """Whether a file's mode says who may read it."""
        return not self.is_windows

    @property
    def has_systemd(self) -> bool:
        return self.name == "linux"

    @property
    def goes_to_background(self) -> bool:
        """Whether twistd without -n leaves the terminal."""
        return not self.is_windows

    @property
    def ending_signals(self) -> tuple[str, ...]:
        """The signals that ask a process to end, beside Ctrl-C: SIGHUP when its terminal closes."""
        return ("SIGTERM",) if self.is_windows else ("SIGTERM", "SIGHUP")

    @property
    def serial_example(self) -> str:
        """How a serial port is called there."""
        return {"win32": "COM3", "darwin": "/dev/tty.usbserial-1410"}.get(self.name, "/dev/ttyUSB0")

    def need_unix_sockets(self, text: str) -> None:
        """ValueError where the endpoint string ``text`` cannot be served here."""
        if not self.has_unix_sockets:
            raise ValueError(f"{text!r}: this system has no unix sockets; use tcp: on loopback")

    def link(self, folder: str, port: int) -> tuple[str, str]:
        """The endpoint strings by which two processes meet: the listener's, and the way to it."""
        if self.has_unix_sockets:
            socket = str(PurePosixPath(folder) / "processor.sock").replace(":", r"\:")
            return f"unix:{socket}", f"unix:{socket}"
        return f"tcp:{port}:interface=127.0.0.1", f"tcp:127.0.0.1:{port}"

    def configuration_folder(self, environ: Mapping[str, str], home: str) -> str:
        """Where a person's own settings of this package are."""
        if self.is_windows:
            return str(PureWindowsPath(environ.get("APPDATA") or home) / "pychron_comms")
        if self.name == "darwin":
            return str(PurePosixPath(home) / "Library" / "Application Support" / "pychron_comms")
        base = environ.get("XDG_CONFIG_HOME") or str(PurePosixPath(home) / ".config")
        return str(PurePosixPath(base) / "pychron_comms")


#: The system that this is.
HERE = Platform(sys.platform)


def ending_signals(platform: Platform = HERE) -> list[int]:
    """Their numbers here."""
    return [getattr(signal, name) for name in platform.ending_signals if hasattr(signal, name)]


def home() -> str:
    """This person's home folder."""
    return os.path.expanduser("~")
