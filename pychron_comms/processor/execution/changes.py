"""When each part of the hardware was last changed, and by whom, as far as the gate can tell."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Iterable
from functools import lru_cache

from pychron_comms.interfaces import Move

#: Parts of one manager that are told apart.
PARTS = 1000

#: Senders of whom it is known what they changed, those who changed something last.
SENDERS = 64


class ChangeLog:
    """Numbers the changes of all parts, in their order; work and room do not grow with them.

    Each is noted with whoever made it; who asks for everybody's looks at all of these.
    """

    def __init__(self) -> None:
        self._count = 0
        # By those who made them; who did so last is last.
        self._own: OrderedDict[str, _Changes] = OrderedDict()
        # Of nobody, and of those who are not told apart any more.
        self._others = _Changes()

    def note(self, moves: Iterable[Move], sender: str = "") -> int:
        """These parts are changed now, by that sender or by none; the number of the change."""
        self._count = number = self._count + 1
        changes = self._own.get(sender)
        if changes is None:
            changes = self._begin(sender)
        else:
            self._own.move_to_end(sender)
        for manager, target, _ in moves:
            changes[id(manager)].note(target, number)
        return number

    def take_back(self, moves: Iterable[Move], number: int, sender: str = "") -> None:
        """That change has not come about after all: what was to make it was never begun."""
        moves = tuple(moves)
        # Whoever made it may have been forgotten meanwhile, and have come again.
        for changes in (self._others, self._own.get(sender, self._others)):
            changes.take_back(moves, number)

    def changed_since(self, moves: Iterable[Move], number: int) -> bool:
        """Whether any of these parts, or what overlaps it, has been changed after that change."""
        moves = tuple(moves)
        everybodys = (self._others, *self._own.values())
        return any(changes.since(moves, number) for changes in everybodys)

    def changed_by(self, sender: str, moves: Iterable[Move], number: int) -> bool:
        """Whether that sender has; False where that is not known any more."""
        own = self._own.get(sender)
        return own is not None and own.since(moves, number)

    def _begin(self, sender: str) -> _Changes:
        """Where the changes of one are noted who has made none lately."""
        if not sender:
            return self._others
        own = self._own[sender] = _Changes()
        if len(self._own) > SENDERS:
            self._others.add(self._own.popitem(last=False)[1])
        return own


#: The number of the last change, and of the one before it.
_Change = tuple[int, int]

_NONE: _Change = (0, 0)


class _Parts:
    """The last changes within one manager. Past ``PARTS`` of its parts, all count as changed."""

    __slots__ = ("_at", "_whole", "_within")

    def __init__(self) -> None:
        # Each with the one before it, in case that it is taken back.
        self._at: dict[str, _Change] = {}
        # Of all parts within a part.
        self._within: dict[str, _Change] = {}
        self._whole = 0

    def note(self, target: str, number: int) -> None:
        at, within = self._at, self._within
        last, _ = at.get(target) or self._new(number)
        # One change may name a part twice, and move several within one.
        if last != number:
            at[target] = number, last
        for part in _above(target):
            last, _ = within.get(part, _NONE)
            if last != number:
                within[part] = number, last

    def _new(self, number: int) -> _Change:
        """Of a part that is not known yet; room is made for it."""
        if len(self._at) >= PARTS:
            self._forget(number)
        return _NONE

    def _forget(self, number: int) -> None:
        """All of it counts as changed then."""
        self._at.clear()
        self._within.clear()
        self._whole = number

    def take_back(self, target: str, number: int) -> None:
        for table, parts in ((self._at, (target,)), (self._within, _above(target))):
            for part in parts:
                last, before = table.get(part, _NONE)
                if last == number:
                    table[part] = before, before

    def add(self, other: _Parts) -> None:
        """What another was told too."""
        for mine, table in ((self._at, other._at), (self._within, other._within)):
            for part, change in table.items():
                first, second = sorted((mine.get(part, _NONE), change))
                mine[part] = second[0], max(second[1], first[0])
        self._whole = max(self._whole, other._whole)
        if len(self._at) > PARTS:
            self._forget(max(number for number, _ in self._within.values()))

    def last(self, target: str) -> int:
        around = max(self._at.get(part, _NONE)[0] for part in (target, *_above(target)))
        return max(self._whole, self._within.get(target, _NONE)[0], around)


@lru_cache(maxsize=PARTS)
def _above(target: str) -> tuple[str, ...]:
    """Of ``stage/x`` these are ``stage``, and all of the manager, which is empty."""
    if not target:
        return ()
    parent = target.rpartition("/")[0]
    return parent, *_above(parent)


class _Changes(defaultdict[int, _Parts]):
    """The last changes within each manager.

    By identity: a manager may compare equal to another, or not hash. It is never collected while
    this is used: whoever changes it owns it.
    """

    def __init__(self) -> None:
        super().__init__(_Parts)

    def add(self, other: _Changes) -> None:
        """What another was told too."""
        for manager, parts in other.items():
            self[manager].add(parts)

    def take_back(self, moves: Iterable[Move], number: int) -> None:
        for move in moves:
            parts = self.get(id(move.manager))
            if parts is not None:
                parts.take_back(move.target, number)

    def since(self, moves: Iterable[Move], number: int) -> bool:
        for move in moves:
            parts = self.get(id(move.manager))
            if parts is not None and parts.last(move.target) > number:
                return True
        return False
