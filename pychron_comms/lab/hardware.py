"""The managers and devices of one processor: by name, and put together from a configuration."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.config.table import Table
from pychron_comms.errors import DeviceConnectionError, ManagerUnavailableError
from pychron_comms.interfaces import (
    IDevice,
    IFence,
    IHardware,
    ILaserManager,
    ISafeguards,
    ISafeOnStop,
    Reading,
)
from pychron_comms.lab.bind import Bind, nothing_to_bind
from pychron_comms.lab.custom import custom_managers
from pychron_comms.lab.simulated.devices_config import Surroundings, devices_from_config
from pychron_comms.lab.simulated.extraction_line.config import extraction_line_from_config
from pychron_comms.lab.simulated.extraction_line.runs import RunReport
from pychron_comms.lab.simulated.extraction_line.scripts import SimulatedScripts
from pychron_comms.lab.simulated.extraction_line.vacuum import Vacuum
from pychron_comms.lab.simulated.laser.config import laser_from_config
from pychron_comms.lab.simulated.spectrometer.instrument_config import spectrometer_from_config
from pychron_comms.observability.metrics import Metrics

if TYPE_CHECKING:
    from pychron_comms.lab.binding import Instruments

#: The managers that are there without any hardware.
_ALWAYS = frozenset({"runs", "scripts"})
_NO_LASERS = frozenset({"extraction_line", "spectrometer", *_ALWAYS})


@implementer(IHardware)
class Hardware:
    """Managers by the names that handlers ask for, devices by the names that commands use."""

    _log = Logger()

    def __init__(
        self,
        managers: Mapping[str, object],
        devices: Mapping[str, IDevice],
        safeguards: ISafeguards,
        instruments: Instruments | None = None,
    ) -> None:
        self._instruments = instruments
        self.safeguards = safeguards
        self._managers = dict(managers)
        self._devices = dict(devices)
        self._asked: set[str] = set()

    def manager(self, name: str) -> object:
        self._asked.add(name)
        if name not in self._managers:
            raise ManagerUnavailableError(name)
        return self._managers[name]

    def device(self, name: str) -> IDevice:
        if name not in self._devices:
            raise DeviceConnectionError(name, did_you_mean(name, self._devices))
        return self._devices[name]

    def devices(self) -> dict[str, IDevice]:
        return dict(self._devices)

    def device_providing(self, interface: InterfaceClass) -> IDevice:
        for device in self._devices.values():
            if interface.providedBy(device):
                return device
        raise DeviceConnectionError(interface.__name__.removeprefix("I").lower())

    def check_used(self, table: Table) -> None:
        """To be called when every handler is made. ConfigError for a laser that none is for."""
        section = table.table("laser")
        lasers = sorted(self._asked - _NO_LASERS)
        for name in section:
            if name not in self._asked:
                raise section.mistake(
                    name,
                    f"no request type is for a laser of this name{did_you_mean(name, lasers)} "
                    f"(known here: {', '.join(lasers)})",
                )

    def start(self) -> None:
        if not self._devices and self._managers.keys() <= _ALWAYS:
            self._log.warn(
                "no hardware is configured: commands get 007 or 008; the built-in laboratory is "
                'one line at the top of the file: lab = "default"'
            )
        self._log.info(
            "managers: {managers}; devices: {devices}",
            managers=", ".join(self._managers),
            devices=", ".join(self._devices),
        )

        if self._instruments is not None:
            self._instruments.startService()

    def count_in(self, metrics: Metrics) -> None:
        """Count what the instruments are asked."""
        if self._instruments is not None:
            self._instruments.count_in(metrics)

    def readings(self) -> Iterable[Reading]:
        """Whether each instrument answers."""
        return () if self._instruments is None else self._instruments.readings()

    def stop(self) -> None:
        if self._instruments is not None and self._instruments.running:
            self._instruments.stopService()

    def making_safe(self) -> list[tuple[object, Callable[[], object]]]:
        """Every laser is disabled; devices are made safe that say so."""
        lasers: list[tuple[object, Callable[[], object]]] = [
            (manager, manager.disable)
            for manager in self._managers.values()
            if ILaserManager.providedBy(manager)
        ]
        devices: list[tuple[object, Callable[[], object]]] = [
            (device, partial(device.make_safe, ""))
            for device in self._devices.values()
            if ISafeOnStop.providedBy(device) and device.safe_on_stop
        ]
        return lasers + devices


def hardware_from_config(
    table: Table,
    clock: IReactorTime,
    safeguards: ISafeguards,
    now: Callable[[], float] = time.time,
    *,
    fence: IFence | None = None,
) -> Hardware:
    """What the sections of a laboratory's hardware describe. Raises ConfigError.

    ``now`` is the time of day in seconds; ``clock`` may be another, that does not jump.
    Everything random is drawn from ``seed``; a part draws the same whatever others there are.
    """
    seed = table.integer("seed", 0)

    def source(name: str) -> random.Random:
        return random.Random(f"{seed}/{name}")

    vacuum = Vacuum(clock, (), {})
    instruments = _instruments(table, clock, fence, now)
    bind = nothing_to_bind if instruments is None else instruments.bind
    managers: dict[str, object] = {}
    if "extraction_line" in table:
        line_table = table.table("extraction_line")
        managers["extraction_line"], vacuum = extraction_line_from_config(line_table, clock, bind)
    for name, laser_table in table.named_tables("laser").items():
        managers[name] = (
            _bound_laser(name, laser_table, bind)
            if "instrument" in laser_table
            else laser_from_config(name, laser_table, clock, source(name))
        )
    if "spectrometer" in table:
        managers["spectrometer"] = spectrometer_from_config(
            table.table("spectrometer"), clock, source("spectrometer")
        )
    devices: dict[str, IDevice] = dict(
        devices_from_config(table, Surroundings(clock, vacuum, source, now, bind))
    )
    for name, manager in custom_managers(table, {*managers, *devices}):
        if IDevice.providedBy(manager):
            devices[name] = manager
        else:
            managers[name] = manager
    managers.setdefault("runs", RunReport(now))
    managers.setdefault("scripts", SimulatedScripts(clock, _script_durations(table)))
    return Hardware(managers, devices, safeguards, instruments)


def _instruments(
    table: Table, clock: IReactorTime, fence: IFence | None, now: Callable[[], float]
) -> Instruments | None:
    if "instrument" not in table:
        return None
    from pychron_comms.lab.binding import Instruments  # noqa: PLC0415

    return Instruments(table, clock, fence, now)


def _bound_laser(name: str, table: Table, bind: Bind) -> object:
    from pychron_comms.lab.bound.config import bound_laser_from_config  # noqa: PLC0415

    return bound_laser_from_config(name, table, bind)


def _script_durations(table: Table) -> dict[str, float]:
    durations: dict[str, float] = {}
    for script in table.tables("script"):
        name = script.text("name")
        if name in durations:
            raise script.error("name", "a name that no other script has")
        durations[name] = script.number("duration", minimum=0)
    return durations
