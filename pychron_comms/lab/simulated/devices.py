"""Simulated devices: a value to read and set, gauges, a chiller, compressed air."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from typing import NoReturn

from zope.interface import implementer

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import InvalidArgumentsError, InvalidGaugeError
from pychron_comms.interfaces import (
    IChiller,
    IConvertsValues,
    IGaugeController,
    IPneumatics,
    IReactorManager,
    IShowsState,
    Reading,
)
from pychron_comms.lab.simulated.extraction_line.vacuum import Vacuum
from pychron_comms.wire.numbers import finite_number


def refused(name: str, value: str, reason: str) -> InvalidArgumentsError:
    """The error (004) of a device that cannot take a value."""
    return InvalidArgumentsError("Set", f"{name} {value} ({reason})")


def finite(name: str, value: str) -> float:
    """The number that a text says; 004 where it says none."""
    try:
        return finite_number(value)
    except ValueError as error:
        raise refused(name, value, str(error)) from None


@implementer(IConvertsValues, IReactorManager)
class SimulatedDevice:
    """Remembers a number or a text: what it is at first decides which it takes.

    A number may have a ``minimum`` and a ``maximum``, both included.
    """

    def __init__(
        self,
        name: str,
        value: float | str,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
        read_only: bool = False,
    ) -> None:
        self.name = name
        self._value = value
        self._minimum = -math.inf if minimum is None else minimum
        self._maximum = math.inf if maximum is None else maximum
        self._read_only = read_only

    def get(self) -> float | str:
        return self._value

    def set(self, value: str, sender: str) -> None:
        self._value = self.converted(value)

    def converted(self, value: str) -> float | str:
        if self._read_only:
            raise refused(self.name, value, "can only be read")
        return value if isinstance(self._value, str) else self._number(value)

    def _number(self, value: str) -> float:
        number = finite(self.name, value)
        if number < self._minimum:
            raise refused(self.name, value, f"must be at least {self._minimum:g}")
        if number > self._maximum:
            raise refused(self.name, value, f"must be at most {self._maximum:g}")
        return number


@implementer(IGaugeController, IConvertsValues, IReactorManager, IShowsState)
class SimulatedGaugeController:
    """Gauges by name, each on a volume; ``noise`` is the relative deviation of a reading."""

    def __init__(
        self,
        name: str,
        vacuum: Vacuum,
        gauges: Mapping[str, str],
        noise: float,
        source: random.Random,
    ) -> None:
        self.name = name
        self._vacuum = vacuum
        self._gauges = dict(gauges)
        self._noise = noise
        self._source = source

    @property
    def gauge_names(self) -> list[str]:
        return list(self._gauges)

    def get(self) -> float:
        """The pressure of the first gauge."""
        return self.get_pressure(next(iter(self._gauges)))

    def set(self, value: str, sender: str) -> None:
        self.converted(value)

    def converted(self, value: str) -> NoReturn:
        raise refused(self.name, value, "can only be read")

    def get_pressure(self, gauge: str) -> float:
        if gauge not in self._gauges:
            raise InvalidGaugeError(self.name, gauge, did_you_mean(gauge, self._gauges))
        pressure = self._vacuum.pressure(self._gauges[gauge])
        return float(f"{pressure * self._source.lognormvariate(0.0, self._noise):.4g}")

    def readings(self) -> list[Reading]:
        return [Reading(gauge, self.get_pressure(gauge), "mbar") for gauge in self._gauges]


@implementer(IChiller, IConvertsValues, IReactorManager, IShowsState)
class SimulatedChiller:
    """Holds its coolant near a set point from 5 to 40 degrees C, and tells of given faults."""

    MINIMUM = 5.0
    MAXIMUM = 40.0

    def __init__(
        self, name: str, setpoint: float, faults: Sequence[str], source: random.Random
    ) -> None:
        self.name = name
        self._setpoint = SimulatedDevice(name, setpoint, minimum=self.MINIMUM, maximum=self.MAXIMUM)
        self._faults = tuple(faults)
        self._source = source

    def get(self) -> float:
        return self.get_coolant_out_temperature()

    def set(self, value: str, sender: str) -> None:
        """The set point, in degrees C."""
        self._setpoint.set(value, sender)

    def converted(self, value: str) -> float | str:
        return self._setpoint.converted(value)

    def get_faults(self) -> Sequence[str]:
        return self._faults

    def get_coolant_out_temperature(self) -> float:
        return round(float(self._setpoint.get()) + self._source.gauss(0.0, 0.05), 2)

    def readings(self) -> list[Reading]:
        return [Reading("", self.get_coolant_out_temperature(), "C")]


@implementer(IPneumatics, IConvertsValues, IReactorManager, IShowsState)
class SimulatedPneumatics:
    """Compressed air at about ``pressure`` psi."""

    def __init__(self, name: str, pressure: float, source: random.Random) -> None:
        self.name = name
        self._pressure = pressure
        self._source = source

    def get(self) -> float:
        return self.get_pneumatics_pressure()

    def set(self, value: str, sender: str) -> None:
        self.converted(value)

    def converted(self, value: str) -> NoReturn:
        raise refused(self.name, value, "can only be read")

    def get_pneumatics_pressure(self) -> float:
        return round(self._pressure + self._source.gauss(0.0, 0.2), 1)

    def readings(self) -> list[Reading]:
        return [Reading("", self.get_pneumatics_pressure(), "psi")]
