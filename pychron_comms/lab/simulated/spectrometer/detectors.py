"""The detectors of the instruments that Qtegra drives.

Where a detector stands tells which mass it sees: ``position`` times the mass on the axis. The
argon isotopes fall on the cups of an Argus VI together, with 39 on the axis.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

#: Deflected farther than this from where it is tuned, a detector sees nothing of the beam.
DEFLECTED = 1000.0

# How far one unit of deflection shifts a detector's peaks, relative to their mass.
_SHIFT = 1e-6


@dataclass(frozen=True, kw_only=True)
class Detector:
    """A Faraday cup with its amplifier's resistor, or an ion counter where ``ohms`` is 0.

    ``offset`` is how far it stands from its nominal place, relative to the mass. ``deflection`` is
    the deflection that it is tuned to.
    """

    name: str
    position: float
    offset: float = 0.0
    ohms: float = 1e12
    deflection: float = 0.0

    @property
    def counts(self) -> bool:
        return self.ohms == 0

    def mass(self, axial_mass: float, deflection: float) -> float:
        """The mass in u that reaches it."""
        shift = _SHIFT * (deflection - self.deflection)
        return axial_mass * self.position * (1 + self.offset + shift)

    def deflected(self, deflection: float) -> bool:
        return abs(deflection - self.deflection) > DEFLECTED


def _cup(name: str, mass: float, offset: float) -> Detector:
    return Detector(name=name, position=mass / 39, offset=offset)


def _counter(name: str, mass: float, offset: float) -> Detector:
    return Detector(name=name, position=mass / 39, offset=offset, ohms=0)


_ARGUS_CUPS = (
    _cup("H2", 41, 1.2e-4),
    _cup("H1", 40, -0.8e-4),
    _cup("AX", 39, 0),
    _cup("L1", 38, 0.5e-4),
    _cup("L2", 37, -1.5e-4),
)

_HELIX_CUPS = tuple(replace(cup, ohms=1e13) if cup.name == "AX" else cup for cup in _ARGUS_CUPS)

#: Highest mass first, ion counters last. The Helix MC has a counter beside each of its cups; the
#: split flight tube of the Helix SFT has one cup on each side and a counter on the axis.
DETECTOR_SETS: Mapping[str, tuple[Detector, ...]] = {
    "argus-vi": (*_ARGUS_CUPS, _counter("CDD", 36, 2e-4)),
    "helix-mc": (
        *_HELIX_CUPS,
        *(
            _counter(f"{cup.name}(CDD)", round(39 * cup.position), cup.offset + 0.6e-4)
            for cup in _HELIX_CUPS
        ),
    ),
    "helix-sft": (_cup("H1", 40, 0.7e-4), _cup("AX", 39, 0), _counter("CDD", 36, -1e-4)),
}
