"""An interlock holds: of two that exclude each other, one moves only while the other is calm.

At each moment in which a driver was told to move the one, the other was calm, and nothing that
moves it was going on. Nobody answers for what was given up and acts all the same, nor for what acts
when its own time is over: a hold ends then.
"""

from __future__ import annotations

from tests.faults.model.bench import EXCLUDES, MOVES, Act, Run, Told, is_change
from tests.faults.model.keeping import keep
from tests.faults.model.world import World


def check_interlocks(world: World) -> None:
    for told in world.laboratory.told:
        if told.device in EXCLUDES and told.word in MOVES:
            other = EXCLUDES[told.device]
            keep("an interlock holds", not _is_moved(world, told, other), told)
            keep("an interlock holds", not _moves(world, told, other), told)


def _is_moved(world: World, told: Told, other: str) -> bool:
    acts = [act for act in world.laboratory.acts[: told.acts] if is_change(act, other)]
    last = acts[-1] if acts else None
    return last is not None and last.told.word in MOVES and not _is_late(world, last)


def _is_late(world: World, act: Act) -> bool:
    return act.given_up or act.at > world.witness.arrival_of(act.told).held_until


def _moves(world: World, told: Told, other: str) -> list[Run]:
    return [
        run
        for run in world.laboratory.runs
        if run.told.device == other
        and run.told.word in MOVES
        and run.told.process is told.process
        and run.told.at <= told.at < run.until
        and told.at < world.witness.arrival_of(run.told).held_until
    ]
