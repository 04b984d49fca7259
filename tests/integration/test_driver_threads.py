"""Drivers that block, in their own threads, over a processor that runs: what they really did.

Each of these failed at commit f156da4.
"""

from __future__ import annotations

import signal
import sys
import time
from typing import NamedTuple

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, HOST, port_of
from tests.integration.processes import Processes, RunningProcess, wait_until


class Seen(NamedTuple):
    """What the hardware obeyed, and when."""

    at: float
    part: str
    value: str


class Bench:
    """A processor with this hardware, and what its witness has seen."""

    def __init__(self, processes: Processes, hardware: str) -> None:
        self._record = processes.folder / "record"
        self._record.write_text("")
        self._until = processes.folder / "until"
        text = hardware.replace("RECORD", f'record = "{self._record}"')
        text = text.replace("HELD", f'until = "{self._until}"')
        (processes.folder / "lab.toml").write_text(text)
        self.process: RunningProcess = processes.twistd(
            "pychron-processor",
            "--config=lab.toml",
            f"--listen={ANY_PORT}",
            PYTHONPATH=":".join(path for path in sys.path if path),
        )
        self.address = HOST, port_of(self.process, "CommandProcessor")

    def seen(self, part: str) -> list[Seen]:
        lines = [line.split() for line in self._record.read_text().splitlines()]
        return [Seen(float(at), name, value) for at, name, value in lines if name == part]

    def values(self, part: str) -> list[str]:
        return [each.value for each in self.seen(part)]

    def wait_until_begun(self, *parts: str) -> None:
        """Until what is ``HELD`` has begun to move these."""
        wait_until(lambda: self.values("begun") == list(parts), f"{parts} to be begun")

    def let_go(self) -> None:
        """What is ``HELD`` obeys from now on."""
        self._until.touch()


class Asker(Wire):
    """Asks many things at once, each by an id, and takes the replies as they come."""

    def ask(self, number: str, line: str, tags: str = "") -> None:
        self.send(f"@id={number}{tags} {line}\n".encode())


_LINE = """
[manager.extraction_line]
class = "tests.integration.witness:{valves}"
RECORD
{keys}
"""
_HEATER = """
[manager.heater]
class = "tests.integration.witness:Heater"
RECORD
"""
_RULE = """
[[interlock]]
command = "{command}"
only_if = ["{only_if}"]
"""


_LASER = """
[manager.co2]
class = "tests.integration.witness:Laser"
RECORD
HELD
"""


def line(valves: str = "Valves", **keys: float) -> str:
    return _LINE.format(
        valves=valves, keys="\n".join(f"{key} = {value}" for key, value in keys.items())
    )


def held_line(valves: str = "Valves", **keys: float) -> str:
    """What of it takes any time is held until the bench lets it go."""
    return f"{line(valves, **keys)}HELD\n"


def test_what_was_accepted_before_a_close_does_not_open_the_valve_after_it(
    processes: Processes,
) -> None:
    rule = _RULE.format(command="Hardware|Set heater", only_if="System|GetValveState W is False")
    bench = Bench(processes, held_line(looking=1.0) + _HEATER + rule)
    with Asker(bench.address) as asker:
        # Its interlock reads the valves, whose one thread is taken by that.
        asker.ask("heat", "Hardware|Set heater 0")
        bench.wait_until_begun("W")
        asker.ask("open", "System|Open V")
        asker.ask("close", "System|Close V")
        assert asker.replies("open")["open"].startswith("ERROR 210 : ")
        bench.let_go()
        assert asker.replies("heat", "close")["close"] == "OK"
    time.sleep(1.0)
    assert bench.values("V") == ["closed"]


def test_a_flood_of_checks_makes_nothing_run_late(processes: Processes) -> None:
    rule = _RULE.format(command="Hardware|Set heater", only_if="System|GetValveState W is False")
    bench = Bench(processes, line(looking=0.05) + _HEATER + rule)
    with Asker(bench.address) as asker:
        for number in range(100):
            asker.ask(f"c{number}", "Hardware|Check Set heater 0")
        sent = time.monotonic()
        asker.ask("open", "System|Open V", ";within=1")
        reply = asker.replies("open", "c99")["open"]
    assert reply == "OK" or reply.startswith("ERROR 202 : ")
    assert bench.values("V") == (["open"] if reply == "OK" else [])
    assert all(each.at < sent + 1.1 for each in bench.seen("V"))


def test_ok_is_true_where_an_open_was_under_way(processes: Processes) -> None:
    bench = Bench(processes, held_line(opening=0.6))
    with Asker(bench.address) as asker:
        asker.ask("open", "System|Open V")
        bench.wait_until_begun("V")
        asker.ask("close", "System|Close V")
        wait_until(lambda: bench.values("V") == ["closed"], "it to be closed at once")
        bench.let_go()
        assert asker.replies("close")["close"] == "OK"
        # Closed at once, and again after it was opened.
        assert bench.values("V") == ["closed", "open", "closed"]


def test_a_laser_is_put_out_beside_a_stage_that_moves(processes: Processes) -> None:
    """Its `OK` waits for what gives light, and for nothing else; nor is that dropped."""
    bench = Bench(processes, _LASER)
    with Asker(bench.address) as asker:
        asker.ask("move", "CO2|SetXY 1,1")
        asker.ask("again", "CO2|SetXY 2,2")
        bench.wait_until_begun("stage")
        asker.ask("disable", "CO2|Disable")
        assert asker.replies("disable") == {"disable": "OK"}
        assert bench.seen("stage") == []
        assert bench.values("laser") == ["off"]
        bench.let_go()
        assert asker.replies("move", "again") == {"move": "OK", "again": "OK"}


def test_closes_of_a_slow_driver_are_all_done(processes: Processes) -> None:
    bench = Bench(processes, line(closing=0.3))
    numbers = [str(number) for number in range(20)]
    with Asker(bench.address) as asker:
        for number in numbers:
            asker.ask(number, f"System|Close V{number}")
        replies = asker.replies(*numbers)
    assert set(replies.values()) == {"OK"}


def test_as_many_closes_at_a_time_as_the_driver_takes(processes: Processes) -> None:
    bench = Bench(processes, held_line("WideValves", closing=0.5))
    numbers = [str(number) for number in range(12)]
    with Asker(bench.address) as asker:
        for number in numbers:
            asker.ask(number, f"System|Close V{number}")
        wait_until(lambda: len(bench.seen("begun")) >= 6, "six to be begun")
        time.sleep(0.3)
        assert len(bench.seen("begun")) == 6
        bench.let_go()
        replies = asker.replies(*numbers)
    assert set(replies.values()) == {"OK"}


def test_a_driver_that_hangs_behind_an_interlock_stops_nobody_else(processes: Processes) -> None:
    # Each reads its own manager.
    rules = [
        _RULE.format(command="Hardware|Set heater", only_if="Hardware|Read heater < 1"),
        _RULE.format(command="System|Open V", only_if="System|GetValveState W is False"),
    ]
    bench = Bench(processes, line() + _HEATER + "".join(rules))
    with Asker(bench.address) as asker:
        asker.ask("heat", "Hardware|Set heater 20")
        time.sleep(0.3)
        begun = time.monotonic()
        asker.ask("open", "System|Open V")
        asker.ask("read", "System|GetValveState V")
        replies = asker.replies("open", "read")
    assert replies == {"open": "OK", "read": "False"}
    # The heater takes twenty.
    assert time.monotonic() - begun < 10


def test_a_laser_is_put_out_at_once_at_the_stop_and_again_after_what_ran(
    processes: Processes,
) -> None:
    bench = Bench(processes, _LASER)
    with Asker(bench.address) as asker:
        asker.ask("enable", "CO2|Enable")
        bench.wait_until_begun("laser")
        bench.process.terminate()
        # While it is still being enabled.
        wait_until(lambda: bench.seen("laser"), "the laser to be put out")
        # What makes safe is still taken.
        asker.ask("disable", "CO2|Disable")
        wait_until(lambda: bench.values("laser") == ["off", "off"], "it to be put out again")
        bench.let_go()
        replies = asker.replies("enable", "disable")
    assert replies["disable"] == "OK"
    assert bench.process.wait_for_end() == -signal.SIGTERM
    values = bench.values("laser")
    assert values[:2] == ["off", "off"]
    assert values[-1] == "off"
    assert "on" in values
