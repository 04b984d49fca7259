"""The laboratory as tests start it: a server alone, or a server and a processor."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.integration.clients import Address
from tests.integration.processes import Processes, RunningProcess

HOST = "127.0.0.1"

#: A port that the system chooses; the log tells which.
ANY_PORT = f"tcp:0:interface={HOST}"

#: What the server of a whole laboratory listens at.
LISTENERS = (
    f"System={ANY_PORT}",
    f"System=udp:0:interface={HOST}",
    f"CO2={ANY_PORT}",
    f"*={ANY_PORT}",
)

#: The configuration of a whole laboratory, for what can only be told in a file.
CONFIGURATION = f"""
[[server.listener]]
type = "System"
listen = ["{ANY_PORT}"]

[processor]
simulated_lab = true
"""


def port_of(process: RunningProcess, listener: str) -> int:
    """The port of a listener, by the name that its log gives it."""
    return int(process.wait_for(rf"\] {re.escape(listener)} starting on (\d+)\n")[1])


def server_address(server: RunningProcess, listener: str = "System") -> tuple[str, int]:
    return HOST, port_of(server, f"RemoteCommandServer for {listener}")


def start_server(
    processes: Processes, *listeners: str, processor: str = "", **environment: str
) -> RunningProcess:
    """A server; with a processor's endpoint, one that need not be connected yet."""
    options = [f"--listen={each}" for each in listeners or LISTENERS]
    if processor:
        options.append(f"--processor={processor}")
    return processes.twistd("pychron-server", *options, **environment)


def start_processor(processes: Processes, listen: str, **environment: str) -> RunningProcess:
    """A processor that listens already."""
    process = processes.twistd("pychron-processor", f"--listen={listen}", **environment)
    process.wait_for("CommandProcessor.* starting on")
    return process


def wait_until_connected(server: RunningProcess) -> None:
    server.wait_for("connected to the processor at")


@dataclass(frozen=True)
class Laboratory:
    """The addresses of one that runs; ``processor`` is None where it is a part of the server."""

    processes: Processes
    server: RunningProcess
    system: Address
    system_udp: Address
    co2: Address
    open: Address
    processor: Address | None


def start_laboratory(processes: Processes, joined_by: str) -> Laboratory:
    """``joined_by`` is ``unix`` or ``tcp``, or ``nothing`` where one process is both halves."""
    processor, endpoint = _start_processor_at(processes, joined_by)
    server = start_server(processes, processor=endpoint)
    if endpoint:
        wait_until_connected(server)
    return Laboratory(
        processes=processes,
        server=server,
        system=server_address(server),
        system_udp=server_address(server, "System (UDP)"),
        co2=server_address(server, "CO2"),
        open=server_address(server, "*"),
        processor=processor,
    )


def start_both_halves(
    processes: Processes, configuration: Path, environment: Mapping[str, str]
) -> RunningProcess:
    """``python -m pychron_comms``, which starts a server and a processor of its own."""
    return processes.start(
        sys.executable, "-m", "pychron_comms", "--config", configuration, **environment
    )


def _start_processor_at(processes: Processes, joined_by: str) -> tuple[Address | None, str]:
    if joined_by == "unix":
        path = str(processes.folder / "processor.sock")
        start_processor(processes, f"unix:{path}")
        return path, f"unix:{path}"
    if joined_by == "tcp":
        port = port_of(start_processor(processes, ANY_PORT), "CommandProcessor")
        return (HOST, port), f"tcp:{HOST}:{port}"
    return None, ""
