"""A laser's motors: mask, attenuator, beam, zoom, or whatever a laboratory calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import InvalidMotorError
from pychron_comms.lab.simulated.laser.motion import Motion


@dataclass(kw_only=True)
class Motor:
    """A motion that can be forbidden."""

    motion: Motion
    locked: bool = False


class Motors:
    """Motors by name. A name that there is none of raises 107."""

    def __init__(self, motors: Mapping[str, Motor]) -> None:
        self._motors = motors

    def __contains__(self, name: str) -> bool:
        return name in self._motors

    def move(self, name: str, value: float) -> bool:
        """Begin a move; False where the motor is locked. Errors: 107, 108 outside its travel."""
        motor = self._named(name)
        if motor.locked:
            return False
        motor.motion.begin(value)
        return True

    def check(self, name: str) -> None:
        """Errors: 107."""
        self._named(name)

    def is_moving(self, name: str) -> bool:
        return self._named(name).motion.moving

    def position(self, name: str) -> float:
        return self._named(name).motion.position

    def set_lock(self, name: str, locked: bool) -> None:
        """Forbid the next moves, or allow them; a move under way comes to its end."""
        self._named(name).locked = locked

    def _named(self, name: str) -> Motor:
        motor = self._motors.get(name)
        if motor is None:
            raise InvalidMotorError(name, did_you_mean(name, self._motors))
        return motor
