"""A set point that goes to its target in steps, no faster than it may."""

from __future__ import annotations

import math

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from pychron_comms.errors import CommandError
from pychron_comms.instruments.bound_item import BoundItem, NotDoneError, UnprovenError
from pychron_comms.instruments.description import Verb, Verify
from pychron_comms.instruments.instrument import TROUBLE
from pychron_comms.instruments.jobs import NotAskedError

#: Seconds between two steps.
EVERY = 1.0
_MINUTE = 60.0


class Ramp:
    """Takes a step each second, of what ``ramp`` allows in a second and never more, however late
    it is. It ends at its target, when its item is made safe, when another begins, and at a step
    that fails: the set point then stays where it is.
    """

    _log = Logger()

    def __init__(self, item: BoundItem, verb: Verb) -> None:
        assert verb.ramp is not None
        assert verb.verify is not None
        #: Where it goes to; None where none goes on.
        self.target: float | None = None
        #: Why the last one ended before its target.
        self.trouble = ""
        self._item = item
        self._verb = verb
        self._verify: Verify = verb.verify
        self._by = verb.ramp * EVERY / _MINUTE
        self._begun = 0

    async def begin(self, target: float) -> None:
        """Take the first step; the others follow. Errors: as ``BoundItem.do``, of the first."""
        self._begun += 1
        mine = self._begun, self._item.made_safe
        at = await standing(self._item, self._verify)
        self.target, self.trouble = target, ""
        due = self._next(at, target)
        try:
            sent = await self._sent(due, at, target)
        except Exception:
            self._over(mine)
            raise
        Deferred.fromCoroutine(self._go_on(due, sent, target, mine))

    async def _go_on(self, due: float, sent: float, target: float, mine: tuple[int, int]) -> None:
        """``due`` is where it should be by now, ``sent`` what of that the wire could carry."""
        try:
            while due != target:
                await deferLater(self._item.instrument.clock, EVERY)
                if mine != (self._begun, self._item.made_safe):
                    break
                due = self._next(due, target)
                sent = await self._sent(due, sent, target)
        except (NotAskedError, NotDoneError, UnprovenError, CommandError, ValueError) as error:
            if mine == (self._begun, self._item.made_safe):
                self.trouble = f"the ramp to {target:g} ended at {sent:g}: {error}"
                self._log.warn("{name}: {why}", name=self._item.name, why=self.trouble)
        self._over(mine)

    async def _sent(self, due: float, sent: float, target: float) -> float:
        """Set what is due, as finely as it can be seen; where that is what stands, nothing."""
        wanted = due
        if due != target:
            grid = self._verify.within
            wanted = float(f"{round(due / grid) * grid:.9g}")
        if wanted != sent:
            await self._item.do(self._verb.name, wanted)
        return wanted

    def _next(self, at: float, target: float) -> float:
        if abs(target - at) <= self._by:
            return target
        return at + math.copysign(self._by, target - at)

    def _over(self, mine: tuple[int, int]) -> None:
        if mine[0] == self._begun:
            self.target = None


async def standing(item: BoundItem, verify: Verify) -> float:
    """Where a set point stands now, for who goes on from there.

    NotAskedError where that cannot be told, NotDoneError where it was made safe meanwhile.
    """
    before = item.made_safe
    try:
        told = await item.read(verify.reading)
    except TROUBLE as error:
        raise NotAskedError(f"{verify.reading}: {error}") from None
    if before != item.made_safe:
        raise NotDoneError("it was made safe meanwhile")
    if told.value is None or isinstance(told.value, str):
        raise NotAskedError(f"{verify.reading}: {told.reason or told.value}")
    return float(told.value)
