"""The fence between two processors of the same hardware: a lease that runs out by itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from zope.interface import implementer

from pychron_comms.errors import NotOwnerError
from pychron_comms.interfaces import IActingRule, ICall, IFence


def unstopped() -> float:
    """Seconds of a clock that nobody can set, and that goes on while the computer sleeps.

    Where the system has none (it is Linux's), one that nobody can set.
    """
    return time.clock_gettime(_CLOCK) if _CLOCK is not None else time.monotonic()


_CLOCK: int | None = getattr(time, "CLOCK_BOOTTIME", None)


@implementer(IFence)
class LeasedFence:
    """Open until a moment of this computer's own clock, which ``renew`` puts off.

    For ``safe_for`` seconds more what makes safe passes, and then nothing does: from then on
    another may own the hardware. May be asked in any thread; all the rest is the reactor's.
    """

    def __init__(self, safe_for: float, seconds: Callable[[], float] = unstopped) -> None:
        self.epoch = ""
        self._safe_for = safe_for
        self._seconds = seconds
        self._until = -math.inf
        self._why = "it stands by"

    @property
    def is_open(self) -> bool:
        """Whether this process owns the hardware now."""
        return self._seconds() < self._until

    @property
    def left(self) -> float:
        """Seconds until it shuts; negative when it has."""
        return self._until - self._seconds()

    def open(self, epoch: str, until: float) -> None:
        """This process owns the hardware from now on, under that name."""
        self.epoch = epoch
        self._until = until

    def renew(self, until: float) -> None:
        """It still does; a moment before the one that was told last changes nothing.

        One that has shut stays shut: a new epoch opens it.
        """
        if self.is_open:
            self._until = max(self._until, until)

    def shut(self, why: str) -> None:
        """It does not own it any more, as of now."""
        self._until = min(self._until, self._seconds())
        self._why = why

    def end(self, why: str) -> None:
        """As ``shut``, for what makes safe too."""
        self._until = min(self._until, self._seconds() - self._safe_for)
        self._why = why

    def check(self, safe: bool) -> None:
        until = self._until + self._safe_for if safe else self._until
        if self._seconds() >= until:
            raise NotOwnerError(self._why)


@implementer(IActingRule)
class FenceRule:
    """Refuses at once what the fence would not let pass."""

    def __init__(self, fence: IFence) -> None:
        self._fence = fence

    def check(self, call: ICall) -> None:
        """Errors: 217."""
        self._fence.check(call.safe)
