"""Who may do what, when, and where it is written down."""

# zope.interface methods take no self.
# mypy: disable-error-code="misc"

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from pychron_comms.errors import JournalError
from pychron_comms.interfaces.commands import ICall, Part

#: An event that is to be a record, and what else it says.
Happened = tuple[str, Mapping[str, Any]]


class Lease(NamedTuple):
    """Who has a part to itself; times in seconds of Unix time."""

    part: Part
    owner: str
    since: float
    until: float


class IAdmissionRule(Interface):
    """Decides whether a sender may ask at all."""

    def admit(sender: str) -> None:
        """Return for yes; for no raise 013. Nothing of the command is read before."""


class IAccessRule(Interface):
    """Decides whether a sender may do what it asks.

    Of what only reads it knows no more than who asks, and of which manager: of some that come
    together it is asked once for each of these.
    """

    def check(call: ICall) -> None:
        """Return for yes; for no raise 012, 204 or 208."""


class IActingRule(IAccessRule):
    """One that has nothing to say of what only reads, and is not asked about it."""


class IFence(Interface):
    """Whether this process may act on its hardware: of all that could, one may at a time.

    It is asked just before each act, in the thread of the act.
    """

    epoch: str = Attribute("The name of this ownership, of all that there ever were; or empty.")

    def check(safe: bool) -> None:
        """Return for yes, ``safe`` for what makes safe. Errors: 217."""


class ISafeguards(Interface):
    """What the gate knows and does, for the commands that ask about it."""

    system_lock: ISystemLock = Attribute("The lock of the whole laboratory.")

    def outcome(sender: str, key: str) -> str:
        """What became of ``sender``'s command of that key.

        ``never seen``, ``waiting``, ``running``, ``done REPLY``, or ``unknown`` where it ran when
        the processor died.
        """

    def claim(part: Part, sender: str, seconds: float, session: str) -> Deferred[None] | None:
        """Lease a part for so long, or renew the lease; with a session, not beyond its end.

        None where that is so, else fires when it is. Errors: 204 where another has leased it, or
        something that it overlaps; 214.
        """

    def release(part: Part, sender: str) -> Deferred[None] | None:
        """End a lease; nothing where there is none. As ``claim``. Errors: 204 for another's."""

    def override(part: Part, sender: str, reason: str, key: str, role: str = "") -> None:
        """End whatever leases are in the way, and make safe. Errors: 208 for a wrong key.

        ``role`` is the most that is allowed where it came in, as in ``RequestContext``.
        """

    def owners() -> Sequence[Lease]:
        """Every lease, oldest first."""

    def check(call: ICall) -> Deferred[None]:
        """Fires where that call might begin just now; fails with what it would get."""


class ISystemLock(Interface):
    """The lock by which one computer keeps the laboratory's hardware to itself."""

    def lock(sender: str) -> None:
        """Take the lock. Errors: 009 for an address that is no registered system, 012 if taken."""

    def unlock(sender: str) -> None:
        """Give it back; nothing where it is free. Errors: 009, 012 where another holds it."""


class IJournal(Interface):
    """Where it is written down who asked what, when, and with which answer."""

    def write(event: str, fields: Mapping[str, Any], before: Sequence[Happened] = ()) -> int:
        """Append one record, and those ``before`` it in the same write; its number.

        Errors: 214, and then nothing was written.

        Not where it ``groups``: nobody stands and waits for the disk there.
        """

    groups: bool = Attribute("Whether records wait for the disk; if not, ``write`` is the same.")

    def write_soon(
        event: str, fields: Mapping[str, Any], told: Callable[[int | JournalError], None]
    ) -> None:
        """As ``write``, and tells the number once the record is where it will last, or its error.

        Where it ``groups``, those of one turn, and all that come while the disk has others to keep,
        wait for it together, in their order.
        """

    def refused(fields: Mapping[str, Any], over: Callable[[], None] = ...) -> None:
        """Write down a command that was not begun, long texts cut to 1 KiB.

        ``over`` is called when it is written, or could not be: later only where it ``groups``. It
        raises nothing: what a full disk does not take is counted, and told of in the next that it
        takes, as ``missing``.
        """

    def records(since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        """All that is kept from that time on, in seconds of Unix time; oldest first.

        From before this start as well, and what was refused.
        """

    def carry(carrier: Callable[[], Iterable[Mapping[str, Any]]]) -> None:
        """Have ``carrier`` asked whenever older files may be dropped.

        It tells what a later process must know again, as records: each has its ``event``, and
        beside it what it likes. ``recall`` gives them back as they were told. They are taken and
        written bit by bit: each may be told as it is then, since the record of what has changed it
        meanwhile follows. A record that was told must not change afterwards.
        """

    def recall(since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        """What was carried over last, and what was written after it, from that time on.

        Time since the last record counts for nothing: none was written, or the computer's clock was
        set forward.

        Not what was refused: it did not run. All carriers are told of before it, and all of it is
        read before the first ``write``.
        """

    def refusals(since: float = 0.0) -> Iterator[Mapping[str, Any]]:
        """What was refused from that time on, as ``records`` tells it; nothing else."""

    def close() -> None:
        """Write no more."""
