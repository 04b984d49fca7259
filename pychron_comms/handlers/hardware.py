"""The request type ``Hardware``: devices, whatever else the laboratory has."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.plugin import IPlugin
from zope.interface import implementer

from pychron_comms.handlers.instruments import InstrumentHandler
from pychron_comms.interfaces import IHardware, IRequestHandlerFactory


class HardwareHandler(InstrumentHandler):
    """Reads, sets and asks devices; has no manager of its own."""

    request_type = "Hardware"

    def __init__(self, hardware: IHardware) -> None:
        super().__init__(hardware, None)


@implementer(IPlugin, IRequestHandlerFactory)
class HardwareHandlerFactory:
    request_types: Sequence[str] = ("Hardware",)

    def build(self, hardware: IHardware) -> HardwareHandler:
        return HardwareHandler(hardware)
