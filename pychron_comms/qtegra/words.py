"""Qtegra's words, each once: how it is read, what it calls, what Qtegra replies.

The RemoteControlServer runs them as they stand here; the request type ``Spectrometer`` reads and
replies in its own way, and calls the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pychron_comms.interfaces import Intensity, ISpectrometer
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra import readers as read
from pychron_comms.qtegra import refusals
from pychron_comms.qtegra.parameters import (
    CLOSED,
    COUNTER_SUPPLY,
    FIELD,
    HIGH_VOLTAGE,
    KILOVOLT,
    OPEN,
    deflection,
)
from pychron_comms.qtegra.readers import Reader
from pychron_comms.qtegra.refusals import Refused

#: Calls the spectrometer with the values of one command, by their names.
SpectrometerCall = Callable[..., Any]


def _ok(result: object) -> str:
    return "OK"


@dataclass(frozen=True, kw_only=True)
class Word:
    """One command of Qtegra's; ``names`` are its words, the first of which is its own.

    ``reply`` makes the text of what the spectrometer answered, ``refused`` that of an error.
    """

    names: tuple[str, ...]
    read: Reader
    call: SpectrometerCall
    reply: Callable[[Any], str] = _ok
    refused: Refused = refusals.in_general


def _get(name: str, factor: float = 1.0) -> SpectrometerCall:
    return lambda spectrometer: spectrometer.get_parameter(name) * factor


def _get_several(spectrometer: ISpectrometer, names: Iterable[str]) -> list[float]:
    return [spectrometer.get_parameter(name) for name in names]


def _sub_cup_parameters(spectrometer: ISpectrometer) -> list[tuple[str, float]]:
    names = [*map(deflection, spectrometer.detectors()), COUNTER_SUPPLY]
    return [(name, spectrometer.get_parameter(name)) for name in names]


def _lines(names: Sequence[str]) -> str:
    return "\r".join(names)


def tagged(intensities: Sequence[Intensity]) -> str:
    """Each detector's name and value."""
    return texts.data(intensities, True)


def _row(
    *names: str,
    call: SpectrometerCall,
    read: Reader = read.nothing,
    reply: Callable[[Any], str] = _ok,
    refused: Refused = refusals.in_general,
) -> Word:
    return Word(names=names, read=read, call=call, reply=reply, refused=refused)


# Where the script would otherwise break, or leave a client without an answer, see ``faults``.
_TABLE = (
    # Parameters: the source, deflections, valves, tuning settings.
    _row(
        "GetParameter",
        read=read.joined("name"),
        call=lambda s, name: s.get_parameter(name),
        reply=texts.number,
    ),
    _row(
        "GetParameters",
        read=read.listed("names"),
        call=_get_several,
        reply=texts.numbers,
    ),
    _row(
        "SetParameter",
        read=read.named_number("name", "value"),
        call=lambda s, name, value: s.set_parameter(name, value),
        refused=refusals.not_set,
    ),
    _row(
        "Open",
        read=read.joined("name"),
        call=lambda s, name: s.set_parameter(name, OPEN),
        refused=lambda error, values: refusals.not_set(error, {**values, "value": OPEN}),
    ),
    _row(
        "Close",
        read=read.joined("name"),
        call=lambda s, name: s.set_parameter(name, CLOSED),
        refused=lambda error, values: refusals.not_set(error, {**values, "value": CLOSED}),
    ),
    _row(
        "GetValveState",
        read=read.joined("name"),
        call=lambda s, name: s.get_parameter(name) == OPEN,
        reply=str,
        refused=refusals.says("Error"),
    ),
    _row("GetTuningSettingsList", call=lambda s: s.tuning_settings(), reply=",".join),
    _row(
        "SetTuningSettings",
        read=read.first("name"),
        call=lambda s, name: s.load_tuning_settings(name),
        refused=refusals.says("Error: could not set tuning settings {name}"),
    ),
    _row("GetHighVoltage", call=_get(HIGH_VOLTAGE, KILOVOLT), reply=texts.number),
    _row("GetHV", call=_get(HIGH_VOLTAGE), reply=texts.number),
    _row(
        "SetHighVoltage",
        "SetHV",
        read=read.number("value"),
        call=lambda s, value: s.set_parameter(HIGH_VOLTAGE, value / KILOVOLT),
        refused=refusals.unset(HIGH_VOLTAGE, lambda values: refusals.number_of(values) / KILOVOLT),
    ),
    _row(
        "GetDeflection",
        read=read.joined("detector"),
        call=lambda s, detector: s.get_parameter(deflection(detector)),
        reply=texts.number,
    ),
    _row(
        "GetDeflections",
        read=read.listed("detectors"),
        call=lambda s, detectors: _get_several(s, map(deflection, detectors)),
        reply=texts.numbers,
    ),
    _row(
        "SetDeflection",
        read=read.named_number("detector", "value"),
        call=lambda s, detector, value: s.set_parameter(deflection(detector), value),
        refused=lambda error, values: texts.could_not_set(
            deflection(str(values["detector"])), refusals.number_of(values)
        ),
    ),
    _row("GetIonCounterVoltage", call=_get(COUNTER_SUPPLY), reply=texts.number),
    _row(
        "SetIonCounterVoltage",
        read=read.number("value"),
        call=lambda s, value: s.set_parameter(COUNTER_SUPPLY, value),
        refused=refusals.unset(COUNTER_SUPPLY, refusals.number_of),
    ),
    # The beam and the magnet.
    _row("BlankBeam", read=read.truth("blanked"), call=lambda s, blanked: s.blank_beam(blanked)),
    _row("GetMagnetDAC", call=_get(FIELD), reply=texts.number),
    _row(
        "SetMagnetDAC",
        read=read.number("value"),
        call=lambda s, value: s.move_magnet(value),
        refused=refusals.unset(FIELD, refusals.number_of),
    ),
    _row("GetMagnetMoving", call=lambda s: s.is_magnet_moving(), reply=str),
    _row(
        "SetMass",
        read=read.mass,
        call=lambda s, mass, detector: s.set_mass(mass, detector),
        refused=refusals.says("Error: Could not change mass."),
    ),
    # Data, detectors, cup configurations.
    _row("GetData", call=lambda s: s.get_intensities(), reply=tagged, refused=refusals.unanswered),
    _row("GetIntegrationTime", call=lambda s: s.get_integration_time(), reply=texts.number),
    _row(
        "SetIntegrationTime",
        read=read.number("seconds"),
        call=lambda s, seconds: s.set_integration_time(seconds),
        refused=refusals.time_not_set,
    ),
    _row(
        "ProtectDetector",
        read=read.protection,
        call=lambda s, detector, protection: s.protect_detector(detector, protection == "On"),
        refused=refusals.always_ok,
    ),
    _row(
        "GetGain",
        read=read.joined("detector"),
        call=lambda s, detector: s.get_gain(detector),
        reply=texts.number,
        refused=refusals.says("0"),
    ),
    _row(
        "SetGain",
        read=read.named_number("detector", "gain"),
        call=lambda s, detector, gain: s.set_gain(detector, gain),
        refused=refusals.always_ok,
    ),
    _row(
        "ActivateIonCounter",
        read=read.first("detector"),
        call=lambda s, detector: s.set_ion_counter(detector, True),
        refused=refusals.says("Could not activate {detector}."),
    ),
    _row(
        "DeactivateIonCounter",
        read=read.first("detector"),
        call=lambda s, detector: s.set_ion_counter(detector, False),
        refused=refusals.says("Could not activate {detector}."),
    ),
    _row("GetCupConfigurationList", call=lambda s: s.cup_configurations(), reply=_lines),
    _row(
        "GetSubCupConfigurationList",
        read=read.first("cup"),
        call=lambda s, cup: s.sub_cup_configurations(cup),
        reply=_lines,
        refused=refusals.unanswered,
    ),
    _row("GetActiveCupConfiguration", call=lambda s: s.active_cup_configuration()[0], reply=str),
    _row("GetActiveSubCupConfiguration", call=lambda s: s.active_cup_configuration()[1], reply=str),
    _row("GetSubCupParameters", call=_sub_cup_parameters, reply=texts.assignments),
    _row(
        "ActivateCupConfiguration",
        read=read.first("cup", "sub_cup"),
        call=lambda s, cup, sub_cup: s.activate_cup_configuration(cup, sub_cup),
        refused=refusals.says("Error: could not set cup={cup}, sub cup to {sub_cup} "),
    ),
)

#: Each command by each of its words.
WORDS: Mapping[str, Word] = {name: each for each in _TABLE for name in each.names}
