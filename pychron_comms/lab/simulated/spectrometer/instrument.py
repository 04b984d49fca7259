"""A simulated mass spectrometer, as Qtegra would show it."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from zope.interface import implementer

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import InvalidArgumentsError, NoResponseError, PositionError
from pychron_comms.interfaces import (
    IForetells,
    Intensity,
    IReactorManager,
    IShowsState,
    ISpectrometer,
    Reading,
    Severity,
    Source,
)
from pychron_comms.lab.simulated.spectrometer import source
from pychron_comms.lab.simulated.spectrometer.acquisition import Acquisition
from pychron_comms.lab.simulated.spectrometer.beam import CURRENTS, axial_mass, dac_for
from pychron_comms.lab.simulated.spectrometer.collector import Collector
from pychron_comms.lab.simulated.spectrometer.cups import CupConfigurations
from pychron_comms.lab.simulated.spectrometer.detectors import DETECTOR_SETS, Detector
from pychron_comms.lab.simulated.spectrometer.magnet import Magnet
from pychron_comms.lab.simulated.spectrometer.parameters import Parameters, Setting
from pychron_comms.qtegra.parameters import (
    FIELD,
    HIGH_VOLTAGE,
    Y_SYMMETRY,
    ParameterError,
    deflection,
)

#: The deflection that protects a detector.
PROTECTED = 2000.0

#: The range of an integration time in seconds.
SHORTEST, LONGEST = 0.01, 1000.0

# A large change of mass goes by steps of this part of it, or of 1 u.
_MASS_STEP = 0.1

_DEFLECTIONS = (-3000.0, 3000.0)


@dataclass(frozen=True, kw_only=True)
class InstrumentSettings:
    """What the instrument is.

    ``currents``: fA by isotope. ``parameters``: more settings, or other first values and ranges.
    ``dead``: parameters that can be neither read nor set. ``nameless``: detectors that are
    reported as ``foo``. ``overlapping_moves``: see ``Magnet``. ``kelvin``: of the amplifiers.
    """

    detectors: Sequence[Detector] = DETECTOR_SETS["argus-vi"]
    currents: Mapping[str, float] = field(default_factory=lambda: CURRENTS)
    parameters: Mapping[str, Setting] = field(default_factory=dict)
    gains: Mapping[str, float] = field(default_factory=dict)
    integration_time: float = 1.048576
    cups: Mapping[str, Sequence[str]] = field(default_factory=lambda: {"Argon": ["Standard"]})
    tunings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    dead: Collection[str] = ()
    nameless: Collection[str] = ()
    kelvin: float = 300.0
    tag_data: bool = True
    overlapping_moves: bool = False

    def all_parameters(self) -> dict[str, Setting]:
        deflections = {
            deflection(each.name): Setting(each.deflection, *_DEFLECTIONS)
            for each in self.detectors
        }
        return {**source.SETTINGS, **deflections, **self.parameters}


@implementer(ISpectrometer, IForetells, IShowsState, IReactorManager)
class SimulatedSpectrometer:
    """Measures argon beams with noise drawn from ``random``; follows ``clock``."""

    def __init__(self, clock: IReactorTime, random: Random, settings: InstrumentSettings) -> None:
        self.tag_data = settings.tag_data
        self._clock = clock
        self._tunings = settings.tunings
        self._cups = CupConfigurations(settings.cups)
        parameters = settings.all_parameters()
        self._parameters = Parameters(parameters, source.READBACKS, settings.dead)
        self._magnet = Magnet(
            clock, parameters[FIELD].value, overlapping=settings.overlapping_moves
        )
        self._collector = Collector(
            settings.detectors,
            settings.currents,
            self._parameters,
            self._magnet,
            random,
            kelvin=settings.kelvin,
            nameless=settings.nameless,
        )
        self._collector.gains.update(settings.gains)
        self._acquisition = Acquisition(
            clock, settings.integration_time, self._collector.collected, self._collector.measured
        )
        self._unblanked: float | None = None
        self._unprotected: dict[str, float] = {}

    # -- what is measured

    def detectors(self) -> Sequence[str]:
        return self._collector.names()

    def get_intensities(self) -> Sequence[Intensity]:
        return self._acquisition.latest()

    def get_integration_time(self) -> float:
        return self._acquisition.seconds

    def set_integration_time(self, seconds: float) -> None:
        if not SHORTEST <= seconds <= LONGEST:
            raise ParameterError("integration time", seconds)
        self._acquisition.reckon()
        self._acquisition.begin(seconds)

    # -- parameters

    def get_parameter(self, name: str) -> float:
        value = self._parameters.get(name)
        return self._magnet.dac if name == FIELD else value

    def set_parameter(self, name: str, value: float) -> None:
        self._parameters.check(name, value)
        self._acquisition.reckon()
        if name == FIELD:
            self._magnet.set(value)
        else:
            self._parameters.set(name, value)

    def readings(self) -> Sequence[Reading]:
        """Each parameter, by its Qtegra name."""
        return [self._reading(name) for name in self._parameters.names()]

    def _reading(self, name: str) -> Reading:
        source = Source.COMMANDED if self._parameters.is_set(name) else Source.READBACK
        reading = Reading(f"parameter/{name}", None, source=source)
        try:
            return reading._replace(value=self.get_parameter(name))
        except NoResponseError as error:
            return reading._replace(severity=Severity.INVALID, reason=str(error))

    def tuning_settings(self) -> Sequence[str]:
        return list(self._tunings)

    def load_tuning_settings(self, name: str) -> None:
        """All of them or, where one cannot be set, none."""
        self._check_tuning(name)
        for parameter, value in self._tunings[name].items():
            self.set_parameter(parameter, value)

    def _check_tuning(self, name: str) -> None:
        if name not in self._tunings:
            near = did_you_mean(name, self._tunings)
            raise InvalidArgumentsError("tuning settings", f"{name} (there are none{near})")
        for parameter, value in self._tunings[name].items():
            self._parameters.check(parameter, value)

    def foretell(self, method: str, *arguments: Any) -> None:
        """Knows its parameters, detectors, cups and tuning settings."""
        checks: Mapping[str, Callable[..., object]] = {
            "set_parameter": self._parameters.check,
            "load_tuning_settings": self._check_tuning,
            "activate_cup_configuration": self._cups.check,
            "set_gain": lambda detector, gain: self._collector.detector(detector),
            "protect_detector": lambda detector, on: self._collector.detector(detector),
            "set_ion_counter": self._check_counter,
        }
        if method in checks:
            checks[method](*arguments)

    # -- the magnet

    def move_magnet(self, dac: float) -> None:
        self._parameters.check(FIELD, dac)
        self._acquisition.reckon()
        self._magnet.move(dac)

    def is_magnet_moving(self) -> bool:
        return self._magnet.moving

    def set_mass(self, mass: float, detector: str) -> Deferred[None]:
        target = mass / self._collector.detector(detector).position
        if target <= 0:
            raise PositionError(f"mass {mass:g} is not above 0")
        kilovolts = self._parameters.value(HIGH_VOLTAGE)
        try:
            self._parameters.check(FIELD, dac_for(target, kilovolts))
        except ParameterError as error:
            raise PositionError(f"mass {mass:g} on {detector}: {error}") from None
        self._acquisition.reckon()
        masses = _mass_steps(axial_mass(self._magnet.dac, kilovolts), target)
        seconds = self._magnet.follow([dac_for(each, kilovolts) for each in masses])
        return deferLater(self._clock, seconds)

    # -- the beam and the detectors

    def blank_beam(self, blanked: bool) -> None:
        if blanked and self._unblanked is None:
            before = self._parameters.value(Y_SYMMETRY)
            self.set_parameter(Y_SYMMETRY, source.BLANKED)
            self._unblanked = before
        elif not blanked and self._unblanked is not None:
            self.set_parameter(Y_SYMMETRY, self._unblanked)
            self._unblanked = None

    def protect_detector(self, detector: str, protected: bool) -> None:
        name = deflection(self._collector.detector(detector).name)
        if protected and detector not in self._unprotected:
            before = self._parameters.value(name)
            self.set_parameter(name, PROTECTED)
            self._unprotected[detector] = before
        elif not protected and detector in self._unprotected:
            self.set_parameter(name, self._unprotected[detector])
            del self._unprotected[detector]

    def get_gain(self, detector: str) -> float:
        return self._collector.gains[self._collector.detector(detector).name]

    def set_gain(self, detector: str, gain: float) -> None:
        self._collector.detector(detector)
        self._acquisition.reckon()
        self._collector.gains[detector] = gain

    def set_ion_counter(self, detector: str, active: bool) -> None:
        self._check_counter(detector)
        self._acquisition.reckon()
        if active:
            self._collector.active.add(detector)
        else:
            self._collector.active.discard(detector)

    def _check_counter(self, detector: str) -> None:
        if not self._collector.detector(detector).counts:
            raise InvalidArgumentsError("ion counter", f"{detector} (counts no ions)")

    # -- cup configurations

    def cup_configurations(self) -> Sequence[str]:
        return self._cups.names()

    def sub_cup_configurations(self, cup: str) -> Sequence[str]:
        return self._cups.subs(cup)

    def active_cup_configuration(self) -> tuple[str, str]:
        return self._cups.active

    def activate_cup_configuration(self, cup: str, sub_cup: str) -> None:
        self._cups.activate(cup, sub_cup)


def _mass_steps(start: float, target: float) -> list[float]:
    """The masses on the way, by steps of a tenth of the one before or 1 u; the target last."""
    masses = [start]
    while abs(target - masses[-1]) > max(_MASS_STEP * masses[-1], 1.0):
        step = max(_MASS_STEP * masses[-1], 1.0)
        masses.append(masses[-1] + math.copysign(step, target - masses[-1]))
    return [*masses[1:], target]
