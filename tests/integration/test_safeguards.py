"""Keys, leases and interlocks over the whole road, and through kill -9 of each of its parts."""

from __future__ import annotations

import json
import socket
import struct
import sys
from importlib.resources import files

import pytest

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, server_address, wait_until_connected
from tests.integration.processes import Processes, RunningProcess, wait_until

#: It blocks its thread for as long as it is told, and writes down each time that it is.
_SLOW = """
import time
from pathlib import Path

from zope.interface import implementer

from pychron_comms.interfaces import IDevice


@implementer(IDevice)
class Slow:
    def __init__(self, record):
        self.name = "slow"
        self.record = Path(record)

    def get(self):
        return len(self.record.read_text())

    def set(self, value, sender):
        with self.record.open("a") as record:
            record.write("x")
        time.sleep(float(value))
"""

_SAFEGUARDS = """
[journal]
file = "{folder}/lab.journal"

[manager.slow]
class = "slow_device:Slow"
record = "{folder}/record"

[[interlock]]
command = "System|Open V"
only_if = ["System|GetIndicatorState A is False", "CO2|GetDriveMoving is False"]
reason = "the turbo pump would see it"
"""

#: A program that claims the laser for as long as its connection lives, and lets it shine.
_SCRIPT = """
import socket, sys, time

connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for line in ("Claim CO2 600 connection", "Enable", "SetLaserPower 40"):
    connection.sendall(f"CO2|{line}\\r\\n".encode())
    print(connection.recv(4096).decode().strip(), flush=True)
connection.sendall(b"Hardware|Set slow 4\\r\\n")
print("waits for a slow one", flush=True)
time.sleep(600)
"""


class Road:
    """A server and a processor that can be killed and started again, over one journal."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self.folder = processes.folder
        self.socket = str(self.folder / "processor.sock")
        (self.folder / "slow_device.py").write_text(_SLOW)
        (self.folder / "record").write_text("")
        laboratory = (files("pychron_comms.lab") / "default.toml").read_text("utf-8")
        self._file = self.folder / "lab.toml"
        self._file.write_text(laboratory + _SAFEGUARDS.format(folder=self.folder))
        self.start_processor()
        self.start_server()

    def start_processor(self) -> None:
        self.processor = self._processes.twistd(
            "pychron-processor",
            f"--config={self._file}",
            f"--listen=unix:{self.socket}",
            PYTHONPATH=str(self.folder),
        )
        self.processor.wait_for("CommandProcessor.* starting on")

    def start_server(self) -> None:
        self.server = self._processes.twistd(
            "pychron-server", f"--listen=*={ANY_PORT}", f"--processor=unix:{self.socket}"
        )
        wait_until_connected(self.server)
        self.address = server_address(self.server, "*")

    def start_client(self) -> RunningProcess:
        client = self._processes.start(sys.executable, "-c", _SCRIPT, str(self.address[1]))
        client.wait_for("OK\nOK\nOK\n")
        return client

    def ask(self, line: str) -> str:
        """On a connection of its own, by the server."""
        with Wire(self.address) as wire:
            return wire.ask(line)

    def ask_processor(self, line: str) -> str:
        """As somebody else: at the processor's own socket."""
        with Wire(self.socket) as wire:
            return wire.ask(line)

    @property
    def runs(self) -> int:
        """How often the slow device was set."""
        return len((self.folder / "record").read_text())

    def wait_for_runs(self, count: int) -> None:
        wait_until(lambda: self.runs == count, f"the device to be set {count} times")

    def kill_processor(self) -> None:
        """As ``kill -9`` does; then start it again, and wait until the server has found it."""
        before = self.server.log.count("connected to the processor at")
        self.processor.kill()
        self.start_processor()
        wait_until(
            lambda: self.server.log.count("connected to the processor at") > before,
            "the server to find its processor",
        )

    def events(self) -> list[str]:
        lines = (self.folder / "lab.journal").read_text().splitlines()
        return [json.loads(line)["event"] for line in lines]

    def wait_for_dark(self, seconds: float) -> None:
        wait_until(
            lambda: self.ask_processor("CO2|ReadLaserPower") == "0.0",
            "the laser to be off",
            seconds,
        )


@pytest.fixture
def road(processes: Processes) -> Road:
    return Road(processes)


def test_a_key_that_is_asked_twice_runs_once(road: Road) -> None:
    with Wire(road.address) as one, Wire(road.address) as two:
        one.send(b"@id=1;key=k Hardware|Set slow 0.5\r\n")
        road.wait_for_runs(1)
        assert two.ask("Hardware|Outcome k") == "running"
        assert two.ask("@id=7;key=k Hardware|Set slow 0.5") == "@id=7 OK"
        assert one.line() == "@id=1 OK"
        assert two.ask("@key=k Hardware|Set slow 0.5") == "OK"
        assert two.ask("Hardware|Outcome k") == "done OK"
        assert two.ask("@key=k Hardware|Set slow 0").startswith("ERROR 206 : ")
    assert road.runs == 1


def test_what_ran_at_the_kill_of_the_processor_is_unknown_and_not_run_again(road: Road) -> None:
    with Wire(road.address) as wire:
        wire.send(b"@id=1;key=k Hardware|Set slow 20\r\n")
        road.wait_for_runs(1)
        road.kill_processor()
        assert wire.line().startswith("@id=1 ERROR 201 : ")
    assert road.ask("Hardware|Outcome k") == "unknown"
    assert road.ask("@key=k Hardware|Set slow 20").startswith("ERROR 201 : ")
    assert road.runs == 1


def test_what_had_ended_at_the_kill_of_the_processor_keeps_its_reply(road: Road) -> None:
    assert road.ask("@key=k Hardware|Set slow 0") == "OK"
    failed = road.ask("@key=e System|Open E")
    road.kill_processor()
    assert road.ask("Hardware|Outcome k") == "done OK"
    assert road.ask("@key=k Hardware|Set slow 0") == "OK"
    assert failed == "ERROR 014 : Valve E is software locked"
    assert road.ask("@key=e System|Open E") == failed
    assert road.ask("Hardware|Outcome other") == "never seen"
    assert road.runs == 1


def test_what_ran_at_the_kill_of_the_server_is_known_by_its_key(road: Road) -> None:
    with Wire(road.address) as wire:
        wire.send(b"@id=1;key=k Hardware|Set slow 2.5\r\n")
        road.wait_for_runs(1)
        road.server.kill()
    road.start_server()
    # As long as it took to start another: it may still run, or have ended.
    assert road.ask("Hardware|Outcome k") in {"running", "done OK"}
    assert road.ask("@key=k Hardware|Set slow 2.5") == "OK"
    assert road.ask("Hardware|Outcome k") == "done OK"
    assert road.runs == 1


def test_the_kill_of_a_client_puts_its_laser_out(road: Road) -> None:
    client = road.start_client()
    assert float(road.ask("CO2|ReadLaserPower")) > 1.0
    assert road.ask_processor("CO2|SetLaserPower 10") == "ERROR 204 : CO2 is leased to 127.0.0.1"
    client.wait_for("waits for a slow one")
    client.kill()
    road.wait_for_dark(2)
    assert road.ask("CO2|Owners") == "[]"
    assert road.events()[-2:] == ["lapse", "safe"]
    assert road.events().count("lapse") == 1


def test_the_kill_of_the_server_puts_the_lasers_of_its_clients_out(road: Road) -> None:
    road.start_client()
    assert float(road.ask_processor("CO2|ReadLaserPower")) > 1.0
    road.server.kill()
    road.wait_for_dark(2)
    assert road.ask_processor("CO2|Owners") == "[]"


def test_the_kill_of_the_processor_ends_bound_leases_and_keeps_others(road: Road) -> None:
    road.start_client()
    assert road.ask("System|Claim A 600") == "OK"
    road.kill_processor()
    (lease,) = json.loads(road.ask("System|Owners"))
    assert (lease["target"], lease["owner"]) == ("System:A", "127.0.0.1")
    assert road.ask_processor("System|Open A") == "ERROR 204 : System:A is leased to 127.0.0.1"
    assert road.ask("System|Open A") == "OK"
    assert road.events().count("lapse") == 1


def test_a_lease_that_is_not_renewed_lapses(road: Road) -> None:
    assert road.ask("CO2|Claim CO2 1.5") == "OK"
    for line in ("Enable", "SetLaserPower 40"):
        assert road.ask(f"CO2|{line}") == "OK"
    assert road.ask_processor("CO2|Claim CO2 9").startswith("ERROR 204 : ")
    assert float(road.ask_processor("CO2|ReadLaserPower")) > 1.0
    road.wait_for_dark(3.5)
    assert road.ask_processor("CO2|Claim CO2 9") == "OK"
    assert road.events().count("lapse") == 1


def test_an_interlock_is_kept_told_and_can_be_tried(road: Road) -> None:
    refusal = (
        "ERROR 207 : interlock: System|Open V only if System|GetIndicatorState A is False, "
        "and it says True; the turbo pump would see it"
    )
    assert road.ask("System|Check Open V") == "OK"
    assert road.ask("System|GetValveState V") == "False"
    assert road.ask("System|Open A") == "OK"
    assert road.ask("System|Check Open V") == refusal
    assert road.ask("System|Open V") == refusal
    assert road.ask('Extractionline|{"command": "Open", "name": "V"}') == refusal
    assert road.ask_processor("System|Open V") == refusal
    assert road.ask("System|Close A") == "OK"
    assert road.ask("System|Open V") == "OK"


@pytest.mark.parametrize("tags", ["", "@id=1;key=k "])
def test_a_waiting_command_whose_client_goes_is_not_run(road: Road, tags: str) -> None:
    with Wire(road.address) as patient:
        patient.send(b"Hardware|Set slow 2.5\r\n")
        road.wait_for_runs(1)
        with Wire(road.address) as hasty:
            hasty.send(f"{tags}Hardware|Set slow 0\r\n".encode())
            # It has come to the gate when what was sent after it is answered.
            assert hasty.ask("@id=2 test|there") == "@id=2 there"
            # Reset: one that only closes looks like one that stopped sending and still reads.
            hasty.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        assert patient.line() == "OK"
    # A read waits for its turn behind it.
    assert road.ask("Hardware|Read slow") == "1"
