"""One write for each connection, of all that is to be written while one chunk is worked off."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol


class Corked(Protocol):
    """What keeps bytes until the cork is drawn."""

    def release(self) -> None:
        """Write what was kept."""


class Cork:
    """Is in while a chunk of many lines is worked off: ``with cork:``.

    A chunk may hold requests for one processor, or a processor's replies for many clients; either
    way each connection that something was written to has one write at the end, which is sent at
    once. One for all connections of a process.
    """

    __slots__ = ("_corked", "_first", "depth")

    def __init__(self) -> None:
        #: How many times it is in; nothing is kept where that is 0.
        self.depth = 0
        self._corked: list[Corked] = []
        self._first: list[Callable[[], object]] = []

    def __enter__(self) -> Cork:
        self.depth += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.depth -= 1
        if not self.depth:
            self.let_out()

    def keep(self, corked: Corked) -> None:
        """Release this one, too, when the cork is drawn."""
        self._corked.append(corked)

    def first(self, act: Callable[[], object]) -> None:
        """Have this done before anything leaves that is kept, or when the cork is drawn."""
        self._first.append(act)

    def settle(self) -> None:
        """Something leaves: do what is to be done before."""
        while self._first:
            self._first.pop()()

    def let_out(self) -> None:
        """Release what has come so far, so that the other end can begin with it."""
        self.settle()
        # A connection that is written to may close, and that be told to others.
        while self._corked:
            corked, self._corked = self._corked, []
            for each in corked:
                each.release()
