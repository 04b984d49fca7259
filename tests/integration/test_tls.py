"""TLS between real processes: who shows a certificate is served, and nobody else."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pychron_comms.certs.folder import Folder
from pychron_comms.client.communicator import Communicator
from pychron_comms.client.outcome import NotSentError
from tests.integration.clients import Address, ConnectingClient, connect
from tests.integration.laboratories import HOST, port_of, wait_until_connected
from tests.integration.processes import (
    PATIENCE,
    TWISTD,
    Processes,
    RunningProcess,
    run_forked,
    run_to_the_end,
)

_LISTENER = "RemoteCommandServer for System (TLS)"
_SECONDS = 4 * PATIENCE


def certs(folder: Path, *arguments: str) -> None:
    ended = run_forked(
        sys.executable, "-m", "pychron_comms.certs", *arguments, folder=folder.parent
    )
    assert ended.returncode == 0, ended.stdout


def authority(folder: Path, *names: str) -> Path:
    """Made as the manual says, with a certificate for each name; each may serve at loopback."""
    certs(folder, "init", str(folder))
    for name in names:
        certs(folder, "issue", str(folder), name, "--host", HOST, "--host", "localhost")
    return folder


def shown(folder: Path, name: str) -> str:
    """What an endpoint string says of a certificate."""
    return f"certificate={folder / name}.pem:privateKey={folder / name}.key"


def context(trusted: Path, folder: Path | None = None, name: str = "") -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(trusted / "ca.pem"))
    if folder is not None:
        made.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return made


def ask(address: Address, tls: ssl.SSLContext, command: str) -> str:
    """The first line that comes; empty where the connection ends, however it does."""
    with connect(address) as plain:
        try:
            with tls.wrap_socket(plain, server_hostname=HOST) as wire:
                wire.sendall(f"{command}\r\n".encode())
                return _line(wire)
        except (ssl.SSLError, ConnectionError):
            return ""


def _line(wire: socket.socket) -> str:
    data = b""
    while not data.endswith(b"\r\n"):
        received = wire.recv(4096)
        if not received:
            break
        data += received
    return data.decode().strip()


def everything(connection: socket.socket) -> bytes:
    """All that comes until the other end has closed."""
    data = b""
    try:
        while received := connection.recv(4096):
            data += received
    except ConnectionError:
        pass
    return data


@dataclass(frozen=True)
class Secured:
    certs: Path
    server: RunningProcess
    processor: RunningProcess
    system: tuple[str, int]
    hop: tuple[str, int]

    def ask(self, command: str, name: str = "alice") -> str:
        return ask(self.system, context(self.certs, self.certs, name), command)


def start(processes: Processes, certs: Path) -> Secured:
    roots = f"trustRoots={certs / 'ca.pem'}"
    listen = f"tls:0:interface={HOST}:{shown(certs, 'processor')}:{roots}"
    processor = processes.twistd("pychron-processor", f"--listen={listen}")
    hop = HOST, port_of(processor, "CommandProcessor (TLS)")
    server = processes.twistd(
        "pychron-server",
        f"--listen=System=tls:0:interface={HOST}:{shown(certs, 'server')}:{roots}",
        f"--processor=tls:{HOST}:{hop[1]}:{shown(certs, 'server')}:{roots}",
    )
    wait_until_connected(server)
    return Secured(certs, server, processor, (HOST, port_of(server, _LISTENER)), hop)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    started = Processes(folder)
    try:
        yield start(started, authority(folder / "certs", "server", "processor", "alice"))
    finally:
        started.end()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_with_a_certificate_is_answered(secured: Secured, version: ssl.TLSVersion) -> None:
    tls = context(secured.certs, secured.certs, "alice")
    tls.minimum_version = tls.maximum_version = version

    assert ask(secured.system, tls, "Open A") == "OK"
    assert ask(secured.system, tls, "GetIndicatorState A") == "True"
    assert ask(secured.system, tls, "Close A") == "OK"
    assert ask(secured.system, tls, "GetIndicatorState A") == "False"


def _in_doubt(secured: Secured) -> int:
    """Replies of which nobody can tell whether they were read."""
    found = re.search(r"replies_in_doubt_total (\d+)", secured.ask("Metrics"))
    assert found is not None
    return int(found[1])


def test_who_asks_on_has_read_the_reply(secured: Secured) -> None:
    """It was in doubt, and the client's next wish for the same was not done."""
    before = _in_doubt(secured)
    with connect(secured.system) as plain:
        tls = context(secured.certs, secured.certs, "alice")
        with tls.wrap_socket(plain, server_hostname=HOST) as wire:
            for command, reply in (("Open A", "OK"), ("GetValveState A", "True")):
                wire.sendall(f"{command}\r\n".encode())
                assert _line(wire) == reply
    time.sleep(1.0)  # where it were in doubt, that would be known by now
    assert _in_doubt(secured) == before


def test_the_same_command_asked_twice_in_a_row_runs_twice(secured: Secured) -> None:
    # A Python client closes its socket without a word of TLS. Were that taken for a lost reply,
    # the second Open would be answered with the first one's OK, and the valve stay closed.
    assert secured.ask("Open B") == "OK"
    assert secured.ask("Close B") == "OK"
    assert secured.ask("Open B") == "OK"
    assert secured.ask("GetIndicatorState B") == "True"


def test_a_client_without_a_certificate_gets_nothing(secured: Secured) -> None:
    assert ask(secured.system, context(secured.certs), "GetIndicatorState A") == ""
    assert ask(secured.hop, context(secured.certs), "System|GetIndicatorState A") == ""
    secured.server.wait_for("did not come about: peer did not return a certificate")
    assert secured.ask("GetIndicatorState A") in ("True", "False")


def test_our_own_client_says_that_it_was_never_sent(secured: Secured) -> None:
    host, port = secured.system
    endpoint = f"tls:{host}:{port}:trustRoots={secured.certs / 'ca.pem'}"
    for form in ("auto", "plain"):
        with Communicator(endpoint, form=form) as communicator, pytest.raises(NotSentError) as told:
            communicator.ask("Open C")
        assert "certificate=FILE:privateKey=FILE" in str(told.value)
    assert secured.ask("GetIndicatorState C") == "False"


def status_of(file: Path, processor: str, listener: str) -> dict[str, tuple[str, str]]:
    """What ``pychron-lab status`` finds of a laboratory with these ways: each state and text."""
    listeners = f'[[server.listener]]\ntype = "System"\nlisten = ["{listener}"]\n'
    file.write_text(f'[server]\nprocessor = "{processor}"\n{listeners}')
    tool = (sys.executable, "-m", "pychron_comms.operations", "status", "--json")
    told = run_forked(*tool, "--config", str(file), folder=file.parent)
    found = json.loads(told.stdout)["findings"]
    return {each["subject"]: (each["state"], each["text"]) for each in found}


def test_status_asks_a_processor_behind_tls(secured: Secured, tmp_path: Path) -> None:
    roots = f"trustRoots={secured.certs / 'ca.pem'}"
    way = f"tls:{HOST}:{secured.hop[1]}"
    listener = f"tls:{secured.system[1]}:{shown(secured.certs, 'server')}:{roots}"
    file = tmp_path / "lab.toml"

    found = status_of(file, f"{way}:{shown(secured.certs, 'server')}:{roots}", listener)
    state, text = found["processor"]
    assert (state, text.startswith(f"answers at {way}")) == ("ok", True), text
    assert found["certificate"][0] == "ok"

    state, text = status_of(file, f"{way}:{roots}", listener)["processor"]
    assert (state, "certificate=FILE:privateKey=FILE" in text) == ("broken", True), text


_DEFERRED = """
import sys
from twisted.internet import task
from pychron_comms.client.deferred import DeferredCommunicator
from pychron_comms.client.outcome import NotSentError

async def main(reactor):
    asker = DeferredCommunicator(sys.argv[1], reactor, form=sys.argv[2], timeout=20)
    try:
        print(await asker.ask("Open C"))
    except NotSentError as error:
        print("never sent:", error.why)
    await asker.close()

task.react(lambda reactor: task.ensureDeferred(main(reactor)))
"""


@pytest.mark.parametrize("form", ["auto", "plain", "tagged"])
def test_the_deferred_client_says_so_too(secured: Secured, tmp_path: Path, form: str) -> None:
    host, port = secured.system
    endpoint = f"tls:{host}:{port}:trustRoots={secured.certs / 'ca.pem'}"
    asked = run_to_the_end(sys.executable, "-c", _DEFERRED, endpoint, form, folder=tmp_path)
    assert asked.stdout.startswith("never sent: the server wants another certificate"), asked.stdout
    assert secured.ask("GetIndicatorState C") == "False"


def test_a_server_without_a_certificate_sends_its_processor_nothing(
    secured: Secured, processes: Processes
) -> None:
    roots = f"trustRoots={secured.certs / 'ca.pem'}"
    server = processes.twistd(
        "pychron-server",
        f"--listen=System=tcp:0:interface={HOST}",
        f"--processor=tls:{HOST}:{secured.hop[1]}:{roots}",
    )
    address = HOST, port_of(server, "RemoteCommandServer for System")
    server.wait_for("no processor at .*: the server wants another certificate, or one at all")
    assert ConnectingClient(address).ask("Open C").startswith("ERROR 011 ")
    assert "connected to the processor" not in server.log


def test_a_client_of_another_authority_gets_nothing(secured: Secured, tmp_path: Path) -> None:
    other = authority(tmp_path / "other", "alice")

    assert ask(secured.system, context(secured.certs, other, "alice"), "PychronReady") == ""
    assert secured.ask("PychronReady") == "OK"


def test_a_client_whose_certificate_has_expired_gets_nothing(secured: Secured) -> None:
    Folder(secured.certs, datetime.now(UTC) - timedelta(days=9)).issue("gone", [], 8)

    assert secured.ask("PychronReady", "gone") == ""
    assert secured.ask("PychronReady") == "OK"


def test_a_client_trusts_no_server_of_another_authority(secured: Secured, tmp_path: Path) -> None:
    other = authority(tmp_path / "other", "alice")

    with (
        connect(secured.system) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
        context(other, secured.certs, "alice").wrap_socket(plain, server_hostname=HOST),
    ):
        pass


@pytest.mark.parametrize(
    "sent",
    [b"Open C\r\n", b"GET / HTTP/1.1\r\n\r\n", os.urandom(4096), b"\x16\x03\x01\xff\xff" * 5000],
    ids=["plain", "http", "garbage", "too-long"],
)
def test_what_is_no_tls_gets_nothing(secured: Secured, sent: bytes) -> None:
    with connect(secured.system) as plain:
        plain.sendall(sent)
        plain.shutdown(socket.SHUT_WR)
        received = everything(plain)

    # At most an alert of TLS.
    assert len(received) <= 7
    assert not received or received[0] == 21
    assert secured.ask("GetIndicatorState C") == "False"


def test_a_handshake_that_is_left_half_done_delays_nobody(secured: Secured) -> None:
    tls = context(secured.certs, secured.certs, "alice")
    outgoing = ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        tls.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=HOST).do_handshake()
    with connect(secured.system, timeout=_SECONDS) as plain:
        plain.sendall(outgoing.read())
        began = time.monotonic()
        assert secured.ask("PychronReady") == "OK"
        assert time.monotonic() - began < 5
        everything(plain)
        assert 5 < time.monotonic() - began < 5 + PATIENCE
    secured.server.wait_for("did not come about: it took too long")


def test_who_asks_is_known_by_the_name_of_its_certificate(
    processes: Processes, tmp_path: Path
) -> None:
    folder = authority(tmp_path / "certs", "server", "alice")
    listen = f"tls:0:interface={HOST}:{shown(folder, 'server')}:trustRoots={folder}"
    server = processes.twistd("pychron-server", f"--listen=System={listen}")
    address = HOST, port_of(server, _LISTENER)
    with connect(address) as plain:
        tls = context(folder, folder, "alice")
        wire = tls.wrap_socket(plain, server_hostname=HOST)
        # Cut off in the middle of its line, a client is named in the log.
        wire.sendall(b"Open A")
        wire.close()
    server.wait_for(f"of alice@{HOST}: the connection ended before the line did")


def test_a_key_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    folder = authority(tmp_path / "certs", "server")
    (folder / "server.key").chmod(0o644)

    for option in (
        f"--listen=System=tls:0:{shown(folder, 'server')}",
        f"--processor=tls:{HOST}:1:{shown(folder, 'server')}",
    ):
        ended = run_forked(TWISTD, "-n", "--pidfile=", "pychron-server", option, folder=tmp_path)
        assert ended.returncode == 1
        assert ended.stdout == (
            f"configuration: {folder / 'server.key'}: others can read it (mode 0644); "
            "chmod 600 keeps it secret\n"
        )


def test_the_check_finds_a_certificate_that_has_expired(tmp_path: Path) -> None:
    folder = authority(tmp_path / "certs")
    Folder(folder, datetime.now(UTC) - timedelta(days=9)).issue("server", [], 8)
    file = tmp_path / "lab.toml"
    listen = f"tls:0:{shown(folder, 'server')}"
    file.write_text(f'[[server.listener]]\ntype = "System"\nlisten = ["{listen}"]\n')

    arguments = ("-n", "--pidfile=", "pychron-server", f"--config={file}", "--check")
    ended = run_forked(TWISTD, *arguments, folder=tmp_path)
    assert ended.returncode == 1
    assert ended.stdout.startswith(f"configuration: {folder / 'server.pem'}: has expired on")
    assert ended.stdout.count("\n") == 1


def test_a_renewed_certificate_is_shown_without_a_restart(
    processes: Processes, tmp_path: Path
) -> None:
    secured = start(processes, authority(tmp_path / "certs", "server", "processor", "alice"))
    with connect(secured.system) as plain:
        tls = context(secured.certs, secured.certs, "alice")
        kept = tls.wrap_socket(plain, server_hostname=HOST)
        before = kept.getpeercert(binary_form=True)

        certs(secured.certs, "renew", str(secured.certs), "--within", "3650", "--new-key")

        assert _shown(secured) not in (before, None)
        assert secured.ask("Open A") == "OK"
        # Who is connected stays so.
        kept.sendall(b"GetIndicatorState A\r\n")
        assert _line(kept) == "True"
        kept.close()


def _shown(secured: Secured) -> bytes | None:
    with connect(secured.system) as plain:
        tls = context(secured.certs, secured.certs, "alice")
        with tls.wrap_socket(plain, server_hostname=HOST) as wire:
            return wire.getpeercert(binary_form=True)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_can_be_used_to_look_at_it(secured: Secured) -> None:
    host, port = secured.system
    folder = secured.certs
    process = subprocess.Popen(
        [
            *("openssl", "s_client", "-quiet", "-verify_return_error"),
            *("-connect", f"{host}:{port}", "-CAfile", str(folder / "ca.pem")),
            *("-cert", str(folder / "alice.pem"), "-key", str(folder / "alice.key")),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    limit = threading.Timer(PATIENCE, process.kill)
    limit.start()
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"PychronReady\r\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"OK\r\n"
        process.kill()
    limit.cancel()


def test_pychron_ask_takes_the_same_string(secured: Secured) -> None:
    host, port = secured.system
    roots = f"trustRoots={secured.certs / 'ca.pem'}"
    endpoint = f"tls:{host}:{port}:{shown(secured.certs, 'alice')}:{roots}"
    program = Path(sys.executable).with_name("pychron-ask")
    ended = run_to_the_end(program, "-s", endpoint, "PychronReady", folder=secured.certs)

    assert (ended.stdout, ended.returncode) == ("OK\n", 0)


def test_the_manuals_commands_make_what_it_says(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "security.md").read_text("utf-8")
    commands = re.findall(r"^\$ pychron-certs (.*)$", manual, re.MULTILINE)
    assert len(commands) == 5
    for command in commands:
        certs(tmp_path / "lab-certs", *shlex.split(command))

    made = {file.name for file in (tmp_path / "lab-certs").iterdir()}
    names = ("ca", "lab-server", "lab-pc", "alice")
    assert made == {f"{name}.{kind}" for name in names for kind in ("pem", "key")}
