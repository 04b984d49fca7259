"""Services under a supervisor: ready, alive, given sockets, ended; and clocks that are set."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from select import select

import pytest

from pychron_comms.wire.copies import KEEP_DATAGRAM
from tests.integration.clients import Wire
from tests.integration.laboratories import (
    ANY_PORT,
    HOST,
    port_of,
    server_address,
    start_processor,
    start_server,
    wait_until_connected,
)
from tests.integration.processes import Processes, RunningProcess, wait_until
from tests.integration.supervised import (
    Supervisor,
    let_go,
    start_activated,
    start_skewed,
    wait_until_begun,
    write_slow_lab,
)

#: Seconds in which a service must have ended.
_STOP = 10.0


# -- a stop


@pytest.fixture(params=[True, False], ids=["one process", "two processes"])
def slow_lab(request: pytest.FixtureRequest, processes: Processes) -> RunningProcess:
    """A server with slow hardware: its own, or a processor's."""
    environment = write_slow_lab(processes.folder)
    options = ["--config=lab.toml"]
    if not request.param:
        listen = f"unix:{processes.folder}/processor.sock"
        processes.twistd(
            "pychron-processor", *options, f"--listen={listen}", **environment
        ).wait_for("CommandProcessor starting on")
        options.append(f"--processor={listen}")
    server = processes.twistd("pychron-server", *options, **environment)
    if not request.param:
        wait_until_connected(server)
    return server


def end_in_time(process: RunningProcess, begun: float) -> None:
    assert process.wait_for_end(2 * _STOP) == -signal.SIGTERM
    assert time.monotonic() - begun < _STOP
    assert "Server Shut Down." in process.log


def taken(wire: Wire, *commands: str) -> None:
    """Send commands, and return when they have been taken."""
    lines = "".join(f"{command}\n" for command in commands)
    wire.send(f"{lines}@id=taken PychronReady\n".encode())
    assert wire.line() == "@id=taken OK"


def test_a_command_in_flight_gets_its_reply_and_new_ones_209(
    slow_lab: RunningProcess, processes: Processes
) -> None:
    with Wire(server_address(slow_lab, "Hardware")) as wire:
        wire.send(b"Set slow 6\n")
        wait_until_begun(processes.folder)
        begun = time.monotonic()
        slow_lab.terminate()
        slow_lab.wait_for("RemoteCommandServer for Hardware' on|Port .* Closed")
        wire.send(b"Set slow 0\n@id=taken Help\n")
        assert wire.line().startswith("@id=taken ERROR 209")
        let_go(processes.folder)
        replies = wire.rest()

    assert replies == ["OK", "ERROR 209 : shutting down: Set slow 0"]
    end_in_time(slow_lab, begun)


def test_a_command_that_does_not_end_gets_201(
    slow_lab: RunningProcess, processes: Processes
) -> None:
    with Wire(server_address(slow_lab, "Hardware")) as wire:
        wire.send(b"Set slow 60\n")
        wait_until_begun(processes.folder)
        begun = time.monotonic()
        slow_lab.terminate()
        replies = wire.rest()

    assert len(replies) == 1
    assert replies[0].startswith("ERROR 201 : outcome unknown: ")
    end_in_time(slow_lab, begun)


def test_nobody_can_connect_while_it_stops(slow_lab: RunningProcess, processes: Processes) -> None:
    address = server_address(slow_lab, "Hardware")
    with Wire(address) as wire:
        wire.send(b"Set slow 6\n")
        wait_until_begun(processes.folder)
        slow_lab.terminate()
        slow_lab.wait_for("Port .* Closed")
        with pytest.raises(ConnectionRefusedError):
            Wire(address)
        wire.socket.setblocking(False)
        with pytest.raises(BlockingIOError):
            wire.socket.recv(1)
        wire.socket.settimeout(20)
        let_go(processes.folder)
        assert wire.rest() == ["OK"]
    assert slow_lab.wait_for_end() == -signal.SIGTERM


def send_until_begun(client: socket.socket, address: tuple[str, int], folder: Path) -> None:
    """Again where the server stood still: it refuses what lay there meanwhile, and its twins."""
    has_begun = (folder / "begun").exists
    client.sendto(b"Set slow 6", address)
    wait_until(lambda: has_begun() or bool(select([client], [], [], 0)[0]), "the slow device")
    if not has_begun():
        assert client.recv(4096).startswith(b"ERROR 202 : ")
        time.sleep(KEEP_DATAGRAM)
        send_until_begun(client, address, folder)


def test_a_datagram_in_flight_gets_its_reply(
    slow_lab: RunningProcess, processes: Processes
) -> None:
    address = HOST, port_of(slow_lab, "RemoteCommandServer for Hardware (UDP)")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(20)
        send_until_begun(client, address, processes.folder)
        slow_lab.terminate()
        slow_lab.wait_for("Port .* Closed")
        client.sendto(b"Set slow 0", address)
        assert client.recv(4096) == b"ERROR 209 : shutting down: Set slow 0\r\n"
        let_go(processes.folder)
        assert client.recv(4096) == b"OK\r\n"
    assert slow_lab.wait_for_end() == -signal.SIGTERM


def test_an_idle_service_ends_at_once(slow_lab: RunningProcess) -> None:
    with Wire(server_address(slow_lab, "Hardware")) as wire:
        taken(wire)
        begun = time.monotonic()
        slow_lab.terminate()
        assert wire.rest() == []
    assert slow_lab.wait_for_end() == -signal.SIGTERM
    assert time.monotonic() - begun < _STOP / 4


def test_a_reply_that_is_read_late_is_read_whole(slow_lab: RunningProcess) -> None:
    with Wire(server_address(slow_lab, "Hardware")) as wire:
        wire.send(b"@id=long Read slow\n")
        # Its first bytes: the reply is there, and far too long for the socket.
        assert wire.socket.recv(4) == b"@id="
        begun = time.monotonic()
        slow_lab.terminate()
        slow_lab.wait_for("Port .* Closed")
        time.sleep(0.2)
        received = 4
        while data := wire.socket.recv(1 << 20):
            received += len(data)

    assert received == len("@id=long ") + 8_000_000 + len("\r\n")
    end_in_time(slow_lab, begun)


def test_a_second_signal_to_end_changes_nothing(
    slow_lab: RunningProcess, processes: Processes
) -> None:
    with Wire(server_address(slow_lab, "Hardware")) as wire:
        wire.send(b"Set slow 6\n")
        wait_until_begun(processes.folder)
        begun = time.monotonic()
        slow_lab.terminate()
        slow_lab.wait_for("Received SIGTERM")
        slow_lab.terminate()
        slow_lab.wait_for("SIGTERM: it stops already")
        slow_lab.signal(signal.SIGINT)
        slow_lab.wait_for("SIGINT: it stops already")
        let_go(processes.folder)
        assert wire.rest() == ["OK"]
    end_in_time(slow_lab, begun)
    # That no bug is in its log is looked for of every process.


def test_who_never_reads_does_not_keep_the_process(slow_lab: RunningProcess) -> None:
    with Wire(server_address(slow_lab, "Hardware")) as wire:
        wire.send(b"@id=long Read slow\n")
        assert wire.socket.recv(4) == b"@id="
        begun = time.monotonic()
        slow_lab.terminate()
        end_in_time(slow_lab, begun)


def test_a_processor_that_stops_begins_nothing_new(processes: Processes) -> None:
    environment = write_slow_lab(processes.folder)
    processor = processes.twistd(
        "pychron-processor", "--config=lab.toml", f"--listen={ANY_PORT}", **environment
    )
    with Wire((HOST, port_of(processor, "CommandProcessor"))) as wire:
        wire.send(b"Hardware|Set slow 6\n")
        wait_until_begun(processes.folder)
        processor.terminate()
        processor.wait_for("Port .* Closed")
        # Not even what needs no hardware, and no queue.
        wire.send(b"@id=late Hardware|Help\n")
        assert wire.line() == "@id=late ERROR 209 : shutting down: Help"
        let_go(processes.folder)
        assert wire.rest() == ["OK"]
    assert processor.wait_for_end() == -signal.SIGTERM


def test_a_processor_that_hangs_does_not_keep_the_server(processes: Processes) -> None:
    listen = f"unix:{processes.folder}/processor.sock"
    processor = start_processor(processes, listen)
    server = start_server(processes, processor=listen)
    wait_until_connected(server)
    with Wire(server_address(server)) as wire:
        taken(wire)
        processor.signal(signal.SIGSTOP)
        try:
            # The server answers the second by itself.
            wire.send(b"Open A\n@id=open Open B\n@id=taken RemoteLaunch\n")
            assert wire.line().startswith("@id=taken ERROR 208")
            begun = time.monotonic()
            server.terminate()
            replies = wire.rest()
            end_in_time(server, begun)
        finally:
            processor.signal(signal.SIGCONT)

    assert len(replies) == 2
    assert any(reply.startswith("ERROR 201 : outcome unknown: ") for reply in replies)
    assert any(reply.startswith("@id=open ERROR 201 : outcome unknown: ") for reply in replies)


_ACCOUNTED = re.compile(r"@id=(\d+) (?:OK|True|False|ERROR (?:011|201|209) : .*)")


def ask_on(address: tuple[str, int], stop: threading.Event, replies: list[str]) -> None:
    """Ask twenty commands at a time until told to stop; each must get one reply."""
    with Wire(address) as wire:
        while not stop.is_set():
            names = {str(number) for number in range(20)}
            wire.send("".join(f"@id={name} Open A\n" for name in names).encode())
            for line in wire.lines(20):
                found = _ACCOUNTED.fullmatch(line)
                assert found is not None, line
                names.remove(found[1])
                replies.append(line)


def test_a_processor_is_started_again_under_load(processes: Processes) -> None:
    listen = f"unix:{processes.folder}/processor.sock"
    processor = start_processor(processes, listen)
    server = start_server(processes, processor=listen)
    wait_until_connected(server)
    address, stop = server_address(server), threading.Event()
    replies: list[list[str]] = [[], [], []]
    clients = [threading.Thread(target=ask_on, args=(address, stop, each)) for each in replies]
    for client in clients:
        client.start()
    try:
        for _ in range(2):
            wait_until(lambda: all(" OK" in "".join(each) for each in replies), "replies")
            processor.terminate()
            assert processor.wait_for_end(_STOP) == -signal.SIGTERM
            wait_until(lambda: all("ERROR 011" in "".join(each) for each in replies), "errors")
            processor = start_processor(processes, listen)
            counts = [len(each) for each in replies]
            wait_until(
                lambda: all(
                    " OK" in "".join(each[count:])
                    for each, count in zip(replies, counts, strict=True)  # noqa: B023
                ),
                "replies after the restart",
            )
    finally:
        stop.set()
        for client in clients:
            client.join(20)
    # A client that met a reply which it cannot account for has ended early, within a round.
    assert not any(client.is_alive() for client in clients)
    assert all(len(each) % 20 == 0 for each in replies)


# -- a supervisor


@pytest.fixture(params=["path", "abstract"])
def supervisor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Supervisor]]:
    """What the environment calls it, and itself."""
    if request.param == "path":
        name = address = str(tmp_path / "notify.sock")
    else:
        if not os.path.exists("/proc/net/unix"):
            pytest.skip("this system has no abstract sockets")
        name = f"@pychron-test-{os.getpid()}"
        address = name.replace("@", "\0")
    heard = Supervisor(address)
    try:
        yield name, heard
    finally:
        heard.close()


def test_a_supervisor_is_told_what_goes_on(
    processes: Processes, supervisor: tuple[str, Supervisor]
) -> None:
    name, heard = supervisor
    listen = f"unix:{processes.folder}/processor.sock"
    server = start_server(processes, processor=listen, NOTIFY_SOCKET=name, WATCHDOG_USEC="1000000")
    heard.wait_for("READY=1")
    with Wire(server_address(server)):
        """Who is told that it is ready can connect."""
    start_processor(processes, listen)
    heard.wait_for("STATUS=connected to the processor")
    heard.wait_for("WATCHDOG=1")

    server.signal(signal.SIGSTOP)
    heard.drain()
    with pytest.raises(TimeoutError):
        heard.next(2.0)
    server.signal(signal.SIGCONT)
    heard.wait_for("WATCHDOG=1")

    server.terminate()
    heard.wait_for("STOPPING=1")


@pytest.mark.parametrize("service", ["pychron-processor", "pychron-qtegra"])
def test_each_service_tells_its_supervisor(processes: Processes, service: str) -> None:
    path = str(processes.folder / "notify.sock")
    heard = Supervisor(path)
    try:
        process = processes.twistd(service, f"--listen={ANY_PORT}", NOTIFY_SOCKET=path)
        heard.wait_for("READY=1")
        process.terminate()
    finally:
        heard.close()


def test_a_watchdog_of_another_process_is_left_alone(processes: Processes) -> None:
    path = str(processes.folder / "notify.sock")
    heard = Supervisor(path)
    try:
        processes.twistd(
            "pychron-processor",
            f"--listen={ANY_PORT}",
            NOTIFY_SOCKET=path,
            WATCHDOG_USEC="100000",
            WATCHDOG_PID="1",
        )
        heard.wait_for("READY=1")
        # The status may come; a sign of life would have come ten times.
        assert all(word.startswith("STATUS=") for word in heard.all_in(1.0))
    finally:
        heard.close()


# -- sockets that are given


def test_a_server_takes_the_sockets_that_it_is_given(processes: Processes) -> None:
    path = processes.folder / "given.sock"
    server = start_activated(
        processes,
        path,
        "pychron-server",
        "--listen=System=systemd:domain=INET:index=0",
        "--listen=System=systemd:domain=UNIX:name=unix",
    )
    port = int(server.wait_for(r"^port (\d+)")[1])
    for address in ((HOST, port), str(path)):
        with Wire(address) as wire:
            assert wire.ask("GetError") == "OK"
    server.terminate()
    assert server.wait_for_end() == -signal.SIGTERM


def test_a_unix_socket_that_is_given_stays_as_it_is(processes: Processes) -> None:
    path = processes.folder / "given.sock"
    processor = start_activated(
        processes, path, "pychron-processor", "--listen=systemd:domain=UNIX:name=unix"
    )
    processor.wait_for("CommandProcessor starting on")
    with Wire(str(path)) as wire:
        assert wire.ask("System|GetError") == "OK"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    processor.terminate()
    assert processor.wait_for_end() == -signal.SIGTERM
    assert path.exists()


def test_a_socket_that_was_not_given_ends_the_start(processes: Processes) -> None:
    process = processes.twistd("pychron-processor", "--listen=systemd:domain=UNIX:name=unix")
    assert process.wait_for_end() == 1
    assert "the supervisor has given no such socket" in process.log
    assert "Traceback" not in process.log


# -- clocks that are set


def test_a_clock_that_is_set_forward_ends_nothing(processes: Processes) -> None:
    skew = processes.folder / "skew"
    server = start_skewed(processes, skew, "pychron-server", "--config=lab.toml")
    with Wire(server_address(server, "Hardware")) as wire:
        taken(wire, "Set slow 1.5")
        skew.write_text("3600")
        # Timers are looked at when something comes.
        for _ in range(2):
            wire.send(b"@id=awake PychronReady\n")
            assert wire.line() == "@id=awake OK"
        assert wire.line() == "OK"


def test_a_clock_that_is_set_back_delays_nothing(processes: Processes) -> None:
    skew = processes.folder / "skew"
    server = start_skewed(processes, skew, "pychron-server", "--config=lab.toml")
    with Wire(server_address(server, "Hardware")) as wire:
        wire.send(b"@id=1;within=1 Set slow 10\n@id=taken PychronReady\n")
        assert wire.line() == "@id=taken OK"
        skew.write_text("-3600")
        wire.socket.settimeout(5)
        assert wire.line().startswith("@id=1 ERROR 201 : ")
