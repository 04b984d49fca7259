"""The clients that a flood must not harm: they look, actuate and make safe, and time each reply.

On a busy machine a clock tells more of the machine than of the road. So for each reply there is
also told how much the two processes worked before it came, which no other program changes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from statistics import quantiles

from tests.faults.accounts import Accounts
from tests.faults.hostile.laboratory import GOOD, Port, Ports
from tests.faults.soak_clients import Route, Wire

_HERE = "127.0.0.1"
_PAUSE = 0.02
# Seconds that one waits for a reply, on any machine.
_PATIENCE = 60.0


@dataclass
class Watch:
    """How long each reply took, in seconds, and what came where it was not what it had to be.

    ``worked`` gives the seconds of a processor that the road has used; ``work``: of these, how many
    passed before each reply.
    """

    accounts: Accounts
    worked: Callable[[], float]
    latencies: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    wrong: list[tuple[str, str | None]] = field(default_factory=list)


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """The 50th and the 99th."""
    if len(values) < 2:
        return 0.0, 0.0
    cuts = quantiles(values, n=100)
    return cuts[49], cuts[98]


async def run(ports: Ports, watch: Watch, seconds: float) -> None:
    """All of them, for so long."""

    async def actuate() -> None:
        value = watch.accounts.new_value()
        reply = await _ask(watch, ports.counting, f"Count {GOOD} {value}", value)
        watch.accounts.answered(value, reply)

    async def look() -> None:
        await _ask(watch, ports.system, "GetIndicatorState A", "False")

    async def be_ready() -> None:
        await _ask(watch, ports.system, "PychronReady", "OK")

    async def disable() -> None:
        await _ask(watch, ports.co2, "Disable", "OK")

    async def disable_another() -> None:
        await _ask(watch, ports.narrow, "Disable", "OK")

    end = time.monotonic() + seconds
    clients = (actuate, look, be_ready, disable, disable_another)
    await asyncio.gather(*(_repeat(client, end) for client in clients))


async def _repeat(ask: Callable[[], Awaitable[None]], end: float) -> None:
    """At least once."""
    await ask()
    while time.monotonic() < end:
        await asyncio.sleep(_PAUSE)
        await ask()


async def _ask(watch: Watch, there: Port, command: str, expected: str) -> str | None:
    """By a connection of its own, as most of the laboratory's programs do."""
    begin, worked = time.monotonic(), watch.worked()
    try:
        wire = await Wire.to(Route(_HERE, there))
    except OSError as error:
        watch.wrong.append((command, repr(error)))
        return None
    try:
        wire.send(command)
        reply = await wire.line(_PATIENCE)
    except ConnectionError:
        reply = None
    finally:
        wire.close()
    watch.latencies.append(time.monotonic() - begin)
    watch.work.append(watch.worked() - worked)
    if reply != expected:
        watch.wrong.append((command, reply))
    return reply
