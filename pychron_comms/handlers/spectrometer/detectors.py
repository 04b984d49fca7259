"""The commands for a mass spectrometer's data, detectors and cup configurations."""

from __future__ import annotations

from pychron_comms.handlers.arguments import Choice, Number, Text
from pychron_comms.handlers.command import Values, command
from pychron_comms.handlers.replies import done, value, words
from pychron_comms.handlers.spectrometer.words import NameList, assignments, csv, decimal, tagged
from pychron_comms.interfaces import Effect, ISpectrometer
from pychron_comms.lab.simulated.spectrometer.parameters import COUNTER_SUPPLY, deflection

_DETECTOR = Text("detector", keys=("name",))
_CUP = Text("cup", keys=("name",))


def _protected(values: Values) -> bool:
    return bool(values["protection"] == "On")


class DetectorCommands:
    """The part of a spectrometer's handler that is about what is measured, and with what."""

    @command(
        "GetData",
        reply=tagged,
        effect=Effect.READ,
        help="the last integration: name,value of each detector; fA, or counts per second",
    )
    def get_data(self, manager: ISpectrometer, sender: str) -> object:
        return manager.get_intensities()

    @command("GetIntegrationTime", reply=decimal, effect=Effect.READ, help="in seconds")
    def get_integration_time(self, manager: ISpectrometer, sender: str) -> object:
        return manager.get_integration_time()

    @command(
        "SetIntegrationTime",
        arguments=(Number("seconds", keys=("value",), unit="s"),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="integration",
        moves="integration={seconds}",
        help="begin a new integration of that length",
    )
    def set_integration_time(self, manager: ISpectrometer, sender: str, seconds: float) -> object:
        return manager.set_integration_time(seconds)

    @command(
        "ProtectDetector",
        arguments=(_DETECTOR, Choice("protection", choices=("On", "Off"), keys=("value",))),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="detector",
        safe=_protected,
        moves="{detector}/deflection=protection:{protection}",
        help="deflect the beam past a detector, or no longer",
    )
    def protect_detector(
        self, manager: ISpectrometer, sender: str, detector: str, protection: str
    ) -> object:
        return manager.protect_detector(detector, protection == "On")

    @command(
        "GetDeflection",
        arguments=(_DETECTOR,),
        reply=decimal,
        effect=Effect.READ,
        help="the deflection before a detector",
    )
    def get_deflection(self, manager: ISpectrometer, sender: str, detector: str) -> object:
        return manager.get_parameter(deflection(detector))

    @command(
        "GetDeflections",
        arguments=(NameList("detectors"),),
        reply=csv,
        effect=Effect.READ,
        help="the deflections before several detectors",
    )
    def get_deflections(
        self, manager: ISpectrometer, sender: str, detectors: tuple[str, ...]
    ) -> object:
        return [manager.get_parameter(deflection(detector)) for detector in detectors]

    @command(
        "SetDeflection",
        arguments=(_DETECTOR, Number("value")),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="detector",
        moves="{detector}/deflection={value}",
        help="set the deflection before a detector",
    )
    def set_deflection(
        self, manager: ISpectrometer, sender: str, detector: str, value: float
    ) -> object:
        return manager.set_parameter(deflection(detector), value)

    @command(
        "GetGain",
        arguments=(_DETECTOR,),
        reply=decimal,
        effect=Effect.READ,
        help="the factor of a detector's signal",
    )
    def get_gain(self, manager: ISpectrometer, sender: str, detector: str) -> object:
        return manager.get_gain(detector)

    @command(
        "SetGain",
        arguments=(_DETECTOR, Number("gain", keys=("value",))),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="detector",
        moves="{detector}/gain={gain}",
        help="set the factor of a detector's signal",
    )
    def set_gain(self, manager: ISpectrometer, sender: str, detector: str, gain: float) -> object:
        return manager.set_gain(detector, gain)

    @command(
        "ActivateIonCounter",
        arguments=(_DETECTOR,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="detector",
        moves="{detector}/counter=True",
        help="switch an ion counter on",
    )
    def activate_ion_counter(self, manager: ISpectrometer, sender: str, detector: str) -> object:
        return manager.set_ion_counter(detector, True)

    @command(
        "DeactivateIonCounter",
        arguments=(_DETECTOR,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="detector",
        safe=True,
        moves="{detector}/counter=False",
        help="switch an ion counter off",
    )
    def deactivate_ion_counter(self, manager: ISpectrometer, sender: str, detector: str) -> object:
        return manager.set_ion_counter(detector, False)

    @command(
        "GetIonCounterVoltage",
        reply=decimal,
        effect=Effect.READ,
        help="the supply of the ion counters in V",
    )
    def get_ion_counter_voltage(self, manager: ISpectrometer, sender: str) -> object:
        return manager.get_parameter(COUNTER_SUPPLY)

    @command(
        "SetIonCounterVoltage",
        arguments=(Number("value", unit="V"),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target=COUNTER_SUPPLY,
        moves=f"{COUNTER_SUPPLY}={{value}}",
        help="set the supply of the ion counters",
    )
    def set_ion_counter_voltage(self, manager: ISpectrometer, sender: str, value: float) -> object:
        return manager.set_parameter(COUNTER_SUPPLY, value)

    @command(
        "GetCupConfigurationList", reply=words, effect=Effect.READ, help="the cup configurations"
    )
    def get_cup_configuration_list(self, manager: ISpectrometer, sender: str) -> object:
        return manager.cup_configurations()

    @command(
        "GetSubCupConfigurationList",
        arguments=(_CUP,),
        reply=words,
        effect=Effect.READ,
        help="the sub cup configurations of a cup configuration",
    )
    def get_sub_cup_configuration_list(
        self, manager: ISpectrometer, sender: str, cup: str
    ) -> object:
        return manager.sub_cup_configurations(cup)

    @command(
        "GetActiveCupConfiguration",
        reply=value,
        effect=Effect.READ,
        help="the active cup configuration",
    )
    def get_active_cup_configuration(self, manager: ISpectrometer, sender: str) -> object:
        return manager.active_cup_configuration()[0]

    @command(
        "GetActiveSubCupConfiguration",
        reply=value,
        effect=Effect.READ,
        help="the active sub cup configuration",
    )
    def get_active_sub_cup_configuration(self, manager: ISpectrometer, sender: str) -> object:
        return manager.active_cup_configuration()[1]

    @command(
        "GetSubCupParameters",
        reply=assignments,
        effect=Effect.READ,
        help="each detector's deflection and the supply of the ion counters: name,value;...",
    )
    def get_sub_cup_parameters(self, manager: ISpectrometer, sender: str) -> object:
        names = [*map(deflection, manager.detectors()), COUNTER_SUPPLY]
        return [(name, manager.get_parameter(name)) for name in names]

    @command(
        "ActivateCupConfiguration",
        arguments=(_CUP, Text("sub_cup")),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="cups",
        moves="cups={cup}",
        help="activate a cup configuration and one of its sub cup configurations",
    )
    def activate_cup_configuration(
        self, manager: ISpectrometer, sender: str, cup: str, sub_cup: str
    ) -> object:
        return manager.activate_cup_configuration(cup, sub_cup)
