"""What must hold of each command that makes safe, at each instant of each history.

It begins within ``AT_ONCE`` of reaching the gate, whatever else is going on, the stop included, and
where records wait for the disk a moment later (``SAFE_PATIENCE`` at most). It is never refused;
once it was answered with success, nothing that reached the gate before it acts on its part. Time in
which its processor stood still is nobody's, and what a processor has given up (201) may come to its
end all the same.
"""

from __future__ import annotations

from pychron_comms.processor.execution.sealed_entry import SAFE_PATIENCE
from tests.faults.model.bench import BLOCKING, DEVICES, MOVES, SAFE
from tests.faults.model.keeping import code_of, keep
from tests.faults.model.processes import Process
from tests.faults.model.witness import SafeAsk, SafeReply
from tests.faults.model.world import World

#: Seconds in which it begins.
AT_ONCE = 0.2

#: What the gate refuses a command with that it has not begun.
REFUSALS = {12, 202, 203, 207, 209, 210, 214}


def check_safety(world: World) -> None:
    for ask in world.witness.safe_asks:
        keep("what makes safe begins at once", begins_at_once(world, ask), ask)
    for reply in world.witness.safe_replies:
        keep("OK is true", not undone(world, reply), reply, *undone(world, reply))
    for unit in world.units:
        if unit.word == "Calm":
            refused = any(code_of(each.reply) in REFUSALS for each in unit.asks)
            keep("what makes safe is not refused", not refused, unit)


def begins_at_once(world: World, ask: SafeAsk) -> bool:
    until = patience(world, ask.process, ask.arrival.at)
    if DEVICES[ask.device] in BLOCKING:
        until = lane_is_free(world, ask, until)
    if ask.process.died_at <= until:
        return True
    # Under a key, it may have been asked before.
    return any(
        told.number == ask.number
        and told.at <= until + 1e-6
        and (ask.key or (told.process is ask.process and told.at >= ask.arrival.at))
        for told in world.laboratory.told
    )


def patience(world: World, process: Process, at: float) -> float:
    """Until when something must have begun that came to a process at that time."""
    seconds = at_once(world)
    until = at + seconds
    for still in process.stills:
        if still.since <= until and still.until > at:
            until = max(until, still.until + seconds)
    return until


def at_once(world: World) -> float:
    """What was written before it may be under way to the disk, then it is itself."""
    return AT_ONCE + min(2 * (world.sync or 0.0), SAFE_PATIENCE)


def lane_is_free(world: World, ask: SafeAsk, until: float) -> float:
    """The same behind what makes safe there already: its driver takes one after the other."""
    ends = {run.told: run.until for run in world.laboratory.runs}
    for told in world.laboratory.told:
        its = told.process is ask.process and DEVICES[told.device] == DEVICES[ask.device]
        # What is done at once occupies it from its hand-over to its end all the same.
        end = ends.get(told, told.at)
        if its and told.word in SAFE and told.at <= until and end > ask.arrival.at:
            until = patience(world, ask.process, max(until - at_once(world), end))
    return until


def undone(world: World, reply: SafeReply) -> list[str]:
    """What came before it, and acted on its part after the hardware last obeyed it."""
    ask = reply.ask
    acts = world.laboratory.acts
    processes = {act.told.process for act in acts if act.told.number == ask.number}
    if ask.key and processes and ask.process not in processes:
        return []  # its key is known: what came of it at an earlier process is told again
    last = max(
        (place for place, act in enumerate(acts[: reply.acts]) if act.told.number == ask.number),
        default=0,
    )
    return [
        act.told.number
        for act in acts[last:]
        if act.told.device == ask.device
        and act.told.word in MOVES
        and act.told.process is ask.process
        and not act.given_up
        and world.witness.arrival_of(act.told).order < ask.arrival.order
    ]
