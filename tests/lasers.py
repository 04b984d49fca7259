"""Simulated lasers on a clock that tests move, and a client's bytes put to their handlers."""

from __future__ import annotations

from random import Random
from typing import Any

from twisted.internet.task import Clock

from pychron_comms.config.table import Table
from pychron_comms.errors import CommandError, ManagerUnavailableError, error_line
from pychron_comms.lab.simulated.laser.config import laser_from_config
from pychron_comms.wire.grammar import decode

LASER = """
prepare = 2.0
holder = "221-hole"
interlocks = { door = true, coolant = true }
power_curve = { percent = [0, 50, 100], watts = [0.0, 10.0, 40.0] }
pyrometer = { ambient = 20.0, degrees_per_watt = 50.0, time_constant = 2.0, noise = 0.0 }
stage = { x = [-25.0, 25.0], y = [-25.0, 25.0], z = [-10.0, 10.0], speed = 10.0, autocenter = 1.0 }
positions = { t1 = [-20.0, 20.0, 5.0], flat = [3.0, 4.0] }
points = { p1 = [1.0, 2.0] }
paths = { l1 = [0.0, 0.0, 2.0, 0.0, 2.0, 2.0], far = [0.0, 0.0, 24.0, 24.0] }
patterns = { pa = 10.0, pb = 30.0 }
camera = { local = "snaps", shared = "smb://lab" }

[holders.221-hole]
pitch = 2.0
rows = [7, 9, 11, 13, 15, 15, 15, 17, 17, 17, 15, 15, 15, 13, 11, 9, 7]

[holders.pair]
pitch = 4.0
rows = [2]

[motors]
mask = { maximum = 10.0, speed = 2.0 }
attenuator = { maximum = 100.0, speed = 50.0, locked = true }
"""

BEAM_AND_ZOOM = """
beam = { maximum = 6.0, speed = 2.0, position = 1.5 }
zoom = { maximum = 100.0, speed = 50.0 }
"""


def build_laser(clock: Clock, extra: str = "", kind: str = "laser") -> Any:
    """The laser above, with more motors or tables."""
    table = Table.parse(f'kind = "{kind}"\n{LASER}{extra}', "lab.toml")
    laser = laser_from_config("co2", table, clock, Random(7))
    table.finish()
    return laser


class OneManager:
    """Hardware with a single manager."""

    def __init__(self, name: str, manager: object) -> None:
        self._name = name
        self._manager = manager

    def manager(self, name: str) -> object:
        if name != self._name:
            raise ManagerUnavailableError(name)
        return self._manager


def call_of(handler: Any, sent: bytes) -> Any:
    """The prepared call for the bytes that a client sends."""
    return handler.prepare(decode(sent), "10.0.0.2")


def ask(handler: Any, sent: bytes) -> str:
    """The text of the reply to the bytes that a client sends, an error's too."""
    try:
        return str(handler.handle(call_of(handler, sent)))
    except CommandError as error:
        return error_line(error)
