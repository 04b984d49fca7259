"""The request type of a pulsed laser: UV."""

from __future__ import annotations

from twisted.plugin import IPlugin
from zope.interface import implementer

from pychron_comms.errors import ManagerUnavailableError
from pychron_comms.handlers.arguments import Choice, Integer, Number
from pychron_comms.handlers.command import Values, command, foretold
from pychron_comms.handlers.laser.handler import LaserHandler
from pychron_comms.handlers.moves import Moved
from pychron_comms.handlers.replies import done, state, value
from pychron_comms.interfaces import Effect, IHardware, IRequestHandlerFactory, IUVLaserManager


def _fired(manager: object, values: Values) -> list[Moved]:
    mode = values.get("mode")
    return [("output", False) if mode == "stop" else ("output/fire", mode)]


class UVHandler(LaserHandler):
    """The commands of a laser, and those of its pulses."""

    @command(
        "Fire",
        arguments=(Choice("mode", keys=("value",), choices=("burst", "continuous", "stop")),),
        reply=done,
        effect=Effect.ACTUATE,
        target="output",
        safe=lambda values: bool(values["mode"] == "stop"),
        moves=_fired,
        help="begin a burst or continuous fire, or stop it; poll IsFiring",
    )
    def fire(self, manager: IUVLaserManager, sender: str, mode: str) -> object:
        return manager.stop_fire() if mode == "stop" else manager.fire(mode)

    @command("IsFiring", reply=state, effect=Effect.READ, help="whether the laser fires")
    def is_firing(self, manager: IUVLaserManager, sender: str) -> object:
        return manager.is_firing()

    @command(
        "SetNBurst",
        arguments=(Integer("value", keys=("nburst",), minimum=1),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="output",
        moves="output/burst={value}",
        help="set the number of pulses of a burst",
    )
    def set_nburst(self, manager: IUVLaserManager, sender: str, value: int) -> object:
        return manager.set_nburst(value)

    @command("GetNBurst", reply=value, effect=Effect.READ, help="the number of pulses of a burst")
    def get_nburst(self, manager: IUVLaserManager, sender: str) -> object:
        return manager.get_nburst()

    @command("GetBurstMode", reply=state, effect=Effect.READ, help="whether bursts are chosen")
    def get_burst_mode(self, manager: IUVLaserManager, sender: str) -> object:
        return manager.get_burst_mode()

    @command(
        "SetReprate",
        arguments=(Number("value", keys=("reprate",), unit="Hz", minimum=0, maximum=300),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="output",
        moves="output/rate={value}",
        check=foretold("set_reprate"),
        help="set the pulses per second",
    )
    def set_reprate(self, manager: IUVLaserManager, sender: str, value: float) -> object:
        return manager.set_reprate(value)


@implementer(IPlugin, IRequestHandlerFactory)
class UVHandlerFactory:
    """Serves UV with the manager ``uv``."""

    request_types = ("UV",)

    def build(self, hardware: IHardware) -> UVHandler:
        manager = hardware.manager("uv")
        if not IUVLaserManager.providedBy(manager):
            raise ManagerUnavailableError("UV")
        return UVHandler(hardware, manager, "UV")
