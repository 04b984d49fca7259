"""A flood beside good clients, and what becomes of them."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.counting import actuations
from tests.faults.hostile import floods, good_clients
from tests.faults.hostile.floods import Target
from tests.faults.hostile.good_clients import Watch
from tests.faults.hostile.laboratory import FloodedLaboratory
from tests.integration.processes import RunningProcess

#: What the good clients' 99th percentile, in seconds, and a process may come to.
PROMPTLY = 0.05
MEMORY = 300 << 20

# Seconds that a flood may take beyond its own time, on any machine.
_END = 120.0


@dataclass(frozen=True)
class Outcome:
    """What the good clients saw of one flood; memory is the most that a process had, in bytes."""

    flood: str
    asked: int
    p50: float
    p99: float
    server: int
    processor: int
    unsound: Sequence[str]

    @property
    def keeps_memory(self) -> bool:
        return max(self.server, self.processor) < MEMORY

    def is_prompt(self, factor: float) -> bool:
        """On a machine so many times slower than a quiet one."""
        return self.p99 < PROMPTLY * factor

    def row(self) -> str:
        return (
            f"{self.flood:<24}{self.asked:>7}{self.p50 * 1000:>9.1f}{self.p99 * 1000:>9.1f}"
            f"{self.server >> 20:>9}{self.processor >> 20:>11}{len(self.unsound):>9}"
        )


HEADING = (
    f"{'flood':<24}{'asked':>7}{'p50 ms':>9}{'p99 ms':>9}{'server':>9}{'processor':>11}"
    f"{'unsound':>9}"
)


def flood(laboratory: FloodedLaboratory, name: str, seconds: float, share: float = 1.0) -> Outcome:
    """Let one loose for so long; ``share`` is how much of it."""
    watch = Watch(laboratory.accounts)
    target = Target(laboratory.ports, seconds, share)
    hostile = multiprocessing.get_context("spawn").Process(target=floods.run, args=(name, target))
    hostile.start()
    try:
        asyncio.run(good_clients.run(laboratory.ports, watch, seconds))
        hostile.join(_END)
        assert hostile.exitcode == 0, f"the flood itself ended with {hostile.exitcode}"
    finally:
        hostile.kill()
        hostile.join()
    p50, p99 = watch.percentiles()
    return Outcome(
        flood=name,
        asked=len(watch.latencies),
        p50=p50,
        p99=p99,
        server=memory(laboratory.server),
        processor=memory(laboratory.processor),
        unsound=_unsound(laboratory, watch),
    )


def _unsound(laboratory: FloodedLaboratory, watch: Watch) -> list[str]:
    """Each promise to the good clients that was broken, in words."""
    accounts, actuated = watch.accounts, actuations(laboratory.counting.record)
    return [
        *(f"{command}: {reply}" for command, reply in watch.wrong),
        *(f"lost: {value}" for value in accounts.lost(actuated)),
        *(f"doubled: {value}" for value in accounts.doubled(actuated)),
        *(f"misdelivered: {value}: {reply}" for value, reply in accounts.misdelivered),
    ]


def memory(process: RunningProcess) -> int:
    """The most that it has had, in bytes."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024
