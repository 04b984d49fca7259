"""A clock for timers that nobody can set: the reactor's own follows the time of day."""

from __future__ import annotations

import time
from typing import Any

from twisted.logger import Logger

_log = Logger()


def use_monotonic_clock(reactor: Any) -> bool:
    """Let a reactor's timers follow ``time.monotonic``; whether they do now.

    Twisted's reactors tell time by ``time.time``. When somebody sets the computer's clock, or it
    is set over the network, every timer would then fire at once, or not for hours. To be called
    before the first timer is made: one that already waits was told in the other time. A reactor
    with timers, or one that allows no change, is left as it is, and that is logged.
    """
    if getattr(reactor, "seconds", None) is time.monotonic:
        return True
    if reactor.getDelayedCalls():
        return _left("some of its timers run already")
    try:
        reactor.seconds = time.monotonic
    except AttributeError as error:
        return _left(str(error))
    # A timer must end in the same time that it began in.
    probe = reactor.callLater(1, _nothing)
    steady = abs(probe.getTime() - time.monotonic() - 1) < 1
    probe.cancel()
    if not steady:
        del reactor.seconds
        return _left("its timers do not follow its own seconds()")
    return True


def _nothing() -> None:
    """What a timer does that never fires."""


def _left(why: str) -> bool:
    _log.warn("timers follow the computer's clock, also when it is set: {why}", why=why)
    return False
