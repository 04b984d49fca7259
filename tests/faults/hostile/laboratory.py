"""The laboratory that is flooded: the built-in one with counters, behind all kinds of listeners."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from tests.faults.accounts import Accounts
from tests.faults.counting import REQUEST_TYPE
from tests.faults.laboratories import CountingLaboratory, address_of
from tests.integration.laboratories import (
    ANY_PORT,
    HOST,
    server_address,
    wait_until_connected,
)
from tests.integration.processes import TWISTD, Processes, RunningProcess

#: A counter that answers at once, for the good clients, and one that blocks, for the hostile ones.
GOOD, SLOW = "prompt-0", "slow-0"
_SLOWNESS = 0.3

#: Connections that one computer may have at the listener which four can fill.
FEW = 10

_DEFAULT = (files("pychron_comms.lab") / "default.toml").read_text("utf-8")
_RULES = """
[access]
emergency_key = "{key}"

[[interlock]]
command = "System|Open D"
only_if = ["System|GetIndicatorState A is False"]
reason = "A is open"
"""
_UDP = f"udp:0:interface={HOST}"
_LISTENERS = f"""
[[server.listener]]
type = "System"
listen = ["{ANY_PORT}", "{_UDP}"]

[[server.listener]]
type = "CO2"
listen = ["{ANY_PORT}", "{_UDP}"]

[[server.listener]]
type = "{REQUEST_TYPE}"
listen = ["{ANY_PORT}"]

# Where observers come in.
[[server.listener]]
type = "*"
listen = ["{ANY_PORT}"]
role = "observe"

# One that is soon full.
[[server.listener]]
type = "Diode"
listen = ["{ANY_PORT}"]
connections = {4 * FEW}
connections_per_host = {FEW}

[[server.listener]]
type = "Spectrometer"
kind = "qtegra"
listen = ["{ANY_PORT}", "{_UDP}"]
"""

Port = tuple[str, int]


@dataclass(frozen=True)
class Ports:
    """Where each listener is."""

    system: Port
    system_udp: Port
    co2: Port
    co2_udp: Port
    counting: Port
    narrow: Port
    observers: Port
    qtegra: Port
    qtegra_udp: Port


class FloodedLaboratory:
    """Both halves, as processes; what the good clients asked for, and what the counters did."""

    def __init__(self, processes: Processes) -> None:
        folder = processes.folder
        key = folder / "emergency.key"
        key.write_text("the-word\n")
        key.chmod(0o600)
        self.counting = CountingLaboratory(
            processes, seconds=_SLOWNESS, more=_DEFAULT + _RULES.format(key=key)
        )
        self.processor = self.counting.start_processor()
        self.server = self._start_server(processes, folder / "server.toml")
        self.ports = self._ports()
        self.accounts = Accounts()

    def _start_server(self, processes: Processes, configuration: Path) -> RunningProcess:
        configuration.write_text(_LISTENERS)
        server = processes.start(
            TWISTD, "-n", "--pidfile=", "pychron-server", "--config", configuration,
            f"--processor=unix:{self.counting.socket}", **self.counting.environment,
        )  # fmt: skip
        wait_until_connected(server)
        return server

    def _ports(self) -> Ports:
        server = self.server
        counting = address_of(server)
        assert not isinstance(counting, str)
        return Ports(
            system=server_address(server),
            system_udp=server_address(server, "System (UDP)"),
            co2=server_address(server, "CO2"),
            co2_udp=server_address(server, "CO2 (UDP)"),
            counting=counting,
            narrow=server_address(server, "Diode"),
            observers=server_address(server, "*"),
            qtegra=server_address(server, "Spectrometer"),
            qtegra_udp=server_address(server, "Spectrometer (UDP)"),
        )
