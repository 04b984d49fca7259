"""A laser that is an instrument, from a client's line to the instrument's wire and back."""

from __future__ import annotations

import re
import signal
import threading
from contextlib import ExitStack
from pathlib import Path

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, server_address
from tests.integration.processes import Processes, RunningProcess, wait_until
from tests.integration.test_instruments import asked, simulated

_STAGE = Path(__file__).parents[2] / "pychron_comms/instruments/library/newport-esp.toml"

_LAB = f"""
[instrument.board]
description = "fusions-logic-board"
link = "%s"
[instrument.esp]
description = "esp.toml"
link = "%s"
[laser.co2]
instrument = "board.laser"
[laser.co2.axes]
x = "esp.axis(1)"
y = "esp.axis(2)"
[laser.co2.patterns.line]
offsets = [0.25, 0.0, -0.25, 0.0]
pause = 0.2
duration = 600
[[extraction_line.valve]]
name = "A"
[[device]]
name = "attenuator"
kind = "instrument"
instrument = "esp.axis(3)"
[[server.listener]]
type = "CO2"
listen = ["{ANY_PORT}"]
[[server.listener]]
type = "System"
listen = ["{ANY_PORT}"]
"""


def laboratory(
    processes: Processes, *faults: str
) -> tuple[RunningProcess, RunningProcess, RunningProcess]:
    """The server, the laser's board and the stage."""
    board, board_link = simulated(processes, "fusions-logic-board", "--listen", "pty", *faults)
    # On a machine that is busy the stage takes its time.
    text = _STAGE.read_text("utf-8").replace("[wire]\n", "[wire]\nfirst_byte = 20.0\n")
    (processes.folder / "esp.toml").write_text(text)
    stage, stage_link = simulated(processes, "esp.toml")
    (processes.folder / "lab.toml").write_text(_LAB % (board_link, stage_link))
    server = processes.twistd("pychron-server", "--config=lab.toml", "--http=off")
    server.wait_for("connected to the instrument at tcp:")
    return server, board, stage


def told(board: RunningProcess) -> list[str]:
    """What the board was told to do, in its order."""
    heard = "".join(line for line in board.log.splitlines() if line.startswith(">"))
    return re.findall(r";LB\.((?:ENBL|PDC) [\d.]+)<CR>", heard)


def co2(server: RunningProcess) -> Wire:
    return Wire(server_address(server, "CO2"))


def test_a_round_of_extraction(processes: Processes) -> None:
    server, board, stage = laboratory(processes)
    with co2(server) as wire, Wire(server_address(server)) as system:
        wait_until(lambda: asked(wire, "GetError") == "OK", "the board")
        assert asked(wire, "SetLaserPower 10").startswith("ERROR 102")
        for command in ("Enable", "SetLaserPower 12.5", "SetX 1.5", "SetLaserPower 0", "Disable"):
            assert asked(wire, command) == "OK", command
        assert asked(wire, "GetPosition").startswith("1.5")
        assert asked(wire, "SetLaserPower 10").startswith("ERROR 102")
        assert asked(system, "Set attenuator 3.5") == "OK"
        assert asked(system, "Read attenuator") == "3.5"
    assert told(board) == ["ENBL 1", "PDC 12.50", "PDC 0.00", "ENBL 0", "PDC 0.00"]
    assert "1PA1.5000" in stage.log
    assert "3PA3.5000" in stage.log


def test_a_pattern_is_aborted(processes: Processes) -> None:
    server, _, stage = laboratory(processes)
    with co2(server) as wire:
        wait_until(lambda: asked(wire, "SetXY 1.0,2.0") == "OK", "the stage")
        assert asked(wire, "GetPatternNames") == "line"
        assert asked(wire, "DoPattern line.lp") == "OK"
        stage.wait_for(r"1PA1\.2500[^\0]*1PA0\.7500[^\0]*1PA1\.2500")
        assert asked(wire, "IsPatterning") == "True"
        assert asked(wire, "AbortPattern") == "OK"
        assert asked(wire, "IsPatterning") == "False"
        # Nothing answers a stop of this stage: it is told after the client is.
        stage.wait_for("2ST")
        # What is asked now is behind all that was sent.
        assert asked(wire, "GetPosition") != ""
        moves = re.findall(r"\dPA[\d.]+|\dST", stage.log)
        assert moves[-2:] == ["1ST", "2ST"]


def test_disable_goes_first_on_a_wire_that_is_busy(processes: Processes) -> None:
    """Every answer takes its time, and many ask; the board is dark before they are done."""
    server, board, _ = laboratory(processes, "--faults", "late=0.3s")
    with co2(server) as wire, ExitStack() as stack:
        wait_until(lambda: asked(wire, "Enable") == "OK", "the board")
        assert asked(wire, "SetLaserPower 50") == "OK"
        others = [stack.enter_context(co2(server)) for _ in range(8)]
        for number, other in enumerate(others):
            other.send(f"SetLaserPower {20 + number}\n".encode())
        assert asked(wire, "Disable") == "OK"
        replies = [other.line() for other in others]
    acts = told(board)
    dark = acts.index("ENBL 0")
    # What was overtaken was told so, and nothing gives power behind it.
    assert set(acts[dark:]) <= {"ENBL 0", "PDC 0.00"}
    given = sum(each.startswith("PDC 2") for each in acts)
    assert replies.count("OK") <= given


def test_disable_while_the_board_hangs(processes: Processes) -> None:
    """It is told at once, unheard, and again; nobody is told that it was."""
    server, board, _ = laboratory(processes)
    with co2(server) as wire:
        wait_until(lambda: asked(wire, "Enable") == "OK", "the board")
        board.signal(signal.SIGSTOP)
        try:
            reply = asked(wire, "Disable")
            assert reply.startswith(("ERROR 201", "ERROR 101"))
        finally:
            board.signal(signal.SIGCONT)
        wait_until(lambda: "ENBL 0" in told(board), "the command that waits on its line")
        assert told(board).count("ENBL 1") == 1
        wait_until(lambda: asked(wire, "Disable") == "OK", "the board again")


def test_a_stop_of_the_processor_disables_it(processes: Processes) -> None:
    server, board, _ = laboratory(processes)
    with co2(server) as wire:
        wait_until(lambda: asked(wire, "Enable") == "OK", "the board")
        ended = threading.Thread(target=server.wait_for_end)
        ended.start()
        server.terminate()
        ended.join()
    assert told(board)[1:] == ["ENBL 0", "PDC 0.00"]
