"""How long the end of a processor waits for what runs, and for what makes safe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from pychron_comms.processor.execution.queues import Queues

#: Seconds that commands which run when the processor stops have to end, and as many to make safe.
GRACE = 4.0

#: Seconds to make safe at most, where much waits for it and some has ended in each ``GRACE``.
SAFE_GRACE = 20.0


class Ending:
    """Waits for parts of the end, as long as that may bring anything."""

    _log = Logger()

    def __init__(self, clock: IReactorTime, queues: Queues) -> None:
        self._clock = clock
        self._queues = queues

    def over(
        self, parts: Sequence[Deferred[Any]], else_: str, most: float = GRACE
    ) -> Deferred[None]:
        """Fires when all parts have; or after ``GRACE`` seconds, which is logged.

        Where something was made safe in these they have as many again, up to ``most`` in all.
        """
        together = DeferredList(parts, consumeErrors=True)
        begin, done = self._clock.seconds(), self._made_safe()

        def look() -> None:
            nonlocal done
            before, done = done, self._made_safe()
            seconds = self._clock.seconds() - begin
            if seconds > most - GRACE / 2 or done == before:
                self._log.warn(
                    "{reason} after {seconds} s; stopping all the same",
                    reason=else_,
                    seconds=round(seconds, 1),
                )
                together.cancel()

        looks = LoopingCall(look)
        looks.clock = self._clock
        looks.start(GRACE, now=False)

        def ended(result: object) -> None:
            if looks.running:
                looks.stop()

        return together.addBoth(ended)

    def _made_safe(self) -> int:
        """How many actions that make safe have ended by now."""
        return sum(queue.safe_actions for queue in self._queues)
