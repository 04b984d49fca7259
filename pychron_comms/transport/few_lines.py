"""Lines that are worked off a few at a time: so many, and no more once they are long."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pychron_comms.transport.backlog import Instead

#: Takes so many lines away, or fewer: none behind those that are so many bytes together. What was
#: taken, and how many bytes it is.
Take = Callable[[int, int], tuple[Sequence[Instead], int]]


def few_of_chunk(lines: Sequence[bytes | None]) -> Take:
    """Of those that came together: nearly always as many as are asked for, and short."""
    at = 0

    def take(most: int, length: int) -> tuple[Sequence[Instead], int]:
        nonlocal at
        here = lines[at : at + most]
        few: Sequence[Instead] = here
        size = sum(map(len, filter(None, here)))
        if size > length:
            few, size = few_of(iter(few).__next__)(most, length)
        at += len(few)
        return few, size

    return take


def few_of(take_one: Callable[[], Instead]) -> Take:
    """Of those that are taken one by one, as of a backlog, which has as many."""

    def take(most: int, length: int) -> tuple[Sequence[Instead], int]:
        few: list[Instead] = []
        size = 0
        while len(few) < most and size < length:
            few.append(line := take_one())
            size += len(line) if isinstance(line, bytes) else 0
        return few, size

    return take
