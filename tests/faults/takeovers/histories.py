"""What happens, step by step: drawn from a seed, the same each time."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any, NamedTuple

from tests.faults.model.bench import FAILS, WELL, Script
from tests.faults.takeovers.world import Wish

#: Processors, and servers after them.
_MEMBERS = 4


class Step(NamedTuple):
    """A method of the world, by its name, and what it is given."""

    what: str
    arguments: tuple[Any, ...]

    def happen(self, world: object) -> None:
        getattr(world, self.what)(*self.arguments)


History = list[Step]


class Pace(NamedTuple):
    """How much happens in a history: steps, seconds of a pause, how likely each fault is."""

    steps: tuple[int, int]
    pauses: tuple[float, ...]
    weights: tuple[int, ...]
    faults: float


def drawn(seed: int, pace: Pace | None = None) -> History:
    """One history. Two thirds of its steps are commands, so that most faults meet some."""
    pace = pace or IN_MEMORY
    chance = random.Random(seed)
    history: History = []
    for _ in range(chance.randint(*pace.steps)):
        kind = chance.random()
        if kind < 0.62:
            history.extend(_commands(chance))
        elif kind < pace.faults:
            history.append(Step("pass_time", (chance.choice(pace.pauses),)))
        else:
            history.append(chance.choices(_FAULTS, pace.weights)[0](chance))
    return history


def _commands(chance: random.Random) -> History:
    """Some commands, and a moment after each."""
    steps = []
    for _ in range(chance.randint(1, 6)):
        script = Script(
            seconds=chance.choice((0.0, 0.0, 0.05, 0.3, 2.0)),
            ending=chance.choices((WELL, FAILS), (9, 1))[0],
        )
        wish = Wish(
            word=chance.choices(("Count", "Nudge", "Calm"), (6, 2, 1))[0],
            device=chance.choice("abcd"),
            script=script,
            within=chance.choice((None, None, 0.5, 2.0, 8.0)),
            key=chance.random() < 0.6,
        )
        steps.append(Step("ask", (chance.randrange(2), wish)))
        steps.append(Step("pass_time", (chance.choice((0.0, 0.001, 0.004, 0.02, 0.1)),)))
    return steps


def _kill(chance: random.Random) -> Step:
    return Step("kill", (chance.randrange(2), chance.choice((0.5, 3.0, 10.0))))


def _freeze(chance: random.Random) -> Step:
    return Step("freeze", (chance.randrange(2), chance.choice((0.3, 2.0, 3.0, 4.0, 8.0, 20.0))))


def _cut(chance: random.Random) -> Step:
    seconds = chance.choice((0.5, 2.0, 3.5, 8.5, 15.0))
    both = chance.random() < 0.7
    return Step("cut" if both else "cut_one", (chance.randrange(_MEMBERS), seconds))


def _close(chance: random.Random) -> Step:
    return Step("close", (chance.randrange(_MEMBERS),))


def _restart_broker(chance: random.Random) -> Step:
    return Step("restart_broker", (chance.choice((0.2, 2.0, 6.0)),))


def _alarm(chance: random.Random) -> Step:
    return Step("alarm", (chance.choice((0.5, 3.0, 12.0)),))


def _delete(chance: random.Random) -> Step:
    return Step("delete", (chance.choice(("act", "owner", "memory", "safe", "read")),))


def _make_anew(chance: random.Random) -> Step:
    return Step("make_anew", (chance.choice(("act", "owner", "safe")),))


def _slow_disk(chance: random.Random) -> Step:
    return Step("slow_disk", (chance.choice((0.03, 0.3, 1.5)), chance.choice((1.0, 5.0, 20.0))))


def _kill_server(chance: random.Random) -> Step:
    return Step("kill_server", (chance.randrange(2),))


_FAULTS: tuple[Callable[[random.Random], Step], ...] = (
    _kill,
    _freeze,
    _cut,
    _close,
    _restart_broker,
    _alarm,
    _delete,
    _slow_disk,
    _kill_server,
    _make_anew,
)

IN_MEMORY = Pace((15, 60), (0.01, 0.2, 1.0, 4.0, 15.0), (5, 6, 6, 3, 3, 2, 2, 3, 2, 2), 0.8)

#: In real processes each second is one, and each restart is work: fewer steps, shorter pauses.
IN_PROCESSES = Pace((6, 14), (0.2, 1.0, 3.0), (10, 10, 10, 4, 1, 1, 2, 3, 3, 2), 0.72)
