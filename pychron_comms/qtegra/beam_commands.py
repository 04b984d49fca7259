"""The commands that move the magnet and blank the beam."""

from __future__ import annotations

import inspect

from pychron_comms.errors import CommandError
from pychron_comms.lab.simulated.spectrometer.magnet import FAR
from pychron_comms.lab.simulated.spectrometer.parameters import FIELD
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.arguments import OK, Command, Commands, Reply, number, ok_after, word

_NO_CUP = "Error: Cup not recognized"
_NO_MASS = "Error: Could not change mass."


class BeamCommands(Commands):
    def table(self) -> dict[str, Command]:
        return {
            "BlankBeam": self._blank_beam,
            "SetMagnetDAC": self._set_magnet_dac,
            "GetMagnetMoving": self._get_magnet_moving,
            "SetMass": self._set_mass,
        }

    def _blank_beam(self, words: list[str]) -> str:
        self._spectrometer.blank_beam(word(words).lower() == "true")
        return OK

    def _set_magnet_dac(self, words: list[str]) -> str:
        dac = number(words)
        try:
            self._spectrometer.move_magnet(dac)
        except CommandError:
            if not (self._faithful and self._is_far(dac)):
                return texts.could_not_set(FIELD, dac)
        return OK

    def _is_far(self, dac: float) -> bool:
        try:
            return abs(self._spectrometer.get_parameter(FIELD) - dac) > FAR
        except CommandError:  # acknowledged too, by a script that then does nothing
            return True

    def _get_magnet_moving(self, words: list[str]) -> str:
        return str(self._spectrometer.is_magnet_moving())

    def _set_mass(self, words: list[str]) -> Reply:
        parts = " ".join(words).split(",")
        mass = number(parts)
        cup = parts[1] if len(parts) > 1 else "AX"
        if cup not in self._spectrometer.detectors():
            return _NO_CUP
        try:
            result = self._spectrometer.set_mass(mass, cup)
        except CommandError:
            return _NO_MASS
        return ok_after(result, _NO_MASS) if inspect.isawaitable(result) else OK
