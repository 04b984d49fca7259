"""The commands that read and set parameters: source, deflections, valves, tuning settings."""

from __future__ import annotations

from pychron_comms.errors import CommandError
from pychron_comms.lab.simulated.spectrometer.parameters import (
    CLOSED,
    COUNTER_SUPPLY,
    FIELD,
    HIGH_VOLTAGE,
    OPEN,
    deflection,
)
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.arguments import (
    OK,
    Command,
    Commands,
    Unanswered,
    name_and_number,
    number,
    word,
)

_VOLTS = 1000.0


class ParameterCommands(Commands):
    def table(self) -> dict[str, Command]:
        return {
            "GetTuningSettingsList": self._get_tuning_settings_list,
            "SetTuningSettings": self._set_tuning_settings,
            "Open": lambda words: self._set(" ".join(words), OPEN),
            "Close": lambda words: self._set(" ".join(words), CLOSED),
            "GetValveState": self._get_valve_state,
            "GetMagnetDAC": lambda words: self._get(FIELD),
            "GetHighVoltage": lambda words: self._get(HIGH_VOLTAGE, _VOLTS),
            "SetHighVoltage": self._set_high_voltage,
            "GetHV": lambda words: self._get(HIGH_VOLTAGE),
            "SetHV": self._set_high_voltage,
            "GetDeflection": lambda words: self._get(deflection(" ".join(words))),
            "SetDeflection": self._set_deflection,
            "GetDeflections": self._get_deflections,
            "GetIonCounterVoltage": lambda words: self._get(COUNTER_SUPPLY),
            "SetIonCounterVoltage": lambda words: self._set(COUNTER_SUPPLY, number(words)),
            "GetParameter": lambda words: self._get(" ".join(words)),
            "SetParameter": lambda words: self._set(*name_and_number(words)),
            "GetParameters": self._get_parameters,
        }

    def _get(self, name: str, factor: float = 1.0) -> str:
        return texts.number(self._spectrometer.get_parameter(name) * factor)

    def _set(self, name: str, value: float) -> str:
        try:
            self._spectrometer.set_parameter(name, value)
        except CommandError:
            return texts.could_not_set(name, value)
        return OK

    def _several(self, names: list[str]) -> str:
        return texts.numbers(self._value_or_zero(name) for name in names)

    def _value_or_zero(self, name: str) -> float:
        try:
            return self._spectrometer.get_parameter(name)
        except CommandError:
            return 0.0

    def _get_parameters(self, words: list[str]) -> str:
        if self._faithful:  # the script reads a variable that it never sets
            raise Unanswered
        return self._several(" ".join(words).split(","))

    def _set_high_voltage(self, words: list[str]) -> str:
        return self._set(HIGH_VOLTAGE, number(words) / _VOLTS)

    def _set_deflection(self, words: list[str]) -> str:
        name, value = name_and_number(words)
        return self._set(deflection(name), value)

    def _get_deflections(self, words: list[str]) -> str:
        return self._several([deflection(name) for name in " ".join(words).split(",")])

    def _get_valve_state(self, words: list[str]) -> str:
        try:
            return str(self._spectrometer.get_parameter(" ".join(words)) == OPEN)
        except CommandError:
            return "Error"

    def _get_tuning_settings_list(self, words: list[str]) -> str:
        return ",".join(self._spectrometer.tuning_settings())

    def _set_tuning_settings(self, words: list[str]) -> str:
        name = word(words)
        try:
            self._spectrometer.load_tuning_settings(name)
        except CommandError:
            return f"Error: could not set tuning settings {name}"
        return OK
