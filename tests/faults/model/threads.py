"""The threads of drivers that block, in the clock of the model."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, cast

from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from pychron_comms.processor.execution.runners import ReactorRunner, Runner, ThreadRunner, unwatched
from tests.faults.model.bench import Bench, Run
from tests.faults.model.processes import Process

#: Seconds from the hand-over of a command until a thread takes it: on a busy computer, the worst.
HAND_OVER = 0.02

_OnResult = Callable[[bool, Any], None]
_Work = tuple[_OnResult, Callable[[], object]]


class Threads:
    """A ``ThreadPool`` of so many threads, as far as a runner needs one.

    A function that gives a ``Run`` keeps its thread until that has ended.
    """

    def __init__(self, process: Process, size: int) -> None:
        self._process = process
        self._free = size
        self._waiting: deque[_Work] = deque()

    @property
    def working(self) -> bool:
        """Whether any of them is."""
        return bool(self._waiting)

    def stop(self) -> None:
        """They end with their process."""

    def callInThreadWithCallback(self, done: _OnResult, function: Callable[[], object]) -> None:
        self._waiting.append((done, function))
        self._hand_over()

    def _hand_over(self) -> None:
        if self._free and self._waiting:
            self._free -= 1
            work = self._waiting.popleft()
            self._process.in_thread(HAND_OVER, partial(self._take, *work))

    def _take(self, done: _OnResult, function: Callable[[], object]) -> None:
        try:
            result = function()
        except Exception:
            self._over(done, Failure())
        else:
            if isinstance(result, Run):
                result.returns = partial(self._over, done)
            else:
                self._over(done, result)

    def _over(self, done: _OnResult, result: object) -> None:
        self._free += 1
        done(not isinstance(result, Failure), result)
        self._hand_over()


class ModelThreadRunner(ThreadRunner):
    """The threads of one manager: one for its work, one for what makes safe."""

    def __init__(self, process: Process) -> None:
        self._watch = unwatched
        self._reactor = cast(Any, process)
        self._work = cast(ThreadPool, Threads(process, 1))
        self._safety = cast(ThreadPool, Threads(process, 1))


def runner_in(process: Process, manager: Bench) -> Runner:
    return ModelThreadRunner(process) if manager.blocks else ReactorRunner()
