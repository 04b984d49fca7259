"""Bytes of a fuzzer as decisions: which one, how much, where to cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Choices:
    """Takes decisions from the front of the input; 0 where nothing is left of it."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, below: int) -> int:
        """From 0, less than ``below``, which is at most 256."""
        byte = self._data[self._at] if self._at < len(self._data) else 0
        self._at += 1
        return byte % below

    def one_of(self, items: Sequence[Item]) -> Item:
        return items[self.number(len(items))]

    def rest(self) -> bytes:
        """What has not been used, and will not be again."""
        rest, self._at = self._data[self._at :], len(self._data)
        return rest

    def pieces(self, data: bytes) -> list[bytes]:
        """The data cut at up to seven places; more where the decisions say so."""
        if not data:
            return []
        if self.number(8) == 0:
            return [data[index : index + 1] for index in range(len(data))]
        cuts = sorted(self.number(256) % (len(data) + 1) for _ in range(self.number(8)))
        return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
