"""What must fit together in a description: units, limits, and what a reading is made of."""

from __future__ import annotations

import operator
from dataclasses import replace

from pychron_comms.config.table import Table
from pychron_comms.instruments.description import Exchange, Item, Parameter, Reading, Verb
from pychron_comms.instruments.kinds import Kind
from pychron_comms.instruments.modbus.exchange import UNIT


def check_limits_of(table: Table, limited: Parameter | Reading | Verb) -> None:
    """ConfigError for limits that leave no value."""
    low, high = limited.minimum, limited.maximum
    if low is not None and high is not None and low > high:
        raise table.mistake("maximum", f"{high:g} is below the minimum, {low:g}")


def check_default(table: Table, parameter: Parameter) -> None:
    """ConfigError for a default that its own limits do not allow."""
    if parameter.default is not None and not parameter.takes(parameter.default):
        raise table.error("default", parameter.expected)


def check_places(table: Table, item: Item, member: Reading | Verb) -> None:
    """ConfigError for a coil or register that is not there for the least or the most of what a
    parameter may be."""
    exchange = member.exchange
    if isinstance(exchange, Exchange):
        return
    named = [each for each in item.parameters.values() if each.name in exchange.names - {UNIT}]
    for ends in ([each.minimum for each in named], [each.maximum for each in named]):
        values = {each.name: end for each, end in zip(named, ends, strict=True) if end is not None}
        if not values or len(values) < len(named):
            continue
        try:
            exchange.check(values)
        except ValueError as error:
            at = ", ".join(f"{name} {value:g}" for name, value in values.items())
            raise table.mistake(exchange.table, f"{at}: {error}") from None


def check_reading(table: Table, reading: Reading, kind: Kind) -> None:
    """ConfigError for a unit that its kind cannot do with."""
    check_limits_of(table, reading)
    units = kind.units.get(reading.name)
    if units is not None and reading.unit not in units:
        raise table.error("unit", f"one of {', '.join(units)}", units)


def check_verb(table: Table, verb: Verb, seen: Reading | None) -> None:
    """ConfigError for what the reading that shows whether it is done could never show."""
    check_limits_of(table, verb)
    check_carried(table, verb)
    check_pace(table, verb)
    if seen is None:
        return
    if verb.unit and seen.unit and verb.unit != seen.unit:
        raise table.mistake("unit", f"{verb.unit}, and {seen.name} is read in {seen.unit}")
    if verb.minimum is not None and seen.minimum is not None and verb.minimum < seen.minimum:
        raise table.mistake("minimum", _beyond(verb.minimum, seen, seen.minimum))
    if verb.maximum is not None and seen.maximum is not None and verb.maximum > seen.maximum:
        raise table.mistake("maximum", _beyond(verb.maximum, seen, seen.maximum))


def check_carried(table: Table, verb: Verb) -> None:
    """ConfigError for a limit that the wire has no room for, or that it rounds to one beyond."""
    for key, limit, beyond in (
        ("minimum", verb.minimum, operator.lt),
        ("maximum", verb.maximum, operator.gt),
    ):
        if limit is None:
            continue
        try:
            sent = float(verb.exchange.carried(limit))
        except ValueError as error:
            raise table.mistake(key, f"{limit:g} cannot be sent: {error}") from None
        if beyond(sent, limit):
            raise table.mistake(key, f"{limit:g} is sent as {sent:.12g}, which is beyond it")


def check_pace(table: Table, verb: Verb) -> None:
    """ConfigError for a step or ramp of what cannot be seen, or that is none."""
    for key, value in (("step", verb.step), ("ramp", verb.ramp)):
        if value is not None and verb.verify is None:
            raise table.mistake(key, f"nothing shows where {verb.name} has moved it")
        if value == 0:
            raise table.error(key, "a number above 0")
    if verb.ramp is not None and verb.verify is not None and not verb.verify.within:
        raise table.mistake("ramp", "its steps are as fine as verify.within, which is 0")


def narrowed(table: Table, item: Item) -> Item:
    """With the limits of a laboratory, which may be narrower than the instrument's.

    ConfigError for those that are wider.
    """
    name = next(iter(item.kind.sets & item.verbs.keys()), None)
    if name is None:
        return item
    verb = item.verbs[name]
    own = replace(
        verb,
        minimum=_within(table, "minimum", verb.minimum, above=True),
        maximum=_within(table, "maximum", verb.maximum, above=False),
        step=_within(table, "step", verb.step, above=False),
        ramp=_within(table, "ramp", verb.ramp, above=False),
    )
    check_limits_of(table, own)
    check_carried(table, own)
    check_pace(table, own)
    return replace(item, verbs={**item.verbs, name: own})


def _within(table: Table, key: str, its: float | None, *, above: bool) -> float | None:
    value: float | None = table.number(key, its)
    if value is not None and its is not None and (value < its if above else value > its):
        raise table.mistake(key, f"{value:g} is beyond the instrument's own, {its:g}")
    return value


def _beyond(limit: float, seen: Reading, its: float) -> str:
    return f"{limit:g} is beyond what {seen.name} can be, {its:g}"
