"""The request types that are served: the package's own, and those of its plugins."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.plugin import getPlugins

from pychron_comms.handlers.command import CommandSpec, declared_commands
from pychron_comms.handlers.echo import EchoHandler, EchoHandlerFactory
from pychron_comms.handlers.extraction_line.handler import (
    ExtractionlineHandler,
    ExtractionlineHandlerFactory,
)
from pychron_comms.handlers.hardware import HardwareHandler, HardwareHandlerFactory
from pychron_comms.handlers.laser.handler import LaserHandler, LaserHandlerFactory
from pychron_comms.handlers.laser.uv import UVHandler, UVHandlerFactory
from pychron_comms.handlers.spectrometer.handler import (
    SpectrometerHandler,
    SpectrometerHandlerFactory,
)
from pychron_comms.interfaces import IRequestHandlerFactory

#: Each with the handlers that it builds.
_OWN: Sequence[tuple[IRequestHandlerFactory, type]] = (
    (ExtractionlineHandlerFactory(), ExtractionlineHandler),
    (HardwareHandlerFactory(), HardwareHandler),
    (LaserHandlerFactory("CO2"), LaserHandler),
    (LaserHandlerFactory("Diode"), LaserHandler),
    (LaserHandlerFactory("Synrad"), LaserHandler),
    (UVHandlerFactory(), UVHandler),
    (SpectrometerHandlerFactory(), SpectrometerHandler),
    (EchoHandlerFactory(), EchoHandler),
)


def own_factories() -> Sequence[IRequestHandlerFactory]:
    """One factory for each type; others come as plugins."""
    return [factory for factory, _ in _OWN]


def all_factories() -> list[IRequestHandlerFactory]:
    """Those, and the plugins."""
    return [*own_factories(), *getPlugins(IRequestHandlerFactory)]


def request_types() -> set[str]:
    """Every request type and alias that may be served here."""
    return {name for factory in all_factories() for name in factory.request_types}


def own_commands() -> dict[str, dict[str, CommandSpec]]:
    """The commands of each of these types by their words, known without any hardware."""
    return {
        request_type: declared_commands(handler)
        for factory, handler in _OWN
        for request_type in factory.request_types
    }
