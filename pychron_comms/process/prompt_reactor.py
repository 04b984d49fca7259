"""Twisted's reactor on Linux, with nothing between an event and whom it is for."""

from __future__ import annotations

from select import EPOLLIN

from twisted.internet.epollreactor import EPollReactor
from twisted.internet.interfaces import IReadWriteDescriptor
from twisted.logger import Logger

# In seconds: epoll_wait(2) takes an int of milliseconds.
_LONGEST = 2147483


class PromptReactor(EPollReactor):
    """Tells the owner of a socket of an event directly, and looks for nothing else between events.

    Twisted's own copies the context of its older log first (``log.msg``, which says by it for
    which connection), and looks twice at what is due: seventeen calls for each event, a sixth of
    a lone read's time on the whole road.
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
                if event != EPOLLIN:
                    self._doReadOrWrite(selectable, number, event)
                elif why := selectable.doRead():
                    self._disconnectSelectable(selectable, why, True)
            except BaseException as bug:
                self._log.failure("a bug ends {connection}", connection=selectable)
                self._end(selectable, number, bug)

    # The base class has both names.
    doIteration = doPoll

    def _end(self, selectable: IReadWriteDescriptor, number: int, bug: BaseException) -> None:
        # Where its end was what failed it is there no more.
        if self._selectables.get(number) is selectable:
            try:
                self._disconnectSelectable(selectable, bug, False)
            except BaseException:
                self._log.failure("a bug met the end of {connection}", connection=selectable)

    def mainLoop(self) -> None:
        """Waits for events and tells of them, and does what is due, until it is stopped."""
        while self._started:
            try:
                self._turn()
            except BaseException:
                self._log.failure("unexpected error in main loop")
        self._log.info("Main loop terminated.")

    def _turn(self) -> None:
        timed = self._pendingTimedCalls
        rest = timed[0].time - self.seconds() if timed else _LONGEST
        if rest <= 0 or self._newTimedCalls or self.threadCallQueue or self._justStopped:
            self.runUntilCurrent()
            self.doPoll(self.running and self.timeout())
        else:
            self.doPoll(min(rest, _LONGEST))
