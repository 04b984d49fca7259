"""Records the numbers of the state stream; whatever its disk does, nothing waits for it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.history.settings import HistorySettings
from pychron_comms.history.store import HistoryStore, Point
from pychron_comms.interfaces import Severity
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.patterns import matcher
from pychron_comms.observability.state.recent import HOUR
from pychron_comms.observability.state.stream import StateStream

#: What its item in the state stream is called.
PATH = "road/history"

#: Seconds of which is told at the start, what an earlier process has recorded: as charts show.
LAST = HOUR

#: Items that are recorded, and points of one item that may wait, at most.
MOST = 2000
_WAITING = 20

#: Seconds between two looks for what is too old, and by how much the time of day may have jumped
#: meanwhile: a clock that is set a year forward must not forget a year.
FORGET_EVERY = 3600.0
JUMP = 600.0


#: Points by the paths of their items, oldest first: Unix time in seconds, and the value or None.
Earlier = Mapping[str, Sequence[tuple[float, float | None]]]

_T = TypeVar("_T")


class InThread(Protocol):
    """The one thread that the file is used in."""

    def __call__(self, function: Callable[[], object]) -> Deferred[Any]:
        """Run it there, after those before; fires with what it gives."""

    def stop(self) -> None:
        """No more will come."""


class HistoryRecorder(Service):
    """At most one point of an item in ``every`` seconds, its newest; each gap is a point too.

    The file is used in a thread of its own. Where it cannot be written, an item of the stream says
    so, commands go on, and what was lost is a gap. ``earlier`` is told once what was recorded of
    the last hour before this process began, by the paths of items. ``clock`` does not jump; ``now``
    is Unix time.
    """

    _log = Logger()

    def __init__(
        self,
        settings: HistorySettings,
        stream: StateStream,
        metrics: Metrics,
        *,
        in_thread: InThread,
        clock: IReactorTime,
        now: Callable[[], float],
        earlier: Callable[[Earlier], object],
    ) -> None:
        self._settings = settings
        self._stream = stream
        self._in_thread = in_thread
        self._earlier = earlier
        self._clock = clock
        self._now = now
        self._wants = matcher(settings.items)
        self._waiting: dict[str, list[Point]] = {}
        # The newest of each, and whether what came since the last write is lost.
        self._newest: dict[str, Point] = {}
        self._is_lost = False
        self._store: HistoryStore | None = None
        self._writing: Deferred[Any] | None = None
        self._forgot = clock.seconds()
        self._apart = now() - clock.seconds()
        self._loop = LoopingCall(self.write)
        self._loop.clock = clock
        self._points = metrics.counter(
            "pychron_comms_history_points_total", "Points that were recorded."
        )
        self._failures = metrics.counter(
            "pychron_comms_history_failures_total", "Times that the history could not be written."
        )

    def startService(self) -> None:
        super().startService()
        self._stream.follow(self)
        for item in self._stream:
            self._take(item, self._now())
        now = self._now()
        reading = self._writing = self._in_thread(lambda: self._last(now))
        reading.addCallbacks(self._begun, self._failed)
        reading.addErrback(self._log_bug)
        self._loop.start(self._settings.every, now=False)

    def stopService(self) -> Deferred[Any]:
        super().stopService()
        self._stream.unfollow(self)
        self._loop.stop()
        before = self._writing or succeed(None)
        ended = before.addCallback(lambda _: self._in_thread(self._end))
        return ended.addCallback(lambda _: self._in_thread.stop())

    def item_changed(self, item: Item, at: float) -> None:
        """As a follower of the stream."""
        self._take(item, at)

    def write(self) -> None:
        """Have what waits written, unless that is being done."""
        if self._writing is not None:
            return
        now = self._now()
        points, self._waiting = self._collected(now), {}
        writing = self._writing = self._in_thread(lambda: self._write(points, now))
        writing.addCallbacks(self._written, self._failed, callbackArgs=(points,))
        writing.addErrback(self._log_bug)

    # -- in the reactor's thread

    def _take(self, item: Item, at: float) -> None:
        path = item.path
        if path not in self._newest and not self._is_wanted(item):
            return
        value = float(item.value) if item.is_number and not _is_unknown(item) else None
        point = Point(path, item.unit, at, value)
        self._newest[path] = point
        waiting = self._waiting.setdefault(path, [])
        if waiting and (waiting[-1].value is None) is (value is None):
            if value is not None:
                waiting[-1] = point
        elif len(waiting) < _WAITING:
            waiting.append(point)

    def _is_wanted(self, item: Item) -> bool:
        return item.is_number and self._wants(item.path) and len(self._newest) < MOST

    def _collected(self, now: float) -> list[Point]:
        if self._is_lost:
            # The file says itself until when it was whole.
            return [each._replace(at=now) for each in self._newest.values()]
        return [point for waiting in self._waiting.values() for point in waiting]

    def _begun(self, earlier: Earlier) -> None:
        self._writing = None
        self._earlier(earlier)

    def _written(self, result: object, points: list[Point]) -> None:
        self._writing = None
        self._points.value += len(points)
        self._is_lost = False
        self._show("")

    def _failed(self, failure: Failure) -> None:
        self._writing = None
        failure.trap(sqlite3.Error, OSError)
        self._failures.value += 1
        self._is_lost = True
        self._show(failure.getErrorMessage())

    def _log_bug(self, failure: Failure) -> None:
        self._log.failure("the history was not written", failure)

    def _show(self, trouble: str) -> None:
        before = self._stream.get(PATH)
        if trouble and (before is None or before.reason != trouble):
            self._log.error("values are not recorded: {trouble}", trouble=trouble)
        now = self._now()
        self._stream.publish(
            Item(
                path=PATH,
                value="not recorded" if trouble else "recorded",
                severity=Severity.MINOR if trouble else Severity.OK,
                reason=trouble,
                obtained=now,
                confirmed=now,
            )
        )

    # -- in the thread

    def _last(self, now: float) -> Earlier:
        return self._with_store(lambda store: store.last(now - LAST, now))

    def _write(self, points: list[Point], now: float) -> None:
        def write(store: HistoryStore) -> None:
            store.write(points, now)
            self._forget(store, now)

        self._with_store(write)

    def _with_store(self, use: Callable[[HistoryStore], _T]) -> _T:
        is_new = self._store is None
        store = self._store = self._store or HistoryStore(self._settings.file)
        try:
            if is_new:
                store.end_series()
            else:
                store.check_is_there()
            return use(store)
        except (sqlite3.Error, OSError):
            # It may be another file by then.
            self._store = None
            store.close()
            raise

    def _forget(self, store: HistoryStore, now: float) -> None:
        steady = self._clock.seconds()
        if steady - self._forgot < FORGET_EVERY:
            return
        self._forgot = steady
        if abs(now - steady - self._apart) < JUMP:
            store.forget(now - self._settings.days * 86400.0)

    def _end(self) -> None:
        if self._store is not None:
            now = self._now()
            ends = [each._replace(at=now, value=None) for each in self._newest.values()]
            try:
                self._store.write(ends, now)
            except (sqlite3.Error, OSError):
                # Its next life finds until when it was written.
                return
            finally:
                self._store.close()


def _is_unknown(item: Item) -> bool:
    return item.severity is Severity.INVALID
