"""The part of a laser's client that is about its stage."""

from __future__ import annotations

from typing import Literal, Unpack

from pychron_comms.client.amounts import Amount, Count, Word, written
from pychron_comms.client.answers import UnexpectedReplyError
from pychron_comms.client.instrument import Instrument
from pychron_comms.client.waiting import WaitOptions
from pychron_comms.interfaces import Position

Axis = Literal["x", "y", "z"]


class StageControl(Instrument):
    """Moves, in mm. Each returns when the stage has come to rest, or at once without ``block``.

    Moves raise PositionError (108) for a place that the stage does not know or cannot reach. The
    options of a wait (``deadline``, ``cancel``, ``progress``, ``stop_on_cancel``) are those of
    ``pychron_comms.client.waiting.WaitOptions``; ``stop_on_cancel`` stops the drive.
    """

    def position(self) -> Position:
        """Where the stage is: x, y and z in mm."""
        command = "GetPosition"
        reply = self.ask(command)
        try:
            return Position(*(float(part) for part in reply.split(",")))
        except (TypeError, ValueError):
            raise UnexpectedReplyError(command, reply) from None

    def move_to_hole(
        self,
        hole: int,
        *,
        autocenter: bool = False,
        block: bool = True,
        **wait: Unpack[WaitOptions],
    ) -> None:
        """Move to a hole of the sample holder, then correct by camera where ``autocenter``."""
        self._do(f"{written('GoToHole', Count(hole, 0))},{bool(autocenter)}")
        if block:
            goes_on = self._moving_or_autocentering if autocenter else self.is_moving
            self._wait(f"hole {hole}", goes_on, self.stop_drive, wait)

    def move_to(
        self, x: float, y: float, *, block: bool = True, **wait: Unpack[WaitOptions]
    ) -> None:
        """Move to x and y in mm."""
        self._move_stage(written("SetXY", Amount(x), Amount(y)), block, wait)

    def set_x(self, value: float, *, block: bool = True, **wait: Unpack[WaitOptions]) -> None:
        """Move x to a value in mm."""
        self._move_stage(written("SetX", Amount(value)), block, wait)

    def set_y(self, value: float, *, block: bool = True, **wait: Unpack[WaitOptions]) -> None:
        """Move y to a value in mm."""
        self._move_stage(written("SetY", Amount(value)), block, wait)

    def set_z(self, value: float, *, block: bool = True, **wait: Unpack[WaitOptions]) -> None:
        """Move z to a value in mm."""
        self._move_stage(written("SetZ", Amount(value)), block, wait)

    def move_to_position(
        self, name: str, *, block: bool = True, **wait: Unpack[WaitOptions]
    ) -> None:
        """Move to a position of that name."""
        self._move_stage(written("GoToNamedPosition", Word(name)), block, wait)

    def move_to_point(self, name: str, *, block: bool = True, **wait: Unpack[WaitOptions]) -> None:
        """Move to a point of that name."""
        self._move_stage(written("GoToPoint", Word(name)), block, wait)

    def move_home(self, *, block: bool = True, **wait: Unpack[WaitOptions]) -> None:
        """Move all axes to 0."""
        self._move_stage("SetDriveHome", block, wait)

    def call_home(self, axis: Axis) -> None:
        """Call the axis's present position 0."""
        self._do(f"SetHome{axis.upper()}")

    def is_moving(self, axis: Axis | Literal[""] = "") -> bool:
        """Whether one axis moves, or any."""
        return self._state(f"Get{axis.upper() or 'Drive'}Moving")

    def wait_moved(self, **wait: Unpack[WaitOptions]) -> None:
        """Return when no axis moves."""
        self._wait("the stage", self.is_moving, self.stop_drive, wait)

    def stop_drive(self) -> None:
        """Stop the stage where it is."""
        self._do("StopDrive")

    def is_autocentering(self) -> bool:
        """Whether the camera still corrects the position."""
        return self._state("GetAutoCorrecting")

    def cancel_autocentering(self) -> None:
        """End the correction."""
        self._begin("CancelAutoCorrecting")

    def sample_holder(self) -> str:
        """The name of the sample holder on the stage."""
        return self._text("GetSampleHolder")

    def set_sample_holder(self, name: str) -> None:
        """Say which sample holder lies on the stage. Raises InvalidSampleHolderError (104)."""
        self._do(written("SetSampleHolder", Word(name)))

    def _move_stage(self, command: str, block: bool, wait: WaitOptions) -> None:
        self._do(command)
        if block:
            self._wait(command, self.is_moving, self.stop_drive, wait)

    def _moving_or_autocentering(self) -> bool:
        return self.is_moving() or self.is_autocentering()
