"""A soak: many clients, faults on every line, a processor that is killed again and again.

``python -m tests.faults.soak --clients 1000 --seconds 60 [--seed N]`` prints what was held and what
went wrong. Exit status 0 where nothing was lost, doubled or misdelivered, 1 where something was.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from tests.faults.accounts import SUCCESS, Accounts
from tests.faults.asking import ask_together
from tests.faults.counting import sealed
from tests.faults.laboratories import CountingLaboratory, address_of, wait_until_answered
from tests.faults.proxy import Proxy
from tests.faults.soak_clients import (
    Client,
    Ground,
    Route,
    careful_client,
    keyed_client,
    laser_client,
    tagged_client,
    valve_client,
)
from tests.faults.soak_faults import (
    EVERY_FAULT,
    Trouble,
    corrupting_plan,
    keyed_plan,
    plain_plan,
    resending_plan,
)
from tests.integration.clients import Address, Wire
from tests.integration.processes import Processes, RunningProcess

# Commands a second that all clients together ask for. With more, this one process of clients and
# faulty lines falls behind, and a line takes a reply for a client that is gone: what that one sends
# again, no server can tell from a new command.
_RATE = 400.0
_PROMPT, _SLOW, _SLOWNESS = 8, 8, 0.002
# Seconds in which the clients end what they have begun, on any machine.
_END = 60.0
# Seconds after which a soak that has not seen everything ends all the same.
_MOST = 120.0
_POLL = 0.1
_FILES = 16384


@dataclass(frozen=True)
class Result:
    """What a soak has held, and what went wrong."""

    clients: int
    keyed: int
    seconds: float
    latencies: Sequence[float]
    injected: Counter[str]
    kinds: Counter[str]
    #: By what the client is.
    successes: Counter[str]
    actuated: int
    lost: Sequence[str]
    doubled: Sequence[str]
    misdelivered: Sequence[tuple[str, str]]
    begun_all_the_same: Sequence[str]

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.doubled or self.misdelivered or self.begun_all_the_same)

    def table(self) -> str:
        commands = self.kinds.total()
        cuts = quantiles(self.latencies, n=100) if len(self.latencies) > 1 else [0.0] * 99
        rows: list[tuple[str, object]] = [
            ("clients", self.clients),
            ("of them with keys", self.keyed),
            ("seconds", f"{self.seconds:.1f}"),
            ("commands", commands),
            ("commands/s", f"{commands / self.seconds:.0f}"),
            ("latency p50", f"{cuts[49] * 1000:.1f} ms"),
            ("latency p99", f"{cuts[98] * 1000:.1f} ms"),
            *((f"fault: {kind}", count) for kind, count in sorted(self.injected.items())),
            *((f"reply: {_called(kind)}", count) for kind, count in self.kinds.most_common()),
            ("actuations", self.actuated),
            ("lost", len(self.lost)),
            ("doubled", len(self.doubled)),
            ("misdelivered", len(self.misdelivered)),
            ("begun after a refusal", len(self.begun_all_the_same)),
        ]
        return "\n".join(f"{name:<24}{value:>12}" for name, value in rows)


def _called(kind: str) -> str:
    return f"ERROR {kind}" if kind.isdigit() else kind


def soak(folder: Path, clients: int, seconds: float, seed: int) -> Result:
    """Run one in ``folder``.

    A slow machine is given more time, within bounds: until each fault was injected, the processor
    was killed, and each kind of client has had a success.
    """
    processes = Processes(folder)
    try:
        return _soak(processes, clients, seconds, seed)
    finally:
        processes.end()


def _soak(processes: Processes, clients: int, seconds: float, seed: int) -> Result:
    laboratory = CountingLaboratory(processes, _PROMPT, _SLOW, _SLOWNESS)
    processor = laboratory.start_processor()
    accounts = Accounts()
    with contextlib.ExitStack() as stack:
        hop = stack.enter_context(Proxy(laboratory.socket))
        address = address_of(laboratory.start_roomy_server(hop.endpoint))
        plans = {
            valve_client: resending_plan(seed),
            laser_client: resending_plan(seed + 1),
            tagged_client: plain_plan(seed),
            careful_client: corrupting_plan(seed),
        }
        keyed, processor = _keys_hold(laboratory, address, processor)
        if keyed:
            plans[keyed_client] = keyed_plan(seed)
        lines = [
            (client, stack.enter_context(Proxy(address, plan=plan, mirror=True)))
            for client, plan in plans.items()
        ]
        trouble = Trouble(laboratory, hop, processor, seed, max(3.0, seconds / 6))
        ground = Ground(
            accounts, laboratory.devices, random.Random(seed), asyncio.Event(), clients / _RATE * 2
        )

        def injected() -> Counter[str]:
            counts = Counter({"kill -9": trouble.kills})
            for proxy in (hop, *(line for _, line in lines)):
                counts += proxy.injected
            return counts

        def has_seen_all() -> bool:
            return set(injected()) >= EVERY_FAULT and set(ground.successes) >= set(ground.clients)

        trouble.start()
        begin = time.monotonic()
        try:
            asyncio.run(_run_clients(ground, lines, clients, seconds, has_seen_all))
        finally:
            spent = time.monotonic() - begin
            trouble.end()
        # What was begun has ended: the road is idle, and goes on.
        wait_until_answered(address)
        last = ask_together(accounts, address, laboratory.devices, _END)
        assert set(last) == {SUCCESS}, last
    return _result(ground, laboratory, spent, injected())


def _result(
    ground: Ground, laboratory: CountingLaboratory, seconds: float, injected: Counter[str]
) -> Result:
    accounts, actuated = ground.accounts, laboratory.actuated
    return Result(
        clients=ground.clients.total(),
        keyed=ground.clients["keyed_client"],
        seconds=seconds,
        latencies=ground.latencies,
        injected=injected,
        kinds=accounts.kinds(),
        successes=ground.successes,
        actuated=actuated.total(),
        lost=accounts.lost(actuated),
        doubled=ground.doubled(laboratory.record.read_text("ascii").split()),
        misdelivered=accounts.misdelivered,
        begun_all_the_same=accounts.begun_all_the_same(actuated),
    )


def _keys_hold(
    laboratory: CountingLaboratory, address: Address, processor: RunningProcess
) -> tuple[bool, RunningProcess]:
    """Whether a command with a key is run once, also when the processor is killed; by trying.

    And the processor that runs then.
    """
    value = sealed(0)
    for _ in range(2):
        wait_until_answered(address)
        with Wire(address) as wire:
            wire.ask(f"@id=1;key=probe Count prompt-0 {value}")
        processor.kill()
        processor = laboratory.start_processor()
    once = laboratory.actuated[value] == 1
    laboratory.record.write_text("")
    wait_until_answered(address)
    return once, processor


async def _run_clients(
    ground: Ground,
    lines: Sequence[tuple[Client, Proxy]],
    clients: int,
    seconds: float,
    has_seen_all: Callable[[], bool],
) -> None:
    ground.stop = asyncio.Event()
    tasks = []
    for number in range(clients):
        client, proxy = lines[number % len(lines)]
        assert isinstance(proxy.address, tuple)
        ground.clients[client.__name__] += 1
        # Each is a computer of its own: what one asks says nothing of what another waits for.
        route = Route(f"127.1.{number // 250}.{number % 250 + 1}", proxy.address)
        tasks.append(asyncio.ensure_future(client(ground, route)))
    begin = time.monotonic()
    await asyncio.sleep(seconds)
    while not has_seen_all() and time.monotonic() - begin < _MOST:
        await asyncio.sleep(_POLL)
    ground.stop.set()
    done, late = await asyncio.wait(tasks, timeout=_END)
    for task in late:
        task.cancel()
    for task in done:
        task.result()
    assert not late, f"{len(late)} clients did not end"


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    allow_files()
    with tempfile.TemporaryDirectory() as folder:
        result = soak(Path(folder), options.clients, options.seconds, options.seed)
    sys.stdout.write(f"{result.table()}\n")
    for name in ("lost", "doubled", "misdelivered", "begun_all_the_same"):
        for each in list(getattr(result, name))[:10]:
            sys.stdout.write(f"{name}: {each}\n")
    return 0 if result.is_sound else 1


def allow_files() -> None:
    """Let this process and those that it starts open more connections than the usual limit."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


if __name__ == "__main__":
    sys.exit(main())
