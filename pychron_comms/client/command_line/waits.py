"""What ``pychron-ask --wait`` polls behind a command that only begins something."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pychron_comms.client.answers import state
from pychron_comms.errors import CommandError
from pychron_comms.wire.grammar import parse_command

_MOVING = ("GetDriveMoving",)
_PATTERNING = ("IsPatterning",)

_POLLS = {
    "GoToHole": ("GetDriveMoving", "GetAutoCorrecting"),
    "GoToNamedPosition": _MOVING,
    "GoToPoint": _MOVING,
    "SetXY": _MOVING,
    "SetX": ("GetXMoving",),
    "SetY": ("GetYMoving",),
    "SetZ": ("GetZMoving",),
    "SetDriveHome": _MOVING,
    "DoPattern": _PATTERNING,
    "DoJog": _PATTERNING,
    "TracePath": ("IsTracing",),
    "Fire": ("IsFiring",),
    "SetMotor": ("GetMotorMoving {}",),
    "SetBeamDiameter": ("GetMotorMoving beam",),
    "SetZoom": ("GetMotorMoving zoom",),
    "Prepare": ("IsReady",),
    "PrepareLaser": ("IsReady",),
}
_READY = frozenset({"Prepare", "PrepareLaser"})
_FIRST = re.compile(r"[^\s,]+")


@dataclass(frozen=True)
class Poll:
    """``commands`` that each answer ``goes_on`` as long as it is not over."""

    commands: tuple[str, ...]
    goes_on: bool

    def ask(self, ask: Callable[[str], str]) -> bool:
        """Whether it goes on."""
        return any(state(command, ask(command)) is self.goes_on for command in self.commands)


def poll_for(command: str) -> Poll | None:
    """What tells whether the work of a command goes on; None for one that begins none."""
    try:
        name, arguments = parse_command(command)
    except CommandError:
        return None
    polls = _POLLS.get(name)
    if polls is None:
        return None
    if isinstance(arguments, str):
        found = _FIRST.search(arguments)
        motor = found[0] if found else ""
    else:
        motor = str(arguments.get("name", arguments.get("motor", "")))
    return Poll(tuple(poll.format(motor) for poll in polls), name not in _READY)
