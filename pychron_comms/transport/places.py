"""How many commands may wait on the way to a processor: in all, and of each sender."""

from __future__ import annotations

from pychron_comms.errors import QueueFullError

#: Commands of one way to a processor that may wait for their replies, and those of one sender
#: among them.
PENDING_LIMIT = 10_000
PENDING_SHARE = 2_500

#: The same for commands that make safe: they have room of their own.
SAFE_LIMIT = 2_000
SAFE_SHARE = 500

#: Of these, what each sender has, whatever the others do. There are no more senders than a server
#: takes connections, and its datagrams have a limit too.
SAFE_ASSURED = 8


class Places:
    """Room for ``limit`` commands, ``share`` of them from one sender.

    So a sender whose commands pile up, behind a device that hangs, is refused before the others
    are. ``assured`` of them each sender has also where the others have taken all.
    """

    def __init__(self, limit: int, share: int, assured: int = 0) -> None:
        self._limit = limit
        self._share = share
        self._assured = assured
        self._taken = 0
        self._by_sender: dict[str, int] = {}

    def take(self, sender: str, count: int = 1) -> None:
        """Places for so many commands of that sender, or for none of them. Errors: 203."""
        own = self._by_sender.get(sender, 0)
        if own + count > self._share:
            raise QueueFullError(f"{own} commands of {sender} wait for the processor")
        if self._taken + count > self._limit and own + count > self._assured:
            raise QueueFullError(f"{self._taken} commands wait for the processor")
        self._taken += count
        self._by_sender[sender] = own + count

    def give_back(self, sender: str, count: int = 1) -> None:
        """Places that ``take`` gave."""
        self._taken -= count
        left = self._by_sender[sender] - count
        if left:
            self._by_sender[sender] = left
        else:
            del self._by_sender[sender]
