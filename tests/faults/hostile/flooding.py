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
from tests.faults.hostile.good_clients import Watch, percentiles
from tests.faults.hostile.laboratory import FloodedLaboratory
from tests.integration.processes import RunningProcess

#: What the good clients' 99th percentile, in seconds, and a process may come to.
PROMPTLY = 0.05
MEMORY = 300 << 20

# Seconds that a flood may take beyond its own time, on any machine.
_END = 120.0


@dataclass(frozen=True)
class Outcome:
    """What the good clients saw of one flood; memory is the most that a process had, in bytes.

    ``work``: the 99th percentile of what both processes worked before a reply, in seconds.
    """

    flood: str
    asked: int
    p50: float
    p99: float
    work: float
    server: int
    processor: int
    unsound: Sequence[str]

    @property
    def keeps_memory(self) -> bool:
        return max(self.server, self.processor) < MEMORY

    def is_prompt(self, factor: float) -> bool:
        """On a machine so many times slower than a quiet one; other programs count for nothing."""
        return min(self.p99, self.work) < PROMPTLY * factor

    def row(self) -> str:
        return (
            f"{self.flood:<24}{self.asked:>7}{self.p50 * 1000:>9.1f}{self.p99 * 1000:>9.1f}"
            f"{self.work * 1000:>9.1f}{self.server >> 20:>9}{self.processor >> 20:>11}"
            f"{len(self.unsound):>9}"
        )


HEADING = (
    f"{'flood':<24}{'asked':>7}{'p50 ms':>9}{'p99 ms':>9}{'work ms':>9}{'server':>9}"
    f"{'processor':>11}{'unsound':>9}"
)


def flood(laboratory: FloodedLaboratory, name: str, seconds: float, share: float = 1.0) -> Outcome:
    """Let one loose for so long; ``share`` is how much of it."""
    processes = laboratory.server, laboratory.processor
    watch = Watch(laboratory.accounts, lambda: sum(map(worked, processes)))
    target = Target(laboratory.ports, seconds, share)
    context = multiprocessing.get_context("spawn")
    begins = context.Event()
    hostile = context.Process(target=floods.run, args=(name, target, begins))
    hostile.start()
    try:
        assert begins.wait(_END), "the flood did not begin"
        asyncio.run(good_clients.run(laboratory.ports, watch, seconds))
        hostile.join(_END)
        assert hostile.exitcode == 0, f"the flood itself ended with {hostile.exitcode}"
    finally:
        hostile.kill()
        hostile.join()
    p50, p99 = percentiles(watch.latencies)
    return Outcome(
        flood=name,
        asked=len(watch.latencies),
        p50=p50,
        p99=p99,
        work=percentiles(watch.work)[1],
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


def worked(process: RunningProcess) -> float:
    """Seconds that its main thread, where the reactor is, has had of a processor."""
    return int(Path(f"/proc/{process.pid}/schedstat").read_text().split()[0]) / 1e9
