"""One thread's timers and sockets: what a real history is driven by."""

from __future__ import annotations

import heapq
import itertools
import selectors
import socket
from collections.abc import Callable

from pychron_comms.safeguards.fence import unstopped

#: Seconds between two looks at what nobody tells of.
_LOOK = 0.05


class Turns:
    """``look`` is called again and again while time passes."""

    def __init__(self) -> None:
        self.look: Callable[[], object] = lambda: None
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], object]]] = []
        self._numbers = itertools.count()

    def later(self, seconds: float, act: Callable[[], object]) -> None:
        heapq.heappush(self._timers, (unstopped() + seconds, next(self._numbers), act))

    def reading(self, connection: socket.socket, act: Callable[[], object]) -> None:
        """Call it whenever there is something to be read."""
        self._selector.register(connection, selectors.EVENT_READ, act)

    def forget(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False) -> None:
        """So long, or until that holds."""
        end = unstopped() + seconds
        while not until() and (left := end - unstopped()) > 0:
            self.look()
            while self._timers and self._timers[0][0] <= unstopped():
                heapq.heappop(self._timers)[2]()
            due = self._timers[0][0] - unstopped() if self._timers else _LOOK
            for key, _ in self._selector.select(max(min(left, due, _LOOK), 0.0)):
                key.data()

    def close(self) -> None:
        self._selector.close()
