"""The part of a laser's client that is about its motors."""

from __future__ import annotations

from typing import Unpack

from pychron_comms.client import answers
from pychron_comms.client.amounts import Amount, Word, written
from pychron_comms.client.instrument import Instrument
from pychron_comms.client.waiting import WaitOptions, leave_alone
from pychron_comms.errors import InvalidMotorError, NotPermittedError


class MotorControl(Instrument):
    """Motors by name; beam and zoom have methods of their own.

    A move raises NotPermittedError (208) for a motor that is locked. A motor cannot be stopped on
    its way, so that ``stop_on_cancel`` does nothing here.
    """

    def set_motor(
        self, name: str, value: float, *, block: bool = True, **wait: Unpack[WaitOptions]
    ) -> None:
        """Move a motor to a value within its travel.

        Raises 107 for a name that there is none of, 108 outside the travel.
        """
        command = written("SetMotor", Word(name), Amount(value))
        self._move_motor(name, command, block, wait)

    def is_motor_moving(self, name: str) -> bool:
        return self._state(written("GetMotorMoving", Word(name)))

    def set_motor_lock(self, name: str, locked: bool) -> None:
        """Forbid a motor to move, or allow it again."""
        self._do(f"{written('SetMotorLock', Word(name))},{bool(locked):d}")

    def set_beam_diameter(
        self, value: float, *, block: bool = True, **wait: Unpack[WaitOptions]
    ) -> None:
        """Widen or narrow the beam, in mm, 0 or more."""
        command = written("SetBeamDiameter", Amount(value, 0, unit="mm"))
        self._move_motor("beam", command, block, wait)

    def beam_diameter(self) -> float:
        """In mm. Raises InvalidMotorError (107) without a beam motor."""
        return self._place("beam", "GetBeamDiameter")

    def set_zoom(self, value: float, *, block: bool = True, **wait: Unpack[WaitOptions]) -> None:
        """Zoom the camera, 0 to 100 percent."""
        command = written("SetZoom", Amount(value, 0, 100, "%"))
        self._move_motor("zoom", command, block, wait)

    def zoom(self) -> float:
        """In percent. Raises InvalidMotorError (107) without a zoom motor."""
        return self._place("zoom", "GetZoom")

    def _move_motor(self, motor: str, command: str, block: bool, wait: WaitOptions) -> None:
        reply = self.ask(command)
        if reply.startswith("OK - "):
            raise NotPermittedError(f"motor {motor} is locked")
        answers.check_done(command, reply)
        if block:
            self._wait(command, lambda: self.is_motor_moving(motor), leave_alone, wait)

    def _place(self, motor: str, command: str) -> float:
        reply = self.ask(command)
        if reply == f"No {motor.capitalize()} Motor":
            raise InvalidMotorError(motor)
        return answers.number(command, reply)
