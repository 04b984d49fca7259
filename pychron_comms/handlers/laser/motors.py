"""The commands for a laser's motors, of which beam and zoom have words of their own."""

from __future__ import annotations

from pychron_comms.handlers.arguments import Boolean, Number, Text
from pychron_comms.handlers.command import command, foretold
from pychron_comms.handlers.laser.replies import then, unless_locked, without
from pychron_comms.handlers.replies import done, state, value
from pychron_comms.interfaces import Effect, ILaserManager

_NAME = Text("name", keys=("motor",))


class MotorCommands:
    """The part of a laser's handler that is about its motors."""

    @command(
        "SetBeamDiameter",
        arguments=(Number("value", unit="mm", minimum=0),),
        reply=unless_locked("beam"),
        effect=Effect.IDEMPOTENT,
        target="motors",
        moves="motors/beam/position={value}",
        check=foretold("set_beam_diameter"),
        help="begin to widen or narrow the beam",
    )
    def set_beam_diameter(self, manager: ILaserManager, sender: str, value: float) -> object:
        return manager.set_beam_diameter(value)

    @command(
        "GetBeamDiameter",
        reply=without("No Beam Motor"),
        effect=Effect.READ,
        help="the beam's diameter in mm",
    )
    def get_beam_diameter(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_beam_diameter()

    @command(
        "SetZoom",
        arguments=(Number("value", unit="%", minimum=0, maximum=100),),
        reply=unless_locked("zoom"),
        effect=Effect.IDEMPOTENT,
        target="motors",
        moves="motors/zoom/position={value}",
        check=foretold("set_zoom"),
        help="begin to zoom the camera",
    )
    def set_zoom(self, manager: ILaserManager, sender: str, value: float) -> object:
        return manager.set_zoom(value)

    @command(
        "GetZoom",
        reply=without("No Zoom Motor"),
        effect=Effect.READ,
        help="the camera's zoom in percent",
    )
    def get_zoom(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_zoom()

    @command(
        "SetMotor",
        arguments=(_NAME, Number("value")),
        reply=value,
        effect=Effect.IDEMPOTENT,
        target="motors",
        moves="motors/{name}/position={value}",
        check=foretold("set_motor"),
        help="begin a motor's move; poll GetMotorMoving",
    )
    def set_motor(self, manager: ILaserManager, sender: str, name: str, value: float) -> object:
        return then(manager.set_motor(name, value), unless_locked(name))

    @command(
        "GetMotorMoving",
        arguments=(Text("name", keys=("motor", "value")),),
        reply=state,
        effect=Effect.READ,
        help="whether a motor moves",
    )
    def get_motor_moving(self, manager: ILaserManager, sender: str, name: str) -> object:
        return manager.is_motor_moving(name)

    @command(
        "SetMotorLock",
        arguments=(_NAME, Boolean("locked", keys=("value",))),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="motors",
        moves="motors/{name}/lock={locked}",
        check=foretold("set_motor_lock"),
        help="forbid a motor to move (1), or allow it again (0)",
    )
    def set_motor_lock(
        self, manager: ILaserManager, sender: str, name: str, locked: bool
    ) -> object:
        return manager.set_motor_lock(name, locked)
