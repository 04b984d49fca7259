"""What makes safe, asked again and again while a process stops: it is done, and never refused.

On 51bbb1d it got 209: by datagrams in the last second, at Qtegra's port from the first moment.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.integration.clients import PATIENCE, Wire
from tests.integration.laboratories import ANY_PORT, HOST, port_of, wait_until_connected
from tests.integration.processes import TWISTD, Processes, RunningProcess, wait_until
from tests.integration.supervised import write_slow_lab

_ANY_UDP = f"udp:0:interface={HOST}"

_LISTENERS = f"""
lab = "default"

[[server.listener]]
type = "CO2"
listen = ["{ANY_PORT}", "{_ANY_UDP}"]

[[server.listener]]
kind = "qtegra"
type = "Spectrometer"
listen = ["{_ANY_UDP}"]

"""

#: Seconds between two datagrams; replies of the network may be lost, those of loopback are not.
_PAUSE = 0.02

#: What one may be told: done, or that the process ended before it could be told.
_FINE = ("OK", "ERROR 201 ")


class Asker(threading.Thread):
    """Asks for the same until nobody is there; ``replies`` are all that it was told."""

    def __init__(self, kind: socket.SocketKind, address: tuple[str, int], line: str) -> None:
        super().__init__(daemon=True)
        self.replies: list[str] = []
        self._line = line.encode() + b"\r"
        self._socket = socket.socket(socket.AF_INET, kind)
        self._socket.settimeout(PATIENCE)
        self._socket.connect(address)

    def run(self) -> None:
        # The last one may have no reply: its connection ends, or its port is gone.
        with self._socket, contextlib.suppress(OSError):
            while True:
                self._socket.sendall(self._line)
                if self._socket.type == socket.SOCK_DGRAM:
                    time.sleep(_PAUSE)
                    self._socket.settimeout(1.0)
                reply = self._socket.recv(4096)
                if not reply:
                    return
                self.replies.append(reply.decode().strip())

    @property
    def refused(self) -> list[str]:
        return [reply for reply in self.replies if not reply.startswith(_FINE)]


class Road(NamedTuple):
    """What is to stop, and the ports at which it is asked for a laser, a spectrometer and so on."""

    process: RunningProcess
    askers: list[Asker]
    hardware: tuple[str, int]


def _askers(server: RunningProcess) -> list[Asker]:
    name = "RemoteCommandServer for"
    return [
        Asker(socket.SOCK_STREAM, (HOST, port_of(server, f"{name} CO2")), "Disable"),
        Asker(socket.SOCK_DGRAM, (HOST, port_of(server, f"{name} CO2 (UDP)")), "SetLaserPower 0"),
        Asker(
            socket.SOCK_DGRAM,
            (HOST, port_of(server, f"{name} Spectrometer (UDP)")),
            "BlankBeam True",
        ),
    ]


@pytest.fixture(params=["one process", "the server", "the processor"])
def road(request: pytest.FixtureRequest, processes: Processes) -> Iterator[Road]:
    environment = write_slow_lab(processes.folder)
    file = processes.folder / "lab.toml"
    file.write_text(_LISTENERS + file.read_text())
    arguments = ["--config=lab.toml", "--http=off"]
    if request.param != "one process":
        processor = processes.twistd(
            "pychron-processor", *arguments, f"--listen={ANY_PORT}", **environment
        )
        port = port_of(processor, "CommandProcessor")
        arguments.append(f"--processor=tcp:{HOST}:{port}")
    server = processes.twistd("pychron-server", *arguments, **environment)
    hardware = HOST, port_of(server, "RemoteCommandServer for Hardware")
    if request.param != "one process":
        wait_until_connected(server)
    if request.param == "the processor":
        asker = Asker(socket.SOCK_STREAM, (HOST, port), "CO2|Disable")
        yield Road(processor, [asker], hardware)
    else:
        yield Road(server, _askers(server), hardware)


def test_what_makes_safe_is_never_refused(road: Road) -> None:
    with Wire(road.hardware) as busy, Wire(road.hardware) as unread:
        # A driver that is busy, and replies that nobody reads: the stop takes its time.
        unread.send(b"@id=long Read slow\n")
        assert unread.socket.recv(4) == b"@id="
        busy.send(b"Set slow 1.5\n@id=taken PychronReady\n")
        assert busy.line() == "@id=taken OK"
        for asker in road.askers:
            asker.start()
        road.process.terminate()
        road.process.wait_for_end()
    for asker in road.askers:
        asker.join(PATIENCE)
        assert not asker.is_alive()
        assert asker.replies.count("OK") > 5
        assert asker.refused == []


@pytest.mark.skipif(sys.platform == "win32", reason="it has no such terminals")
def test_a_terminal_that_is_closed_puts_the_laser_out(processes: Processes) -> None:
    record = processes.folder / "record"
    (processes.folder / "lab.toml").write_text(
        f"""
        [processor]
        listen = ["{ANY_PORT}"]
        [manager.co2]
        class = "tests.integration.witness:Laser"
        record = "{record}"
        """
    )
    terminal, here = os.openpty()
    command = [
        TWISTD,
        "-n",
        "--pidfile=",
        "--logfile=log",
        "pychron-processor",
        "--config=lab.toml",
    ]
    log = processes.folder / "log"
    with subprocess.Popen(
        [sys.executable, "-c", _IN_A_TERMINAL, *command],
        cwd=processes.folder,
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
        stdin=here,
        stdout=here,
        stderr=here,
        start_new_session=True,
    ) as processor:
        os.close(here)
        try:
            wait_until(lambda: log.exists() and "starting on" in log.read_text(), "a start")
            port = re.search(r"CommandProcessor starting on (\d+)", log.read_text())
            assert port is not None
            with Wire((HOST, int(port[1]))) as wire:
                wire.send(b"CO2|Enable\n")
                wait_until(record.exists, "the laser")
                os.close(terminal)
                assert processor.wait(PATIENCE) == 0
        finally:
            processor.kill()
    assert record.read_text().splitlines()[-1].endswith("laser off")


#: Makes its standard input the terminal that it is started in, and hears of its end.
_IN_A_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_DFL)
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
