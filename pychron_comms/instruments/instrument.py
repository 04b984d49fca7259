"""One instrument of a laboratory: what may be asked, and whether it is the one that is meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from pychron_comms.instruments.bus import Bus
from pychron_comms.instruments.description import AnyExchange, Description
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.jobs import NotAskedError
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import NoAnswerError, RefusedError

#: What may go wrong with a question.
TROUBLE = (NotAskedError, NoAnswerError, GarbledError, RefusedError)

#: Seconds after which an instrument that did not identify itself is asked again.
ASK_AGAIN = 5.0


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
        self._again: IDelayedCall | None = None
        if description.identify is not None:
            self._unidentified = "it has not said what it is"
            bus.on_connect.append(self._identify)

    @property
    def trouble(self) -> str:
        """Why it cannot be asked; empty while it can."""
        return self._bus.trouble or self._unidentified

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
        if self.trouble and not urgent:
            raise NotAskedError(self.trouble)
        return self._bus.ask(exchange, values, urgent=urgent, shared=shared, still=still)

    def on_connect(self, call: Callable[[], None]) -> None:
        """Be told when it is there, for the first time or again."""
        self._bus.on_connect.append(call)

    def stop(self) -> None:
        """It is asked nothing more by itself."""
        again, self._again = self._again, None
        if again is not None and again.active():
            again.cancel()

    def _identify(self) -> None:
        self.stop()
        Deferred.fromCoroutine(self._identified())

    async def _identified(self) -> None:
        identify = self.description.identify
        assert identify is not None
        try:
            fields = await self._bus.ask(identify.exchange, self._values)
            said = str(fields["reply"])
            if not identify.fits(said):
                raise GarbledError(f"it says that it is {said!r}")
        except TROUBLE as error:
            was, self._unidentified = self._unidentified, f"not identified: {error}"
            if was != self._unidentified:
                self._log.warn("{name}: {why}", name=self.name, why=self._unidentified)
            if not isinstance(error, NotAskedError):
                self._again = self.clock.callLater(ASK_AGAIN, self._identify)
            return
        self._unidentified = ""
