"""What a flood does to the others: to their time, and to the memory of the process."""

from __future__ import annotations

import socket
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.clients import Wire, connect
from tests.integration.laboratories import ANY_PORT, server_address, start_laboratory
from tests.integration.processes import TWISTD, Processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads memory from /proc")

#: Bytes that a client sends and never reads the replies to.
_MUCH = 65536

_MIB = 1 << 20


def memory(pid: int) -> int:
    """The most that a process has had, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def test_a_datagram_that_comes_again_and_again_does_not_fill_the_log(processes: Processes) -> None:
    laboratory = start_laboratory(processes, "nothing")
    datagram = b"Open " + b"A" * 60_000
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        Wire(laboratory.system) as good,
    ):
        end = time.monotonic() + 1
        while time.monotonic() < end:
            sender.sendto(datagram, laboratory.system_udp)
            time.sleep(0.001)
        assert good.ask("Close A") == "OK"
        assert good.ask("PychronReady") == "OK"
    assert len(laboratory.server.log) < 100_000


def test_silent_connections_to_qtegras_port_do_not_reset_the_others(processes: Processes) -> None:
    server = processes.start(
        "bash",
        "-c",
        'ulimit -n 400; exec "$@"',
        "bash",
        TWISTD,
        "-n",
        "--pidfile=",
        "pychron-server",
        f"--config={qtegra_lab(processes.folder)}",
    )
    port = server_address(server, "Spectrometer")
    with ExitStack() as stack:
        for _ in range(450):
            stack.enter_context(connect(port))
        for _ in range(20):
            with Wire(server_address(server)) as good:
                assert good.ask("PychronReady") == "OK"


def qtegra_lab(folder: Path) -> Path:
    """The configuration of a server for System and for Qtegra's clients."""
    path = folder / "lab.toml"
    path.write_text(
        f"""
        [[server.listener]]
        type = "System"
        listen = ["{ANY_PORT}"]
        [[server.listener]]
        type = "Spectrometer"
        kind = "qtegra"
        listen = ["{ANY_PORT}"]
        [processor]
        simulated_lab = true
        """
    )
    return path


@pytest.mark.parametrize("joined_by", ["unix", "nothing"])
def test_forty_clients_that_never_read_delay_nobody_and_take_little_room(
    processes: Processes, joined_by: str
) -> None:
    laboratory = start_laboratory(processes, joined_by)
    with ExitStack() as stack:
        good = stack.enter_context(Wire(laboratory.co2))
        assert good.ask("Enable") == "OK"
        before = memory(laboratory.server.pid)
        for _ in range(40):
            hostile = stack.enter_context(Wire(laboratory.co2))
            hostile.socket.setblocking(False)
            hostile.socket.send(b"Describe\n" * (_MUCH // 9))
        slowest = 0.0
        end = time.monotonic() + 3
        while time.monotonic() < end:
            began = time.monotonic()
            assert good.ask("Disable") == "OK"
            slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.02)
        # By far the most of it is the wait for a busy machine; it was a minute.
        assert slowest < 3.0
        assert memory(laboratory.server.pid) - before < 100 * _MIB
