"""A lease keeps others away, and ends in a safe part.

What came to the gate after somebody had taken a part for himself, and is another's, does not move
that part until the lease is over; also where the processor was killed meanwhile. When nobody has
renewed it, its part is calmed, by whichever processor is there then.
"""

from __future__ import annotations

from tests.faults.model.bench import EASE, MOVES
from tests.faults.model.keeping import keep
from tests.faults.model.world import World


def check_leases(world: World) -> None:
    for lease in world.leases:
        for told in world.laboratory.told:
            if told.device == lease.device and told.word in MOVES and told.at < lease.until:
                stranger = world.address_of(told.number) != lease.owner
                came = world.witness.first_came(told)
                away = not (stranger and lease.since < came)
                keep("a lease keeps others away", away, told, lease)
        eased = any(
            told.device == lease.device and told.word == EASE and told.at >= lease.until - 1e-6
            for told in world.laboratory.told
        )
        keep("a lease ends in a safe part", eased, lease)
