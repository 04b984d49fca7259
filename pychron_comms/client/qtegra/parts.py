"""The magnet and the detectors of a mass spectrometer that Qtegra controls.

Every method is an operation: it returns its result, or a Deferred of it, as the microcontroller
does. All raise QtegraError for what Qtegra refuses, 011 for a command that was never sent, 201 for
one whose outcome is not known, and 004 for an argument that cannot be sent.
"""

from __future__ import annotations

from collections.abc import Sequence

from pychron_comms.client import answers
from pychron_comms.client.amounts import Amount, Word, written
from pychron_comms.client.qtegra.microcontroller import QtegraError
from pychron_comms.client.qtegra.operation import M_co, Part, operation
from pychron_comms.client.waiting import DeadlinePassedError

#: Seconds that Qtegra may take for what it answers only when it is done.
LONG = 10.0

#: Volts of the magnet's DAC: a move of more endangers detectors.
LARGE_MOVE = 0.1

_POLL = 0.25


class QtegraPart(Part[M_co]):
    """Reads and sets values."""

    async def _number(self, command: str) -> float:
        return answers.number(command, await self.microcontroller.request(command))

    async def _state(self, command: str) -> bool:
        return answers.state(command, await self.microcontroller.request(command))

    async def _do(self, command: str, timeout: float | None = None) -> None:
        reply = await self.microcontroller.request(command, timeout)
        answers.check_done(command, reply)

    async def _set(self, command: str, value: float) -> None:
        await self._do(written(command, Amount(value)))

    async def _parameter(self, name: str) -> float:
        return await self._number(f"GetParameter {name}")

    async def _set_parameter(self, name: str, value: float) -> None:
        await self._do(written("SetParameter", Word(name), Amount(value)))


class Magnet(QtegraPart[M_co]):
    """The magnet, and the precautions of a large move.

    A move of more than ``large_move`` V sweeps the beam over the detectors, so the ``protected``
    ones are protected and the beam is blanked until it has ended. What ends such a move early, an
    error or a cancellation, leaves them so, since the magnet may be moving still: ``expose`` is
    for the person who has looked.
    """

    def __init__(
        self,
        microcontroller: M_co,
        protected: Sequence[str] = (),
        *,
        large_move: float = LARGE_MOVE,
        patience: float = 30.0,
    ) -> None:
        super().__init__(microcontroller)
        self.protected = tuple(protected)
        self.large_move = large_move
        self._patience = patience

    @operation
    async def dac(self) -> float:
        """The field that is set, in V of the magnet's DAC."""
        return await self._number("GetMagnetDAC")

    @operation
    async def moving(self) -> bool:
        """Whether the magnet is on its way."""
        return await self._state("GetMagnetMoving")

    @operation
    async def set_dac(self, dac: float) -> None:
        """Move to ``dac``, in V; ends when the magnet has arrived.

        Raises DeadlinePassedError where it does not in ``patience`` seconds, here or before.
        """
        command = written("SetMagnetDAC", Amount(dac))
        await self._arrive()
        if abs(dac - await self.dac.coroutine()) > self.large_move:
            await self._move_protected(command)
        else:
            await self._do(command)
            await self._arrive()

    @operation
    async def set_mass(self, mass: float, detector: str = "AX") -> None:
        """Move so that ``mass``, in u, falls into ``detector``.

        Counts as a large move.
        """
        command = written("SetMass", Amount(mass), Word(detector))
        await self._arrive()
        await self._move_protected(command)

    @operation
    async def protect(self) -> None:
        """Protect the detectors and blank the beam, as before a large move."""
        for name in self.protected:
            await self._do(f"ProtectDetector {name},On")
        await self._do("BlankBeam True")

    @operation
    async def expose(self) -> None:
        """The opposite of ``protect``."""
        for name in self.protected:
            await self._do(f"ProtectDetector {name},Off")
        await self._do("BlankBeam False")

    async def _move_protected(self, command: str) -> None:
        try:
            await self.protect.coroutine()
            await self._do(command, LONG)
        except QtegraError:
            # Refused: nothing moves.
            await self.expose.coroutine()
            raise
        await self._arrive()
        await self.expose.coroutine()

    async def _arrive(self) -> None:
        """Never set a moving magnet: Qtegra then writes the old and the new field in turns."""
        waited = 0.0
        while await self.moving.coroutine():
            if waited >= self._patience:
                raise DeadlinePassedError(f"the magnet still moves after {waited:g} s")
            await self.microcontroller.pause(_POLL)
            waited += _POLL


class Detector(QtegraPart[M_co]):
    """One detector, by the name that Qtegra has for it, such as ``H1``."""

    def __init__(self, microcontroller: M_co, name: str) -> None:
        super().__init__(microcontroller)
        self.name = name

    @operation
    async def deflection(self) -> float:
        """The deflection voltage, in V."""
        return await self._number(f"GetDeflection {self.name}")

    @operation
    async def set_deflection(self, volts: float) -> None:
        await self._do(written("SetDeflection", Word(self.name), Amount(volts)))

    @operation
    async def gain(self) -> float:
        """The factor by which Qtegra multiplies the signal; 0 for a name that it does not know."""
        return await self._number(f"GetGain {self.name}")

    @operation
    async def set_gain(self, gain: float) -> None:
        await self._do(written("SetGain", Word(self.name), Amount(gain)))

    @operation
    async def protect(self) -> None:
        """Deflect the beam away from it."""
        await self._do(f"ProtectDetector {self.name},On")

    @operation
    async def expose(self) -> None:
        """The opposite of ``protect``."""
        await self._do(f"ProtectDetector {self.name},Off")


class IonCounter(Detector[M_co]):
    """A detector that counts ions (CDD). Qtegra's voltage is that of its one ion counter."""

    @operation
    async def voltage(self) -> float:
        """The operating voltage, in V."""
        return await self._number("GetIonCounterVoltage")

    @operation
    async def set_voltage(self, volts: float) -> None:
        await self._set("SetIonCounterVoltage", volts)

    @operation
    async def activate(self) -> None:
        """Takes more than a second."""
        await self._do(f"ActivateIonCounter {self.name}", LONG)

    @operation
    async def deactivate(self) -> None:
        """Takes more than a second. Some versions of Qtegra activate it instead."""
        await self._do(f"DeactivateIonCounter {self.name}", LONG)
