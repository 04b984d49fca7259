"""Twisted's reactor on Linux, with nothing between an event and whom it is for."""

from __future__ import annotations

from twisted.internet.epollreactor import EPollReactor
from twisted.logger import Logger


class PromptReactor(EPollReactor):
    """Tells the owner of a socket of an event directly.

    Twisted's own first copies the context of its older log (``log.msg``, which says by it for
    which connection), in six calls: a tenth of a lone read's time on the whole road.
    """

    _log = Logger()

    def doPoll(self, timeout: float | None) -> None:
        selectables = self._selectables
        most = len(selectables)
        for number, event in self._poller.poll(-1 if timeout is None else timeout, most):
            # One of the events before it may have ended it.
            selectable = selectables.get(number)
            if selectable is None:
                continue
            try:
                self._doReadOrWrite(selectable, number, event)
            except Exception:
                self._log.failure("a bug met the end of {connection}", connection=selectable)

    # The base class has both names.
    doIteration = doPoll
