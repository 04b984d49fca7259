"""The request types that the package itself serves."""

from __future__ import annotations

from collections.abc import Sequence

from pychron_comms.handlers.echo import EchoHandlerFactory
from pychron_comms.handlers.extraction_line.handler import ExtractionlineHandlerFactory
from pychron_comms.handlers.hardware import HardwareHandlerFactory
from pychron_comms.handlers.laser.handler import LaserHandlerFactory
from pychron_comms.handlers.laser.uv import UVHandlerFactory
from pychron_comms.handlers.spectrometer.handler import SpectrometerHandlerFactory
from pychron_comms.interfaces import IRequestHandlerFactory


def own_factories() -> Sequence[IRequestHandlerFactory]:
    """One factory for each type; others come as plugins."""
    return (
        ExtractionlineHandlerFactory(),
        HardwareHandlerFactory(),
        LaserHandlerFactory("CO2"),
        LaserHandlerFactory("Diode"),
        LaserHandlerFactory("Synrad"),
        UVHandlerFactory(),
        SpectrometerHandlerFactory(),
        EchoHandlerFactory(),
    )
