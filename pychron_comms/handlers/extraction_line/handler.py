"""The request type ``System``, also called ``Extractionline``: all that is not a laser's."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import cast

from twisted.plugin import IPlugin
from zope.interface import implementer

from pychron_comms.handlers.arguments import Number
from pychron_comms.handlers.command import command
from pychron_comms.handlers.extraction_line.runs import RunHandler
from pychron_comms.handlers.extraction_line.valves import ValveHandler
from pychron_comms.handlers.gate_commands import no_manager
from pychron_comms.handlers.instruments import InstrumentHandler
from pychron_comms.handlers.replies import value
from pychron_comms.interfaces import (
    Effect,
    IExtractionLineManager,
    IHardware,
    IRequestHandlerFactory,
)


class ExtractionlineHandler(ValveHandler, RunHandler, InstrumentHandler):
    """Valves, runs, scripts and instruments. ``noise`` is what ``GetData`` adds."""

    request_type = "System"

    def __init__(
        self, hardware: IHardware, manager: IExtractionLineManager, noise: random.Random
    ) -> None:
        super().__init__(hardware, manager)
        self._noise = noise

    @command(
        "GetData",
        arguments=(Number("value", default=0.0),),
        reply=value,
        effect=Effect.READ,
        manager=no_manager,
        help="the number and noise from 0 to 1 added, to try what draws data",
    )
    def get_data(self, manager: None, sender: str, value: float) -> float:
        return value + self._noise.random()


@implementer(IPlugin, IRequestHandlerFactory)
class ExtractionlineHandlerFactory:
    """Builds the handler for the manager named ``extraction_line``."""

    request_types: Sequence[str] = ("System", "Extractionline")

    def build(self, hardware: IHardware) -> ExtractionlineHandler:
        manager = cast(IExtractionLineManager, hardware.manager("extraction_line"))
        return ExtractionlineHandler(hardware, manager, random.Random(0))
