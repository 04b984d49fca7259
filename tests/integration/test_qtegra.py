"""Real Qtegra clients, as far as a socket goes, against real processes."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean

import pytest

from tests.integration.clients import Address, ConnectingClient, DatagramClient, PlainClient
from tests.integration.laboratories import ANY_PORT, HOST, port_of
from tests.integration.processes import PATIENCE, Processes, RunningProcess, wait_until
from tests.qtegra_exchanges import INVALID

ANY_UDP_PORT = f"udp:0:interface={HOST}"

SETTINGS = """
[spectrometer]
integration_time = 0.05
valves = ["Ion Pump Set"]
[spectrometer.cups]
Argon = ["Standard", "Sub1"]
Xenon = ["All"]
"""

THROUGH_A_SERVER = f"""
[[server.listener]]
kind = "qtegra"
type = "Spectrometer"
listen = ["{ANY_PORT}", "{ANY_UDP_PORT}"]
[[server.listener]]
type = "*"
listen = ["{ANY_PORT}"]
"""

EXCHANGES = (
    ("GetHV", "4.5"),
    ("SetHV 4400", "OK"),
    ("GetHighVoltage", "4400"),
    ("SetHV 4500", "OK"),
    ("GetCupConfigurationList", "Argon\rXenon"),
    ("Open Ion Pump Set", "OK"),
    ("GetValveState Ion Pump Set", "True"),
    ("GetValveState Nope", "Error"),
    ("SetParameter No pe,1.50", "Error: could not set No pe to 1.5"),
    ("SetMass 39,AX", "OK"),
    ("ActivateCupConfiguration Argon Nope", "Error: could not set cup=Argon, sub cup to Nope"),
    ("SetYSymmetry 1", INVALID),
    ("SetHV", INVALID),
    ("Reset", INVALID),
)


class Qtegra:
    """One that runs: where its two ports are."""

    def __init__(self, process: RunningProcess, listener: str) -> None:
        self.process = process
        self.tcp: Address = (HOST, port_of(process, listener))
        self.udp: Address = (HOST, port_of(process, f"{listener} (UDP)"))


def start_qtegra(processes: Processes, *options: str) -> Qtegra:
    """``twistd pychron-qtegra`` on ports that the system chooses."""
    configuration = processes.folder / "qtegra.toml"
    configuration.write_text(SETTINGS)
    process = processes.twistd(
        "pychron-qtegra",
        f"--config={configuration}",
        f"--listen={ANY_UDP_PORT}",
        f"--listen={ANY_PORT}",
        *options,
    )
    return Qtegra(process, "RemoteControlServer")


def start_server(processes: Processes, joined_by: str) -> Qtegra:
    """Our own server's listener for Qtegra's clients; ``joined_by`` as in ``laboratories``."""
    configuration = processes.folder / "lab.toml"
    configuration.write_text(THROUGH_A_SERVER + SETTINGS)
    options = [f"--config={configuration}"]
    if joined_by == "tcp":
        listen = f"--listen={ANY_PORT}"
        processor = processes.twistd("pychron-processor", *options, listen)
        options.append(f"--processor=tcp:{HOST}:{port_of(processor, 'CommandProcessor')}")
    server = processes.twistd("pychron-server", *options)
    if joined_by == "tcp":
        server.wait_for("connected to the processor at")
    return Qtegra(server, "RemoteCommandServer for Spectrometer")


@pytest.fixture(scope="module", params=["itself", "behind one process", "behind two processes"])
def qtegra(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Qtegra]:
    processes = Processes(tmp_path_factory.mktemp("qtegra"))
    try:
        if request.param == "itself":
            yield start_qtegra(processes)
        else:
            yield start_server(processes, "tcp" if "two" in request.param else "nothing")
    finally:
        processes.end()


def clients_of(qtegra: Qtegra) -> tuple[PlainClient, PlainClient]:
    return DatagramClient(qtegra.udp), ConnectingClient(qtegra.tcp)


def bytes_of(address: Address, *segments: bytes) -> bytes:
    """All that comes back over TCP until the connection ends."""
    assert isinstance(address, tuple)
    with socket.create_connection(address, PATIENCE) as connection:
        for segment in segments:
            connection.sendall(segment)
            time.sleep(0.1)
        received = b""
        while data := connection.recv(4096):
            received += data
    return received


def test_a_qtegra_client_reads_and_sets(qtegra: Qtegra) -> None:
    for client in clients_of(qtegra):
        for command, reply in EXCHANGES:
            assert (command, client.ask(command)) == (command, reply)


def test_data_of_every_detector_comes_anew(qtegra: Qtegra) -> None:
    for client in clients_of(qtegra):
        wait_until(lambda: client.ask("GetData") != INVALID, "the first integration")  # noqa: B023
        seen = set()
        for _ in range(5):
            data = client.ask("GetData")
            assert data is not None
            assert data.split(",")[::2] == ["H2", "H1", "AX", "L1", "L2", "CDD"]
            seen.add(data)
            time.sleep(0.06)
        assert len(seen) > 1


def test_a_far_move_of_the_magnet_is_begun_and_polled(qtegra: Qtegra) -> None:
    client, _ = clients_of(qtegra)
    began = time.monotonic()
    assert client.ask("SetMagnetDAC 5.9") == "OK"
    assert time.monotonic() - began < 1
    assert client.ask("GetMagnetMoving") == "True"
    wait_until(lambda: client.ask("GetMagnetMoving") == "False", "the end of the move")
    assert client.ask("GetMagnetDAC") == "5.9"
    assert time.monotonic() - began > 1.9


def test_replies_over_tcp_have_no_terminator_and_the_connection_ends(qtegra: Qtegra) -> None:
    assert bytes_of(qtegra.tcp, b"GetHV\r") == b"4.5"
    assert bytes_of(qtegra.tcp, b"GetHV") == b"4.5"
    assert bytes_of(qtegra.tcp, b"GetCupConfigurationList\r\n") == b"Argon\rXenon"
    assert bytes_of(qtegra.tcp, b"GetH", b"V\r") == INVALID.encode()
    assert bytes_of(qtegra.tcp, b"GetHV\rGetMagnetDAC\r") == INVALID.encode()
    assert bytes_of(qtegra.tcp, b"\r") == INVALID.encode()


def test_a_client_that_says_nothing_blocks_nobody(qtegra: Qtegra) -> None:
    assert isinstance(qtegra.tcp, tuple)
    idle = [socket.create_connection(qtegra.tcp, PATIENCE) for _ in range(3)]
    try:
        for client in clients_of(qtegra):
            assert client.ask("GetHV") == "4.5"
    finally:
        for connection in idle:
            connection.close()


def test_a_datagram_that_is_too_long_is_cut(qtegra: Qtegra) -> None:
    name = "x" * 1100
    reply = DatagramClient(qtegra.udp).ask(f"Open {name}")
    assert reply == f"Error: could not set {name[: 1024 - len('Open ')]} to 1"


def test_the_roads_own_listener_serves_the_same_instrument(processes: Processes) -> None:
    qtegra = start_server(processes, "tcp")
    road = ConnectingClient((HOST, port_of(qtegra.process, r"RemoteCommandServer for *")))
    assert DatagramClient(qtegra.udp).ask("SetHV 4321") == "OK"
    assert road.ask("Spectrometer|GetHighVoltage") == "4321"
    assert road.ask("Spectrometer|GetCupConfigurationList") == "Argon,Xenon"
    error = road.ask("Spectrometer|GetGain X")
    assert error == "ERROR 004 : invalid arguments: detector X (there is none; did you mean AX?)"


def test_faithful_silence(processes: Processes) -> None:
    qtegra = start_qtegra(processes, "--faithful", "--untagged")
    began = time.monotonic()
    assert DatagramClient(qtegra.udp).ask("SetHV") is None
    assert time.monotonic() - began > 1.9
    assert bytes_of(qtegra.tcp, b"SetHV\r") == b""
    assert DatagramClient(qtegra.udp).ask("GetHV") == "4.5"
    data = DatagramClient(qtegra.udp).ask("GetData")
    assert data is not None
    assert len([float(value) for value in data.split(",")]) == 6


def test_a_peak_is_centred_over_the_wire(processes: Processes) -> None:
    client = DatagramClient(start_qtegra(processes).udp)

    def intensity(dac: float) -> float:
        assert client.ask(f"SetMagnetDAC {dac}") == "OK"
        time.sleep(0.11)
        data = str(client.ask("GetData")).split(",")
        return float(data[data.index("H1") + 1])

    dacs = [5.3477 + step * 0.001 for step in range(-12, 13)]
    top = [dac for dac in dacs if intensity(dac) > 1000]
    # 39.9624 u on H1, that stands 8e-5 off its place: 5.35 V * sqrt(39.9624 / 40 / (1 - 8e-5)).
    assert abs(fmean((top[0], top[-1])) - 5.3477) < 0.0117 / 10


def test_a_mistake_ends_the_start(processes: Processes, tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('[spectrometer]\nkind = "quadrupole"\n')
    process = processes.twistd("pychron-qtegra", f"--config={file}")
    assert process.wait_for_end() != 0
    assert "spectrometer.kind: expected one of argus-vi" in process.log
