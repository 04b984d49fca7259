"""One thread of its own, in which a disk may take its time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool


class _DaemonThread(threading.Thread):
    # A disk that hangs must not keep the process from ending.
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, daemon=True, **kwargs)


class _Pool(ThreadPool):
    threadFactory = _DaemonThread


class OneThread:
    """Runs functions one after the other; made at the first."""

    def __init__(self, name: str, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._pool = _Pool(0, 1, name)
        self._pool.start()

    def __call__(self, function: Callable[[], object]) -> Deferred[Any]:
        return deferToThreadPool(self._reactor, self._pool, function)

    def stop(self) -> None:
        """No more functions come; one that hangs is left alone."""
        if not self._pool.working:
            self._pool.stop()
