"""OK is true: what was answered with success is so, or was so while its asker waited for it.

The hardware itself is the witness. Where one asks, its part must have been as it asks at some
moment from its coming to the gate to its answer; where it joins what runs, from the beginning of
that. So no reply of old is given to one who asks after somebody else has changed the part. Under a
key the reply speaks of one command, whenever that was run.
"""

from __future__ import annotations

from tests.faults.model.bench import Act, is_change
from tests.faults.model.keeping import keep
from tests.faults.model.witness import Fulfilled
from tests.faults.model.world import World


def check_truth(world: World) -> None:
    for each in world.witness.fulfilled:
        keep("OK is true", is_true(world.laboratory.acts, each), each)


def is_true(acts: list[Act], fulfilled: Fulfilled) -> bool:
    wish, until = fulfilled
    before = _last_on(acts[: wish.acts], wish.device)
    while_waiting = acts[wish.acts : until]
    if wish.key or wish.joins:
        while_waiting = acts[:until]
    return any(
        act is not None and act.told.number == wish.number for act in (before, *while_waiting)
    )


def _last_on(acts: list[Act], device: str) -> Act | None:
    """What the part is like: nobody answers for what was done after it was given up."""
    return next(
        (act for act in reversed(acts) if is_change(act, device) and not act.given_up),
        None,
    )
