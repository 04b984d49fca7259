"""The parts of a mass spectrometer, whichever of its words moves them.

A parameter is a part of its own name, but where another command moves the same thing.
"""

from __future__ import annotations

import re

from pychron_comms.handlers.moves import Moved
from pychron_comms.qtegra.parameters import FIELD, HIGH_VOLTAGE, KILOVOLT, Y_SYMMETRY

_DEFLECTION = re.compile(r"Deflection (.+) Set")
_PARTS = {FIELD: "magnet", Y_SYMMETRY: "beam"}


def parameter(name: object, value: float | None) -> Moved:
    """What setting a parameter moves; all of the instrument where no name is given."""
    if name is None:
        return "", None
    text = str(name)
    deflected = _DEFLECTION.fullmatch(text)
    part = f"{deflected[1]}/deflection" if deflected else _PARTS.get(text, text)
    return part, None if value is None else _rounded(value)


def high_voltage(volts: float | None) -> Moved:
    """What setting the high voltage in V moves: a parameter in kV."""
    return parameter(HIGH_VOLTAGE, None if volts is None else volts / KILOVOLT)


def _rounded(value: float) -> float:
    # 4500.1 V and 4.5001 kV are one, though not to the last bit.
    return float(format(value, ".12g"))
