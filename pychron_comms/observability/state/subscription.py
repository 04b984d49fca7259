"""One reader of the stream: where it is, and what it has not taken yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from pychron_comms.observability.state.messages import Batch
from pychron_comms.observability.state.patterns import matcher

#: Why a reader is cut off that has not read for too long: no event may be left out.
TOO_LATE = "what you have not read is not kept any more"

Wants = Callable[[str], bool]


class Teller(Protocol):
    """Who tells it, and all others: see ``Audience``."""

    def add(self, reader: Subscription) -> None:
        """From now on it is told what changes."""

    def remove(self, reader: Subscription) -> None:
        """More than once does no harm."""

    def go_on(self, reader: Subscription) -> None:
        """It reads, and there may be more for it."""

    def greeting(self, reader: Subscription, session: str, number: int) -> Iterator[bytes]:
        """How all stands, or what was missed since that number of that session."""

    def batch(self, reader: Subscription) -> Batch | None:
        """What it has not been told yet; None where that is not kept any more."""

    def beat(self, last: int) -> bytes:
        """That nothing is lost, for who was told that number last."""


class Subscription:
    """Tells one reader what changes of the items that its patterns fit, as fast as it reads.

    ``write`` must not raise; it may ``pause``. ``cut_off`` ends a reader that is too slow for what
    is kept, and says why. It holds no more than the one portion that is to be written next: what a
    slow reader has not had yet is looked for in the stream when it reads on, the newest of each
    item and every event. Patterns as ``patterns.matcher`` has them; raises ValueError.
    """

    def __init__(
        self,
        audience: Teller,
        patterns: Sequence[str],
        write: Callable[[bytes], object],
        cut_off: Callable[[str], object],
    ) -> None:
        self._audience = audience
        self.patterns = tuple(patterns)
        self.wants: Wants = matcher(patterns)
        self._write = write
        self._cut_off = cut_off
        self._left: Iterator[bytes] = iter(())
        self._next: bytes | None = None
        #: The last change that it has been told, or that it did not want; and that it was told.
        self.seen = self.last = 0
        self._paused = False
        self._over = False

    def begin(self, session: str = "", number: int = 0) -> None:
        """Say how everything stands; or, to one who was there at ``number`` of this session, what
        it missed."""
        self._take(self._audience.greeting(self, session, number))
        self._audience.add(self)
        self._say_next()
        if self._next is not None and not self._over:
            self._audience.go_on(self)

    def end(self) -> None:
        """More than once does no harm."""
        self._over = True
        self._audience.remove(self)

    def pause(self) -> None:
        """It does not read."""
        self._paused = True

    def resume(self) -> None:
        """It has read what was written."""
        self._paused = False
        if not self._over:
            self._audience.go_on(self)

    def tell(self, upto: int, *, beats: bool) -> bool:
        """Write one portion of what there is up to that number; whether there is more to write.

        ``beats`` is said after the last.
        """
        if self._paused or self._over:
            return False
        if self._next is None and self.seen < upto and not self._catch_up(upto):
            return False
        self._say_next(self._audience.beat(self.last) if beats else b"")
        more = self._next is not None or self.seen < upto
        return more and not self._paused and not self._over

    def _catch_up(self, upto: int) -> bool:
        batch = self._audience.batch(self)
        if batch is None:
            self.end()
            self._cut_off(TOO_LATE)
            return False
        self.seen, self.last = upto, batch.last
        self._take(iter(batch))
        return True

    def _take(self, portions: Iterator[bytes]) -> None:
        self._left = portions
        self._next = next(portions, None)

    def _say_next(self, beat: bytes = b"") -> None:
        portion, self._next = self._next or b"", next(self._left, None)
        if self._next is None:
            portion += beat
        if portion:
            self._write(portion)
