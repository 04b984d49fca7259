"""Modbus over TCP and a serial line, with units that are simulated and one that is not ours."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, server_address
from tests.integration.processes import Processes, RunningProcess, run_forked, wait_until
from tests.integration.test_instruments import asked, simulated

_TOOL = (sys.executable, "-m", "pychron_comms.instruments.tool")
_UNIT = Path(__file__).with_name("modbus_unit.py")
_LIBRARY = Path(__file__).parents[2] / "pychron_comms/instruments/library"

_LAB = f"""
[instrument.plc]
description = "%s"
link = "%s"
[[extraction_line.valve]]
name = "A"
instrument = "plc.valve(3)"
[[extraction_line.valve]]
name = "B"
instrument = "plc.valve(4)"
[[server.listener]]
type = "System"
listen = ["{ANY_PORT}"]
"""


def laboratory(processes: Processes, description: str, link: str) -> RunningProcess:
    (processes.folder / "lab.toml").write_text(_LAB % (description, link))
    return processes.twistd("pychron-server", "--config=lab.toml", "--http=off")


def written(unit: RunningProcess, coil: str) -> int:
    """How often a simulated unit was told so."""
    return len(re.findall(rf"^> .*\b{coil}\b", unit.log, re.MULTILINE))


@pytest.mark.parametrize("way", [(), ("--listen", "pty"), ("--rtu",)])
def test_a_valve_is_moved_once_and_seen_by_its_switches(
    processes: Processes, way: tuple[str, ...]
) -> None:
    unit, link = simulated(processes, "modbus-valves", *way)
    server = laboratory(processes, "modbus-valves", link)
    with Wire(server_address(server)) as wire:
        wait_until(lambda: asked(wire, "GetValveState A") == "False", "the unit")
        assert asked(wire, "Open A") == "OK"
        assert asked(wire, "GetValveState A") == "True"
        assert asked(wire, "GetValveState B") == "False"
        assert asked(wire, "Close A") == "OK"
        assert asked(wire, "GetValveState A") == "False"
    assert written(unit, "05 00 02 FF 00") == 1


def test_a_unit_that_is_not_ours(processes: Processes) -> None:
    unit = processes.start(sys.executable, str(_UNIT))
    link = unit.wait_for(r"listening: (\S+)\n")[1]
    server = laboratory(processes, "modbus-coils", link)
    with Wire(server_address(server)) as wire:
        wait_until(lambda: asked(wire, "GetValveState A") == "False", "the unit")
        assert asked(wire, "Open A") == "OK"
        assert asked(wire, "GetValveState A") == "True"
        unit.kill()
        server.wait_for("lost the instrument at modbus")
        assert asked(wire, "GetValveState A").startswith("ERROR 010")
        assert asked(wire, "Open B").startswith("ERROR 008")


@pytest.mark.parametrize(("product", "reply"), [("V64", "OK"), ("V65", "ERROR 008")])
def test_a_unit_says_what_it_is(processes: Processes, product: str, reply: str) -> None:
    """One that is none of ours is told something only when it is the one that is meant."""
    unit = processes.start(sys.executable, str(_UNIT))
    link = unit.wait_for(r"listening: (\S+)\n")[1]
    text = (_LIBRARY / "modbus-coils.toml").read_text("utf-8")
    identify = f'[identify]\ndevice = "product"\nmatch = "^{product}$"\nanswer = "{product}"\n'
    (processes.folder / "unit.toml").write_text(text + identify)
    server = laboratory(processes, "unit.toml", link)
    with Wire(server_address(server)) as wire:
        if reply == "OK":
            wait_until(lambda: asked(wire, "GetValveState A") == "False", "the unit")
        else:
            server.wait_for("not identified: it says that it is 'V64'")
        assert asked(wire, "Open A").startswith(reply)


# No answer; or no time was left for one, behind a Close that is said until it is heard.
_NOT_KNOWN = ("ERROR 010", "ERROR 201")


@pytest.mark.parametrize("way", [(), ("--listen", "pty")])
def test_answers_that_come_too_late_are_no_other_s(
    processes: Processes, way: tuple[str, ...]
) -> None:
    """Each comes a second after its patience. The unit does what it is told, and nobody sees it."""
    text = (_LIBRARY / "modbus-valves.toml").read_text("utf-8")
    (processes.folder / "slow.toml").write_text(
        text.replace("[wire]\n", "[wire]\nfirst_byte = 0.5\nlate = 3.0\n")
    )
    unit, link = simulated(processes, "slow.toml", "--faults", "late=1.5s", *way)
    server = laboratory(processes, "slow.toml", link)
    server.wait_for("no answer in time")
    with Wire(server_address(server)) as wire:
        assert asked(wire, "GetValveState A").startswith(_NOT_KNOWN)
        # Nothing is sent while the connection is made anew.
        wait_until(lambda: asked(wire, "Open A").startswith("ERROR 201"), "an open connection")
        wait_until(lambda: asked(wire, "Close B").startswith("ERROR 201"), "an open connection")
        assert asked(wire, "GetValveState A").startswith(_NOT_KNOWN)
    assert written(unit, "05 00 02 FF 00") == 1
    assert written(unit, "05 00 03 00 00") >= 1


def test_try_shows_the_bytes_and_learn_makes_tests_of_them(processes: Processes) -> None:
    _, link = simulated(processes, "modbus-valves", "--listen", "pty")
    tried = run_forked(
        *_TOOL, "try", "modbus-valves", "valve(1).state", "--link", link, folder=processes.folder
    )
    assert tried.stdout.splitlines() == [
        "> 01 02 00 00 00 40 79 FA",
        "< 01 02 08 AA AA AA AA AA AA AA AA BB 2A",
        "closed",
    ]
    (processes.folder / "talk.txt").write_text(tried.stdout)
    learned = run_forked(*_TOOL, "learn", "modbus-valves", "talk.txt", folder=processes.folder)
    assert learned.stdout == (
        "# item.valve.read.state\n"
        '{ with = { unit = 1, valve = 1 }, wire = ["> 01 02 00 00 00 40", '
        '"< 01 02 08 AA AA AA AA AA AA AA AA"], gives = "closed" },\n'
    )
