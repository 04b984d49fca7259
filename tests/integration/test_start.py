"""Starts as a person makes them: in the background, in bad folders, from files with mistakes."""

from __future__ import annotations

import re
import socket
import stat
from configparser import ConfigParser
from pathlib import Path

import pytest

from tests.integration.laboratories import HOST
from tests.integration.processes import TWISTD, Processes, run_forked, run_to_the_end, wait_until

LISTENER = '[[server.listener]]\ntype = "{}"\nlisten = ["{}"]\n'


def programs() -> list[str]:
    """All that an installation has a script for."""
    written = ConfigParser()
    written.read(Path(__file__).parents[2] / "setup.cfg", "utf-8")
    scripts = written["options.entry_points"]["console_scripts"]
    return re.findall(r"^(\S+) =", scripts, re.MULTILINE)


@pytest.mark.parametrize("program", programs())
def test_each_program_is_started_by_its_script(tmp_path: Path, program: str) -> None:
    ended = run_to_the_end(TWISTD.with_name(program), "--help", folder=tmp_path)

    assert ended.returncode == 0
    assert ended.stdout.startswith(f"usage: {program} ")


@pytest.mark.parametrize("service", ["pychron-server", "pychron-processor"])
def test_in_the_background_a_taken_port_is_told_and_leaves_no_pid_file(
    tmp_path: Path, service: str
) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        listen = f"tcp:{port}:interface={HOST}"
        option = (
            f"--listen=System={listen}" if service == "pychron-server" else f"--listen={listen}"
        )
        ended = run_to_the_end(TWISTD, service, option, folder=tmp_path)

    assert ended.returncode == 1
    assert f"{service}: cannot start: {HOST}:{port}" in ended.stdout
    # Its parent is told before the file goes.
    wait_until(lambda: not list(tmp_path.glob("*.pid")), "the end of the pid file")
    log = (tmp_path / "twistd.log").read_text()
    assert "something listens there already" in log


def test_in_the_foreground_no_pid_file_is_left_either(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        listen = f"--listen=tcp:{taken.getsockname()[1]}:interface={HOST}"
        ended = run_to_the_end(TWISTD, "-n", "pychron-processor", listen, folder=tmp_path)

    assert ended.returncode == 1
    assert not list(tmp_path.glob("*.pid"))


def test_the_folder_of_a_unix_socket_is_made_for_its_owner_alone(processes: Processes) -> None:
    path = processes.folder / "run" / "processor.sock"
    processor = processes.start(TWISTD, "-n", "pychron-processor", f"--listen=unix:{path}")
    processor.wait_for("CommandProcessor starting on")

    assert path.is_socket()
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "absent" / "run" / "processor.sock"
    ended = run_to_the_end(
        TWISTD, "-n", "pychron-processor", f"--listen=unix:{path}", folder=tmp_path
    )

    assert ended.returncode == 1
    assert "Traceback" not in ended.stdout
    assert f"sudo install -d -m 700 -o ACCOUNT {path.parent}" in ended.stdout


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (LISTENER.format("System", "tcp:99067"), "lab.toml:3: server.listener[0].listen: expected"),
        (
            LISTENER.format("System", "tcp:9061") + LISTENER.format("CO2", "tcp:9061"),
            "lab.toml:6: server.listener[1].listen: expected a place that is not server",
        ),
        (LISTENER.format("CO3", "tcp:9061"), "got 'CO3'; did you mean CO2?"),
        ('[journal]\nfile = "/nowhere/lab.journal"\n', "lab.toml:2: journal.file: expected a file"),
        ("[laser.co.holders.a]\npitch = 1.0\nrows = [3]\n", "laser.co: no request type is for a"),
        (
            'lab = "default"\n[[interlock]]\ncommand = "System|Open Q9"\n'
            'only_if = ["System|GetIndicatorState A is False"]\n',
            "lab.toml:3: interlock[0].command: expected a command of System (invalid arguments:",
        ),
        (
            'lab = "default"\n[[interlock]]\ncommand = "System|Open A"\n'
            'only_if = ["System|GetPressure gc,IGG < 1"]\n',
            "lab.toml:4: interlock[0].only_if: ",
        ),
        ('[server]\nprocessor = "tcp:lab-pc"\n', "lab.toml:2: server.processor: expected where to"),
    ],
)
def test_check_finds_what_would_end_the_start(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "lab.toml").write_text(text)
    for more in ([], ["--check"]):
        ended = run_forked(
            TWISTD, "-n", "pychron-server", "--config", "lab.toml", *more, folder=tmp_path
        )
        assert ended.returncode == 1
        assert complaint in ended.stdout
        assert "Traceback" not in ended.stdout


def test_a_laboratory_without_hardware_says_so_and_what_to_write(processes: Processes) -> None:
    file = processes.folder / "lab.toml"
    file.write_text('[journal]\nfile = "lab.journal"\n' + LISTENER.format("System", "tcp:0"))
    server = processes.start(TWISTD, "-n", "pychron-server", "--config", str(file))
    server.wait_for("no hardware is configured")
    server.wait_for('lab = "default"')
