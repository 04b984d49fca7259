"""Devices that are bound to instruments, as a configuration describes them."""

from __future__ import annotations

from pychron_comms.config.table import Table
from pychron_comms.instruments.device import InstrumentDevice, InstrumentGauges
from pychron_comms.instruments.fitting import narrowed
from pychron_comms.instruments.safe_device import SafeDevice, read_safe_state
from pychron_comms.lab.bind import Bind

#: Kinds of things in an instrument that can be read, and perhaps set, as one value.
_AS_DEVICES = ("sensor", "loop", "switch", "drive", "pump", "source", "gauge")


def bound_device(table: Table, name: str, bind: Bind) -> InstrumentDevice:
    """What the key ``instrument`` names; one with a safe state is made safe. Raises ConfigError."""
    bound = bind(table, "instrument", _AS_DEVICES)
    bound.item = narrowed(table, bound.item)
    state = read_safe_state(table, bound.item)
    return InstrumentDevice(name, bound) if state is None else SafeDevice(name, bound, state)


def bound_gauges(gauges: Table, name: str, bind: Bind) -> InstrumentGauges:
    """A controller of gauges that are each bound. Raises ConfigError."""
    return InstrumentGauges(name, {each: bind(gauges, each, ("gauge",)) for each in gauges})
