"""Instruments over real lines and sockets, as docs/instruments.md shows them."""

from __future__ import annotations

import re
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, server_address
from tests.integration.pages import chromium, looking_at, page_of, with_browser
from tests.integration.processes import Processes, RunningProcess, run_forked, wait_until

_PAGE = Path(__file__).parents[2] / "docs" / "instruments.md"
_README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
_TOOL = (sys.executable, "-m", "pychron_comms.instruments.tool")
_TYPED = re.compile(r"^\$ pychron-instrument (.*)$", re.MULTILINE)
_SHOWN_LINE = "serial:///dev/pts/5"
_SHOWN_PORT = "tcp://127.0.0.1:8000"


def page(language: str) -> str:
    """All that the page shows in that language."""
    blocks = re.findall(rf"```{language}\n(.*?)```", _PAGE.read_text("utf-8"), re.DOTALL)
    return "\n".join(blocks)


def simulated(processes: Processes, *arguments: str) -> tuple[RunningProcess, str]:
    """A simulated instrument, and where it is."""
    process = processes.fork(*_TOOL, "sim", *arguments)
    return process, process.wait_for(r"listening: (\S+)\n")[1]


@pytest.fixture
def typed(processes: Processes) -> Callable[[int, str], str]:
    """Type a command of the page, the ``number``-th, with its line in place of the shown one."""
    commands = _TYPED.findall(page("console"))

    def run(number: int, line: str = _SHOWN_LINE) -> str:
        words = shlex.split(commands[number].replace(_SHOWN_LINE, line))
        ended = run_forked(*_TOOL, *words, folder=processes.folder)
        assert ended.returncode == 0, ended.stdout
        return str(ended.stdout)

    return run


def test_the_page_is_typed_from_an_empty_folder_to_an_open_valve_and_a_gauge(
    processes: Processes, typed: Callable[[int, str], str]
) -> None:
    shown = page("console")
    for number in (0, 1):
        assert typed(number, "") in shown
    switch, line = simulated(processes, *shlex.split(_TYPED.findall(shown)[2])[1:])
    assert typed(3, line) in shown
    _, port = simulated(processes, "pfeiffer-tpg")
    text = page("toml").replace(_SHOWN_LINE, line).replace(_SHOWN_PORT, port)
    with (processes.folder / "lab.toml").open("w") as file:
        file.write(f'{text}\n[[server.listener]]\ntype = "System"\nlisten = ["{ANY_PORT}"]\n')
    server = processes.twistd("pychron-server", "--config=lab.toml", "--http=off")
    server.wait_for("connected to the instrument at serial:")
    server.wait_for("connected to the instrument at tcp:")
    with Wire(server_address(server)) as wire:
        assert asked(wire, "Open A") == "OK"
        switch.wait_for(r"> OPEN 3<CR><LF>")
        assert asked(wire, "GetValveState A") == "True"
        assert asked(wire, "GetPressure gc IG") == "9.34e-09"
        assert asked(wire, "Close A") == "OK"
        assert asked(wire, "GetValveState A") == "False"


@with_browser
def test_the_valve_and_the_gauge_of_the_readme_are_on_the_page(processes: Processes) -> None:
    """Its files as they stand there, but for the places that this computer has free."""
    new = shlex.split(re.findall(r"^\$ pychron-instrument (new .*)$", _README, re.MULTILINE)[0])
    assert run_forked(*_TOOL, *new, folder=processes.folder).returncode == 0
    switch, line = simulated(processes, "switch.toml", "--listen", "pty")
    _, port = simulated(processes, "pfeiffer-tpg")
    text = "".join(re.findall(r"```toml\n(.*?)```", _README, re.DOTALL))
    lab = text.replace(_SHOWN_LINE, line).replace(_SHOWN_PORT, port)
    (processes.folder / "lab.toml").write_text(
        f'{lab}\n[[server.listener]]\ntype = "System"\nlisten = ["{ANY_PORT}"]\n'
    )
    server = processes.twistd("pychron-server", "--config=lab.toml", f"--http={ANY_PORT}")
    server.wait_for("connected to the instrument at serial:")
    with Wire(server_address(server)) as wire:
        assert asked(wire, "Open A") == "OK"
    with chromium() as browser, looking_at(browser, page_of(server)) as seen:
        seen.locator(".valve.open[data-name='A']").wait_for()
        seen.locator("#gauge-list", has_text="gc/IG").wait_for()
        seen.locator("#gauge-list", has_text="9.3").wait_for()
        box = seen.locator("#device-list .item", has_text="instrument switch")
        box.filter(has_text="answers").wait_for()
        switch.kill()
        box.filter(has_text="does not answer").filter(has_text="since").wait_for()


def asked(wire: Wire, command: str) -> str:
    wire.send(f"{command}\n".encode())
    return wire.line()


_LAB = f"""
[instrument.switch]
description = "agilent-34970a"
link = "%s"
[[extraction_line.valve]]
name = "A"
instrument = "switch.valve(103)"
[[server.listener]]
type = "System"
listen = ["{ANY_PORT}"]
"""


def test_one_that_goes_is_said_once_and_comes_back_by_itself(processes: Processes) -> None:
    instrument, link = simulated(processes, "agilent-34970a")
    (processes.folder / "lab.toml").write_text(_LAB % link)
    server = processes.twistd("pychron-server", "--config=lab.toml", "--http=off")
    with Wire(server_address(server)) as wire:
        wait_until(lambda: asked(wire, "GetValveState A") == "False", "the instrument")
        instrument.kill()
        server.wait_for("lost the instrument at tcp:")
        assert asked(wire, "GetValveState A").startswith("ERROR 010")
        assert asked(wire, "Open A").startswith("ERROR 008")
        port = link.rpartition(":")[2]
        simulated(processes, "agilent-34970a", "--listen", f"tcp:{port}:interface=127.0.0.1")
        wait_until(lambda: asked(wire, "Open A") == "OK", "the instrument again", 60)
    assert server.log.count("lost the instrument") == 1
    assert server.log.count("no answer") == 0


def test_an_instrument_that_answers_late_gives_no_answer_to_another_question(
    processes: Processes,
) -> None:
    """Each answer comes a second after its patience: none may be taken for the next one's."""
    text = Path(__file__).parents[2] / "pychron_comms/instruments/library/agilent-34970a.toml"
    (processes.folder / "slow.toml").write_text(
        text.read_text("utf-8").replace("first_byte = 2.0", "first_byte = 0.5")
    )
    _, link = simulated(processes, "slow.toml", "--faults", "late=1s")
    lab = _LAB.replace('"agilent-34970a"', '"slow.toml"') % link
    (processes.folder / "lab.toml").write_text(lab)
    server = processes.twistd("pychron-server", "--config=lab.toml", "--http=off")
    server.wait_for("not identified: no answer in time")
    with Wire(server_address(server)) as wire:
        assert asked(wire, "GetValveState A").startswith("ERROR 010")
        assert asked(wire, "Open A").startswith("ERROR 008")


def test_an_instrument_that_cannot_listen_says_so_in_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        for given, why in ((listen, "Address already in use"), ("ptty", "Unknown endpoint type")):
            done = run_forked(*_TOOL, "sim", "pfeiffer-tpg", "--listen", given, folder=tmp_path)
            assert done.returncode == 2
            assert done.stdout.startswith(f"pychron-instrument: --listen {given}: ")
            assert why in done.stdout
            assert done.stdout.count("\n") == 1
