"""Lasers, as scripts and notebooks use them."""

from __future__ import annotations

import json
from typing import Literal, Unpack

from pychron_comms.client import answers
from pychron_comms.client.amounts import Amount, Count, Word, written
from pychron_comms.client.lasers.camera import CameraControl
from pychron_comms.client.lasers.motors import MotorControl
from pychron_comms.client.lasers.output import OutputControl
from pychron_comms.client.lasers.patterns import PatternControl
from pychron_comms.client.lasers.stage import StageControl
from pychron_comms.client.lease import Lease
from pychron_comms.client.waiting import WaitOptions


class PychronLaserManager(OutputControl, StageControl, PatternControl, MotorControl, CameraControl):
    """One laser with its stage, motors, camera and patterns.

    ::

        with PychronLaserManager("tcp:127.0.0.1:1067") as laser, laser.enabled():
            laser.move_to_hole(3)
            laser.set_laser_power(12.5)

    The end of ``with laser`` only closes the connection; that of ``laser.enabled()`` disables.
    """

    def claimed(self, seconds: float, part: str = "") -> Lease:
        """Keep the laser, or a part such as an axis, to this computer within a ``with`` block.

        The lease is renewed every third of ``seconds``; it lapses, and the laser is made safe,
        where this program dies. See ``Lease``. Raises 204.
        """
        return self._lease(Word(part).checked("Claim") if part else self._type_name(), seconds)

    def _type_name(self) -> str:
        command = "Describe"
        reply = self.ask(command)
        try:
            return str(json.loads(reply)["type"])
        except (KeyError, TypeError, ValueError):
            raise answers.UnexpectedReplyError(command, reply) from None


class PychronUVLaserManager(PychronLaserManager):
    """A pulsed laser."""

    def fire(self, mode: Literal["burst", "continuous"] = "burst") -> None:
        """Begin to fire. Raises 102 while not enabled."""
        self._do(written("Fire", Word(mode)))

    def burst(
        self, pulses: int | None = None, *, block: bool = True, **wait: Unpack[WaitOptions]
    ) -> None:
        """Fire a burst of so many pulses, 1 or more, or of as many as the last one.

        Returns when it has ended, or at once without ``block``. ``stop_on_cancel`` stops firing.
        """
        if pulses is not None:
            self.set_nburst(pulses)
        self.fire("burst")
        if block:
            self._wait("the burst", self.is_firing, self.stop_fire, wait)

    def stop_fire(self) -> None:
        self._do("Fire stop")

    def is_firing(self) -> bool:
        return self._state("IsFiring")

    def set_nburst(self, pulses: int) -> None:
        """How many pulses a burst has, 1 or more."""
        self._do(written("SetNBurst", Count(pulses, 1)))

    def nburst(self) -> int:
        return self._whole_number("GetNBurst")

    def burst_mode(self) -> bool:
        """Whether bursts are chosen."""
        return self._state("GetBurstMode")

    def set_reprate(self, rate: float) -> None:
        """Pulses per second, above 0 to 300."""
        self._do(written("SetReprate", Amount(rate, 0, 300, "Hz")))
