"""The commands for a mass spectrometer's parameters, its source, its beam and its magnet."""

from __future__ import annotations

from pychron_comms.handlers.arguments import Boolean, Number, Text
from pychron_comms.handlers.command import Values, foretold
from pychron_comms.handlers.moves import Moved
from pychron_comms.handlers.replies import done, state, words
from pychron_comms.handlers.spectrometer.parts import high_voltage, parameter
from pychron_comms.handlers.spectrometer.words import NameList, csv, decimal, qtegra_command
from pychron_comms.interfaces import Effect
from pychron_comms.qtegra.parameters import CLOSED, HIGH_VOLTAGE, OPEN

_NAME = Text("name", keys=("value",))


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

    get_parameter = qtegra_command(
        "GetParameter",
        arguments=(_NAME,),
        reply=decimal,
        effect=Effect.READ,
        help="a hardware parameter by its Qtegra name",
    )
    get_parameters = qtegra_command(
        "GetParameters",
        arguments=(NameList("names"),),
        reply=csv,
        effect=Effect.READ,
        help="several parameters; commas part their names",
    )
    set_parameter = qtegra_command(
        "SetParameter",
        arguments=(Text("name"), Number("value")),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="name",
        moves=_set,
        check=foretold("set_parameter"),
        help="set a hardware parameter",
    )
    open = qtegra_command(
        "Open",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="name",
        moves=_opened,
        help="open a valve by its parameter's name",
    )
    close = qtegra_command(
        "Close",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="name",
        safe=True,
        moves=_closed,
        help="close a valve by its parameter's name",
    )
    get_valve_state = qtegra_command(
        "GetValveState",
        arguments=(_NAME,),
        reply=state,
        effect=Effect.READ,
        help="whether a valve is open",
    )
    get_tuning_settings_list = qtegra_command(
        "GetTuningSettingsList", reply=words, effect=Effect.READ, help="the stored tuning settings"
    )
    set_tuning_settings = qtegra_command(
        "SetTuningSettings",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        check=foretold("load_tuning_settings"),
        help="set all parameters of stored tuning settings",
    )
    get_high_voltage = qtegra_command(
        "GetHighVoltage", reply=decimal, effect=Effect.READ, help="high voltage in V"
    )
    get_hv = qtegra_command("GetHV", reply=decimal, effect=Effect.READ, help="high voltage in kV")
    set_high_voltage = qtegra_command(
        "SetHighVoltage",
        arguments=(Number("value", unit="V", minimum=0),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target=HIGH_VOLTAGE,
        moves=_volts,
        help="set the high voltage",
    )
    blank_beam = qtegra_command(
        "BlankBeam",
        arguments=(Boolean("blanked", keys=("value",)),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="beam",
        safe=_blanked,
        moves="beam=blanked:{blanked}",
        help="keep the beam from the detectors, or let it through again",
    )
    get_magnet_dac = qtegra_command(
        "GetMagnetDAC", reply=decimal, effect=Effect.READ, help="the field in volts of its DAC"
    )
    set_magnet_dac = qtegra_command(
        "SetMagnetDAC",
        arguments=(Number("value", unit="V", minimum=0, maximum=10),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="magnet",
        moves="magnet={value}",
        help="begin to set the field; after a far move poll GetMagnetMoving",
    )
    get_magnet_moving = qtegra_command(
        "GetMagnetMoving", reply=state, effect=Effect.READ, help="whether a far move is under way"
    )
    set_mass = qtegra_command(
        "SetMass",
        arguments=(Number("mass", unit="u", keys=("value",)), Text("detector", default="AX")),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="magnet",
        deadline=30.0,
        moves="magnet=mass:{mass}",
        help="bring a mass to a detector; OK when it is there",
    )
