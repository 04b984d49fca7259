"""The numbers and keys by which a server tells one communicator's commands apart."""

from __future__ import annotations

from uuid import uuid4


class Numbering:
    """Counts commands from 1, over all connections: no number and no key is ever used twice."""

    __slots__ = ("_prefix", "last")

    def __init__(self) -> None:
        self._prefix = uuid4().hex[:12]
        self.last = 0

    def advance(self) -> int:
        """The number of the next command."""
        self.last += 1
        return self.last

    def key(self) -> str:
        """The key of the last command, unlike that of any other communicator's."""
        return f"{self._prefix}-{self.last}"
