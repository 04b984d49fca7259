"""Hostile clients beside good ones: one flood after another, and what the good ones notice.

``python -m tests.faults.hostile [--seconds 5] [--slower 1] [FLOOD ...]`` prints a row for each:
the good clients' latencies, what both processes worked before a reply (99th percentile), their
memory in MiB, and the promises that were broken. Exit status 0 where all is in bounds: no promise
broken, each process below 300 MiB, and the 99th percentile below 50 ms (times ``--slower``), of the
latencies or, where other programs keep the machine busy, of that work.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults.hostile.flooding import HEADING, Outcome, flood
from tests.faults.hostile.floods import FLOODS, may_forge
from tests.faults.hostile.laboratory import FloodedLaboratory
from tests.faults.soak import allow_files
from tests.integration.processes import Processes


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.hostile", description=__doc__)
    parser.add_argument("floods", nargs="*", metavar="FLOOD", help=f"of {', '.join(FLOODS)}")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each flood")
    parser.add_argument(
        "--slower", type=float, default=1.0, help="how many times slower than a quiet machine"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.floods) - set(FLOODS):
        parser.error(f"no such flood: {', '.join(sorted(unknown))}")
    allow_files()
    kept = True
    sys.stdout.write(f"{HEADING}\n")
    with tempfile.TemporaryDirectory() as folder:
        for number, name in enumerate(options.floods or FLOODS):
            if name == "forged datagrams" and not may_forge():
                sys.stdout.write(f"{name:<24}not tried: only root may forge\n")
                continue
            outcome = _in_a_fresh_laboratory(Path(folder, str(number)), name, options.seconds)
            sys.stdout.write(f"{outcome.row()}\n")
            sys.stdout.writelines(f"    {each[:200]}\n" for each in outcome.unsound[:5])
            sys.stdout.flush()
            prompt = outcome.is_prompt(options.slower)
            kept = kept and not outcome.unsound and outcome.keeps_memory and prompt
    return 0 if kept else 1


def _in_a_fresh_laboratory(folder: Path, name: str, seconds: float) -> Outcome:
    folder.mkdir()
    processes = Processes(folder)
    try:
        return flood(FloodedLaboratory(processes), name, seconds)
    finally:
        processes.end()


if __name__ == "__main__":
    sys.exit(main())
