"""What kinds of things there are in an instrument, and what each kind promises."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

#: Millibar of a unit of pressure.
MILLIBAR: Mapping[str, float] = {
    "mbar": 1.0,
    "hPa": 1.0,
    "Torr": 1.33322368,
    "Pa": 0.01,
    "bar": 1000.0,
    "psi": 68.9475729,
}

#: In an effect: the value that the verb was given.
GIVEN = "given"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """``verbs`` are all that may be declared, ``must`` those that have to be; so ``readings``.

    ``safe`` verbs make safe: they pass what waits for the bus and may be repeated. ``sets`` are
    those that take a value. ``states`` are the words that ``state`` may stand for; empty for any.
    ``effects`` says what a verb changes, and to what: a simulator does so, and a verb without a
    ``verify`` of its own is held against them.
    """

    verbs: frozenset[str] = frozenset()
    must: frozenset[str] = frozenset()
    readings: frozenset[str] = frozenset()
    safe: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    states: frozenset[str] = frozenset()
    effects: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    #: Of a reading, where not any will do.
    units: Mapping[str, Collection[str]] = field(default_factory=dict)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


KINDS: Mapping[str, Kind] = {
    "valve": Kind(
        verbs=_words("open close"),
        must=_words("open close"),
        safe=_words("close"),
        states=_words("open closed moving fault"),
        effects={
            "open": {"state": "open"},
            "close": {"state": "closed"},
        },
    ),
    "switch": Kind(
        verbs=_words("on off"),
        must=_words("on off"),
        safe=_words("off"),
        states=_words("on off fault"),
        effects={
            "on": {"state": "on"},
            "off": {"state": "off"},
        },
    ),
    "gauge": Kind(
        verbs=_words("on off"),
        readings=_words("pressure"),
        effects={
            "on": {"state": "on"},
            "off": {"state": "off"},
        },
        units={"pressure": MILLIBAR.keys()},
    ),
    "sensor": Kind(readings=_words("value")),
    "loop": Kind(
        verbs=_words("set off"),
        must=_words("set"),
        readings=_words("value setpoint"),
        safe=_words("off"),
        sets=_words("set"),
        effects={
            "set": {"setpoint": GIVEN, "value": GIVEN},
            "off": {"setpoint": "0"},
        },
    ),
    "laser": Kind(
        verbs=_words("enable disable power"),
        must=_words("enable disable power"),
        safe=_words("disable"),
        sets=_words("power"),
        states=_words("on off fault"),
        effects={
            "enable": {"state": "on"},
            "disable": {"state": "off", "power": "0"},
            "power": {"power": GIVEN},
        },
    ),
    "drive": Kind(
        verbs=_words("move stop home"),
        must=_words("move stop"),
        readings=_words("position"),
        safe=_words("stop"),
        sets=_words("move"),
        effects={
            "move": {"position": GIVEN},
            "home": {"position": "0"},
        },
    ),
    "pump": Kind(
        verbs=_words("start stop"),
        states=_words("on off fault"),
        effects={
            "start": {"state": "on"},
            "stop": {"state": "off"},
        },
    ),
    "source": Kind(
        verbs=_words("set"),
        must=_words("set"),
        readings=_words("value"),
        sets=_words("set"),
        effects={
            "set": {"value": GIVEN},
        },
    ),
}
