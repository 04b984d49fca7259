"""The commands for a mass spectrometer's parameters, its source, its beam and its magnet."""

from __future__ import annotations

from pychron_comms.handlers.arguments import Boolean, Number, Text
from pychron_comms.handlers.command import Values, command
from pychron_comms.handlers.moves import Moved
from pychron_comms.handlers.replies import done, state, words
from pychron_comms.handlers.spectrometer.parts import high_voltage, parameter
from pychron_comms.handlers.spectrometer.words import NameList, csv, decimal
from pychron_comms.interfaces import Effect, ISpectrometer
from pychron_comms.lab.simulated.spectrometer.parameters import CLOSED, FIELD, HIGH_VOLTAGE, OPEN

_NAME = Text("name", keys=("value",))
_VOLTS = 1000.0


def _set(manager: object, values: Values) -> list[Moved]:
    return [parameter(values.get("name"), values.get("value"))]


def _opened(manager: object, values: Values) -> list[Moved]:
    return [parameter(values.get("name"), OPEN)]


def _closed(manager: object, values: Values) -> list[Moved]:
    return [parameter(values.get("name"), CLOSED)]


def _volts(manager: object, values: Values) -> list[Moved]:
    return [high_voltage(values.get("value"))]


def _blanked(values: Values) -> bool:
    return bool(values["blanked"])


class SourceCommands:
    """The part of a spectrometer's handler that is about what makes and bends the beam."""

    @command(
        "GetParameter",
        arguments=(_NAME,),
        reply=decimal,
        effect=Effect.READ,
        help="a hardware parameter by its Qtegra name",
    )
    def get_parameter(self, manager: ISpectrometer, sender: str, name: str) -> object:
        return manager.get_parameter(name)

    @command(
        "GetParameters",
        arguments=(NameList("names"),),
        reply=csv,
        effect=Effect.READ,
        help="several parameters; commas part their names",
    )
    def get_parameters(self, manager: ISpectrometer, sender: str, names: tuple[str, ...]) -> object:
        return [manager.get_parameter(name) for name in names]

    @command(
        "SetParameter",
        arguments=(Text("name"), Number("value")),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="name",
        moves=_set,
        help="set a hardware parameter",
    )
    def set_parameter(self, manager: ISpectrometer, sender: str, name: str, value: float) -> object:
        return manager.set_parameter(name, value)

    @command(
        "Open",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="name",
        moves=_opened,
        help="open a valve by its parameter's name",
    )
    def open(self, manager: ISpectrometer, sender: str, name: str) -> object:
        return manager.set_parameter(name, OPEN)

    @command(
        "Close",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="name",
        safe=True,
        moves=_closed,
        help="close a valve by its parameter's name",
    )
    def close(self, manager: ISpectrometer, sender: str, name: str) -> object:
        return manager.set_parameter(name, CLOSED)

    @command(
        "GetValveState",
        arguments=(_NAME,),
        reply=state,
        effect=Effect.READ,
        help="whether a valve is open",
    )
    def get_valve_state(self, manager: ISpectrometer, sender: str, name: str) -> object:
        return manager.get_parameter(name) == OPEN

    @command(
        "GetTuningSettingsList", reply=words, effect=Effect.READ, help="the stored tuning settings"
    )
    def get_tuning_settings_list(self, manager: ISpectrometer, sender: str) -> object:
        return manager.tuning_settings()

    @command(
        "SetTuningSettings",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        help="set all parameters of stored tuning settings",
    )
    def set_tuning_settings(self, manager: ISpectrometer, sender: str, name: str) -> object:
        return manager.load_tuning_settings(name)

    @command("GetHighVoltage", reply=decimal, effect=Effect.READ, help="high voltage in V")
    def get_high_voltage(self, manager: ISpectrometer, sender: str) -> object:
        return manager.get_parameter(HIGH_VOLTAGE) * _VOLTS

    @command("GetHV", reply=decimal, effect=Effect.READ, help="high voltage in kV")
    def get_hv(self, manager: ISpectrometer, sender: str) -> object:
        return manager.get_parameter(HIGH_VOLTAGE)

    @command(
        "SetHighVoltage",
        "SetHV",
        arguments=(Number("value", unit="V", minimum=0),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target=HIGH_VOLTAGE,
        moves=_volts,
        help="set the high voltage",
    )
    def set_high_voltage(self, manager: ISpectrometer, sender: str, value: float) -> object:
        return manager.set_parameter(HIGH_VOLTAGE, value / _VOLTS)

    @command(
        "BlankBeam",
        arguments=(Boolean("blanked", keys=("value",)),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="beam",
        safe=_blanked,
        moves="beam=blanked:{blanked}",
        help="keep the beam from the detectors, or let it through again",
    )
    def blank_beam(self, manager: ISpectrometer, sender: str, blanked: bool) -> object:
        return manager.blank_beam(blanked)

    @command(
        "GetMagnetDAC", reply=decimal, effect=Effect.READ, help="the field in volts of its DAC"
    )
    def get_magnet_dac(self, manager: ISpectrometer, sender: str) -> object:
        return manager.get_parameter(FIELD)

    @command(
        "SetMagnetDAC",
        arguments=(Number("value", unit="V", minimum=0, maximum=10),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="magnet",
        moves="magnet={value}",
        help="begin to set the field; after a far move poll GetMagnetMoving",
    )
    def set_magnet_dac(self, manager: ISpectrometer, sender: str, value: float) -> object:
        return manager.move_magnet(value)

    @command(
        "GetMagnetMoving", reply=state, effect=Effect.READ, help="whether a far move is under way"
    )
    def get_magnet_moving(self, manager: ISpectrometer, sender: str) -> object:
        return manager.is_magnet_moving()

    @command(
        "SetMass",
        arguments=(Number("mass", unit="u", keys=("value",)), Text("detector", default="AX")),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="magnet",
        deadline=30.0,
        moves="magnet=mass:{mass}",
        help="bring a mass to a detector; OK when it is there",
    )
    def set_mass(self, manager: ISpectrometer, sender: str, mass: float, detector: str) -> object:
        return manager.set_mass(mass, detector)
