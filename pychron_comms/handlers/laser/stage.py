"""The commands that move a laser's stage and tell where it is."""

from __future__ import annotations

from pychron_comms.handlers.arguments import Boolean, Integer, Number, Text
from pychron_comms.handlers.command import command, foretold
from pychron_comms.handlers.laser.replies import position
from pychron_comms.handlers.replies import done, state, value
from pychron_comms.interfaces import Effect, ILaserManager

_NAME = Text("name", keys=("value",))


class StageCommands:
    """The part of a laser's handler that is about its stage. Moves are begun, then polled."""

    @command(
        "GetPosition", reply=position, effect=Effect.READ, help="where the stage is: x,y,z in mm"
    )
    def get_position(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_position()

    @command(
        "SetXY",
        arguments=(Number("x", unit="mm"), Number("y", unit="mm")),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage",
        moves=("stage/x={x}", "stage/y={y}"),
        help="begin a move; poll GetDriveMoving",
    )
    def set_xy(self, manager: ILaserManager, sender: str, x: float, y: float) -> object:
        return manager.set_xy(x, y)

    @command(
        "SetX",
        arguments=(Number("value", keys=("x",), unit="mm"),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage/x",
        moves="stage/x={value}",
        help="begin a move of x; poll GetXMoving",
    )
    def set_x(self, manager: ILaserManager, sender: str, value: float) -> object:
        return manager.set_axis("x", value)

    @command(
        "SetY",
        arguments=(Number("value", keys=("y",), unit="mm"),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage/y",
        moves="stage/y={value}",
        help="begin a move of y; poll GetYMoving",
    )
    def set_y(self, manager: ILaserManager, sender: str, value: float) -> object:
        return manager.set_axis("y", value)

    @command(
        "SetZ",
        arguments=(Number("value", keys=("z",), unit="mm"),),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage/z",
        moves="stage/z={value}",
        help="begin a move of z; poll GetZMoving",
    )
    def set_z(self, manager: ILaserManager, sender: str, value: float) -> object:
        return manager.set_axis("z", value)

    @command("GetDriveMoving", reply=state, effect=Effect.READ, help="whether any axis moves")
    def get_drive_moving(self, manager: ILaserManager, sender: str) -> object:
        return manager.is_moving("")

    @command("GetXMoving", reply=state, effect=Effect.READ, help="whether x moves")
    def get_x_moving(self, manager: ILaserManager, sender: str) -> object:
        return manager.is_moving("x")

    @command("GetYMoving", reply=state, effect=Effect.READ, help="whether y moves")
    def get_y_moving(self, manager: ILaserManager, sender: str) -> object:
        return manager.is_moving("y")

    @command("GetZMoving", reply=state, effect=Effect.READ, help="whether z moves")
    def get_z_moving(self, manager: ILaserManager, sender: str) -> object:
        return manager.is_moving("z")

    @command(
        "StopDrive",
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage",
        safe=True,
        help="stop the stage where it is",
    )
    def stop_drive(self, manager: ILaserManager, sender: str) -> object:
        return manager.stop_drive()

    @command(
        "SetDriveHome",
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage",
        moves=("stage/x=0", "stage/y=0", "stage/z=0"),
        help="begin to move all axes to 0",
    )
    def set_drive_home(self, manager: ILaserManager, sender: str) -> object:
        return manager.set_drive_home()

    @command(
        "SetHomeX",
        reply=done,
        effect=Effect.ACTUATE,
        target="stage/x",
        help="call the present x 0",
    )
    def set_home_x(self, manager: ILaserManager, sender: str) -> object:
        return manager.set_home("x")

    @command(
        "SetHomeY",
        reply=done,
        effect=Effect.ACTUATE,
        target="stage/y",
        help="call the present y 0",
    )
    def set_home_y(self, manager: ILaserManager, sender: str) -> object:
        return manager.set_home("y")

    @command(
        "SetHomeZ",
        reply=done,
        effect=Effect.ACTUATE,
        target="stage/z",
        help="call the present z 0",
    )
    def set_home_z(self, manager: ILaserManager, sender: str) -> object:
        return manager.set_home("z")

    @command(
        "GoToHole",
        arguments=(
            Integer("hole", keys=("value",), minimum=0),
            Boolean("autocenter", default=False),
        ),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage",
        moves="stage=hole:{hole}",
        check=foretold("go_to_hole"),
        help="begin a move to a hole, with a correction by camera or without",
    )
    def go_to_hole(
        self, manager: ILaserManager, sender: str, hole: int, autocenter: bool
    ) -> object:
        return manager.go_to_hole(hole, autocenter)

    @command(
        "GoToNamedPosition",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage",
        moves="stage=position:{name}",
        check=foretold("go_to_named_position"),
        help="begin a move to a position of that name",
    )
    def go_to_named_position(self, manager: ILaserManager, sender: str, name: str) -> object:
        return manager.go_to_named_position(name)

    @command(
        "GoToPoint",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage",
        moves="stage=point:{name}",
        check=foretold("go_to_point"),
        help="begin a move to a point of that name",
    )
    def go_to_point(self, manager: ILaserManager, sender: str, name: str) -> object:
        return manager.go_to_point(name)

    @command(
        "GetAutoCorrecting",
        reply=state,
        effect=Effect.READ,
        help="whether the camera still corrects the position",
    )
    def get_auto_correcting(self, manager: ILaserManager, sender: str) -> object:
        return manager.is_autocentering()

    @command(
        "CancelAutoCorrecting",
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage",
        moves="stage/correction=False",
        help="end the correction",
    )
    def cancel_auto_correcting(self, manager: ILaserManager, sender: str) -> object:
        return manager.cancel_autocentering()

    @command(
        "SetSampleHolder",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage",
        moves="stage/holder={name}",
        check=foretold("set_sample_holder"),
        help="say which sample holder lies on the stage",
    )
    def set_sample_holder(self, manager: ILaserManager, sender: str, name: str) -> object:
        return manager.set_sample_holder(name)

    @command(
        "GetSampleHolder", reply=value, effect=Effect.READ, help="the sample holder on the stage"
    )
    def get_sample_holder(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_sample_holder()
