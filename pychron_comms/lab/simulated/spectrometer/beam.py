"""The ion beams of argon, and how much of them a detector collects."""

from __future__ import annotations

import math
from collections.abc import Mapping

#: Atomic masses in u, from the Atomic Mass Evaluation 2020.
MASSES: Mapping[str, float] = {
    "Ar36": 35.967545,
    "Ar37": 36.966776,
    "Ar38": 37.962732,
    "Ar39": 38.964313,
    "Ar40": 39.962383,
}

#: The beams of a sample, in fA on the axis; those of an irradiated sanidine, about.
CURRENTS: Mapping[str, float] = {
    "Ar36": 1.5,
    "Ar37": 4.0,
    "Ar38": 2.5,
    "Ar39": 120.0,
    "Ar40": 2000.0,
}

#: The full width at half maximum of a peak, relative to its mass: a resolution of about 230.
PEAK_WIDTH = 0.0044

# The standard deviation of the beam that the collector's slit cuts, relative to the mass.
_BEAM_WIDTH = 0.00025

# Of the magnet: the volts that bring mass 39 to the axis at _VOLTAGE kV.
_FIELD, _MASS, _VOLTAGE = 5.35, 39.0, 4.5


def axial_mass(dac: float, kilovolts: float) -> float:
    """The mass in u that a field brings to the axis: it goes as the field squared over voltage."""
    if kilovolts <= 0:
        return 0.0
    return _MASS * (dac / _FIELD) ** 2 * _VOLTAGE / kilovolts


def dac_for(mass: float, kilovolts: float) -> float:
    """The field, in volts of the DAC, that brings a mass of 0 u or more to the axis."""
    return _FIELD * math.sqrt(mass / _MASS * kilovolts / _VOLTAGE)


def peak_shape(distance: float) -> float:
    """The part of a beam, 0 to 1, that passes a slit: flat on top, steep at the sides.

    ``distance`` is that from the peak's centre, relative to the mass.
    """
    scale = _BEAM_WIDTH * math.sqrt(2)
    half = PEAK_WIDTH / 2
    return 0.5 * (math.erf((distance + half) / scale) - math.erf((distance - half) / scale))


def collected(mass: float, currents: Mapping[str, float]) -> float:
    """What reaches a detector that sees ``mass``, in the unit of the isotopes' currents."""
    return sum(
        current * peak_shape((mass - MASSES[isotope]) / MASSES[isotope])
        for isotope, current in currents.items()
    )
