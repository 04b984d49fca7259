"""The commands for a mass spectrometer's data, detectors and cup configurations."""

from __future__ import annotations

from pychron_comms.handlers.arguments import Choice, Number, Text
from pychron_comms.handlers.command import Values, foretold
from pychron_comms.handlers.replies import done, value, words
from pychron_comms.handlers.spectrometer.words import (
    NameList,
    assignments,
    csv,
    decimal,
    qtegra_command,
    tagged,
)
from pychron_comms.interfaces import Effect
from pychron_comms.qtegra.parameters import COUNTER_SUPPLY

_DETECTOR = Text("detector", keys=("name",))
_CUP = Text("cup", keys=("name",))


def _protected(values: Values) -> bool:
    return bool(values["protection"] == "On")


class DetectorCommands:
    """The part of a spectrometer's handler that is about what is measured, and with what."""

    get_data = qtegra_command(
        "GetData",
        reply=tagged,
        effect=Effect.READ,
        help="the last integration: name,value of each detector; fA, or counts per second",
    )
    get_integration_time = qtegra_command(
        "GetIntegrationTime", reply=decimal, effect=Effect.READ, help="in seconds"
    )
    set_integration_time = qtegra_command(
        "SetIntegrationTime",
        arguments=(Number("seconds", keys=("value",), unit="s"),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="integration",
        moves="integration={seconds}",
        help="begin a new integration of that length",
    )
    protect_detector = qtegra_command(
        "ProtectDetector",
        arguments=(_DETECTOR, Choice("protection", choices=("On", "Off"), keys=("value",))),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="detector",
        safe=_protected,
        moves="{detector}/deflection=protection:{protection}",
        check=foretold("protect_detector"),
        help="deflect the beam past a detector, or no longer",
    )
    get_deflection = qtegra_command(
        "GetDeflection",
        arguments=(_DETECTOR,),
        reply=decimal,
        effect=Effect.READ,
        help="the deflection before a detector",
    )
    get_deflections = qtegra_command(
        "GetDeflections",
        arguments=(NameList("detectors"),),
        reply=csv,
        effect=Effect.READ,
        help="the deflections before several detectors",
    )
    set_deflection = qtegra_command(
        "SetDeflection",
        arguments=(_DETECTOR, Number("value")),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="detector",
        moves="{detector}/deflection={value}",
        help="set the deflection before a detector",
    )
    get_gain = qtegra_command(
        "GetGain",
        arguments=(_DETECTOR,),
        reply=decimal,
        effect=Effect.READ,
        help="the factor of a detector's signal",
    )
    set_gain = qtegra_command(
        "SetGain",
        arguments=(_DETECTOR, Number("gain", keys=("value",))),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="detector",
        moves="{detector}/gain={gain}",
        check=foretold("set_gain"),
        help="set the factor of a detector's signal",
    )
    activate_ion_counter = qtegra_command(
        "ActivateIonCounter",
        arguments=(_DETECTOR,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="detector",
        moves="{detector}/counter=True",
        check=foretold("set_ion_counter"),
        help="switch an ion counter on",
    )
    deactivate_ion_counter = qtegra_command(
        "DeactivateIonCounter",
        arguments=(_DETECTOR,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="detector",
        safe=True,
        moves="{detector}/counter=False",
        check=foretold("set_ion_counter"),
        help="switch an ion counter off",
    )
    get_ion_counter_voltage = qtegra_command(
        "GetIonCounterVoltage",
        reply=decimal,
        effect=Effect.READ,
        help="the supply of the ion counters in V",
    )
    set_ion_counter_voltage = qtegra_command(
        "SetIonCounterVoltage",
        arguments=(Number("value", unit="V"),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target=COUNTER_SUPPLY,
        moves=f"{COUNTER_SUPPLY}={{value}}",
        help="set the supply of the ion counters",
    )
    get_cup_configuration_list = qtegra_command(
        "GetCupConfigurationList", reply=words, effect=Effect.READ, help="the cup configurations"
    )
    get_sub_cup_configuration_list = qtegra_command(
        "GetSubCupConfigurationList",
        arguments=(_CUP,),
        reply=words,
        effect=Effect.READ,
        help="the sub cup configurations of a cup configuration",
    )
    get_active_cup_configuration = qtegra_command(
        "GetActiveCupConfiguration",
        reply=value,
        effect=Effect.READ,
        help="the active cup configuration",
    )
    get_active_sub_cup_configuration = qtegra_command(
        "GetActiveSubCupConfiguration",
        reply=value,
        effect=Effect.READ,
        help="the active sub cup configuration",
    )
    get_sub_cup_parameters = qtegra_command(
        "GetSubCupParameters",
        reply=assignments,
        effect=Effect.READ,
        help="each detector's deflection and the supply of the ion counters: name,value;...",
    )
    activate_cup_configuration = qtegra_command(
        "ActivateCupConfiguration",
        arguments=(_CUP, Text("sub_cup")),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="cups",
        moves="cups={cup}",
        check=foretold("activate_cup_configuration"),
        help="activate a cup configuration and one of its sub cup configurations",
    )
