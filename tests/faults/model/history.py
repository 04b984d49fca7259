"""A history: what happens, step by step, each told by ``happen``."""

from __future__ import annotations

from typing import NamedTuple

from pychron_comms.qtegra.answers import CARRIER
from tests.faults.model.bench import Script
from tests.faults.model.clients import Unit
from tests.faults.model.world import World

#: Clients by their numbers: those that may ask for any device, and two beside them. Qtegra's asks
#: for those of ``QTEGRAS``.
CLIENTS = 7
QTEGRA, CLOSING = 7, 8
#: Where something may befall the bytes: at a client, or between server and processor.
HOP = 9


class Ask(NamedTuple):
    """``Qtegra WORD`` is the word as Qtegra says it."""

    client: int
    word: str
    device: str
    script: Script
    within: float | None

    def happen(self, world: World) -> None:
        number = len(world.units)
        within = self.within if world.clients[self.client].keyed else None
        word = self.word.removeprefix(f"{CARRIER} ")
        unit = Unit(number, word, self.device, self.script, within)
        unit.carried = word != self.word
        world.ask(self.client, unit)


class Pass(NamedTuple):
    seconds: float

    def happen(self, world: World) -> None:
        world.pass_time(self.seconds)


class Cut(NamedTuple):
    where: int
    near_hears: float = 0.0
    far_hears: float = 0.0

    def happen(self, world: World) -> None:
        world.cut(*self)


class Stall(NamedTuple):
    where: int
    seconds: float

    def happen(self, world: World) -> None:
        world.stall(*self)


class HoldBack(NamedTuple):
    where: int
    seconds: float

    def happen(self, world: World) -> None:
        world.hold_back(*self)


class Chop(NamedTuple):
    where: int
    size: int
    merging: bool

    def happen(self, world: World) -> None:
        world.chop(*self)


class Leave(NamedTuple):
    client: int

    def happen(self, world: World) -> None:
        world.leave(self.client)


class KillProcessor(NamedTuple):
    def happen(self, world: World) -> None:
        world.kill_processor()


class BreakProcessor(NamedTuple):
    where: str

    def happen(self, world: World) -> None:
        world.break_processor(self.where)


class StopProcessor(NamedTuple):
    def happen(self, world: World) -> None:
        world.stop_processor()


class KillServer(NamedTuple):
    def happen(self, world: World) -> None:
        world.kill_server()


class StandStill(NamedTuple):
    half: str
    seconds: float

    def happen(self, world: World) -> None:
        world.stand_still(*self)


class TakeLock(NamedTuple):
    seconds: float

    def happen(self, world: World) -> None:
        world.take_lock(self.seconds)


class TakeLease(NamedTuple):
    client: int
    device: str
    seconds: float

    def happen(self, world: World) -> None:
        world.lease(*self)


class Flood(NamedTuple):
    """Of refused commands with keys."""

    strangers: int

    def happen(self, world: World) -> None:
        world.flood(self.strangers)


class FillDisk(NamedTuple):
    seconds: float

    def happen(self, world: World) -> None:
        world.fill_disk(self.seconds)


class Datagrams(NamedTuple):
    """What becomes of the next ones, in either direction."""

    fates: tuple[str, ...]

    def happen(self, world: World) -> None:
        world.fate_of_datagrams(list(self.fates))


Step = (
    Ask
    | Pass
    | Cut
    | Stall
    | HoldBack
    | Chop
    | Leave
    | KillProcessor
    | BreakProcessor
    | StopProcessor
    | KillServer
    | StandStill
    | TakeLock
    | TakeLease
    | Flood
    | FillDisk
    | Datagrams
)
History = list[Step]
