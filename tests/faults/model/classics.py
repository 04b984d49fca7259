"""Histories that have broken a promise once, or that chance seldom draws."""

from __future__ import annotations

from tests.faults.model.bench import NEVER, Script
from tests.faults.model.history import (
    HOP,
    Ask,
    Cut,
    Datagrams,
    FillDisk,
    Flood,
    History,
    HoldBack,
    KillProcessor,
    KillServer,
    Pass,
    Stall,
    StandStill,
    StopProcessor,
    TakeLease,
    TakeLock,
)

_KEPT, _PYCHRON, _FAR_PYCHRON = 0, 1, 3
_KEYED, _FAR_KEYED = 2, 5
_PLAIN_DATAGRAMS = 6

#: Its client has just given up when the reply comes: the end of the one and the other cross.
CROSSING: History = [Ask(_FAR_PYCHRON, "Count", "a", Script(0.93), None), Pass(6.0)]

#: The first is given up on the way, and its reply comes while another one waits.
LATE_REPLY: History = [
    Stall(HOP, 3.0),
    Ask(_KEYED, "Count", "a", Script(), 0.1),
    Pass(1.6),
    Ask(_FAR_KEYED, "Count", "c", Script(), 2.0),
    Pass(6.0),
]

#: The server does not know for a while that the processor has lost it.
HALF_OPEN: History = [
    Ask(_KEYED, "Count", "a", Script(2.5), None),
    Pass(0.5),
    Cut(HOP, 20.0, 0.0),
    Ask(_FAR_KEYED, "Count", "a", Script(), 1.0),
    Pass(6.0),
]

#: What makes safe drops two that wait; the reply to the one finds its server dead, and so the other
#: is dropped for want of an asker in the middle of it.
DROPPED_TWICE: History = [
    Ask(_KEYED, "Calm", "a", Script(0.4, NEVER), None),
    KillServer(),
    Ask(_FAR_KEYED, "Nudge", "b", Script(4.0), 1.0),
    Pass(0.02),
    Ask(_KEPT, "Count", "b", Script(1.2, NEVER), None),
    Ask(_PYCHRON, "Count", "b", Script(0.95), None),
    Pass(1.6),
    KillServer(),
    Ask(_FAR_KEYED, "Calm", "b", Script(late=True), 1.0),
]

#: The reply leaves while the network stalls, for so long that nobody waits for its fate any more.
STALLED: History = [
    Ask(_FAR_PYCHRON, "Count", "b", Script(0.95), None),
    Ask(_PYCHRON, "Count", "a", Script(0.93), None),
    Pass(1.6),
    Stall(_FAR_PYCHRON, 1.1),
]

#: What waits says its device in other words than what makes that safe.
OTHER_WORDS: History = [
    Ask(_KEPT, "Count", "a", Script(1.0), None),
    Pass(0.02),
    Ask(_KEYED, "Tally", "a", Script(), None),
    Pass(0.02),
    Ask(_FAR_KEYED, "Calm", "a", Script(), None),
    Pass(3.2),
]

#: When the processor goes on, what ran has ended and the time of what waits is over.
STOOD_STILL: History = [
    Ask(_KEPT, "Count", "a", Script(1.0), None),
    Ask(_KEYED, "Count", "a", Script(), 1.0),
    Pass(0.1),
    StandStill("processor", 3.0),
    Pass(6.0),
]

#: It begins beside what runs, which acts on the same part at its very end.
MADE_SAFE_TWICE: History = [
    Ask(_KEPT, "Count", "a", Script(2.0, late=True), None),
    Pass(0.1),
    Ask(_FAR_KEYED, "Calm", "a", Script(), None),
    Pass(6.0),
]

#: The processor is about to end, and still waits for what runs.
MADE_SAFE_AT_THE_END: History = [
    Ask(_KEPT, "Count", "b", Script(3.0), None),
    Ask(_KEYED, "Look", "c", Script(), None),
    Pass(0.1),
    StopProcessor(),
    Pass(0.02),
    Ask(_KEYED, "Calm", "a", Script(), None),
    Pass(6.0),
]

#: Between the two of its asking, another one's command for the same part is run.
CHANGED_MEANWHILE: History = [
    Ask(_FAR_PYCHRON, "Count", "a", Script(0.93), None),
    Pass(0.5),
    Ask(_KEYED, "Count", "a", Script(), None),
    Pass(6.0),
]

#: It was handed to a thread, which takes it when the processor goes on.
HANDED_OVER_AND_STILL: History = [
    Ask(_KEYED, "Count", "c", Script(), 0.3),
    Pass(0.02),
    StandStill("processor", 3.0),
    Pass(6.0),
]

#: Nothing that acts may begin unwritten.
DISK_FULL: History = [FillDisk(2.0), Ask(_KEYED, "Count", "a", Script(), None), Pass(6.0)]

#: The first of the copies comes last, when another one's command has been run.
FIRST_COMES_LAST: History = [
    Ask(_FAR_PYCHRON, "Count", "a", Script(), None),
    Pass(0.04),
    HoldBack(_FAR_PYCHRON, 2.5),
    Pass(1.6),
    Ask(_KEYED, "Count", "a", Script(), None),
    Pass(6.0),
]

#: The same, and it waits at a processor that stands still: how long it was on its way, only the
#: clocks of the two computers tell.
FIRST_COMES_LAST_AND_STILL: History = [
    Ask(_FAR_PYCHRON, "Count", "a", Script(), None),
    Pass(0.04),
    HoldBack(_FAR_PYCHRON, 1.5),
    Pass(1.2),
    Ask(_KEYED, "Count", "a", Script(), None),
    Pass(0.1),
    StandStill("processor", 3.0),
    Pass(6.0),
]

#: A copy that was sent while the first ran comes when another one was answered.
ANOTHER_COMES_LAST: History = [
    Ask(_FAR_PYCHRON, "Count", "d", Script(1.03, late=True), None),
    Pass(1.08),
    HoldBack(_FAR_PYCHRON, 4.0),
    Pass(6.0),
]

#: All was made safe when the processor was stopped, and a copy comes when it is there again.
STOPPED_BETWEEN_COPIES: History = [
    Ask(_FAR_PYCHRON, "Count", "c", Script(0.95, late=True), None),
    Pass(1.0),
    StopProcessor(),
    Pass(0.06),
    HoldBack(_FAR_PYCHRON, 4.0),
    Pass(6.0),
]

#: The first comes last, and lies at a processor that stands still until all should be forgotten.
FIRST_COMES_LAST_AND_LIES: History = [
    Ask(_FAR_PYCHRON, "Count", "b", Script(0.4, late=True, survives=True), None),
    Pass(0.04),
    HoldBack(_FAR_PYCHRON, 4.0),
    Pass(3.74),
    StandStill("processor", 3.0),
    Pass(6.0),
]

#: The lock is free when the twin of a datagram comes, of which its sender was told that it is held.
REFUSED_AND_FREE: History = [
    Datagrams(("doubled soon",)),
    TakeLock(1.0),
    Ask(_PLAIN_DATAGRAMS, "Count", "a", Script(), None),
    Pass(6.0),
]

#: The lock was held when the copy came before the first; it is free when that one comes.
REFUSED_BEFORE_THE_FIRST: History = [
    TakeLock(2.0),
    Ask(_FAR_PYCHRON, "Count", "a", Script(), None),
    Pass(0.04),
    HoldBack(_FAR_PYCHRON, 2.5),
    Pass(6.0),
]

#: Another processor is there when the twin of a datagram comes that the one before has refused.
REFUSED_AND_KILLED: History = [
    Datagrams(("doubled soon",)),
    TakeLock(0.5),
    Ask(_PLAIN_DATAGRAMS, "Count", "a", Script(), None),
    Pass(0.05),
    KillProcessor(),
    Pass(6.0),
]

#: The same, and it was refused since the one before was stopped.
REFUSED_AT_THE_END: History = [
    Ask(_KEPT, "Count", "b", Script(0.3), None),
    Pass(0.02),
    StopProcessor(),
    Pass(0.02),
    Datagrams(("doubled soon",)),
    Ask(_PLAIN_DATAGRAMS, "Count", "a", Script(), None),
    Pass(6.0),
]

#: Its copies lie at a server that stands still for longer than the gate remembers datagrams.
DATAGRAMS_LIE: History = [
    Ask(_PLAIN_DATAGRAMS, "Count", "a", Script(0.01, late=True), None),
    Pass(0.002),
    StandStill("server", 3.0),
    Pass(6.0),
]

#: It lay at a server that stood still, and was not begun; its twin comes when that goes on.
LAIN_AND_DOUBLED: History = [
    Datagrams(("doubled soon",)),
    Ask(_PLAIN_DATAGRAMS, "Count", "a", Script(), None),
    Pass(0.001),
    StandStill("server", 0.7),
    Pass(6.0),
]

#: Many who are refused would push out the keys of what was run.
FLOODED: History = [
    Ask(_KEYED, "Count", "a", Script(), None),
    Ask(_KEYED, "Count", "c", Script(), None),
    Pass(0.5),
    Flood(100),
    Pass(6.0),
]

#: Its client has gone when the reply comes, and the copy follows when that is known.
LOST: History = [
    Ask(_FAR_PYCHRON, "Count", "a", Script(0.97, late=True), None),
    Pass(1.06),
    Stall(_FAR_PYCHRON, 1.1),
    Pass(6.0),
]

#: Both connections are taken in one moment, by a server that goes on; one says nothing until later.
TAKEN_TOGETHER: History = [
    StandStill("server", 1.1),
    Ask(_PYCHRON, "Count", "b", Script(late=True), None),
    Pass(0.0015),
    HoldBack(_PYCHRON, 1.5),
    Pass(1.1),
    Ask(_KEPT, "Count", "b", Script(), None),
    Pass(6.0),
]

#: Neither a stranger nor a death of the processor ends it before its time, and then it is safe.
LEASED: History = [
    TakeLease(_KEYED, "a", 4.0),
    Ask(_KEYED, "Count", "a", Script(), None),
    Ask(_FAR_KEYED, "Count", "a", Script(), None),
    Pass(0.5),
    KillProcessor(),
    Pass(1.6),
    Ask(_PYCHRON, "Count", "a", Script(), None),
    Pass(6.0),
]

CLASSICS: list[History] = [
    CROSSING,
    LATE_REPLY,
    HALF_OPEN,
    DROPPED_TWICE,
    STALLED,
    OTHER_WORDS,
    STOOD_STILL,
    MADE_SAFE_TWICE,
    MADE_SAFE_AT_THE_END,
    CHANGED_MEANWHILE,
    HANDED_OVER_AND_STILL,
    DISK_FULL,
    FIRST_COMES_LAST,
    FIRST_COMES_LAST_AND_STILL,
    ANOTHER_COMES_LAST,
    STOPPED_BETWEEN_COPIES,
    FIRST_COMES_LAST_AND_LIES,
    REFUSED_AND_FREE,
    REFUSED_BEFORE_THE_FIRST,
    REFUSED_AND_KILLED,
    REFUSED_AT_THE_END,
    DATAGRAMS_LIE,
    LAIN_AND_DOUBLED,
    FLOODED,
    LOST,
    TAKEN_TOGETHER,
    LEASED,
]
