"""Drawn takeovers in real processes, at a real broker: some of those that the runner draws.

``python -m tests.faults.takeovers --real FILE 0-499`` runs more.
"""

from __future__ import annotations

from pathlib import Path

from tests.faults.takeovers.real_runs import lines_of, run
from tests.integration.brokers import need_broker

#: One owner is killed, one is cut off, one is frozen past its lease and goes on.
HISTORIES = (1, 2)


def test_the_promises_hold_in_real_processes(tmp_path: Path) -> None:
    need_broker()
    log = tmp_path / "log"
    run(HISTORIES, log)
    lines = lines_of(log)
    assert [line.get("broken") for line in lines] == [None] * len(HISTORIES), lines
    seen = {what for line in lines for what in line["seen"]}
    assert seen >= {"killed", "cut", "frozen past its lease", "commands"}
    assert sum(line["obeyed"] for line in lines) > 0
