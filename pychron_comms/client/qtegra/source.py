"""The ion source of a mass spectrometer that Qtegra controls. Raises as the other parts do."""

from __future__ import annotations

from pychron_comms.client.qtegra.operation import M_co, operation
from pychron_comms.client.qtegra.parts import QtegraPart


class Source(QtegraPart[M_co]):
    """The ion source. Readbacks are measured, the others are what was set."""

    @operation
    async def hv(self) -> float:
        """The acceleration voltage, in V. (Qtegra's ``GetHV`` answers in kV, this does not.)"""
        return await self._number("GetHighVoltage")

    @operation
    async def set_hv(self, volts: float) -> None:
        await self._set("SetHV", volts)

    @operation
    async def trap_current(self) -> float:
        """The readback, in uA."""
        return await self._parameter("Trap Current Readback")

    @operation
    async def set_trap_current(self, microamperes: float) -> None:
        await self._set_parameter("Trap Current Set", microamperes)

    @operation
    async def trap_voltage(self) -> float:
        """The readback, in V."""
        return await self._parameter("Trap Voltage Readback")

    @operation
    async def set_trap_voltage(self, volts: float) -> None:
        await self._set_parameter("Trap Voltage Set", volts)

    @operation
    async def emission(self) -> float:
        """The source's current, the readback, in uA."""
        return await self._parameter("Source Current Readback")

    @operation
    async def y_symmetry(self) -> float:
        """In the instrument's own scale, as is all that follows."""
        return await self._parameter("Y-Symmetry Set")

    @operation
    async def set_y_symmetry(self, value: float) -> None:
        await self._set_parameter("Y-Symmetry Set", value)

    @operation
    async def z_symmetry(self) -> float:
        return await self._parameter("Z-Symmetry Set")

    @operation
    async def set_z_symmetry(self, value: float) -> None:
        await self._set_parameter("Z-Symmetry Set", value)

    @operation
    async def ion_repeller(self) -> float:
        return await self._parameter("Ion Repeller Set")

    @operation
    async def set_ion_repeller(self, value: float) -> None:
        await self._set_parameter("Ion Repeller Set", value)

    @operation
    async def extraction_lens(self) -> float:
        return await self._parameter("Extraction Lens Set")

    @operation
    async def set_extraction_lens(self, value: float) -> None:
        await self._set_parameter("Extraction Lens Set", value)

    @operation
    async def extraction_focus(self) -> float:
        return await self._parameter("Extraction Focus Set")

    @operation
    async def set_extraction_focus(self, value: float) -> None:
        await self._set_parameter("Extraction Focus Set", value)

    @operation
    async def extraction_symmetry(self) -> float:
        return await self._parameter("Extraction Symmetry Set")

    @operation
    async def set_extraction_symmetry(self, value: float) -> None:
        await self._set_parameter("Extraction Symmetry Set", value)
