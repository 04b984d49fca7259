"""Looks at the alarms when their items change or time has passed, and does what people say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from twisted.internet.defer import Deferred, DeferredLock, gatherResults, succeed
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pychron_comms.alarms.alarm import (
    ACKNOWLEDGE,
    SHELVE,
    UNSHELVE,
    Alarm,
    Shelf,
)
from pychron_comms.alarms.figures import count_alarms
from pychron_comms.alarms.ledger import AlarmLedger, Tell
from pychron_comms.alarms.newcomers import MISSING, Newcomers
from pychron_comms.alarms.roster import Roster
from pychron_comms.alarms.rule import WELL, Rule, Verdict, worse
from pychron_comms.interfaces import IJournal, Severity
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import StateStream

#: Where the processors are, by their names: the paths of what each tells of the road end with it.
_PROCESSOR = "road/processor/"


class _Doing(NamedTuple):
    """What somebody does about an alarm; ``fields`` are what is told of it."""

    what: str
    change: Callable[[Alarm], None]
    sender: str
    fields: Mapping[str, Any]


class AlarmBoard:
    """The alarms of a laboratory. ``clock`` does not jump; ``now`` is Unix time in seconds."""

    def __init__(
        self,
        rules: Sequence[Rule],
        stream: StateStream,
        journal: IJournal,
        *,
        clock: IReactorTime,
        now: Callable[[], float],
        metrics: Metrics,
        tell: Tell,
    ) -> None:
        self._roster = Roster(rules)
        self._ledger = AlarmLedger(stream, journal, tell, now, clock)
        self._stream = stream
        self._clock = clock
        self._now = now
        # To be looked at in the next turn, and those that time alone will change.
        self._due: dict[Alarm, None] = {}
        self._waiting: set[Alarm] = set()
        self._timer: IDelayedCall | None = None
        self._missing: IDelayedCall | None = None
        self._all_have_come = False
        self._early: set[Alarm] = set()
        self._newcomers = Newcomers(clock, self._look_soon_at)
        # What the paths end with of what lost processors tell.
        self._lost: set[str] = set()
        # Of what people do about one alarm, while the disk takes its time.
        self._turns: WeakKeyDictionary[Alarm, DeferredLock] = WeakKeyDictionary()
        count_alarms(metrics, self)

    def __iter__(self) -> Iterator[Alarm]:
        return iter(self._roster)

    def start(self) -> None:
        """Recall what an earlier process knew, and look at how everything stands."""
        self._recall()
        self._ledger.carry(self)
        for alarm in self:
            self._ledger.show(alarm)
            self._look_soon(alarm)
        for item in self._stream:
            self._follow(item)
        self._stream.follow(self)
        self._missing = self._clock.callLater(MISSING, self._look_for_missing)

    def stop(self) -> None:
        self._stream.unfollow(self)
        self._newcomers.stop()
        for timer in (self._timer, self._missing):
            if timer is not None and timer.active():
                timer.cancel()
        self._ledger.close()

    def item_changed(self, item: Item, at: float) -> None:
        """As a follower of the stream. Alarms are looked at in a turn of their own: what they
        tell must not overtake this change on its way to others."""
        self._follow(item)

    # -- what people do

    def acknowledge(self, name: str, by: str, sender: str) -> Deferred[int]:
        """Somebody has seen it; how many alarms that are. Errors: 004, 214."""
        found = [each for each in self._roster.named(name) if each.can_be_acknowledged]
        return self._do_all(found, _Doing(ACKNOWLEDGE, _acknowledge(by), sender, {"by": by}))

    def shelve(self, name: str, seconds: float, by: str, why: str, sender: str) -> Deferred[int]:
        """Nobody is told of it for so long; how many alarms that are. Errors: 004, 214."""
        found = self._roster.named(name)
        until = round(self._now() + seconds, 3)
        shelf = Shelf(ends=self._clock.seconds() + seconds, until=until, by=by, why=why)
        fields = {"by": by, "why": why, "until": until}
        return self._do_all(found, _Doing(SHELVE, _shelve(shelf), sender, fields))

    def unshelve(self, name: str, by: str, sender: str) -> Deferred[int]:
        """The end of that, before its time. Errors: 004, 214."""
        found = [each for each in self._roster.named(name) if each.shelf is not None]
        return self._do_all(found, _Doing(UNSHELVE, _shelve(None), sender, {"by": by}))

    def _do_all(self, found: Sequence[Alarm], doing: _Doing) -> Deferred[int]:
        done = gatherResults([self._do(each, doing) for each in found], consumeErrors=True)
        return done.addCallbacks(sum, lambda failure: failure.value.subFailure)

    def _do(self, alarm: Alarm, doing: _Doing) -> Deferred[int]:
        """1 where it is so then, 0 where it is not to be any more."""
        # One after the other: what another is told is not done must not stand last in the journal.
        turn = self._turns.setdefault(alarm, DeferredLock())
        return turn.run(self._do_in_turn, alarm, copy(alarm), doing)

    def _do_in_turn(self, alarm: Alarm, seen: Alarm, doing: _Doing) -> Deferred[int]:
        """``seen`` is the alarm as it was when this was asked for."""
        if not self._is_still_meant(alarm, seen, doing):
            return succeed(0)
        # Who has silenced it must be known: first it is written down how it will be.
        before, then = copy(alarm), copy(alarm)
        doing.change(then)
        written = self._ledger.write(then, doing.what, sender=doing.sender, **doing.fields)
        return written.addCallback(self._written, alarm, seen, before, doing)

    def _is_still_meant(self, alarm: Alarm, seen: Alarm, doing: _Doing) -> bool:
        if self._is_gone(alarm):
            return False
        if doing.what == ACKNOWLEDGE:
            is_other = alarm.since != seen.since or worse(alarm.latched, seen.latched)
            return alarm.can_be_acknowledged and not is_other
        return doing.what != UNSHELVE or alarm.shelf is not None

    def _is_gone(self, alarm: Alarm) -> bool:
        """Whether its item has gone, and it with that."""
        return all(each is not alarm for each in self)

    def _written(
        self, result: None, alarm: Alarm, seen: Alarm, before: Alarm, doing: _Doing
    ) -> int | Deferred[int]:
        if alarm.kept() != before.kept() or self._is_gone(alarm):
            # The disk has taken its time, and what it has is not so any more.
            return self._do_in_turn(alarm, seen, doing)
        doing.change(alarm)
        self._ledger.told(alarm, doing.what, **doing.fields)
        self._look_soon(alarm)
        return 1

    # -- what items and time do

    def _follow(self, item: Item) -> None:
        if item.path.startswith(_PROCESSOR):
            self._follow_processor(item)
        if self._roster.at(item.path):
            self._newcomers.saw(item)
            self._look_soon_at(item.path)

    def _look_soon_at(self, path: str) -> None:
        for alarm in self._roster.at(path):
            self._look_soon(alarm)

    def _follow_processor(self, item: Item) -> None:
        end = f"/{item.path.removeprefix(_PROCESSOR)}"
        if item.severity is Severity.INVALID and not item.is_gone:
            self._lost.add(end)
        elif end in self._lost:
            self._lost.discard(end)
            for alarm in self:
                if alarm.rule.lost_apart:
                    self._look_soon(alarm)

    def _look_soon(self, alarm: Alarm) -> None:
        self._due[alarm] = None
        self._wake(0.0)

    def _wake(self, seconds: float) -> None:
        timer = self._timer
        if timer is not None and timer.active():
            if timer.getTime() <= self._clock.seconds() + seconds:
                return
            timer.cancel()
        self._timer = self._clock.callLater(seconds, self._look)

    def _look(self) -> None:
        steady = self._clock.seconds()
        due, self._due = self._due, {}
        due |= {alarm: None for alarm in self._waiting if alarm.wait(steady) == 0.0}
        for alarm in due:
            self._look_at(alarm, steady)
        waits = [alarm.wait(steady) for alarm in self._waiting]
        if waits:
            self._wake(min(each for each in waits if each is not None))

    def _look_at(self, alarm: Alarm, steady: float) -> None:
        item = self._stream.get(alarm.path)
        happened = ""
        is_new = alarm.path in self._newcomers
        if not (is_new or self._is_early(alarm) or self._is_lost(alarm, item)):
            happened = alarm.look(self._judged(alarm, item), steady, self._now())
        if happened:
            self._ledger.happened(alarm, happened)
        elif not self._ledger.is_shown(alarm):
            self._ledger.show(alarm)
        if alarm.shelf is not None and alarm.shelf.ends <= steady:
            alarm.shelve(None)
            self._ledger.happened(alarm, UNSHELVE, by="")
        if alarm.wait(steady) is None:
            self._waiting.discard(alarm)
        else:
            self._waiting.add(alarm)
        if item is None and not alarm.rule.is_of_one_item and alarm.is_at_rest:
            self._waiting.discard(alarm)
            self._roster.drop(alarm)
            self._ledger.hide(alarm)

    def _is_early(self, alarm: Alarm) -> bool:
        """Whether an earlier process knew it, and what that looked at has not come yet: it is not
        over because nothing is known."""
        if alarm.path in self._stream:
            self._early.discard(alarm)
        return alarm in self._early

    def _is_lost(self, alarm: Alarm, item: Item | None) -> bool:
        """Whether all that is known is that its processor is lost, which is another alarm."""
        return (
            alarm.rule.lost_apart
            and item is not None
            and item.severity is Severity.INVALID
            and item.path.endswith(tuple(self._lost))
        )

    def _judged(self, alarm: Alarm, item: Item | None) -> Verdict:
        rule = alarm.rule
        condition = rule.only_while
        if condition is not None and not condition.holds(self._stream.get(condition.path)):
            return WELL
        if item is None and not (rule.is_of_one_item and self._all_have_come):
            return WELL
        return rule.judge(item, active=alarm.is_active)

    def _look_for_missing(self) -> None:
        self._all_have_come = True
        self._early.clear()
        for alarm in self:
            if alarm.path not in self._stream:
                self._look_soon(alarm)

    def _recall(self) -> None:
        steady, now = self._clock.seconds(), self._now()
        for record in self._ledger.recalled():
            alarm = self._roster.remade(record["alarm"], record["item"])
            if alarm is not None:
                alarm.recall(record["state"], steady, now)
                self._early.add(alarm)


def _acknowledge(by: str) -> Callable[[Alarm], None]:
    return lambda alarm: alarm.acknowledge(by)


def _shelve(shelf: Shelf | None) -> Callable[[Alarm], None]:
    return lambda alarm: alarm.shelve(shelf)
