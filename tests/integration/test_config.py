"""``--config`` and ``--check`` at the command line of both services."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.integration.clients import ConnectingClient
from tests.integration.laboratories import server_address
from tests.integration.processes import TWISTD, Processes, run_forked, run_to_the_end

both_services = pytest.mark.parametrize("service", ["pychron-server", "pychron-processor"])


def check(service: str, file: Path) -> subprocess.CompletedProcess[str]:
    arguments = ("-n", "--pidfile=", service, f"--config={file}", "--check")
    return run_forked(TWISTD, *arguments, folder=file.parent)


def written(folder: Path, text: str) -> Path:
    file = folder / "lab.toml"
    file.write_text(text)
    return file


@both_services
def test_a_good_file_passes_the_check(configuration: Path, service: str) -> None:
    ended = check(service, configuration)

    assert ended.stdout == f"{configuration}: no mistakes found\n"
    assert ended.returncode == 0


@both_services
def test_the_built_in_configuration_passes_the_check(tmp_path: Path, service: str) -> None:
    ended = run_to_the_end(TWISTD, "-n", "--pidfile=", service, "--check", folder=tmp_path)

    assert (
        ended.stdout == "the built-in configuration, since --config names none: no mistakes found\n"
    )
    assert ended.returncode == 0


@both_services
@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            "[processor]\nlisten = 1059\n",
            "processor.listen: expected a list of texts, got 1059",
        ),
        (
            '[access]\nhosts = ["nowhere"]\n',
            "access.hosts: expected addresses, networks or 192.168.1.*",
        ),
        (
            '[[extraction_line.valve]]\nname = "A"\ntravel = 7.5\n',
            "extraction_line.valve[0].travel: expected less than 0.3 s, got 7.5",
        ),
        (
            "[processor]\nlissen = []\n",
            "processor.lissen: no such key is known; did you mean listen? (known here: ",
        ),
        ("volumes = 3\n", "volumes: no such key is known"),
        ("[processor\n", "cannot be read: [processor (a ] is missing)"),
    ],
    ids=["wrong kind", "no host", "out of range", "unknown key", "unknown section", "no TOML"],
)
def test_a_mistake_names_file_key_and_what_was_expected(
    tmp_path: Path, service: str, text: str, complaint: str
) -> None:
    file = written(tmp_path, text)

    ended = check(service, file)

    assert ended.returncode == 1
    assert re.sub(r"(\.toml):\d+", r"\1", ended.stdout).startswith(
        f"configuration: {file}: {complaint}"
    )
    assert len(ended.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            '[[server.listener]]\nlisten = ["tcp:0"]\n',
            "server.listener[0].type: expected a text, and it is missing",
        ),
        (
            '[[server.listener]]\ntype = "System"\nlisten = ["tcp:0"]\nline_length = 1\n',
            "server.listener[0].line_length: expected a whole number, 64 or more, got 1",
        ),
        (
            '[[server.listener]]\ntype = "System"\nlisten = ["tcp:0"]\nframe = "L9"\n',
            "server.listener[0].frame: expected a message frame such as L4,-,C4, got 'L9'",
        ),
        ("[server]\nport = 1061\n", "server.port: no such key is known"),
    ],
)
def test_a_mistake_in_the_servers_own_section(tmp_path: Path, text: str, complaint: str) -> None:
    file = written(tmp_path, f"{text}\n[processor]\nsimulated_lab = true\n")

    ended = check("pychron-server", file)

    assert ended.returncode == 1
    assert re.sub(r"(\.toml):\d+", r"\1", ended.stdout).startswith(
        f"configuration: {file}: {complaint}"
    )
    assert len(ended.stdout.splitlines()) == 1


@both_services
def test_a_missing_file_is_named(tmp_path: Path, service: str) -> None:
    file = tmp_path / "absent.toml"

    ended = check(service, file)

    assert ended.returncode == 1
    assert ended.stdout.startswith(f"configuration: {file}: cannot be read: ")
    assert len(ended.stdout.splitlines()) == 1


@both_services
def test_a_mistake_stops_the_start_too(tmp_path: Path, service: str) -> None:
    file = written(tmp_path, "[processor]\nlisten = 1059\n")
    arguments = ("-n", "--pidfile=", service, f"--config={file}")

    ended = run_forked(TWISTD, *arguments, folder=tmp_path)

    assert ended.returncode == 1
    assert ended.stdout.startswith(f"configuration: {file}:2: processor.listen: ")


def test_a_file_starts_what_it_describes(processes: Processes) -> None:
    file = written(
        processes.folder,
        """
        [[server.listener]]
        type = "System"
        listen = ["tcp:0:interface=127.0.0.1"]

        [[extraction_line.valve]]
        name = "Inlet"
        """,
    )
    server = processes.twistd("pychron-server", f"--config={file}")
    client = ConnectingClient(server_address(server))

    assert client.ask("Open Inlet") == "OK"
    refused = "ERROR 004 : invalid arguments: Open A (no such valve; GetValveStates lists them)"
    assert client.ask("Open A") == refused
