"""A valve that an instrument moves."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from pychron_comms.errors import (
    DeviceConnectionError,
    NoResponseError,
    OutcomeUnknownError,
    ValveActuationError,
)
from pychron_comms.instruments.bound_item import BoundItem, NotDoneError, UnprovenError
from pychron_comms.instruments.instrument import TROUBLE
from pychron_comms.instruments.jobs import NotAskedError
from pychron_comms.interfaces import PROOFS, Reading, Severity, Source

_STATE = "state"


class InstrumentValve:
    """Open, closed, or not known; what is not known is neither.

    Without a reading ``state`` nothing shows where it is: it is where it was last told to be, while
    its instrument is connected. One that was away may have been switched off.
    ``moved`` is called with the valve when it has been moved.
    """

    def __init__(
        self, name: str, item: BoundItem, moved: Callable[[InstrumentValve], None]
    ) -> None:
        self.name = name
        self._when_moved = moved
        self._item = item
        #: Where it is by being told so; and where it was last told to be.
        self._told: bool | None = None
        self._target: bool | None = None
        item.instrument.on_return(self._forget)

    @property
    def proof(self) -> Source:
        """How it is known where it is."""
        readings = self._item.item.readings
        return PROOFS[readings[_STATE].proof if _STATE in readings else "commanded"]

    @property
    def indicator(self) -> bool:
        """Whether it is known to be open."""
        return self.state is True

    @property
    def state(self) -> bool | None:
        """Whether it is open, as far as is known; None where it is not."""
        if _STATE not in self._item.item.readings:
            return None if self._item.instrument.trouble else self._told
        return {"open": True, "closed": False}.get(str(self._item.latest(_STATE).value))

    @property
    def closed(self) -> bool:
        """Whether it surely is."""
        return self.state is False

    def ask_commanded(self) -> Deferred[bool]:
        """Whether it is open, by what the instrument says of it now. Errors: 010."""
        return Deferred.fromCoroutine(self._asked())

    def ask_indicator(self) -> Deferred[bool]:
        """The same: an instrument has one word for where a valve is. Errors: 010."""
        return self.ask_commanded()

    async def _asked(self) -> bool:
        if _STATE in self._item.item.readings:
            try:
                await self._item.read(_STATE)
            except TROUBLE:
                raise NoResponseError from None
        state = self.state
        if state is None:
            raise NoResponseError
        return state

    def open(self) -> Deferred[None]:
        """Fires when it has been seen to be open. Errors: 008, and nothing was sent; 015; 201."""
        return Deferred.fromCoroutine(self._moved("open", opens=True))

    def close(self) -> Deferred[None]:
        """As ``open``; makes safe."""
        return Deferred.fromCoroutine(self._moved("close", opens=False))

    def reading(self, owner: str, *, locked: bool) -> Reading:
        """As the state shows it."""
        told = self._item.latest(_STATE) if _STATE in self._item.item.readings else None
        state = self.state
        reason = told.reason or (str(told.value) if state is None else "") if told else ""
        return Reading(
            f"valve/{self.name}",
            state,
            source=self.proof,
            severity=Severity.INVALID if state is None else Severity.OK,
            reason=reason or self._unknown(state),
            details={
                "target": state if self._target is None else self._target,
                "locked": locked,
                "owner": owner,
            },
        )

    def _unknown(self, state: bool | None) -> str:
        if state is not None:
            return ""
        return self._item.instrument.trouble or "it has not been moved since it was connected"

    def _forget(self) -> None:
        self._told = self._target = None

    async def _moved(self, verb: str, *, opens: bool) -> None:
        before, self._told = self._told, None
        self._target = opens
        try:
            await self._item.do(verb)
        except NotAskedError:
            self._told, self._target = before, None
            raise DeviceConnectionError(self._item.name) from None
        except NotDoneError:
            # It was refused, or not sent any more.
            self._told = before if self._told is None else self._told
            raise ValveActuationError(self.name, verb) from None
        except UnprovenError as error:
            raise OutcomeUnknownError(f"{verb} of valve {self.name}: {error}") from None
        self._told = opens
        self._when_moved(self)
