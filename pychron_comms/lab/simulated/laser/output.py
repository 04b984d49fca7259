"""What decides whether a laser fires, and how strongly: interlocks, faults, the power curve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import NoReturn

from pychron_comms.errors import (
    DisableError,
    EmergencyShutdownError,
    EnableError,
    InvalidArgumentsError,
    LogicBoardCommunicationError,
    SetpointError,
)
from pychron_comms.lab.simulated.laser.curve import Points, interpolate
from pychron_comms.lab.simulated.laser.pyrometer import Pyrometer

UNITS = ("percent", "watts", "temp")


@dataclass(kw_only=True)
class Faults:
    """What is wrong with a simulated laser, so that clients can be tried against it.

    ``logic_board`` answers; ``shutter`` closes; ``emergency`` is what has shut the laser down,
    empty for nothing; ``setpoint`` can be reached.
    """

    logic_board: bool = True
    shutter: bool = True
    emergency: str = ""
    setpoint: bool = True


class LaserOutput:
    """A laser's power supply and what it does to the sample.

    ``curve`` is watts by percent, ascending, from 0, 0 to 100 percent. ``interlocks`` are true
    where they are made.
    """

    def __init__(
        self,
        random: Random,
        pyrometer: Pyrometer,
        curve: Points,
        interlocks: Mapping[str, bool],
        faults: Faults,
    ) -> None:
        self.pyrometer = pyrometer
        self.faults = faults
        self._random = random
        self._curve = curve
        self._inverse = [(watts, percent) for percent, watts in curve]
        self._interlocks = dict(interlocks)
        self._enabled = False
        self._broken = ""
        self._power = 0.0
        self._units = "percent"

    @property
    def enabled(self) -> bool:
        return self._enabled

    @property
    def power(self) -> float:
        """In percent, 0 to 100."""
        return self._power

    @property
    def error(self) -> str | None:
        """What is wrong now, None for nothing."""
        if self.faults.emergency:
            return str(EmergencyShutdownError(self.faults.emergency))
        if not self.faults.logic_board:
            return str(LogicBoardCommunicationError())
        return f"interlock {self._broken} broke" if self._broken else None

    def enable(self) -> None:
        """Errors: 101, 102 with the interlock that is not made, 105."""
        self._check_board()
        self._check_emergency()
        for name, made in self._interlocks.items():
            if not made:
                raise EnableError(name)
        self._broken = ""
        self._enabled = True

    def disable(self) -> None:
        """No power, whatever else goes wrong. Errors: 101, 103."""
        self._set(0.0)
        self._check_board()
        if not self.faults.shutter:
            raise DisableError("(the shutter did not close)")
        self._enabled = False

    def check_enabled(self) -> None:
        """Whether it may give light. Errors: 101, 102, 105."""
        self._check_board()
        self._check_emergency()
        if not self._enabled:
            raise EnableError("(it is not enabled)")

    def set_interlock(self, name: str, made: bool) -> None:
        """Make or break an interlock; to break one shuts an enabled laser down."""
        self._interlocks[name] = made
        if self._enabled and not made:
            self._shut_down()
            self._broken = name

    def shut_down(self, reason: str) -> None:
        """An emergency: no light until ``faults.emergency`` is empty again."""
        self._shut_down()
        self.faults.emergency = reason

    def set_power(self, percent: float) -> None:
        """0 to 100. Errors: 101; 102 and 105 unless 0."""
        self._units = "percent"
        self._give(percent)

    def set_output(self, value: float, units: str) -> None:
        """In one of ``UNITS``. Errors: as ``set_power``; 004, 106 beyond what it can reach."""
        percent = self._percent_for(value, units) if value else 0.0
        if percent and not self.faults.setpoint:
            self._fail_setpoint(value, units)
        self._give(percent)
        self._units = units

    def check_output(self, value: float, units: str) -> None:
        """Errors: 004, 106 for what it can never reach."""
        if value:
            self._percent_for(value, units)

    def read_watts(self) -> float:
        """Measured, with a noise of 0.2 %."""
        return round(self._watts * (1 + self._random.gauss(0.0, 0.002)), 3)

    def achieved(self) -> float:
        """The output reached, in the units that it was last set in."""
        if self._units == "watts":
            return self.read_watts()
        return self.pyrometer.read() if self._units == "temp" else self._power

    @property
    def _watts(self) -> float:
        return interpolate(self._power, self._curve)

    def _give(self, percent: float) -> None:
        if percent:
            self.check_enabled()
        self._set(percent)
        self._check_board()

    def _set(self, percent: float) -> None:
        self._power = percent
        self.pyrometer.heat(self._watts)

    def _shut_down(self) -> None:
        self._set(0.0)
        self._enabled = False

    def _percent_for(self, value: float, units: str) -> float:
        if units == "percent":
            if value > 100:
                raise InvalidArgumentsError("SetLaserOutput", f"{value:g} {units} (at most 100)")
            return value
        if units not in UNITS:
            raise InvalidArgumentsError("SetLaserOutput", f"{value:g} {units} (no such unit)")
        watts = value if units == "watts" else self.pyrometer.watts_for(value)
        if watts > self._inverse[-1][0]:
            self._fail_setpoint(value, units)
        return interpolate(watts, self._inverse)

    def _fail_setpoint(self, value: float, units: str) -> NoReturn:
        raise SetpointError(f"{value:g} {units}")

    def _check_board(self) -> None:
        if not self.faults.logic_board:
            raise LogicBoardCommunicationError

    def _check_emergency(self) -> None:
        if self.faults.emergency:
            raise EmergencyShutdownError(self.faults.emergency)
