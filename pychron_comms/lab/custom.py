"""Managers of a laboratory's own, named by their class in the configuration."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator

from twisted.python.reflect import namedAny

from pychron_comms.config.table import Table
from pychron_comms.interfaces import (
    IDevice,
    IExtractionLineManager,
    ILaserManager,
    IRunReport,
    IScriptRunner,
    ISpectrometer,
)

_INTERFACES = (
    IExtractionLineManager,
    ILaserManager,
    ISpectrometer,
    IDevice,
    IRunReport,
    IScriptRunner,
)


def custom_managers(table: Table, taken: Collection[str]) -> Iterator[tuple[str, object]]:
    """Each ``[manager.NAME]`` with its name: ``class = "package.module:Class"``.

    Further keys are keyword arguments of the class. Raises ConfigError, also for a name that is
    ``taken``.
    """
    for name, below in table.named_tables("manager").items():
        if name in taken:
            raise below.error("class", f"no second manager or device named {name}")
        yield name, _manager(below)


def _manager(table: Table) -> object:
    cls = _class(table)
    arguments = table.rest()
    try:
        inspect.signature(cls).bind(**arguments)
        return cls(**arguments)
    except Exception as error:  # whatever a class of the laboratory's raises
        raise table.error("class", f"a class that takes the keys beside it ({error!r})") from error


def _class(table: Table) -> type:
    module, colon, name = table.text("class").partition(":")
    if not (module and colon and name):
        raise table.error("class", '"package.module:Class"')
    try:
        cls = namedAny(f"{module}.{name}")
    except Exception as error:  # whatever a module of the laboratory's raises while it is read
        raise table.error("class", f"a class that can be imported ({error!r})") from error
    if not isinstance(cls, type) or not any(each.implementedBy(cls) for each in _INTERFACES):
        names = ", ".join(interface.__name__ for interface in _INTERFACES)
        raise table.error("class", f"a class that provides one of {names}")
    return cls
