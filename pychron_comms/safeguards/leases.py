"""Leases: a part of the hardware kept to one owner, until it is given back or runs out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from pychron_comms.errors import LeasedError
from pychron_comms.interfaces import IActingRule, ICall, ILaserManager, Lease, Part
from pychron_comms.observability.metrics import Counter
from pychron_comms.safeguards.lease_records import Diary, LeaseRecords, WrittenLease, claimed
from pychron_comms.safeguards.overlap import overlap
from pychron_comms.safeguards.unsafe_parts import UnsafeParts


class _Held:
    """A lease that runs; ``session`` is the connection it is bound to, or empty."""

    __slots__ = ("lease", "session", "timer")

    def __init__(self, lease: Lease, session: str, timer: IDelayedCall) -> None:
        self.lease = lease
        self.session = session
        self.timer = timer


@implementer(IActingRule)
class Leases:
    """Keeps everybody but the owner from acting on a part; reads stay open to all.

    A lease that runs out, or whose connection is lost, makes its part safe: ``unsafe`` sees to
    that. A process that is killed meanwhile leaves it to the next. A lease is not granted, and not
    given back, where that cannot be written down. ``now`` is the time of day in seconds; ``clock``
    may be another, that does not jump. Each that lapses is counted in ``lapses``.
    """

    _log = Logger()

    def __init__(
        self,
        clock: IReactorTime,
        now: Callable[[], float],
        diary: Diary,
        unsafe: UnsafeParts,
        lapses: Counter,
    ) -> None:
        self._clock = clock
        self._now = now
        self._diary = diary
        self._unsafe = unsafe
        self._lapses = lapses
        self._held: dict[tuple[int, str], _Held] = {}
        self._not_found = LeaseRecords()

    def claim(
        self, part: Part, sender: str, seconds: float, session: str = ""
    ) -> Deferred[None] | None:
        """Lease a part, or renew the lease; None where that is written down, else fires when it is.

        Errors: 204, 214, and then it is as before. The part is kept from others meanwhile.
        """
        for held in self._in_way(part.manager, part.target):
            if held.lease.owner != sender:
                raise LeasedError(held.lease.part.name, held.lease.owner)
        before = self._held.get(_key(part))
        since = self._now()
        if before is not None:
            # By the name that it has: a part may have several.
            part, since = before.lease.part, before.lease.since
        lease = Lease(part, sender, since, self._now() + seconds)
        written = self._diary.write("claim", **claimed(_written(lease, session)))
        if before is not None:
            before.timer.cancel()
        held = self._hold(lease, seconds, session)
        return None if written is None else written.addErrback(self._not_claimed, held, before)

    def release(self, part: Part, sender: str) -> Deferred[None] | None:
        """None where it has ended, else fires when it has. Errors: 204 for another's, 214."""
        held = self._held.get(_key(part))
        if held is None:
            return None
        if held.lease.owner != sender:
            raise LeasedError(part.name, held.lease.owner)
        written = self._diary.write("release", part=held.lease.part.name, sender=sender)
        if written is not None:
            return written.addCallback(lambda _: self._released(held))
        self._end(held)
        return None

    def override(self, part: Part, sender: str, reason: str) -> None:
        """End whatever leases are in the way, for a reason, and make the part safe."""
        in_way = self._in_way(part.manager, part.target)
        for held in in_way:
            self._end(held)
        ended = [(held.lease.part.name, held.lease.owner) for held in in_way]
        for name, owner in ended or [(part.name, "")]:
            self._diary.note(
                "override", part=name, owner=owner, sender=sender, reason=reason, safe=part.name
            )
        self._unsafe.add(part, f"{sender}'s override")

    def leases(self) -> list[Lease]:
        """Oldest first."""
        return sorted((held.lease for held in self._held.values()), key=lambda each: each.since)

    def session_ended(self, session: str) -> None:
        """Also for sessions within it, parted by a slash."""
        for held in list(self._held.values()):
            if held.session == session or held.session.startswith(f"{session}/"):
                self._lapse(held, "the connection of its owner is lost")

    def stop(self) -> None:
        """Forget all; they are written down."""
        self._unsafe.stop()
        for held in list(self._held.values()):
            self._end(held)

    def recall(self, records: LeaseRecords, find: Callable[[str], Part | None]) -> None:
        """Hold again what was leased when an earlier process ended, or make it safe.

        ``find`` gives the part of a name. A lease that was bound to a connection has lost it. What
        is not found, a later process with another configuration may find.
        """
        for name, why in records.unsafe.items():
            part = self._find(name, find)
            if part is not None:
                self._unsafe.add(part, why)
            else:
                self._not_found.unsafe[name] = why
        for written in records.leases.values():
            part = self._find(written.part, find)
            now = self._now()
            if part is None:
                until = min(written.until, now + written.seconds)
                self._not_found.leases[written.part] = written._replace(until=until)
                continue
            left = max(min(written.until - now, written.seconds), 0.0)
            lease = Lease(part, written.owner, written.since, min(written.until, now + left))
            held = self._hold(lease, left, "")
            if written.bound:
                self._lapse(held, "the connection of its owner is lost")

    def carried(self) -> list[Mapping[str, Any]]:
        """What a later process must know, when older records are dropped."""
        claims = [
            {"event": "claim", **claimed(_written(held.lease, held.session))}
            for held in self._held.values()
        ]
        return [*self._unsafe.carried(), *claims, *self._not_found.carried()]

    def check(self, call: ICall) -> None:
        if not self._held:
            return
        # A valve that closes may spoil a sample; a laser that is put out spoils nothing.
        if call.safe and ILaserManager.providedBy(call.manager):
            return
        for move in call.moves:
            for held in self._in_way(move.manager, move.target):
                if held.lease.owner != call.sender:
                    raise LeasedError(held.lease.part.name, held.lease.owner)

    def _in_way(self, manager: object, target: str) -> list[_Held]:
        return [
            held
            for held in self._held.values()
            if held.lease.part.manager is manager and overlap(held.lease.part.target, target)
        ]

    def _hold(self, lease: Lease, seconds: float, session: str) -> _Held:
        timer = self._clock.callLater(seconds, lambda: self._lapse(held, "it has run out"))
        held = self._held[_key(lease.part)] = _Held(lease, session, timer)
        return held

    def _released(self, held: _Held) -> None:
        if self._holds(held):
            self._end(held)

    def _not_claimed(self, failure: Failure, held: _Held, before: _Held | None) -> Failure:
        """What was before it holds again, for what is left of its time."""
        if self._holds(held):
            self._end(held)
            if before is not None:
                left = max(before.lease.until - self._now(), 0.0)
                self._hold(before.lease, left, before.session)
        return failure

    def _holds(self, held: _Held) -> bool:
        """Whether it has not ended meanwhile, and not been renewed."""
        return self._held.get(_key(held.lease.part)) is held

    def _end(self, held: _Held) -> None:
        if held.timer.active():
            held.timer.cancel()
        del self._held[_key(held.lease.part)]

    def _lapse(self, held: _Held, why: str) -> None:
        self._end(held)
        part, owner = held.lease.part, held.lease.owner
        self._log.warn(
            "the lease of {owner} on {part} lapses: {why}", owner=owner, part=part.name, why=why
        )
        self._lapses.value += 1
        self._diary.note("lapse", part=part.name, owner=owner, why=why)
        self._unsafe.add(part, f"the lapse of {owner}'s lease")

    def _find(self, name: str, find: Callable[[str], Part | None]) -> Part | None:
        part = find(name)
        if part is None:
            self._log.warn("there is no {part} any more, which was leased", part=name)
        return part


def _written(lease: Lease, session: str) -> WrittenLease:
    return WrittenLease(lease.part.name, lease.owner, lease.since, lease.until, bool(session))


def _key(part: Part) -> tuple[int, str]:
    return id(part.manager), part.target
