"""What goes wrong in a soak, drawn from a seed: on each client's line, on the hop, and of all."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence

from tests.faults.kinds import (
    NO_FAULT,
    Corrupt,
    Delay,
    Drop,
    Duplicate,
    Fault,
    HalfOpen,
    Merge,
    Reset,
    Split,
    Truncate,
)
from tests.faults.laboratories import CountingLaboratory
from tests.faults.proxy import DOWN, UP, Plan, Proxy
from tests.integration.processes import RunningProcess

# One in so many connections, each way, is without a fault but for these.
_CHANCE = 0.25

#: What each soak injects, by the names that its counts have.
EVERY_FAULT = frozenset({
    "split", "merge", "delay", "drop", "truncate", "duplicate", "reset", "half-open", "corrupt",
    "kill -9",
})  # fmt: skip

Draw = Callable[[random.Random], Fault]


def _after(source: random.Random) -> int:
    """Mostly within the first command; on a connection that is kept, some commands later too."""
    return source.choice((0, 5, 30, source.randrange(2000)))


# What a line may do to commands. Silence on the way up must begin before the first command: a
# relay has acknowledged what it swallows, which no real line does.
_UP: Sequence[Draw] = (
    lambda source: Split(source.choice((1, 3)), 0.0001),
    lambda source: Merge(0.02),
    lambda source: Delay(source.uniform(0, 0.2)),
    lambda source: Reset(_after(source)),
)
_SILENT: Sequence[Draw] = (lambda source: Drop(), lambda source: HalfOpen(seconds=3.0))
_DOWN: Sequence[Draw] = (
    lambda source: Split(source.choice((1, 3)), 0.0001),
    lambda source: Merge(0.02),
    lambda source: Delay(source.uniform(0, 0.2)),
    lambda source: Drop(_after(source)),
    lambda source: Reset(_after(source)),
)
# For clients that send nothing again.
_MORE_UP: Sequence[Draw] = (
    *_UP,
    lambda source: Drop(_after(source)),
    lambda source: Truncate(_after(source)),
    lambda source: HalfOpen(_after(source), 3.0),
)
_MORE_DOWN: Sequence[Draw] = (
    *_DOWN,
    lambda source: Duplicate(),
    lambda source: Truncate(_after(source)),
    lambda source: HalfOpen(_after(source), 3.0),
)
_CORRUPT: Sequence[Draw] = (lambda source: Corrupt(source.randrange(60), 1 << source.randrange(8)),)


def _plan(up: Sequence[Draw], down: Sequence[Draw], seed: str) -> Plan:
    source = random.Random(seed)

    def draw(kinds: Sequence[Draw]) -> Fault:
        return source.choice(kinds)(source) if source.random() < _CHANCE else NO_FAULT

    return lambda: (draw(up), draw(down))


def resending_plan(seed: int) -> Plan:
    """For clients that send a command again after silence, and put no key on it."""
    return _plan((*_UP, *_SILENT), _DOWN, f"{seed}/resending")


def plain_plan(seed: int) -> Plan:
    """For clients that send nothing again: all that can happen to a connection."""
    return _plan(_MORE_UP, _MORE_DOWN, f"{seed}/plain")


def corrupting_plan(seed: int) -> Plan:
    """For one command a connection, whose reply tells whose it is."""
    return _plan((*_MORE_UP, *_CORRUPT), (*_MORE_DOWN, *_CORRUPT), f"{seed}/corrupting")


def keyed_plan(seed: int) -> Plan:
    """For commands with a key: even what TCP never does, a command that comes twice."""
    return _plan((*_MORE_UP, lambda source: Duplicate()), _MORE_DOWN, f"{seed}/keyed")


class Trouble:
    """Meddles with the hop, and kills the processor, in turn, in a thread of its own.

    A round takes ``seconds``; ``kills`` counts the times that the processor was killed.
    """

    def __init__(
        self,
        laboratory: CountingLaboratory,
        hop: Proxy,
        processor: RunningProcess,
        seed: int,
        seconds: float,
    ) -> None:
        self.kills = 0
        self.error: BaseException | None = None
        self._laboratory = laboratory
        self._hop = hop
        self._processor = processor
        self._random = random.Random(f"{seed}/trouble")
        self._seconds = seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """No more faults, and a processor that runs; raise what went wrong."""
        self._over.set()
        self._thread.join(30)
        self._heal()
        if self.error is not None:
            raise self.error

    def _run(self) -> None:
        try:
            while not self._over.wait(self._seconds / 3):
                self._meddle()
                if not self._over.wait(self._seconds / 3):
                    self._kill()
        except Exception as error:  # shown where the soak ends
            self.error = error

    def _meddle(self) -> None:
        """A fault on the hop for a moment, and an end of the connection where it has none left."""
        direction = self._random.choice((UP, DOWN))
        kinds: Sequence[Fault] = (
            Split(7, 0.0), Merge(0.02), Delay(0.02), Reset(self._random.randrange(200)),
            Drop(self._random.randrange(200)), Truncate(self._random.randrange(200)),
            HalfOpen(self._random.randrange(200)),
        )  # fmt: skip
        self._hop.set(direction, self._random.choice(kinds))
        self._over.wait(0.3)
        self._heal()

    def _heal(self) -> None:
        self._hop.heal()
        self._hop.reset_all()

    def _kill(self) -> None:
        self._processor.kill()
        self.kills += 1
        self._processor = self._laboratory.start_processor()
