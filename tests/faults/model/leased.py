"""A lease keeps others away, and ends in a safe part.

What came to the gate after somebody had taken a part for himself, and is another's, does not move
that part until the lease is over; also where the processor was killed meanwhile. When nobody has
renewed it, its part is calmed, by whichever processor is there then.
"""

from __future__ import annotations

from tests.faults.model.bench import EASE, MOVES
from tests.faults.model.keeping import keep
from tests.faults.model.world import World

#: A journal tells times in milliseconds.
_WRITTEN = 0.001


def check_leases(world: World) -> None:
    for lease in world.leases:
        for told in world.laboratory.told:
            if told.device == lease.device and told.word in MOVES:
                stranger = world.address_of(told.number) != lease.owner
                came = world.witness.first_came(told)
                within = lease.since < came and told.at < lease.until - _WRITTEN
                keep("a lease keeps others away", not (stranger and within), told, lease)
        eased = any(
            told.device == lease.device and told.word == EASE and told.at >= lease.until - _WRITTEN
            for told in world.laboratory.told
        )
        keep("a lease ends in a safe part", eased, lease)
