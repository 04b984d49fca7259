"""A claim on hardware that is renewed while a block of a script runs."""

from __future__ import annotations

import json
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from pychron_comms.client import answers
from pychron_comms.client.answers import UnexpectedReplyError
from pychron_comms.client.outcome import ClientError
from pychron_comms.client.settling import before_command
from pychron_comms.errors import (
    CommandError,
    ExpiredError,
    JournalError,
    NotOwnerError,
    OutcomeUnknownError,
    PychronCommunicationError,
    QueueFullError,
    ShuttingDownError,
    TooManyConnectionsError,
)

#: A lease is renewed when so much of it has passed, and again after so much where that failed.
RENEW_AFTER = 1 / 3
TRY_AGAIN_AFTER = 1 / 12

#: What a server says that could not ask, or whose processor could not be asked just now: the lease
#: is as it was.
_PASSING = (
    ClientError,
    ExpiredError,
    JournalError,
    NotOwnerError,
    OutcomeUnknownError,
    PychronCommunicationError,
    QueueFullError,
    ShuttingDownError,
    TooManyConnectionsError,
)

OWNERS = "Owners"

Work = Callable[[], float | None]


class Owner(NamedTuple):
    """Who holds what; ``until`` is None where it does not end by itself."""

    target: str
    owner: str
    since: datetime
    until: datetime | None


class Ticker(Protocol):
    """Does a piece of work again and again, beside the block."""

    def start(self, work: Work, seconds: float) -> None:
        """Call ``work`` after ``seconds``, then after as many as it answers; None ends it."""

    def stop(self) -> None:
        """Call it no more; one that runs is waited for."""


class ThreadTicker:
    """In a daemon thread, so that a script that ends is not kept."""

    def __init__(self) -> None:
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, work: Work, seconds: float) -> None:
        self._thread = threading.Thread(
            target=self._run, args=(work, seconds), name="lease", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, work: Work, seconds: float) -> None:
        pause: float | None = seconds
        while pause is not None and not self._stopped.wait(pause):
            pause = work()


class Lease:
    """Holds ``target`` for the length of a ``with`` block, for ``seconds`` at a time.

    Entering raises 204 where another holds it. ``lost`` turns True, and ``check`` raises, when the
    server refuses to renew it, or could not do so for as long as it lasts. From then on another
    may hold it, and the server has made safe what it covers. The end of the block releases it; it
    raises what ``check`` does, so that no block ends well that was not the owner throughout.

    ``seconds`` should be longer than any single ``ask`` beside it may take, since askers take
    turns.
    """

    def __init__(
        self,
        ask: Callable[[str], str],
        target: str,
        seconds: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        ticker: Ticker | None = None,
    ) -> None:
        if not (math.isfinite(seconds) and seconds > 0):
            raise ValueError(f"seconds={seconds}: expected a number above 0")
        self._ask = ask
        self._claim = before_command("Claim", f"{target} {seconds:g}")
        self._release = before_command("Release", target)
        self._seconds = seconds
        self._clock = clock
        self._ticker = ticker or ThreadTicker()
        self._ends = 0.0
        self._error: CommandError | None = None

    @property
    def lost(self) -> bool:
        """Whether it is held no longer; never turns back."""
        return self._error is not None

    def check(self) -> None:
        """Raise the reason where it is lost."""
        if self._error is not None:
            raise self._error

    def __enter__(self) -> Self:
        self._renew()
        self._ticker.start(self._tick, self._seconds * RENEW_AFTER)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ticker.stop()
        if error is None:
            self.check()
            answers.check_done(self._release, self._ask(self._release))
        elif not self.lost:
            # What ended the block matters more; the lease lapses by itself.
            with suppress(CommandError):
                self._ask(self._release)

    def _renew(self) -> None:
        # Counted from before the question: the server may have taken it at once.
        begun = self._clock()
        answers.check_done(self._claim, self._ask(self._claim))
        self._ends = begun + self._seconds

    def _tick(self) -> float | None:
        try:
            self._renew()
        except _PASSING as error:
            return self._unheard(error)
        except CommandError as error:
            self._error = error
            return None
        return self._seconds * RENEW_AFTER

    def _unheard(self, error: CommandError) -> float | None:
        left = self._ends - self._clock()
        if left <= 0:
            self._error = error
            return None
        return min(self._seconds * TRY_AGAIN_AFTER, left)


def parse_owners(reply: str) -> list[Owner]:
    """The reply to ``Owners``. Raises UnexpectedReplyError."""
    try:
        return [
            Owner(
                str(each["target"]),
                str(each["owner"]),
                datetime.fromisoformat(each["since"]),
                each["until"] and datetime.fromisoformat(each["until"]),
            )
            for each in json.loads(reply)
        ]
    except (KeyError, TypeError, ValueError):
        raise UnexpectedReplyError(OWNERS, reply) from None
