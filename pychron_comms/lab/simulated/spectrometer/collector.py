"""From the settings of the instrument to what each detector collects and shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from random import Random

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import InvalidArgumentsError
from pychron_comms.interfaces import Intensity
from pychron_comms.lab.simulated.spectrometer import beam
from pychron_comms.lab.simulated.spectrometer.detectors import Detector
from pychron_comms.lab.simulated.spectrometer.magnet import Magnet
from pychron_comms.lab.simulated.spectrometer.noise import measured_current, measured_rate
from pychron_comms.lab.simulated.spectrometer.parameters import Parameters
from pychron_comms.lab.simulated.spectrometer.source import COUNTER_THRESHOLD, transmission
from pychron_comms.qtegra.parameters import COUNTER_SUPPLY, HIGH_VOLTAGE, deflection

#: What Qtegra's script calls a detector that it has no name for.
NAMELESS = "foo"


class Collector:
    """The detectors, their gains, and the beam that reaches them.

    ``currents`` are in fA for each isotope, ``kelvin`` is the temperature of the amplifiers.
    Those of ``nameless`` are reported as ``foo``.
    """

    def __init__(
        self,
        detectors: Sequence[Detector],
        currents: Mapping[str, float],
        parameters: Parameters,
        magnet: Magnet,
        random: Random,
        *,
        kelvin: float = 300.0,
        nameless: Collection[str] = (),
    ) -> None:
        self.gains = {detector.name: 1.0 for detector in detectors}
        self.active = {detector.name for detector in detectors if detector.counts}
        self._detectors = {detector.name: detector for detector in detectors}
        self._currents = currents
        self._parameters = parameters
        self._magnet = magnet
        self._random = random
        self._kelvin = kelvin
        self._labels = [NAMELESS if name in nameless else name for name in self._detectors]

    def names(self) -> Sequence[str]:
        return list(self._detectors)

    def detector(self, name: str) -> Detector:
        """Errors: 004 no such detector."""
        if name not in self._detectors:
            near = did_you_mean(name, self._detectors)
            raise InvalidArgumentsError("detector", f"{name} (there is none{near})")
        return self._detectors[name]

    def collected(self, start: float, end: float) -> Sequence[float]:
        """The mean current in fA on each detector, over a time in which only the field changed."""
        through = transmission(self._parameters)
        charges = [0.0] * len(self._detectors)
        for seconds, dac in self._magnet.pieces(start, end):
            mass = beam.axial_mass(dac, self._parameters.value(HIGH_VOLTAGE))
            for index, detector in enumerate(self._detectors.values()):
                charges[index] += seconds * through * self._current(detector, mass)
        return [charge / (end - start) for charge in charges]

    def measured(self, currents: Sequence[float], seconds: float) -> Sequence[Intensity]:
        """What the detectors show of these currents."""
        return [
            Intensity(label, self.gains[detector.name] * self._shown(detector, current, seconds))
            for label, detector, current in zip(
                self._labels, self._detectors.values(), currents, strict=True
            )
        ]

    def _current(self, detector: Detector, axial_mass: float) -> float:
        deflected = self._parameters.value(deflection(detector.name))
        if detector.deflected(deflected):
            return 0.0
        return beam.collected(detector.mass(axial_mass, deflected), self._currents)

    def _shown(self, detector: Detector, current: float, seconds: float) -> float:
        if not detector.counts:
            return measured_current(current, detector.ohms, seconds, self._kelvin, self._random)
        supplied = self._parameters.value(COUNTER_SUPPLY) >= COUNTER_THRESHOLD
        if detector.name not in self.active or not supplied:
            return 0.0
        return measured_rate(current, seconds, self._random)
