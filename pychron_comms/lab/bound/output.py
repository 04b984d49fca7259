"""A laser's light, by an instrument: enabled, disabled, given power."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from pychron_comms.errors import (
    CommandError,
    DisableError,
    EnableError,
    LogicBoardCommunicationError,
    NoResponseError,
    OutcomeUnknownError,
    SetpointError,
)
from pychron_comms.instruments.bound_item import (
    BoundItem,
    NotDoneError,
    UnprovenError,
    check_limits,
)
from pychron_comms.instruments.instrument import TROUBLE
from pychron_comms.instruments.jobs import NotAskedError
from pychron_comms.instruments.talk import Told

POWER = "power"
STATE = "state"
INTERLOCKS = "interlocks"


class Span(NamedTuple):
    """What the instrument is sent for 0 and for 100 percent."""

    low: float
    high: float

    def of(self, percent: float) -> float:
        """What is sent for that."""
        return self.low + percent / 100 * (self.high - self.low)

    def percent(self, value: float) -> float:
        """What was meant by that."""
        return float(f"{100 * (value - self.low) / (self.high - self.low):.9g}")


class LaserOutput:
    """What is not known is neither enabled nor disabled, and such a laser is given no power.

    ``Disable`` goes before all that waits for the wire, and what waits there to give light is not
    sent any more.
    """

    _log = Logger()

    def __init__(self, item: BoundItem, span: Span) -> None:
        self.item = item
        self._span = span
        #: What it was last told, where nothing shows it; and the power last set, in percent.
        self._told: bool | None = None
        self._power: float | None = None
        self._made_safe = 0
        item.instrument.on_connect(self._forget)

    async def enable(self) -> None:
        """Errors: 101, and nothing was sent; 102; 201."""
        before = self._made_safe
        await self._check_interlocks()
        self._check_still(before, EnableError)
        self._told = None
        with _told_as_errors("Enable", EnableError):
            await self.item.do("enable")
        self._check_still(before, EnableError)
        self._told = True

    async def disable(self) -> None:
        """No light, then no power. Errors: 101 for no connection; 103; 201."""
        self._made_safe += 1
        self._told = None
        # The second is on its way before the first is answered.
        dark = Deferred.fromCoroutine(self._disabled())
        unpowered = Deferred.fromCoroutine(self._unpowered("Disable"))
        error = await _error_of(dark)
        second = await _error_of(unpowered)
        if error is not None:
            raise error
        self._told = False
        if isinstance(second, SetpointError):
            self._log.warn("{name}: disabled; power 0: {why}", name=self.item.name, why=second)
        elif second is not None:
            raise second

    async def set_power(self, percent: float) -> None:
        """Errors: 101; 102 while it is not known to be enabled, unless 0; 106; 201."""
        if not percent:
            self._made_safe += 1
            await self._unpowered("power 0")
            return
        self.check_power(percent)
        before = self._made_safe
        if not await self._is_surely_enabled():
            raise EnableError("(it is not known to be enabled)")
        self._check_still(before, SetpointError)
        self._power = None
        with _told_as_errors(f"power {percent:g}", SetpointError, f"{percent:g} percent "):
            await self.item.do(POWER, self._span.of(percent))
        self._check_still(before, SetpointError)
        self._power = percent

    def check_power(self, percent: float) -> None:
        """Errors: 106 for what the instrument does not take."""
        if percent:
            try:
                check_limits(self.item.item.verbs[POWER], self._span.of(percent))
            except ValueError as error:
                unit = self.item.item.verbs[POWER].unit
                raise SetpointError(f"{percent:g} percent ({error} {unit})") from None

    async def is_enabled(self) -> bool:
        """By what it says now, or what it was told. Errors: 010 where that is not known."""
        if STATE in self.item.item.readings:
            await self._asked(STATE)
        enabled = self.enabled
        if enabled is None:
            raise NoResponseError
        return enabled

    @property
    def enabled(self) -> bool | None:
        """As far as is known; None where it is not."""
        if STATE in self.item.item.readings:
            return {"on": True, "off": False}.get(str(self.item.latest(STATE).value))
        return None if self.item.instrument.trouble else self._told

    @property
    def power(self) -> float | None:
        """In percent: read where it can be, otherwise as last set; None where it is not known."""
        if POWER not in self.item.item.readings:
            return None if self.item.instrument.trouble else self._power
        value = self.item.latest(POWER).value
        return None if value is None else self._span.percent(float(value))

    async def read_power(self) -> float:
        """As ``power``, asked now. Errors: 010."""
        if POWER in self.item.item.readings:
            await self._asked(POWER)
        power = self.power
        if power is None:
            raise NoResponseError
        return power

    @property
    def error(self) -> str | None:
        """What is wrong; None where nothing is."""
        if self.item.instrument.trouble:
            return str(LogicBoardCommunicationError())
        if INTERLOCKS in self.item.item.readings:
            told = self.item.latest(INTERLOCKS)
            if told.value is None:
                return f"interlocks: {told.reason}"
            return f"interlock {told.value} broke" if told.value else None
        return None

    def _forget(self) -> None:
        """It may have been switched off and on."""
        self._told = self._power = None

    def _check_still(self, before: int, error: type[CommandError]) -> None:
        """What was begun before it was made safe does not go on afterwards."""
        if before != self._made_safe:
            raise error("(it was made safe meanwhile)")

    async def _is_surely_enabled(self) -> bool:
        try:
            return await self.is_enabled()
        except NoResponseError:
            return False

    async def _check_interlocks(self) -> None:
        if INTERLOCKS not in self.item.item.readings:
            return
        try:
            told = await self.item.read(INTERLOCKS)
        except TROUBLE:
            raise LogicBoardCommunicationError from None
        if told.value != "":
            raise EnableError(f"({told.value or told.reason})")

    async def _disabled(self) -> None:
        with _told_as_errors("Disable", DisableError):
            await self.item.do("disable")

    async def _unpowered(self, command: str) -> None:
        self._power = None
        try:
            with _told_as_errors(command, SetpointError, "0 percent "):
                await self.item.do(POWER, self._span.of(0), safe=True)
        except ValueError as error:
            raise SetpointError(f"0 percent ({error})") from None
        self._power = 0.0

    async def _asked(self, name: str) -> Told:
        try:
            return await self.item.read(name)
        except TROUBLE:
            raise NoResponseError from None


@contextmanager
def _told_as_errors(command: str, refusal: type[CommandError], goal: str = "") -> Iterator[None]:
    """What an instrument raises, as 101 where nothing was sent, ``refusal``, or 201."""
    try:
        yield
    except NotAskedError:
        raise LogicBoardCommunicationError from None
    except NotDoneError as error:
        raise refusal(f"{goal}({error})") from None
    except UnprovenError as error:
        raise OutcomeUnknownError(f"{command}: {error}") from None


async def _error_of(done: Deferred[None]) -> CommandError | None:
    try:
        await done
    except CommandError as error:
        return error
    return None
