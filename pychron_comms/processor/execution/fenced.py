"""A runner that acts only while its process owns the hardware."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from pychron_comms.interfaces import ICall, IFence, IRequestHandler
from pychron_comms.processor.execution.runners import Runner, Take


class FencedRunner:
    """Asks the fence in the manager's thread, as the last thing before the manager is told.

    Between the two lies what no program can close: a process that is stopped just there goes on
    there.
    """

    def __init__(self, runner: Runner, fence: IFence) -> None:
        self._runner = runner
        self._fence = fence

    def run(self, handler: IRequestHandler, call: ICall, take: Take | None) -> str | Deferred[str]:
        """As ``Runner.run``. Errors: 217 of what acts."""
        if call.effect.reads:
            return self._runner.run(handler, call, take)

        def fenced() -> None:
            self._fence.check(call.safe)
            if take is not None:
                take()

        return self._runner.run(handler, call, fenced)

    def call(self, function: Callable[[], object]) -> Deferred[object]:
        """As ``Runner.call``. Errors: 217."""

        def fenced() -> object:
            self._fence.check(True)
            return function()

        return self._runner.call(fenced)

    def abandon(self, work: Deferred[str]) -> None:
        self._runner.abandon(work)

    def stop(self) -> None:
        self._runner.stop()
