"""The request types of lasers that heat: CO2, Diode, Synrad."""

from __future__ import annotations

from twisted.plugin import IPlugin
from zope.interface import implementer

from pychron_comms.errors import ManagerUnavailableError
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.laser.camera import CameraCommands
from pychron_comms.handlers.laser.motors import MotorCommands
from pychron_comms.handlers.laser.output import OutputCommands
from pychron_comms.handlers.laser.patterns import PatternCommands
from pychron_comms.handlers.laser.stage import StageCommands
from pychron_comms.interfaces import IHardware, ILaserManager, IRequestHandlerFactory


class LaserHandler(
    OutputCommands, StageCommands, PatternCommands, MotorCommands, CameraCommands, BaseHandler
):
    """The commands of one laser."""

    def __init__(self, hardware: IHardware, manager: ILaserManager, request_type: str) -> None:
        super().__init__(hardware, manager)
        self.request_type = request_type


@implementer(IPlugin, IRequestHandlerFactory)
class LaserHandlerFactory:
    """Serves one type of laser; its manager has the same name in lower case."""

    def __init__(self, request_type: str) -> None:
        self.request_types = (request_type,)

    def build(self, hardware: IHardware) -> LaserHandler:
        (request_type,) = self.request_types
        manager = hardware.manager(request_type.lower())
        if not ILaserManager.providedBy(manager):
            raise ManagerUnavailableError(request_type)
        return LaserHandler(hardware, manager, request_type)
