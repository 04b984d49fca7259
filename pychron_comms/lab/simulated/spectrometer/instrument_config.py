"""The section ``[spectrometer]`` of a laboratory's configuration."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from random import Random

from twisted.internet.interfaces import IReactorTime

from pychron_comms.config.table import Table
from pychron_comms.lab.simulated.spectrometer.beam import CURRENTS
from pychron_comms.lab.simulated.spectrometer.detectors import DETECTOR_SETS
from pychron_comms.lab.simulated.spectrometer.instrument import (
    LONGEST,
    SHORTEST,
    InstrumentSettings,
    SimulatedSpectrometer,
)
from pychron_comms.lab.simulated.spectrometer.parameters import Setting
from pychron_comms.lab.simulated.spectrometer.source import READBACKS

_CUPS = {"Argon": ["Standard"]}


def spectrometer_from_config(
    table: Table, clock: IReactorTime, random: Random, *, overlapping_moves: bool = False
) -> SimulatedSpectrometer:
    """The instrument that ``table`` describes. Raises ConfigError for what is wrong in it."""
    settings = _settings(table, overlapping_moves)
    return SimulatedSpectrometer(clock, random, settings)


def _settings(table: Table, overlapping_moves: bool) -> InstrumentSettings:
    detectors = DETECTOR_SETS[table.choice("kind", sorted(DETECTOR_SETS), "argus-vi")]
    names = [detector.name for detector in detectors]
    parameters = _parameters(table)
    known = {*InstrumentSettings(detectors=detectors, parameters=parameters).all_parameters()}
    return InstrumentSettings(
        detectors=detectors,
        currents=_currents(table),
        parameters=parameters,
        gains=_gains(table, names),
        integration_time=table.number(
            "integration_time", 1.048576, minimum=SHORTEST, maximum=LONGEST
        ),
        cups=_cups(table),
        tunings=_tunings(table, known),
        dead=_some_of(table, "dead", {*known, *READBACKS}),
        nameless=_some_of(table, "nameless", names),
        kelvin=table.number("kelvin", 300.0, minimum=0),
        tag_data=table.flag("tag_data", True),
        overlapping_moves=overlapping_moves,
    )


def _currents(table: Table) -> Mapping[str, float]:
    below = table.table("beams")
    return {name: below.number(name, current, minimum=0) for name, current in CURRENTS.items()}


def _parameters(table: Table) -> dict[str, Setting]:
    """Further parameters, and valves: those are 0 or 1."""
    parameters = {name: Setting(0, 0, 1) for name in table.texts("valves", ["Valve Ion Pump Set"])}
    below = table.table("parameters")
    return parameters | {name: Setting(below.number(name)) for name in below}


def _gains(table: Table, detectors: Collection[str]) -> dict[str, float]:
    below = table.table("gains")
    for name in below:
        if name not in detectors:
            raise below.error(name, f"one of the detectors {', '.join(detectors)}")
    return {name: below.number(name, minimum=0) for name in below}


def _cups(table: Table) -> Mapping[str, Sequence[str]]:
    below = table.table("cups")
    cups = {name: below.texts(name) for name in below}
    for name, subs in cups.items():
        if not subs:
            raise below.error(name, "the names of its sub cup configurations")
    return cups or _CUPS


def _tunings(table: Table, parameters: Collection[str]) -> dict[str, dict[str, float]]:
    tunings = {}
    for name, below in table.named_tables("tunings").items():
        for parameter in below:
            if parameter not in parameters:
                raise below.error(parameter, "the name of a parameter that can be set")
        tunings[name] = {parameter: below.number(parameter) for parameter in below}
    return tunings


def _some_of(table: Table, key: str, known: Collection[str]) -> Collection[str]:
    names = table.texts(key, [])
    if not set(names).issubset(known):
        raise table.error(key, f"names of {', '.join(sorted(known))}", known)
    return names
