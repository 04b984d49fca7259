"""When a processor may take the hardware to be its own, and for how long: no I/O, one clock.

A processor sends *beats* to the owners' queue, whose single active consumer the broker chooses.
Each beat bears the moment in which it was sent, by the sender's own clock. One that comes back
proves that the broker took this processor for the active one at some moment after that. So the
processor owns the hardware for ``LEASE`` seconds from the moment in which the last beat that came
back was *sent*.

Another that becomes active gets its first message after the broker has changed over, and so after
the last beat was sent that could come back to the one before. It waits for ``LEASE`` and for
``SAFE`` seconds more, in which the one before makes safe. Then nobody else can own the hardware,
whatever has become of him: no two clocks are compared, and no message has to reach anybody. What is
needed is that the broker has one active consumer at a time, and that two computers' seconds are
equally long, to one part in a hundred.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

from pychron_comms.safeguards.fence import LeasedFence

#: Seconds between two beats; for which one proves ownership; and to make safe after that.
BEAT = 0.25
LEASE = 2.5
SAFE = 1.0

#: Seconds that a new owner waits: what the old one has, and one part in a hundred.
WAIT = (LEASE + SAFE) * 1.01

#: Beats that a process knows for its own: older ones prove nothing any more.
_KNOWN = 32


class Beats:
    """The bodies of this process's own beats, which ``token`` begins, and when each was sent.

    Whoever may publish can write one like them, and of a time to come: it would prove an ownership
    that nobody has. So only what was sent is known.
    """

    def __init__(self, token: str) -> None:
        self._token = token
        self._sent: deque[tuple[bytes, float]] = deque(maxlen=_KNOWN)

    def at(self, now: float) -> bytes:
        """One more, which is sent now."""
        body = f"{self._token} {now!r}".encode()
        self._sent.append((body, now))
        return body

    def sent_at(self, body: bytes) -> float | None:
        """None for what is none of them."""
        return next((at for known, at in self._sent if known == body), None)


class Ownership:
    """Follows the beats of one subscription after the other."""

    def __init__(self, fence: LeasedFence, seconds: Callable[[], float]) -> None:
        self._fence = fence
        self._seconds = seconds
        self._active_since = math.inf
        self._until = -math.inf
        # Whether the epoch was claimed in this very subscription.
        self._is_claimed = False

    @property
    def is_active(self) -> bool:
        """Whether the broker has chosen this processor, as far as it knows."""
        return self._active_since != math.inf

    @property
    def may_claim(self) -> bool:
        """Whether whoever owned the hardware before cannot act on it any more."""
        now = self._seconds()
        return now >= self._active_since + WAIT and now < self._until

    def subscribed(self) -> None:
        """A new subscription: it proves nothing yet.

        Another may have been active before it, so it prolongs no earlier ownership.
        """
        self._active_since = math.inf
        self._until = -math.inf
        self._is_claimed = False

    def delivered(self, sent: float | None) -> None:
        """A message of the queue; ``sent`` where it is a beat of this processor's own."""
        self._active_since = min(self._active_since, self._seconds())
        if sent is not None:
            self._until = max(self._until, sent + LEASE)
            if self._is_claimed:
                self._fence.renew(self._until)

    def claim(self, epoch: str) -> bool:
        """Own the hardware under that name, if it may be; whether it is so."""
        if not self.may_claim:
            return False
        self._is_claimed = True
        self._fence.open(epoch, self._until)
        return True
