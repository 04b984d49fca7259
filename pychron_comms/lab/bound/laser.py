"""A laser whose light, stage and motors are instruments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from zope.interface import implementer

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import (
    InvalidArgumentsError,
    InvalidMotorError,
    NoResponseError,
    PositionError,
    SetpointError,
)
from pychron_comms.instruments.bound_item import BoundItem
from pychron_comms.instruments.device import asked, shown
from pychron_comms.interfaces import (
    PROOFS,
    IForetells,
    IReactorManager,
    IShowsState,
    Position,
    Reading,
    Severity,
    Source,
)
from pychron_comms.interfaces.later import Later
from pychron_comms.lab.bound.axis import Axis
from pychron_comms.lab.bound.bare_laser import BareLaser
from pychron_comms.lab.bound.output import STATE, LaserOutput
from pychron_comms.lab.bound.patterns import Patterns
from pychron_comms.lab.bound.stage import Stage
from pychron_comms.lab.simulated.laser.curve import Points, interpolate

PERCENT = "percent"
WATTS = "watts"


@dataclass(frozen=True, kw_only=True)
class Parts:
    """``watts`` is the power by percent, ascending; None where it has not been measured."""

    output: LaserOutput
    watts: Points | None = None
    stage: Stage | None = None
    patterns: Patterns | None = None
    #: In degrees C, and in watts.
    pyrometer: BoundItem | None = None
    power_meter: BoundItem | None = None
    motors: Mapping[str, Axis] = field(default_factory=dict)


@implementer(IForetells, IReactorManager, IShowsState)
class BoundLaser(BareLaser):
    """What it has no instrument for is refused: nothing of it is simulated."""

    def __init__(self, name: str, parts: Parts) -> None:
        self.name = name
        self._output = parts.output
        self._watts = parts.watts
        self._stage = parts.stage
        self._motors = parts.motors
        self._patterns = parts.patterns
        self._pyrometer = parts.pyrometer
        self._power_meter = parts.power_meter
        self._locked: set[str] = set()
        self._units = PERCENT

    def foretell(self, method: str, *arguments: Any) -> None:
        """Knows its motors, and what output it does not reach."""
        checks: Mapping[str, Callable[..., object]] = {
            "execute_pattern": lambda name, duration: self._known_patterns().check(name),
            "set_laser_output": self._percent_for,
            "set_motor": lambda name, value: self._motor(name).check(value),
            "set_motor_lock": lambda name, locked: self._motor(name),
        }
        if method in checks:
            checks[method](*arguments)

    def readings(self) -> list[Reading]:
        """What is known of it; nothing is asked."""
        output = self._output
        state = output.item.item.readings.get(STATE)
        source = PROOFS[state.proof] if state else Source.COMMANDED
        power = output.power
        readings = [
            _known("enabled", output.enabled)._replace(source=source),
            Reading("error", self.get_error() or ""),
            _known("output", self._in_units(power), self._units),
            Reading("moving", self._is_any_moving()),
        ]
        for path, item in (("power", self._power_meter), ("temperature", self._pyrometer)):
            if item is None:
                readings.append(_known(path, None)._replace(reason="nothing measures it"))
            else:
                readings.append(shown(item, "value", path))
        if self._stage is not None:
            at = [self._stage.axes[name].latest for name in "xyz" if name in self._stage.axes]
            readings.append(_known("position", None if None in at else at, "mm"))
            readings.append(Reading("holder", self._stage.holder))
        if self._patterns is not None:
            readings.append(Reading("pattern", self._patterns.running))
        return readings

    # -- its light

    def enable(self) -> Later[None]:
        return self._output.enable()

    def disable(self) -> Later[None]:
        """A pattern goes no further; no move of the stage is waited for."""
        if self._patterns is not None:
            self._patterns.end()
        return self._output.disable()

    def is_enabled(self) -> Later[bool]:
        return self._output.is_enabled()

    def get_error(self) -> str | None:
        """Of its light; otherwise why the last pattern ended before its time."""
        return self._output.error or (self._patterns.trouble if self._patterns else "") or None

    def get_laser_status(self) -> Later[str]:
        return self._output.error or "OK"

    def prepare(self) -> None:
        """There is nothing to prepare."""

    def is_ready(self) -> Later[bool]:
        """Unless something is wrong."""
        return self._output.error is None

    def set_laser_power(self, power: float) -> Later[None]:
        self._units = PERCENT
        return self._output.set_power(power)

    def set_laser_output(self, value: float, units: str) -> Later[None]:
        percent = self._percent_for(value, units)
        self._units = units
        return self._output.set_power(percent)

    async def get_achieved_output(self) -> float:
        """The power that is set, as the instrument says, in the units it was set in."""
        return self._in_units(await self._output.read_power()) or 0.0

    async def read_laser_power(self) -> float:
        return await _measured(self._power_meter)

    async def get_pyrometer_temperature(self) -> float:
        return await _measured(self._pyrometer)

    # -- its stage

    def get_position(self) -> Later[Position]:
        return self._moves().position()

    def set_xy(self, x: float, y: float) -> Later[None]:
        return self._moves().move({"x": x, "y": y})

    def set_axis(self, axis: str, value: float) -> Later[None]:
        return self._moves().move({axis: value})

    def is_moving(self, axis: str) -> Later[bool]:
        return self._stage.is_moving(axis) if self._stage else False

    def stop_drive(self) -> Later[None]:
        return self._stage.stop() if self._stage else None

    def set_drive_home(self) -> Later[None]:
        return self._moves().home()

    def go_to_hole(self, hole: int, autocenter: bool) -> Later[None]:
        return self._moves().go_to_hole(hole)

    def go_to_named_position(self, name: str) -> Later[None]:
        stage = self._moves()
        return stage.go_to("position", stage.places.positions, name)

    def go_to_point(self, name: str) -> Later[None]:
        stage = self._moves()
        return stage.go_to("point", stage.places.points, name)

    def set_sample_holder(self, name: str) -> None:
        self._moves().set_holder(name)

    def get_sample_holder(self) -> Later[str]:
        return self._moves().holder

    # -- its patterns

    def get_pattern_names(self) -> Sequence[str]:
        return self._patterns.names if self._patterns else ()

    def execute_pattern(self, name: str, duration: float | None) -> Later[None]:
        return self._known_patterns().begin(name, duration)

    def is_patterning(self) -> bool:
        return self._patterns is not None and bool(self._patterns.running)

    def stop_pattern(self) -> Later[None]:
        return self._patterns.stop() if self._patterns else None

    def _known_patterns(self) -> Patterns:
        if self._patterns is None:
            raise InvalidArgumentsError("DoPattern", "(no patterns are described for this laser)")
        return self._patterns

    # -- its motors

    async def set_motor(self, name: str, value: float) -> bool:
        motor = self._motor(name)
        if name in self._locked:
            return False
        await motor.move(value)
        return True

    def is_motor_moving(self, name: str) -> Awaitable[bool]:
        return self._motor(name).is_moving()

    def set_motor_lock(self, name: str, locked: bool) -> None:
        self._motor(name)
        (self._locked.add if locked else self._locked.discard)(name)

    def get_beam_diameter(self) -> Later[float | None]:
        return self._motors["beam"].position() if "beam" in self._motors else None

    def get_zoom(self) -> Later[float | None]:
        return self._motors["zoom"].position() if "zoom" in self._motors else None

    def _motor(self, name: str) -> Axis:
        if name not in self._motors:
            raise InvalidMotorError(name, did_you_mean(name, self._motors))
        return self._motors[name]

    def _moves(self) -> Stage:
        if self._stage is None:
            raise PositionError("it has no stage")
        return self._stage

    def _is_any_moving(self) -> bool | None:
        moving = [axis.moving for axis in self._stage.axes.values()] if self._stage else []
        return True if True in moving else None if None in moving else False

    def _percent_for(self, value: float, units: str) -> float:
        """Errors: 004 for units that it does not have, 106 for what it does not reach."""
        percent = value
        if units == WATTS and self._watts is not None:
            if value > self._watts[-1][1]:
                raise SetpointError(f"{value:g} {units}")
            percent = interpolate(value, [(watts, percent) for percent, watts in self._watts])
        elif value and units != PERCENT:
            raise InvalidArgumentsError("SetLaserOutput", f"{value:g} {units} (no such unit here)")
        elif percent > 100:
            raise InvalidArgumentsError("SetLaserOutput", f"{value:g} {units} (at most 100)")
        self._output.check_power(percent)
        return percent

    def _in_units(self, percent: float | None) -> float | None:
        if percent is None or self._units == PERCENT or self._watts is None:
            return percent
        return interpolate(percent, self._watts)


async def _measured(item: BoundItem | None) -> float:
    """Errors: 010, also where nothing measures it."""
    if item is None:
        raise NoResponseError
    return float(await asked(item, "value"))


def _known(path: str, value: object, unit: str = "") -> Reading:
    known = value is not None
    return Reading(
        path,
        value,
        unit,
        severity=Severity.OK if known else Severity.INVALID,
        reason="" if known else "not known",
    )
