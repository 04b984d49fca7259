"""Where a manager's methods run: in the reactor's thread, or in one of the manager's own."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from pychron_comms.errors import as_bug
from pychron_comms.handlers.running import awaited
from pychron_comms.interfaces import ICall, IReactorManager, IRequestHandler, ISafeWidth

#: Says that a call begins now. Raises what has prevented it meanwhile.
Take = Callable[[], None]

#: Looks on while a call, which reads or not, has begun and its answer is not there yet.
Watch = Callable[[Deferred[Any], bool], None]


def unwatched(work: Deferred[Any], reads: bool) -> None:
    """Nobody looks on."""


class Runner(Protocol):
    """Runs the calls of one manager."""

    def run(self, handler: IRequestHandler, call: ICall, take: Take | None) -> str | Deferred[str]:
        """The text of the reply, or a Deferred of it.

        ``take`` is called just before the manager's method, in the thread that it runs in; where
        it raises, that is the end. None for what begins unseen.
        """

    def call(self, function: Callable[[], object]) -> Deferred[object]:
        """Call what makes the manager safe, beside whatever runs."""

    def abandon(self, work: Deferred[str]) -> None:
        """Nobody waits for this work any more: end it, if that can be done."""

    def stop(self) -> None:
        """No more calls will come."""


class ReactorRunner:
    """For managers that never block."""

    def __init__(self, watch: Watch = unwatched) -> None:
        self._watch = watch

    def run(self, handler: IRequestHandler, call: ICall, take: Take | None) -> str | Deferred[str]:
        if take is not None:
            take()
        try:
            reply = handler.handle(call)
        except Exception:
            raise
        except BaseException as end:
            raise as_bug(end) from None
        if not isinstance(reply, str):
            self._watch(reply, call.effect.reads)
        return reply

    def call(self, function: Callable[[], object]) -> Deferred[object]:
        work = maybeDeferred(lambda: awaited(_called(function)))
        self._watch(work, False)
        return work

    def abandon(self, work: Deferred[str]) -> None:
        work.cancel()

    def stop(self) -> None:
        """Nothing of its own to stop."""


class _DaemonThread(threading.Thread):
    # A driver that hangs must not keep the process from ending.
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, daemon=True, **kwargs)


class _DaemonThreadPool(ThreadPool):
    threadFactory = _DaemonThread


class ThreadRunner:
    """For managers that block: one thread for their work, and ``width`` for what makes safe.

    A method may be ``async``: it then goes on in the reactor's thread. It must not return a
    Deferred, since it would have been made in the wrong thread.
    """

    def __init__(
        self, name: str, reactor: IReactorFromThreads, width: int = 1, watch: Watch = unwatched
    ) -> None:
        self._watch = watch
        self._reactor = reactor
        self._work = _DaemonThreadPool(0, 1, f"{name} work")
        self._safety = _DaemonThreadPool(0, width, f"{name} safety")
        self._work.start()
        self._safety.start()

    def run(self, handler: IRequestHandler, call: ICall, take: Take | None) -> Deferred[str]:
        def work() -> object:
            if take is not None:
                take()
            return call.run()

        pool = self._safety if call.safe else self._work
        reply = self._defer(pool, work).addCallback(call.reply)
        self._watch(reply, call.effect.reads)
        return reply

    def call(self, function: Callable[[], object]) -> Deferred[object]:
        done = self._defer(self._safety, function)
        self._watch(done, False)
        return done

    def abandon(self, work: Deferred[str]) -> None:
        """A thread cannot be ended from outside: the manager stays taken until it returns."""

    def stop(self) -> None:
        for pool in (self._work, self._safety):
            if not pool.working:
                pool.stop()

    def _defer(self, pool: ThreadPool, function: Callable[[], object]) -> Deferred[Any]:
        done = deferToThreadPool(self._reactor, pool, partial(_called, function))
        return done.addCallback(awaited)


def _called(function: Callable[[], object]) -> object:
    """What it gives. Errors: its own, and none that is no ``Exception``."""
    try:
        return function()
    except Exception:
        raise
    except BaseException as end:
        raise as_bug(end) from None


def runner_for(
    manager: object, name: str, reactor: IReactorFromThreads, watch: Watch = unwatched
) -> Runner:
    """The runner that a manager's own mark asks for."""
    if IReactorManager.providedBy(manager):
        return ReactorRunner(watch)
    return ThreadRunner(name, reactor, int(safe_width(manager)), watch)


def safe_width(manager: object) -> float:
    """How many commands that make safe a manager takes at a time.

    Where it does not say so: one, in a thread; any number of a manager that never blocks.
    """
    if ISafeWidth.providedBy(manager):
        return manager.safe_width
    return math.inf if IReactorManager.providedBy(manager) else 1
