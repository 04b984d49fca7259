"""A primary and a standby for the same hardware: one of them is asked, never both."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from pychron_comms.errors import PychronCommunicationError
from pychron_comms.interfaces import ICommandRepeater
from pychron_comms.safeguards.ownership import RENEW, Standing, Verb
from pychron_comms.server.routing.member import Member

#: Seconds after the start of a server in which a key may be older than it.
KEYS_FOR = 3600.0

NOBODY = "no processor is known to own the hardware"


class Pair:
    """A way to whichever of two processors owns the hardware; to none where that is not known.

    The owner keeps it as long as it answers. The other is given it when the owner is known to own
    nothing: it said so, or its lease has run out, and ``ALLOWANCE`` seconds. ``changed`` is called
    with the owner before and the one from now on, each None for nobody.
    """

    _log = Logger()

    def __init__(
        self,
        primary: Member,
        standby: Member,
        clock: IReactorTime,
        changed: Callable[[Member | None, Member | None], None],
    ) -> None:
        self._members = (primary, standby)
        self._clock = clock
        self._changed = changed
        self._owner: Member | None = None
        # Who was sent a lease and has not said that it has it.
        self._opening: Member | None = None
        self._begun_at = clock.seconds()
        self._asks = LoopingCall(self._ask)
        self._asks.clock = clock

    # -- a way

    @property
    def name(self) -> str:
        return "" if self._owner is None else self._owner.name

    @property
    def repeater(self) -> ICommandRepeater:
        if self._owner is None:
            raise PychronCommunicationError(self._members[0].name, self.problem)
        return self._owner.repeater

    @property
    def members(self) -> Sequence[str]:
        return tuple(each.name for each in self._members)

    @property
    def blind(self) -> str:
        """Why a key that nobody has seen may have been run all the same; empty where it cannot."""
        primary, standby = self._members
        is_old = self._clock.seconds() - self._begun_at >= KEYS_FOR
        if self._owner is not standby or primary.has_told_keys or is_old:
            return ""
        return f"{primary.name} has not been reached since this server started"

    @property
    def problem(self) -> str:
        """Why nobody owns the hardware; empty where somebody does."""
        if self._owner is not None:
            return ""
        problems = (f"{each.name}: {each.problem}" for each in self._members if each.problem)
        return "; ".join([NOBODY, *problems])

    # -- the lease

    def start(self) -> None:
        """Begin to ask."""
        self._asks.start(RENEW)

    def stop(self) -> None:
        """Ask no more: the owner's lease runs out, unless the next process goes on with it."""
        if self._asks.running:
            self._asks.stop()

    def _ask(self) -> None:
        for member in self._members:
            is_owner = member is self._owner
            verb = Verb.RENEW if is_owner else Verb.OPEN if member is self._opening else Verb.ASK
            member.ask(verb, self._judge)
        self._judge()

    def _judge(self) -> None:
        owner, opening = self._owner, self._opening
        if owner is not None and owner.owns_nothing:
            self._log.error("{name} does not own the hardware any more", name=owner.name)
            self._own(None)
            owner.cut_off()
        if opening is not None and opening.standing is Standing.OWNS:
            self._own(opening)
        elif opening is not None and opening.owns_nothing and not opening.can_be_opened:
            self._opening = None
        if self._owner is None and self._opening is None:
            self._find_owner()

    def _find_owner(self) -> None:
        for member in self._members:
            if member.standing is Standing.OWNS:
                # It was given the hardware by an earlier process of this server.
                self._own(member)
                return
        for member, other in (self._members, self._members[::-1]):
            if member.can_be_opened and other.owns_nothing:
                self._opening = member
                member.ask(Verb.OPEN, self._judge)
                return

    def _own(self, member: Member | None) -> None:
        before, self._owner, self._opening = self._owner, member, None
        if member is not None:
            self._log.info("{name} owns the hardware", name=member.name)
            member.watch(self._judge)
        self._changed(before, member)
