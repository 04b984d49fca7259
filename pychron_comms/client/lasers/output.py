"""The part of a laser's client that is about its light."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Self, Unpack

from pychron_comms.client.amounts import Amount, Word, written
from pychron_comms.client.instrument import Instrument
from pychron_comms.client.waiting import WaitOptions

Units = Literal["percent", "watts", "temp"]


class OutputControl(Instrument):
    """Whether the laser may fire, how strongly it does, and what comes of it."""

    def enable(self) -> None:
        """Make the laser ready to fire. Raises 101; 102 with the interlock in its way; 105."""
        self._do("Enable")

    def disable(self) -> None:
        """Set the power to 0 and make the laser unable to fire. Raises 101, 103."""
        self._do("Disable")

    @contextmanager
    def enabled(self) -> Iterator[Self]:
        """A laser that is enabled within the block, and disabled at its end whatever happens.

        It is disabled too where enabling fails, since it may have been enabled none the less.
        """
        try:
            self.enable()
            yield self
        finally:
            self.disable()

    def set_laser_power(self, power: float) -> None:
        """Power in percent, 0 to 100; 0 ends an extraction. Raises 101; 102 while not enabled."""
        self._do(written("SetLaserPower", Amount(power, 0, 100, "%")))

    def set_laser_output(self, value: float, units: Units = "percent") -> None:
        """Output in percent, watts or temp (degrees C), 0 or more; 0 ends an extraction.

        Raises as the power; 004 or 106 for what the laser does not reach.
        """
        self._do(written("SetLaserOutput", Amount(value, 0, unit=units), Word(units)))

    def read_laser_power(self) -> float:
        """Measured power in watts."""
        return self._number("ReadLaserPower")

    def achieved_output(self) -> float:
        """The output reached, in the units that it was set in."""
        return self._number("GetAchievedOutput")

    def pyrometer_temperature(self) -> float:
        """The sample's temperature in degrees C."""
        return self._number("GetPyrometerTemperature")

    def response_blob(self) -> bytes:
        """The last extraction's measured response; ``answers.pairs``: seconds and degrees C."""
        return self._base64("GetResponseBlob")

    def output_blob(self) -> bytes:
        """The last extraction's output; ``answers.pairs``: seconds and watts."""
        return self._base64("GetOutputBlob")

    def prepare(self, *, block: bool = True, **wait: Unpack[WaitOptions]) -> None:
        """Get ready for an extraction; return when ready, or at once without ``block``.

        ``stop_on_cancel`` disables the laser.
        """
        self._begin("Prepare")
        if block:
            self._wait("Prepare", lambda: not self.is_ready(), self.disable, wait)

    def is_ready(self) -> bool:
        """Whether ``prepare`` has come to its end."""
        return self._state("IsReady")

    def error(self) -> str | None:
        """What is wrong with the laser, None for nothing."""
        reply = self.ask("GetError")
        return None if reply.lower() in ("", "ok") else reply

    def status(self) -> str:
        """How the laser is, in its own words; ``OK`` where nothing is wrong."""
        return self.ask("GetLaserStatus")
