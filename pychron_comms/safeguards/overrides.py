"""Who may end the lease of another: an admin, or whoever has the laboratory's emergency key."""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import NamedTuple

from twisted.internet.interfaces import IReactorTime

from pychron_comms.errors import NotPermittedError, error_line
from pychron_comms.interfaces import Part
from pychron_comms.observability.metrics import Metrics
from pychron_comms.safeguards.roles import Roles
from pychron_comms.transport.peer_identity import LOCAL_SENDER, host_of, is_here, name_of

#: Seconds after a sender's first wrong key in which it is not heard; each more doubles them.
FIRST_WAIT = 1.0
LONGEST_WAIT = 300.0

#: Seconds after which a sender's wrong keys are forgotten, and how many senders' at most.
FORGET = 3600.0
SENDERS = 1000

#: Writes down a request that was refused, and its reply.
Refused = Callable[[Mapping[str, str], str], object]


class _Guesses(NamedTuple):
    """Of one sender: for how long it is not heard, until when, and how often it spoke."""

    wait: float
    until: float
    unheard: int


class Overrides:
    """Permits an override, or slows who guesses.

    After a wrong key a sender is not heard for a time that doubles with each: what it says
    meanwhile, the right key too, is refused without being compared. ``emergency_key`` may be
    empty: then only an admin overrides.
    """

    def __init__(
        self,
        emergency_key: bytes,
        roles: Roles,
        clock: IReactorTime,
        refused: Refused,
        metrics: Metrics,
    ) -> None:
        self._key = emergency_key
        self._roles = roles
        self._clock = clock
        self._refused = refused
        self._guesses: OrderedDict[str, _Guesses] = OrderedDict()
        self._count = metrics.counter(
            "pychron_comms_overrides_refused_total", "Overrides without the key or the right to."
        )

    def permit(self, part: Part, sender: str, key: str, role: str) -> None:
        """``role`` is the most that is allowed where it came in. Errors: 208, and written down."""
        if self._roles.is_admin(sender, role):
            return
        now = self._clock.seconds()
        guesser = _guesser(sender)
        guesses = self._guesses.get(guesser)
        if guesses is None or guesses.until + FORGET <= now:
            guesses = _Guesses(FIRST_WAIT / 2, now, 0)
        elif now < guesses.until:
            self._count.value += 1
            self._guesses[guesser] = guesses._replace(unheard=guesses.unheard + 1)
            left = guesses.until - now
            raise NotPermittedError(
                f"Override; a key was wrong, and none is heard for {left:.0f} s"
            )
        if self._key and hmac.compare_digest(key.encode(), self._key):
            self._guesses.pop(guesser, None)
            return
        self._wrong(part, sender, guesses, now)

    def _wrong(self, part: Part, sender: str, guesses: _Guesses, now: float) -> None:
        self._count.value += 1
        wait = min(2 * guesses.wait, LONGEST_WAIT)
        guesser = _guesser(sender)
        self._guesses[guesser] = _Guesses(wait, now + wait, 0)
        self._guesses.move_to_end(guesser)
        while len(self._guesses) > SENDERS:
            self._guesses.popitem(last=False)
        error = NotPermittedError("Override; the emergency key is another, or there is none")
        request = {"command": f"Override {part.name}", "sender": sender}
        if guesses.unheard:
            request["unheard"] = f"{guesses.unheard}"
        self._refused(request, error_line(error))
        raise error


def _guesser(sender: str) -> str:
    """Who is slowed: a name wherever it is, and whoever is on this computer, which has millions of
    addresses of its own, as one.
    """
    host = host_of(sender)
    return name_of(sender) or (LOCAL_SENDER if is_here(host) else host)
