"""Gauges, sensors, loops, drives and pumps of an instrument, as devices."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import Any

from zope.interface import implementer

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import (
    DeviceConnectionError,
    InvalidArgumentsError,
    InvalidGaugeError,
    NoResponseError,
    OutcomeUnknownError,
)
from pychron_comms.instruments.bound_item import (
    BoundItem,
    NotDoneError,
    UnprovenError,
    check_limits,
)
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.instrument import TROUBLE
from pychron_comms.instruments.jobs import NotAskedError
from pychron_comms.instruments.kinds import MILLIBAR
from pychron_comms.instruments.ramp import Ramp, standing
from pychron_comms.interfaces import (
    PROOFS,
    IConvertsValues,
    IGaugeController,
    IKnowsProof,
    IReactorManager,
    IShowsState,
    Reading,
    Severity,
    Source,
)
from pychron_comms.wire.numbers import finite_number

#: What a device is read and set by: the first of these that its item has.
_READ_BY = ("value", "position", "pressure", "state", "speed")


@implementer(IConvertsValues, IKnowsProof, IReactorManager, IShowsState)
class InstrumentDevice:
    """Read and set by ``Read NAME`` and ``Set NAME VALUE``; all its readings are in the state.

    What has two verbs and no value is set by their names: ``Set lamp on``.
    """

    def __init__(self, name: str, item: BoundItem) -> None:
        self.name = name
        self.item = item
        self.read_by = next((each for each in _READ_BY if each in item.item.readings), "")
        self.sets = next((each for each in sorted(item.item.kind.sets)), "")
        verb = item.item.verbs.get(self.sets)
        self.ramp = Ramp(item, verb) if verb is not None and verb.ramp is not None else None

    async def get(self) -> Value:
        """Errors: 010, also for what is no value just now."""
        if not self.read_by:
            raise NoResponseError
        return await asked(self.item, self.read_by)

    async def set(self, value: str, sender: str) -> None:
        """Errors: 004; 008, and nothing was sent; 010 for what was refused or has not come about;
        201."""
        converted = self.converted(value)
        try:
            await self.carried_out(self._do(converted), f"Set {self.name} {value}")
        except ValueError as error:
            raise self._refused(value, str(error)) from None

    async def carried_out(self, doing: Coroutine[Any, Any, None], what: str) -> None:
        """Its errors are those of commands: 008, 010, 201."""
        try:
            await doing
        except NotAskedError:
            raise DeviceConnectionError(self.name) from None
        except NotDoneError:
            raise NoResponseError from None
        except UnprovenError as error:
            raise OutcomeUnknownError(f"{what}: {error}") from None

    async def _do(self, value: Value) -> None:
        if isinstance(value, str):
            await self.item.do(value)
            return
        verb = self.item.item.verbs[self.sets]
        if verb.step is not None and verb.verify is not None:
            at = await standing(self.item, verb.verify)
            if abs(value - at) > verb.step:
                raise ValueError(f"must be within {verb.step:g} of {at:g}, where it stands")
        if self.ramp is None:
            await self.item.do(self.sets, value)
        else:
            await self.ramp.begin(value)

    def converted(self, value: str) -> Value:
        """A number within the limits, or the name of a verb."""
        if value in self.item.item.verbs and value not in self.item.item.kind.sets:
            return value
        if not self.sets:
            verbs = ", ".join(sorted(self.item.item.verbs)) or "nothing: it can only be read"
            raise self._refused(value, f"it takes {verbs}")
        try:
            number = finite_number(value)
            check_limits(self.item.item.verbs[self.sets], number)
        except ValueError as error:
            raise self._refused(value, str(error)) from None
        return number

    def proofs(self) -> dict[str, Source]:
        """A number is measured, and needs no proof."""
        reading = self.item.item.readings.get(self.read_by)
        return {"": PROOFS[reading.proof]} if reading is not None and reading.is_state else {}

    def readings(self) -> list[Reading]:
        """Its main reading under its own name, the others below it; where it has a ramp, also where
        that goes to."""
        told = [
            shown(self.item, name, "" if name == self.read_by else name)
            for name in self.item.item.readings
        ]
        return told if self.ramp is None else [*told, self._target(self.ramp)]

    def _target(self, ramp: Ramp) -> Reading:
        verify = self.item.item.verbs[self.sets].verify
        assert verify is not None
        stands = shown(self.item, verify.reading, "target")
        if ramp.target is not None:
            return Reading("target", ramp.target, stands.unit, source=Source.COMMANDED)
        if ramp.trouble:
            return stands._replace(severity=Severity.MAJOR, reason=ramp.trouble)
        return stands

    def _refused(self, value: str, reason: str) -> InvalidArgumentsError:
        return InvalidArgumentsError("Set", f"{self.name} {value} ({reason})")


@implementer(IGaugeController, IConvertsValues, IReactorManager, IShowsState)
class InstrumentGauges:
    """Gauges by name, of one or of several instruments; pressures are in mbar."""

    def __init__(self, name: str, gauges: Mapping[str, BoundItem]) -> None:
        self.name = name
        self.gauges = dict(gauges)

    @property
    def gauge_names(self) -> list[str]:
        return list(self.gauges)

    async def get(self) -> float:
        """The pressure of the first gauge. Errors: 010."""
        return await self.get_pressure(next(iter(self.gauges)))

    def set(self, value: str, sender: str) -> None:
        self.converted(value)

    def converted(self, value: str) -> Value:
        raise InvalidArgumentsError("Set", f"{self.name} {value} (can only be read)")

    async def get_pressure(self, gauge: str) -> float:
        """Errors: 016, also for a gauge that is off or out of its range; 010 for no answer."""
        if gauge not in self.gauges:
            raise InvalidGaugeError(self.name, gauge, did_you_mean(gauge, self.gauges))
        item = self.gauges[gauge]
        try:
            told = await item.read("pressure")
        except TROUBLE:
            raise NoResponseError from None
        if told.value is None:
            raise InvalidGaugeError(self.name, f"{gauge} ({told.reason})")
        return _in_mbar(item, told.value)

    def readings(self) -> list[Reading]:
        readings = []
        for gauge, item in self.gauges.items():
            one = shown(item, "pressure", gauge)
            if one.value is not None:
                one = one._replace(value=_in_mbar(item, one.value))
            readings.append(one._replace(unit="mbar"))
        return readings


async def asked(item: BoundItem, name: str) -> Value:
    """A reading's value now. Errors: 010."""
    try:
        told = await item.read(name)
    except TROUBLE:
        raise NoResponseError from None
    if told.value is None:
        raise NoResponseError
    return told.value


def shown(item: BoundItem, name: str, path: str) -> Reading:
    """A reading as the state shows it: what it last said; nothing is asked."""
    reading, told = item.item.readings[name], item.latest(name)
    known = told.value is not None
    return Reading(
        path,
        told.value,
        reading.unit,
        source=PROOFS[reading.proof] if reading.is_state else Source.READBACK,
        severity=Severity.OK if known else Severity.INVALID,
        reason=told.reason,
    )


def _in_mbar(item: BoundItem, value: Value) -> float:
    factor = MILLIBAR[item.item.readings["pressure"].unit]
    return float(f"{float(value) * factor:.6g}")
