"""The hardware parameters that have words of their own, by the names that Qtegra gives them."""

from __future__ import annotations

from pychron_comms.errors import SetpointError

#: The magnet's field, in volts of its DAC.
FIELD = "Field Set"

#: A move of the field farther than this, in volts of the DAC, goes by steps.
FAR = 0.25

#: The accelerating voltage, in kV.
HIGH_VOLTAGE = "Acceleration Reference Set"

#: In volts, as commands set it, a kilovolt.
KILOVOLT = 1000.0

Y_SYMMETRY = "Y-Symmetry Set"
Z_SYMMETRY = "Z-Symmetry Set"
TRAP_CURRENT = "Trap Current Set"

#: The supply of the ion counters, in V.
COUNTER_SUPPLY = "CDD Supply Set"

#: What the switch of a valve or pump reads.
OPEN, CLOSED = 1.0, 0.0


def deflection(detector: str) -> str:
    """The parameter that deflects the beam before a detector."""
    return f"Deflection {detector} Set"


class ParameterError(SetpointError):
    """A hardware parameter that could not be set to a value; 106."""

    def __init__(self, name: str, value: float) -> None:
        super().__init__(f"{name} {value:.15g}")
        self.name = name
        self.value = value
