"""One instrument of a laboratory: what may be asked, and whether it is the one that is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.description import AnyExchange, Description
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.jobs import NotAskedError
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import NoAnswerError, RefusedError

#: What may go wrong with a question.
TROUBLE = (NotAskedError, NoAnswerError, GarbledError, RefusedError)

#: What is asked for: a reading, something done, or what the instrument is.
READ, ACT, IDENTIFY = "read", "act", "identify"

#: Told how a question of one of these kinds has ended, as ``Ended`` is.
Heard: TypeAlias = Callable[[str, Failure | None, float | None], None]

#: Seconds after which an instrument that did not identify itself is asked again, at first.
ASK_AGAIN = 5.0

#: Seconds that one which gave no answer is left alone; twice as many each time, up to the longest.
FIRST_REST = 1.0
LONGEST_REST = 15.0
_MOST_DOUBLINGS = 8

#: Silences in a row from which on it counts for one that does not answer.
SILENT = 2

_UNKNOWN = "it has not said what it is"


class Instrument:
    """One unit on a bus. At each connect it must say what it is before anything else is asked.

    What makes safe is sent to it all the same.
    """

    _log = Logger()

    def __init__(
        self,
        name: str,
        description: Description,
        values: Mapping[str, Value],
        bus: Bus,
        clock: IReactorTime,
    ) -> None:
        self.name = name
        self.description = description
        self.clock = clock
        self._values = dict(values)
        self._bus = bus
        self._unidentified = ""
        #: Why it was not identified, as the log has said.
        self._strange = ""
        self._again: IDelayedCall | None = None
        self._listeners: list[Heard] = []
        #: How often in a row it gave no answer; whether it is asked just now.
        self._misses = 0
        self._silence = ""
        self._is_probed = False
        self._rests_until = 0.0
        if description.identify is not None:
            self._unidentified = _UNKNOWN
            bus.on_return.append(self._returned)
            bus.on_connect.append(self._identify)

    @property
    def trouble(self) -> str:
        """Why it cannot be asked; empty while it can."""
        return self._bus.trouble or self._unidentified

    @property
    def away(self) -> str:
        """Why it cannot be asked, or that it was silent again and again; empty while it answers."""
        return self.trouble or (self._silence if self._misses >= SILENT else "")

    def ask(
        self,
        exchange: AnyExchange,
        values: Mapping[str, Value],
        *,
        urgent: bool = False,
        shared: bool = False,
        still: Callable[[], bool] = lambda: True,
    ) -> Deferred[dict[str, Value]]:
        """As ``Bus.ask``."""
        ended = partial(self._ended, READ if shared else ACT)
        if self.trouble and not urgent:
            error = NotAskedError(self.trouble)
            ended(Failure(error), None)
            raise error
        self._is_probed = True
        asked = self._bus.ask(
            exchange, values, urgent=urgent, shared=shared, still=still, ended=ended
        )
        return asked.addCallbacks(self._heard, self._not_heard)

    @property
    def rests(self) -> bool:
        """Whether to leave it alone where nobody wants to know: it was silent just now.

        One that stays silent is asked by one at a time, less and less often, so that others on the
        wire are not kept waiting for it.
        """
        return self._misses > 0 and (self._is_probed or self.clock.seconds() < self._rests_until)

    @property
    def _rest(self) -> float:
        return min(LONGEST_REST, FIRST_REST * 2.0 ** min(self._misses - 1, _MOST_DOUBLINGS))

    def _heard(self, fields: dict[str, Value]) -> dict[str, Value]:
        self._is_probed, self._misses = False, 0
        return fields

    def _not_heard(self, failure: Failure) -> Failure:
        self._is_probed = False
        if failure.check(NoAnswerError):
            self._misses += 1
            self._silence = failure.getErrorMessage()
            self._rests_until = self.clock.seconds() + self._rest
        elif not failure.check(NotAskedError):
            self._misses = 0
        return failure

    def on_connect(self, call: Callable[[], None]) -> None:
        """Be told when it is there, for the first time or again."""
        self._bus.on_connect.append(call)

    def on_return(self, call: Callable[[], None]) -> None:
        """Be told when it is there, for the first time or after it was away."""
        self._bus.on_return.append(call)

    def on_end(self, call: Heard) -> None:
        """Be told how each question to it ends."""
        self._listeners.append(call)

    def _ended(self, operation: str, failure: Failure | None, seconds: float | None) -> None:
        for each in self._listeners:
            each(operation, failure, seconds)

    def stop(self) -> None:
        """It is asked nothing more by itself."""
        again, self._again = self._again, None
        if again is not None and again.active():
            again.cancel()

    def _returned(self) -> None:
        """It may be another by now; not so where the bus has only made its connection anew."""
        self._unidentified = _UNKNOWN

    def _identify(self) -> None:
        self.stop()
        Deferred.fromCoroutine(self._identified())

    async def _identified(self) -> None:
        identify = self.description.identify
        assert identify is not None
        try:
            asked = self._bus.ask(
                identify.exchange, self._values, ended=partial(self._ended, IDENTIFY)
            )
            identify.check(await asked)
        except TROUBLE as error:
            self._not_identified(error)
            return
        self._misses, self._unidentified = 0, ""
        if self._strange:
            self._strange = ""
            self._log.info("{name}: it is the one that is meant", name=self.name)

    def _not_identified(self, error: Exception) -> None:
        self._unidentified = f"not identified: {error}"
        if isinstance(error, NotAskedError):
            # Where the wire was too long in use nothing else would ask it: no connection comes.
            if not self._bus.trouble:
                self._ask_again()
            return
        if self._strange != self._unidentified:
            self._strange = self._unidentified
            self._log.warn("{name}: {why}", name=self.name, why=self._unidentified)
        self._misses += 1
        self._ask_again()

    def _ask_again(self) -> None:
        self.stop()
        rest = self._rest if self._misses else 0.0
        self._again = self.clock.callLater(max(ASK_AGAIN, rest), self._identify)
