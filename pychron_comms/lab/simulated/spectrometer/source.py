"""The ion source: its parameters, and how much of the beam they let through."""

from __future__ import annotations

import math
from collections.abc import Mapping

from pychron_comms.lab.simulated.spectrometer.parameters import Parameters, Readback, Setting
from pychron_comms.qtegra.parameters import (
    COUNTER_SUPPLY,
    FIELD,
    HIGH_VOLTAGE,
    TRAP_CURRENT,
    Y_SYMMETRY,
    Z_SYMMETRY,
)

#: What Y-Symmetry is set to in order to blank the beam.
BLANKED = -50.0

#: Below this supply, in V, an ion counter counts nothing.
COUNTER_THRESHOLD = 1200.0

#: Voltages in V, currents in uA; the accelerating voltage in kV, the field in volts of its DAC.
SETTINGS: Mapping[str, Setting] = {
    FIELD: Setting(5.35, 0, 10),
    HIGH_VOLTAGE: Setting(4.5, 0, 10),
    Y_SYMMETRY: Setting(1.5, -100, 100),
    Z_SYMMETRY: Setting(-2.25, -100, 100),
    TRAP_CURRENT: Setting(250, 0, 1000),
    "Trap Voltage Set": Setting(120, 0, 500),
    "Electron Energy Set": Setting(80, 0, 500),
    "Ion Repeller Set": Setting(-12.5, -100, 100),
    "Z-Focus Set": Setting(10, -1000, 1000),
    "Extraction Focus Set": Setting(50, -100, 100),
    "Extraction Symmetry Set": Setting(5, -100, 100),
    "Extraction Lens Set": Setting(50, -1000, 1000),
    COUNTER_SUPPLY: Setting(1730, 0, 3000),
}

READBACKS: Mapping[str, Readback] = {
    "Trap Current Readback": Readback(TRAP_CURRENT, 1.0005),
    "Trap Voltage Readback": Readback("Trap Voltage Set"),
    "Electron Energy Readback": Readback("Electron Energy Set"),
    "Source Current Readback": Readback(TRAP_CURRENT, 1.2),
}

# How far a symmetry may be from its best before the beam falls to 60 %.
_SYMMETRY_WIDTH = 8.0


def transmission(parameters: Parameters) -> float:
    """The beam relative to that of the source as it is tuned at first; 0 for none."""
    detuned = sum(
        (parameters.value(name) - SETTINGS[name].value) ** 2 for name in (Y_SYMMETRY, Z_SYMMETRY)
    )
    emission = parameters.value(TRAP_CURRENT) / SETTINGS[TRAP_CURRENT].value
    return emission * math.exp(-detuned / (2 * _SYMMETRY_WIDTH**2))
