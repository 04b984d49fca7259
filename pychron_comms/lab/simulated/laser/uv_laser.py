"""A simulated pulsed laser."""

from __future__ import annotations

import math
from typing import Any

from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from pychron_comms.errors import InvalidArgumentsError
from pychron_comms.interfaces import IReactorManager, IUVLaserManager
from pychron_comms.lab.simulated.activity import Activity
from pychron_comms.lab.simulated.laser.laser import LaserParts, SimulatedLaser


@implementer(IUVLaserManager, IReactorManager)
class SimulatedUVLaser(SimulatedLaser):
    """Fires while it is enabled: ``nburst`` pulses at ``reprate`` per second, or until stopped."""

    def __init__(
        self,
        name: str,
        clock: IReactorTime,
        parts: LaserParts,
        *,
        nburst: int = 1,
        reprate: float = 10.0,
    ) -> None:
        super().__init__(name, clock, parts)
        self._firing = Activity(clock)
        self._nburst = nburst
        self._reprate = reprate
        self._burst_mode = True

    def fire(self, mode: str) -> None:
        """Errors: 004 for another mode, 101, 102 while not enabled, 105."""
        if mode == "stop":
            self.stop_fire()
        elif mode in ("burst", "continuous"):
            self.output.check_enabled()
            self._burst_mode = mode == "burst"
            self._firing.begin(self._nburst / self._reprate if self._burst_mode else math.inf)
        else:
            raise InvalidArgumentsError("Fire", f"{mode} (burst, continuous or stop)")

    def stop_fire(self) -> None:
        self._firing.stop()

    def is_firing(self) -> bool:
        """Also False where an interlock or an emergency has shut the laser down."""
        return self.output.enabled and self._firing.active

    def set_nburst(self, count: int) -> None:
        """1 or more. Errors: 004."""
        if count < 1:
            raise InvalidArgumentsError("SetNBurst", f"{count} (must be at least 1)")
        self._nburst = count

    def get_nburst(self) -> int:
        return self._nburst

    def get_burst_mode(self) -> bool:
        return self._burst_mode

    def set_reprate(self, rate: float) -> None:
        """Above 0, at most 300 per second. Errors: 004."""
        _check_rate(rate)
        self._reprate = rate

    def foretell(self, method: str, *arguments: Any) -> None:
        if method == "set_reprate":
            _check_rate(*arguments)
        super().foretell(method, *arguments)

    def _end_light(self) -> None:
        self._firing.stop()
        super()._end_light()


def _check_rate(rate: float) -> None:
    if not 0 < rate <= 300:
        raise InvalidArgumentsError("SetReprate", f"{rate:g} (must be above 0, at most 300)")
