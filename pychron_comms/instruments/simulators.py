"""The simulator that a description needs."""

from __future__ import annotations

from typing import TypeAlias

from pychron_comms.instruments.description import Description
from pychron_comms.instruments.modbus.frames import Frames
from pychron_comms.instruments.modbus.simulated import SimulatedModbus
from pychron_comms.instruments.simulated import SimulatedInstrument

Simulator: TypeAlias = SimulatedInstrument | SimulatedModbus


def simulator(description: Description, frames: Frames | None = None) -> Simulator:
    """``frames`` are those of the wire that a Modbus unit is on; bare ones otherwise."""
    if description.wire.frames is None:
        return SimulatedInstrument(description)
    return SimulatedModbus(description, frames)
