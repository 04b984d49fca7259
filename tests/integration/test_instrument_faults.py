"""Instruments that misbehave, as processes: what they say wrongly is never taken for an answer."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, server_address
from tests.integration.processes import Processes, RunningProcess, run_forked, wait_until

_TOOL = (sys.executable, "-m", "pychron_comms.instruments.tool")

_LIBRARY = Path(__file__).parents[2] / "pychron_comms" / "instruments" / "library"

#: What is told of a gauge of an MKS 937, whatever befalls its answers; or why nothing is.
RIGHT = "9.34e-08 Torr"
NONE = "no answer in time"
FAULTS = {
    "pieces=0.02s": RIGHT,
    "late=3s": NONE,
    "drop": NONE,
    "half": "part of an answer in time",
    "noise": "expected @",
    "double": "more came than one answer",
    "other-address": "an answer for address",
    "long": "more than 4096 bytes",
}


def simulated(processes: Processes, *arguments: str) -> tuple[RunningProcess, str]:
    process = processes.fork(*_TOOL, "sim", *arguments)
    return process, process.wait_for(r"listening: (\S+)\n")[1]


@pytest.mark.parametrize(
    ("listen", "faults"),
    [
        ("tcp:0:interface=127.0.0.1", [*FAULTS]),
        ("udp:0", ["pieces=0.02s", "double"]),
        ("pty", ["pieces=0.02s", "noise", "long"]),
    ],
)
def test_each_fault_is_known_for_what_it_is(
    processes: Processes, listen: str, faults: list[str]
) -> None:
    # A machine that is busy takes its time too.
    text = (_LIBRARY / "mks-937b.toml").read_text("utf-8")
    for name, limits in (
        ("quick", "first_byte = 0.5"),
        ("calm", "first_byte = 30\nbetween_bytes = 3"),
    ):
        (processes.folder / f"{name}.toml").write_text(text.replace("[wire]", f"[wire]\n{limits}"))
    started = {
        fault: processes.fork(*_TOOL, "sim", "quick.toml", "--listen", listen, "--faults", fault)
        for fault in faults
    }
    links = {
        fault: process.wait_for(r"listening: (\S+)\n")[1] for fault, process in started.items()
    }
    for fault in faults:
        wanted = FAULTS[fault]
        file = "quick.toml" if wanted == NONE else "calm.toml"
        tried = ("try", file, "gauge(1).pressure", "--link", links[fault])
        ended = run_forked(*_TOOL, *tried, folder=processes.folder)
        said = ended.stdout.rstrip().splitlines()[-1]
        assert wanted in said, (fault, ended.stdout)
        assert (ended.returncode == 0) is (wanted == RIGHT), (fault, ended.stdout)


def test_a_link_that_is_wrong_is_told_in_one_line(processes: Processes) -> None:
    link = ("--link", "serial:///dev/ttyUSB7?baud=abc")
    ended = run_forked(
        *_TOOL, "try", "pfeiffer-tpg", "gauge(1).pressure", *link, folder=processes.folder
    )
    assert ended.returncode == 2
    assert ended.stdout == "pychron-instrument: baud, bits and stop are whole numbers\n"


_LAB = f"""
[instrument.box]
description = "arduino-valves"
link = "serial://%s"
[[extraction_line.valve]]
name = "A"
instrument = "box.valve(5)"
[[server.listener]]
type = "System"
listen = ["{ANY_PORT}"]
"""


def test_a_line_that_is_unplugged_is_said_once_and_comes_back_by_itself(
    processes: Processes,
) -> None:
    """The device of the line goes with its plug, and comes again with another name behind it."""
    device = processes.folder / "ttyUSB0"
    plugged, line = simulated(processes, "arduino-valves", "--listen", "pty")
    device.symlink_to(line.removeprefix("serial://"))
    (processes.folder / "lab.toml").write_text(_LAB % device)
    server = processes.twistd("pychron-server", "--config=lab.toml", "--http=off")
    with Wire(server_address(server)) as wire:
        wait_until(lambda: asked(wire, "Open A") == "OK", "the instrument")
        plugged.kill()
        device.unlink()
        server.wait_for("lost the instrument at serial:")
        assert asked(wire, "GetValveState A").startswith("ERROR 010")
        assert asked(wire, "GetIndicatorState A").startswith("ERROR 010")
        assert asked(wire, "Open A").startswith("ERROR 008")
        _, line = simulated(processes, "arduino-valves", "--listen", "pty")
        device.symlink_to(line.removeprefix("serial://"))
        wait_until(lambda: asked(wire, "GetValveState A") == "False", "the instrument again", 60)
        assert asked(wire, "Open A") == "OK"
    assert server.log.count("lost the instrument") == 1
    assert len(re.findall("instrument|serial|box", server.log)) < 30


def test_a_line_is_for_one_program_at_a_time(processes: Processes) -> None:
    """Two would take each other's answers."""
    _, line = simulated(processes, "arduino-valves", "--listen", "pty")
    (processes.folder / "lab.toml").write_text(_LAB % line.removeprefix("serial://"))
    first = processes.twistd("pychron-server", "--config=lab.toml", "--http=off")
    with Wire(server_address(first)) as wire:
        wait_until(lambda: asked(wire, "Open A") == "OK", "the instrument")
        second = processes.twistd("pychron-server", "--config=lab.toml", "--http=off")
        second.wait_for("another program uses /dev/")
        with Wire(server_address(second)) as other:
            assert asked(other, "Open A").startswith("ERROR 008")
            wait_until(lambda: asked(wire, "GetValveState A") == "True", "the first")
            first.kill()
            wait_until(lambda: asked(other, "Close A") == "OK", "the line that was let go")
    assert second.log.count("another program uses") == 1


def test_a_port_that_is_not_there_is_said_once(processes: Processes, tmp_path: Path) -> None:
    (processes.folder / "lab.toml").write_text(_LAB % (tmp_path / "ttyUSB9"))
    server = processes.twistd("pychron-server", "--config=lab.toml", "--http=off")
    server.wait_for("No such file or directory")
    with Wire(server_address(server)) as wire:
        assert asked(wire, "Open A").startswith("ERROR 008")
        _, line = simulated(processes, "arduino-valves", "--listen", "pty")
        (tmp_path / "ttyUSB9").symlink_to(line.removeprefix("serial://"))
        wait_until(lambda: asked(wire, "Open A") == "OK", "the instrument", 60)
    assert server.log.count("No such file or directory") == 1


_FURNACE = f"""
[instrument.lakeshore]
description = "lakeshore-336"
link = "%s"
[[device]]
name = "furnace"
kind = "instrument"
instrument = "lakeshore.loop(1, A)"
ramp = 6000
safe = 20
[[server.listener]]
type = "Hardware"
listen = ["{ANY_PORT}"]
"""


def test_a_stop_ends_a_ramp_in_the_safe_state(processes: Processes) -> None:
    instrument, link = simulated(processes, "lakeshore-336")
    (processes.folder / "lab.toml").write_text(_FURNACE % link)
    server = processes.twistd("pychron-server", "--config=lab.toml", "--http=off")
    with Wire(server_address(server, "Hardware")) as wire:
        wait_until(lambda: asked(wire, "Set furnace 1200") == "OK", "the instrument")
        assert asked(wire, "Set furnace 1600").startswith("ERROR 004")
        instrument.wait_for(r"> SETP 1,200\.000;")
    server.terminate()
    instrument.wait_for(r"> SETP 1,20\.000;SETP\? 1<CR><LF>")
    server.wait_for_end()
    assert "SETP 1,1200.000" not in instrument.log


def asked(wire: Wire, command: str) -> str:
    wire.send(f"{command}\n".encode())
    return wire.line()
