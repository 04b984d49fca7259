"""One round of all peers that are installed, each in fresh processes."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

from benchmarks.measures import LOADS, Figures, Round
from benchmarks.peers import PEERS
from benchmarks.systems import PATIENCE, NotRunningError, first_line

#: The kind of command in the figures of a peer.
OWN_CLIENT = "its own client"

_LOADS = ("serial", "16 clients")


def installed() -> dict[str, str]:
    """The peers that can be measured here, each with its version."""
    found = {}
    for name, (distribution, _) in PEERS.items():
        try:
            found[name] = version(distribution)
        except PackageNotFoundError:
            print(
                f"benchmarks: {distribution} is not installed; its row is left out: "
                "pip install '.[bench]'",
                file=sys.stderr,
            )
    return found


def one_round(names: dict[str, str], seconds: float) -> Round:
    """``names`` with their versions. Raises NotRunningError."""
    found: Round = {}
    for name, release in names.items():
        command = [sys.executable, "-m", "benchmarks.peers", name]
        with subprocess.Popen([*command, "serve"], stdout=subprocess.PIPE) as serving:
            try:
                address = first_line(serving).decode().strip()
                for load in _LOADS:
                    key = (f"{PEERS[name].title} {release}", OWN_CLIENT, load)
                    found[key] = _loaded([*command, "load", address], load, seconds)
            finally:
                serving.kill()
    return found


def _loaded(command: list[str], load: str, seconds: float) -> Figures:
    done = subprocess.run(
        [*command, str(LOADS[load].clients), str(seconds)],
        capture_output=True,
        text=True,
        timeout=PATIENCE + seconds,
        check=False,
    )
    if done.returncode:
        raise NotRunningError(f"{command}: {done.stderr[-800:]}")
    figures: Figures = json.loads(done.stdout)
    return figures
