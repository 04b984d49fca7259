"""The commands for data, detectors and cup configurations."""

from __future__ import annotations

from contextlib import suppress

from twisted.internet.task import deferLater

from pychron_comms.errors import CommandError
from pychron_comms.lab.simulated.spectrometer.parameters import COUNTER_SUPPLY, deflection
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.arguments import (
    OK,
    Command,
    Commands,
    Reply,
    Unanswered,
    name_and_number,
    number,
    ok_after,
    word,
)

#: Seconds that the script sleeps when it has switched an ion counter.
_ION_COUNTER_SLEEP = 1.0


class DetectorCommands(Commands):
    def table(self) -> dict[str, Command]:
        return {
            "GetData": self._get_data,
            "SetIntegrationTime": self._set_integration_time,
            "GetIntegrationTime": self._get_integration_time,
            "GetCupConfigurationList": self._get_cup_configuration_list,
            "GetSubCupConfigurationList": self._get_sub_cup_configuration_list,
            "GetActiveCupConfiguration": lambda words: self._active()[0],
            "GetActiveSubCupConfiguration": lambda words: self._active()[1],
            "GetSubCupParameters": self._get_sub_cup_parameters,
            "ActivateCupConfiguration": self._activate_cup_configuration,
            "ActivateIonCounter": lambda words: self._set_ion_counter(word(words), True),
            # Both of the script's commands activate.
            "DeactivateIonCounter": lambda words: self._set_ion_counter(
                word(words), self._faithful
            ),
            "ProtectDetector": self._protect_detector,
            "GetGain": self._get_gain,
            "SetGain": self._set_gain,
        }

    def _get_data(self, words: list[str]) -> str:
        try:
            return texts.data(self._spectrometer.get_intensities(), self._tagged)
        except CommandError:
            raise Unanswered from None

    def _get_integration_time(self, words: list[str]) -> str:
        return texts.number(self._spectrometer.get_integration_time())

    def _set_integration_time(self, words: list[str]) -> str:
        seconds = number(words)
        try:
            self._spectrometer.set_integration_time(seconds)
        except CommandError:
            return f"Error: could not set integration time to {texts.number(seconds)}"
        return OK

    def _get_cup_configuration_list(self, words: list[str]) -> str:
        return "\r".join(self._spectrometer.cup_configurations())

    def _get_sub_cup_configuration_list(self, words: list[str]) -> str:
        try:
            return "\r".join(self._spectrometer.sub_cup_configurations(word(words)))
        except CommandError:
            raise Unanswered from None

    def _active(self) -> tuple[str, str]:
        return self._spectrometer.active_cup_configuration()

    def _get_sub_cup_parameters(self, words: list[str]) -> str:
        names = [deflection(name) for name in self._spectrometer.detectors()]
        known = []
        for name in (*names, COUNTER_SUPPLY):
            with suppress(CommandError):
                known.append(f"{name},{texts.number(self._spectrometer.get_parameter(name))}")
        return ";".join(known)

    def _activate_cup_configuration(self, words: list[str]) -> str:
        cup, sub = word(words), word(words, 1)
        try:
            self._spectrometer.activate_cup_configuration(cup, sub)
        except CommandError:
            return f"Error: could not set cup={cup}, sub cup to {sub} "
        return OK

    def _set_ion_counter(self, name: str, active: bool) -> Reply:
        try:
            self._spectrometer.set_ion_counter(name, active)
        except CommandError:
            return f"Could not activate {name}."
        if self._faithful_clock is not None:
            return ok_after(deferLater(self._faithful_clock, _ION_COUNTER_SLEEP), OK)
        return OK

    def _protect_detector(self, words: list[str]) -> str:
        parts = word(words).split(",")
        with suppress(CommandError):
            self._spectrometer.protect_detector(parts[0], word(parts, 1).lower() == "on")
        return OK

    def _get_gain(self, words: list[str]) -> str:
        try:
            return texts.number(self._spectrometer.get_gain(" ".join(words)))
        except CommandError:
            return "0"

    def _set_gain(self, words: list[str]) -> str:
        name, gain = name_and_number(words)
        with suppress(CommandError):
            self._spectrometer.set_gain(name, gain)
        return OK
