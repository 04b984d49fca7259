"""The world of a history in real processes, at a real broker: every fault is a method.

It stands for ``World``. Its history begins when both servers lead to an owner and the other
processor stands by, as the one before has left them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from pychron_comms.safeguards.fence import unstopped
from tests.faults.model.keeping import code_of, keep
from tests.faults.takeovers.alarm import OwnAlarm
from tests.faults.takeovers.hardware import scripted
from tests.faults.takeovers.place import PROCESSORS, SERVERS, Place
from tests.faults.takeovers.seen import Ownership, Seen, Told
from tests.faults.takeovers.wires import SILENCE
from tests.faults.takeovers.world import AGAIN, LONGEST, Ask, Unit, Wish

#: Seconds that everything has to come back, on a busy machine.
_ALL_WELL = 180.0

#: Seconds between a client's asking and its server's hearing it, from which a deadline counts.
_ON_THE_WAY = 1.0

#: How often somebody asks who has named his command: for seven seconds.
_ASKS = 5

_PROBE = 2.0
_SOON = 0.2


class Takeover:
    """One that is waited for: from the moment in which its owner was lost to it."""

    def __init__(self, why: str, lost: int, at: float) -> None:
        self.why = why
        self.lost = lost
        self.at = at
        self.seconds = 0.0


class RealWorld:
    """``takes``: seconds that takeovers took with which nothing else interfered, by their cause."""

    def __init__(self, place: Place, number: int) -> None:
        self.faults: Counter[str] = Counter()
        self.units: list[Unit] = []
        self.log_lost_at = 0.0
        self.log_deletions: list[float] = []
        self.takes: list[tuple[str, float]] = []
        self._place = place
        self._number = number
        self._takeover: Takeover | None = None
        self._alarm: OwnAlarm | None = None
        self.laboratory.claimed = self._claimed
        self._begun = unstopped()
        self._wait_until_all_is_well()

    # -- what there is to be judged

    @property
    def laboratory(self) -> Seen:
        return self._place.seen

    @property
    def servers(self) -> tuple[int, ...]:
        return SERVERS

    @property
    def started(self) -> Mapping[int, float]:
        return self._place.started

    @property
    def takeovers(self) -> list[Ownership]:
        """Also that which was there at the beginning."""
        since = [each for each in self.laboratory.ownerships if each.end >= self._begun]
        return since or self.laboratory.ownerships[-1:]

    @property
    def rivals(self) -> list[tuple[Ownership, Ownership]]:
        return list(self.laboratory.rivals())

    @property
    def trespasses(self) -> list[Told]:
        """A process that was stopped between its fence and its driver goes on there."""
        late = []
        for told in self.laboratory.trespasses():
            if self.laboratory.was_let_pass(told):
                self.faults["stopped between the fence and the driver"] += 1
            else:
                late.append(told)
        return late

    # -- what happens

    def ask(self, server: int, wish: Wish) -> None:
        name = f"h{self._number}n{len(self.units)}"
        unit = Unit(scripted(name, wish.script), wish, _ASKS)
        self.units.append(unit)
        self._send(server, unit)

    def pass_time(self, seconds: float) -> None:
        self._place.turns.run(seconds)
        self.laboratory.look()

    def await_replies(self, seconds: float) -> None:
        self._place.turns.run(seconds, lambda: all(map(_is_answered, self.units)))
        self.laboratory.look()

    def kill(self, number: int, down: float) -> None:
        if self._place.members[number].process.runs:
            self._interferes("kill", number)
            self.faults["killed"] += 1
            self._place.kill(number, down)

    def freeze(self, number: int, seconds: float) -> None:
        member = self._place.members[number]
        if not member.process.runs or unstopped() < member.still_until:
            return
        self._interferes("freeze" if seconds > SILENCE + 5 else "", number)
        self.faults["frozen past its lease" if seconds > 3 else "frozen"] += 1
        self._place.freeze(number, seconds)

    def cut(self, who: int, seconds: float) -> None:
        self._interferes("cut" if seconds > SILENCE + 5 else "", who)
        self.faults["cut"] += 1
        self._place.hold_up(who, seconds)

    def cut_one(self, who: int, seconds: float) -> None:
        self._interferes()
        self.faults["one connection cut"] += 1
        self._place.hold_up(who, seconds, one=True)

    def close(self, who: int) -> None:
        self._interferes()
        self.faults["connections broken"] += 1
        self._place.reset(who)

    def restart_broker(self, down: float) -> None:
        if self._place.broker_is_up:
            self._interferes()
            self.faults["broker killed"] += 1
            self._place.kill_broker(down)

    def alarm(self, seconds: float) -> None:
        """The broker is short of memory for so long."""
        if not self._place.broker_is_up or self._alarm is not None:
            return  # one of a history is enough
        self._interferes()
        self.faults["alarm"] += 1
        self._alarm = OwnAlarm(self._place.broker, self._place.turns.later, seconds)
        self._place.alarm = self._alarm

    def delete(self, queue: str) -> None:
        self._interferes()
        hear = all(map(self._place.stands_by, PROCESSORS))
        before = unstopped()
        if not self._place.delete(queue):
            return
        self.faults[f"queue {queue} deleted"] += 1
        if queue == "memory":
            self.log_deletions.append(before)
            if not hear:
                self.log_lost_at = unstopped()

    def make_anew(self, queue: str) -> None:
        self._interferes()
        if self._place.make_anew(queue):
            self.faults[f"queue {queue} made anew"] += 1

    def slow_disk(self, lag: float, seconds: float) -> None:
        """The broker stands still, as one whose disk does not answer."""
        if self._place.broker_is_up:
            self._interferes()
            self.faults["broker stood still"] += 1
            self._place.still_broker(lag)

    def kill_server(self, number: int) -> None:
        self._interferes()
        self.faults["server killed"] += 1
        self._place.kill(SERVERS[number], 0.0)

    def settle(self) -> None:
        """Nothing more goes wrong, and all clients are told what they want to know."""
        self._wait_until_all_is_well()
        self._place.turns.run(_ALL_WELL, lambda: all(map(_has_settled, self.units)))
        self.laboratory.look()

    # -- parts

    def _wait_until_all_is_well(self) -> None:
        """Each runs, one owns the hardware, the other stands by, and both servers lead to it."""
        place, end = self._place, unstopped() + _ALL_WELL
        place.turns.run(_ALL_WELL, self._is_whole)
        for server in range(len(SERVERS)):
            while not self._leads(server):
                keep("all is well again", unstopped() < end, place.hardware, server)
                place.turns.run(_SOON)
        place.turns.run(end - unstopped(), lambda: all(map(place.stands_by, PROCESSORS)))
        keep("all is well again", unstopped() < end, place.hardware)
        self.laboratory.look()

    def _is_whole(self) -> bool:
        return (self._alarm is None or self._alarm.is_over) and self._place.is_whole

    def _leads(self, server: int) -> bool:
        """Whether a server knows an owner."""
        replies: list[str] = []
        self._place.clients[server].ask("Tell a", replies.append, within=_PROBE)
        self._place.turns.run(2 * _PROBE, lambda: bool(replies))
        return bool(replies) and code_of(replies[0]) not in {11, 201, 202, 214, 217}

    def _send(self, server: int, unit: Unit) -> None:
        wish, now = unit.wish, unstopped()
        within = LONGEST if wish.within is None else wish.within
        unit.asks.append(Ask(now, now + within + _ON_THE_WAY))
        tags: dict[str, object] = {}
        if wish.within is not None:
            tags["within"] = wish.within
        if wish.key:
            tags["key"] = unit.number

        def answered(reply: str) -> None:
            unit.replies.append(reply)
            if not unit.is_settled:
                again = AGAIN * len(unit.asks)
                self._place.turns.later(again, lambda: self._send(1 - server, unit))

        command = f"{wish.word} {wish.device} {unit.number}"
        self._place.clients[server].ask(command, answered, **tags)

    # -- how long a takeover takes

    def _interferes(self, why: str = "", who: int = -1) -> None:
        """Something befalls somebody; ``why``: it takes the hardware from him if he owns it."""
        self.laboratory.look()
        undisturbed = self._takeover is None and self._place.is_whole
        self._takeover = None
        if not why or not undisturbed or who not in PROCESSORS:
            return
        if not self._place.stands_by(1 - who) or self._alarm is not None:
            return
        process = self._place.members[who].process.pid
        if self.laboratory.owner == process:
            self._takeover = Takeover(why, process, unstopped())

    def _claimed(self, ownership: Ownership) -> None:
        takeover, self._takeover = self._takeover, None
        if takeover is not None and ownership.process != takeover.lost:
            self.takes.append((takeover.why, ownership.begin - takeover.at))


def _is_answered(unit: Unit) -> bool:
    return len(unit.replies) == len(unit.asks)


def _has_settled(unit: Unit) -> bool:
    return unit.is_settled and _is_answered(unit)
