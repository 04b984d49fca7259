"""How histories are drawn: single steps, and episodes of some that chance seldom puts together."""

from __future__ import annotations

from itertools import chain

from hypothesis import strategies as st

from tests.faults.model.bench import DEVICES, EXCLUDES, FAILS, GAUGE, NEVER, WELL, Script
from tests.faults.model.history import (
    CLIENTS,
    CLOSING,
    HOP,
    QTEGRA,
    Ask,
    BreakProcessor,
    Chop,
    Cut,
    Datagrams,
    FillDisk,
    Flood,
    History,
    HoldBack,
    KillProcessor,
    KillServer,
    Leave,
    Pass,
    Stall,
    StandStill,
    StopProcessor,
    TakeLease,
    TakeLock,
)
from tests.faults.model.pens import BREAKPOINTS
from tests.faults.model.threads import HAND_OVER
from tests.faults.model.words import QTEGRAS

_TIMES = (0.0, 0.01, 0.4, 0.98, 1.0, 1.02, 1.2, 1.56, 2.5, 4.0, 6.0)
_FATES = ("", "lost", "doubled", "doubled soon", "doubled late", "late")

#: More than there is room for beside what a history runs: see ``KEY_ROOM``.
STRANGERS = 100

_scripts = st.builds(
    Script,
    seconds=st.sampled_from(_TIMES),
    ending=st.sampled_from((WELL, WELL, WELL, WELL, FAILS, NEVER)),
    late=st.booleans(),
    survives=st.booleans(),
)
_devices = st.sampled_from(sorted(DEVICES.keys() - {GAUGE}))
_asks = st.builds(
    Ask,
    client=st.integers(0, CLIENTS - 1),
    word=st.sampled_from(("Count", "Count", "Tally", "Nudge", "Calm", "Calm", "Look")),
    device=_devices,
    script=_scripts,
    within=st.sampled_from((None, None, None, 0.3, 1.0, 2.0)),
)
# Whose reply comes when its client, that asks again after 1.03 s, has just given up or soon will.
_late_replies = st.builds(
    Ask,
    client=st.sampled_from((1, 3)),
    word=st.just("Count"),
    device=_devices,
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
    device=_devices,
    script=_scripts,
    within=st.sampled_from((0.1, 0.3, 1.0)),
)
_passing = st.builds(Pass, st.sampled_from((0.002, 0.02, 0.1, 0.5, 1.04, 1.6, 3.2, 6.0)))
_wheres = st.integers(0, CLIENTS).map(lambda where: HOP if where == CLIENTS else where)
_hearing = st.sampled_from((0.0, 0.0, 0.3, 2.0, 20.0))
_faults = st.one_of(
    st.builds(Cut, _wheres, _hearing, _hearing),
    st.builds(Cut, st.just(HOP), _hearing, _hearing),
    st.builds(Stall, st.just(HOP), st.sampled_from((1.1, 3.0))),
    st.builds(Stall, _wheres, st.sampled_from((0.05, 0.3, 1.1, 3.0))),
    st.builds(HoldBack, _wheres, st.sampled_from((0.5, 1.1, 2.5))),
    st.builds(Chop, _wheres, st.sampled_from((0, 1, 2, 7)), st.booleans()),
    st.builds(Leave, st.integers(0, CLIENTS - 1)),
    st.builds(KillProcessor),
    st.builds(BreakProcessor, st.sampled_from(BREAKPOINTS)),
    st.builds(StopProcessor),
    st.builds(KillServer),
    st.builds(TakeLock, st.sampled_from((0.2, 2.0, 8.0))),
    st.builds(FillDisk, st.sampled_from((0.2, 2.0, 8.0))),
    st.just(Flood(STRANGERS)),
    st.builds(Datagrams, st.lists(st.sampled_from(_FATES), min_size=1, max_size=6).map(tuple)),
)

_standing_still = st.builds(
    StandStill,
    st.sampled_from(("server", "processor")),
    st.sampled_from((0.3, 1.1, 1.7, 3.0, 6.0)),
)

# -- episodes

_a_moment = st.builds(Pass, st.sampled_from((0.002, 0.02, 0.1)))
_slow = st.builds(
    Script, seconds=st.sampled_from((0.98, 1.2, 2.5)), ending=st.just(WELL), late=st.booleans()
)


@st.composite
def _exclusive(draw: st.DrawFn) -> History:
    """Two that exclude each other are asked at nearly the same moment."""
    first = draw(st.sampled_from(sorted(EXCLUDES)))
    clients = st.integers(0, CLIENTS - 1)
    words = st.sampled_from(("Count", "Tally", "Nudge"))
    return [
        *(Ask(draw(clients), "Calm", each, Script(), None) for each in EXCLUDES),
        Pass(0.5),
        Ask(draw(clients), draw(words), first, draw(_slow), None),
        draw(_a_moment),
        Ask(draw(clients), draw(words), EXCLUDES[first], draw(_scripts), None),
        draw(_passing),
    ]


@st.composite
def _late_after_a_stall(draw: st.DrawFn) -> History:
    """The time of what waits, or was handed to a thread just now, passes while all stands still."""
    device, within = draw(_devices), draw(st.sampled_from((0.1, 0.3, 1.0)))
    waits = draw(st.booleans())
    return [
        *([Ask(0, "Count", device, draw(_slow), None)] if waits else []),
        Ask(2, "Count", device, draw(_scripts), within),
        draw(_a_moment) if waits else Pass(HAND_OVER),
        StandStill("processor", draw(st.sampled_from((1.1, 3.0)))),
        draw(_passing),
    ]


@st.composite
def _safe_at_a_bad_moment(draw: st.DrawFn) -> History:
    """What makes safe comes when the processor is about to end, or has a lock that is held."""
    device = draw(_devices)
    return [
        Ask(0, "Count", device, draw(_slow), None),
        draw(_a_moment),
        draw(st.sampled_from((StopProcessor(), TakeLock(8.0)))),
        draw(_passing),
        Ask(draw(st.sampled_from((1, 2, 5))), "Calm", draw(_devices), draw(_scripts), None),
        draw(_passing),
    ]


@st.composite
def _ended_between_copies(draw: st.DrawFn) -> History:
    """A half of the road dies, or stands still, while a client may ask again."""
    end = draw(
        st.sampled_from((KillServer(), KillProcessor(), StopProcessor(), StandStill("server", 1.7)))
    )
    return [
        draw(_late_replies),
        Pass(draw(st.sampled_from((0.5, 0.98, 1.0, 1.04)))),
        end,
        draw(_passing),
    ]


@st.composite
def _changed_between_copies(draw: st.DrawFn) -> History:
    """Another changes the part while a client may ask again."""
    ask = draw(_late_replies)
    other = Ask(
        draw(st.sampled_from((0, 2, 4, 5))),
        draw(st.sampled_from(("Count", "Calm"))),
        ask.device,
        Script(draw(st.sampled_from((0.0, 0.01)))),
        None,
    )
    return [ask, Pass(draw(st.sampled_from((0.5, 0.98, 1.0)))), other, draw(_passing)]


@st.composite
def _first_comes_last(draw: st.DrawFn) -> History:
    """A bad line keeps a command back until its copy was answered, and perhaps its part changed."""
    client, device = draw(st.sampled_from((1, 3))), draw(_devices)
    other = Ask(draw(st.sampled_from((0, 2, 5))), "Count", device, Script(), None)
    return [
        Ask(client, "Count", device, draw(_scripts), None),
        Pass(0.04 if client == 3 else 0.0015),
        HoldBack(client, draw(st.sampled_from((1.5, 2.5, 4.0)))),
        Pass(draw(st.sampled_from((1.1, 1.6)))),
        *([other] if draw(st.booleans()) else []),
        draw(_passing),
    ]


@st.composite
def _leased(draw: st.DrawFn) -> History:
    """Another moves a part that is leased; the processor may die before the lease is over."""
    device, owner = draw(_devices), draw(st.sampled_from((0, 2)))
    lease = TakeLease(owner, device, draw(st.sampled_from((0.3, 1.1, 4.0, 8.0))))
    end = draw(st.sampled_from((Pass(0.1), KillProcessor(), StopProcessor(), KillServer())))
    asks = st.builds(
        Ask,
        client=st.integers(0, CLIENTS - 1),
        word=st.sampled_from(("Count", "Tally", "Calm")),
        device=st.just(device),
        script=_scripts,
        within=st.none(),
    )
    again = [lease] if draw(st.booleans()) else []
    return [lease, draw(_a_moment), draw(asks), end, draw(_passing), *again, draw(asks)]


_alone = {
    "a": _asks,
    "r": _late_replies,
    "s": _short_of_time,
    "p": _passing,
    "f": _faults,
    "z": _standing_still,
}
_episodes = {
    "L": _late_after_a_stall(),
    "S": _safe_at_a_bad_moment(),
    "E": _ended_between_copies(),
    "X": _exclusive(),
    "C": _changed_between_copies(),
    "K": _leased(),
    "F": _first_comes_last(),
}


@st.composite
def _some(draw: st.DrawFn) -> History:
    # ``one_of`` would count each kind of fault as much as all asking.
    kind = draw(st.sampled_from("aaaaaarrssppppppppfzLSEXCKF"))
    return draw(_episodes[kind]) if kind in _episodes else [draw(_alone[kind])]


# -- where Qtegra's clients ask, too

_of_qtegra = st.sampled_from(
    sorted(name for name, manager in DEVICES.items() if manager == QTEGRAS)
)
_qtegra_asks = st.one_of(
    st.builds(
        Ask,
        client=st.sampled_from((QTEGRA, QTEGRA, CLOSING)),
        word=st.sampled_from(("Count", "Count", "Nudge", "Calm", "Look")),
        device=_of_qtegra,
        script=_scripts,
        within=st.none(),
    ),
    st.builds(
        Ask,
        client=st.integers(0, CLIENTS - 1),
        word=st.sampled_from(("Qtegra Count", "Qtegra Nudge", "Qtegra Calm", "Count", "Calm")),
        device=_of_qtegra,
        script=_scripts,
        within=st.sampled_from((None, None, 0.3, 2.0)),
    ),
)
_qtegra_faults = st.one_of(
    _faults,
    _standing_still,
    st.builds(Cut, st.sampled_from((QTEGRA, CLOSING)), _hearing, _hearing),
    st.builds(Stall, st.sampled_from((QTEGRA, CLOSING)), st.sampled_from((0.05, 1.1, 3.0))),
    st.builds(HoldBack, st.sampled_from((QTEGRA, CLOSING)), st.sampled_from((0.5, 1.1, 2.5))),
    st.builds(Chop, st.sampled_from((QTEGRA, CLOSING)), st.sampled_from((1, 2, 7)), st.booleans()),
    st.builds(TakeLease, st.sampled_from((0, 2)), _of_qtegra, st.sampled_from((1.1, 4.0))),
)


@st.composite
def _some_of_qtegra(draw: st.DrawFn) -> History:
    kind = draw(st.sampled_from("qqqqqpppf"))
    return [draw({"q": _qtegra_asks, "p": _passing, "f": _qtegra_faults}[kind])]


#: A strategy of its own, so that seeds of the other mean what they did.
qtegra_histories: st.SearchStrategy[History] = st.lists(
    _some_of_qtegra(), min_size=15, max_size=60
).map(lambda parts: list(chain.from_iterable(parts)))


histories: st.SearchStrategy[History] = st.lists(_some(), min_size=15, max_size=60).map(
    lambda parts: list(chain.from_iterable(parts))
)
