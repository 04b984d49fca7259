"""A history: what happens, step by step. Drawn by hypothesis, told by ``happen``."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from tests.faults.model.bench import DEVICES, FAILS, NEVER, WELL, Script
from tests.faults.model.clients import Unit
from tests.faults.model.pens import BREAKPOINTS
from tests.faults.model.world import World

_CLIENTS = 6
#: Where something may befall the bytes: at a client, or between server and processor.
HOP = _CLIENTS


class Ask(NamedTuple):
    client: int
    word: str
    device: str
    script: Script
    within: float | None

    def happen(self, world: World) -> None:
        number = len(world.units)
        within = self.within if world.clients[self.client].keyed else None
        world.ask(self.client, Unit(number, self.word, self.device, self.script, within))


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
    | Chop
    | Leave
    | KillProcessor
    | BreakProcessor
    | StopProcessor
    | KillServer
    | StandStill
    | FillDisk
    | Datagrams
)
History = list[Step]

_TIMES = (0.0, 0.01, 0.4, 0.98, 1.0, 1.02, 1.2, 1.56, 2.5, 4.0, 6.0)
_FATES = ("", "lost", "doubled", "doubled late", "late")

_scripts = st.builds(
    Script,
    seconds=st.sampled_from(_TIMES),
    ending=st.sampled_from((WELL, WELL, WELL, WELL, FAILS, NEVER)),
    late=st.booleans(),
    survives=st.booleans(),
)
_asks = st.builds(
    Ask,
    client=st.integers(0, _CLIENTS - 1),
    word=st.sampled_from(("Count", "Count", "Count", "Nudge", "Calm", "Look")),
    device=st.sampled_from(sorted(DEVICES)),
    script=_scripts,
    within=st.sampled_from((None, None, None, 0.3, 1.0, 2.0)),
)
# Whose reply comes when its client, that asks again after 1.03 s, has just given up or soon will.
_late_replies = st.builds(
    Ask,
    client=st.sampled_from((1, 3)),
    word=st.just("Count"),
    device=st.sampled_from(sorted(DEVICES)),
    script=st.builds(
        Script,
        seconds=st.sampled_from((0.93, 0.95, 0.98, 1.0, 1.01, 1.015, 1.03)),
        ending=st.just(WELL),
        late=st.booleans(),
        survives=st.booleans(),
    ),
    within=st.none(),
)
_short_of_time = st.builds(
    Ask,
    client=st.sampled_from((2, 4, 5)),
    word=st.sampled_from(("Count", "Nudge")),
    device=st.sampled_from(sorted(DEVICES)),
    script=_scripts,
    within=st.sampled_from((0.1, 0.3, 1.0)),
)
_passing = st.builds(Pass, st.sampled_from((0.002, 0.02, 0.1, 0.5, 1.04, 1.6, 3.2, 6.0)))
_wheres = st.integers(0, HOP)
_hearing = st.sampled_from((0.0, 0.0, 0.3, 2.0, 20.0))
_faults = st.one_of(
    st.builds(Cut, _wheres, _hearing, _hearing),
    st.builds(Cut, st.just(HOP), _hearing, _hearing),
    st.builds(Stall, st.just(HOP), st.sampled_from((1.1, 3.0))),
    st.builds(Stall, _wheres, st.sampled_from((0.05, 0.3, 1.1, 3.0))),
    st.builds(Chop, _wheres, st.sampled_from((0, 1, 2, 7)), st.booleans()),
    st.builds(Leave, st.integers(0, _CLIENTS - 1)),
    st.builds(KillProcessor),
    st.builds(BreakProcessor, st.sampled_from(BREAKPOINTS)),
    st.builds(StopProcessor),
    st.builds(KillServer),
    st.builds(FillDisk, st.sampled_from((0.2, 2.0, 8.0))),
    st.builds(Datagrams, st.lists(st.sampled_from(_FATES), min_size=1, max_size=6).map(tuple)),
)

_standing_still = st.builds(
    StandStill,
    st.sampled_from(("server", "processor")),
    st.sampled_from((0.3, 1.1, 1.7, 3.0, 6.0)),
)

_KINDS = {
    "a": _asks,
    "r": _late_replies,
    "s": _short_of_time,
    "p": _passing,
    "f": _faults,
    "z": _standing_still,
}


@st.composite
def _steps(draw: st.DrawFn) -> Step:
    # ``one_of`` would count each kind of fault as much as all asking.
    return draw(_KINDS[draw(st.sampled_from("aaaaaarrsspppppppfz"))])


histories: st.SearchStrategy[History] = st.lists(_steps(), min_size=20, max_size=80)
