"""What was asked and answered, held against what was actuated."""

from __future__ import annotations

import itertools
import re
import threading
from collections import Counter
from collections.abc import Mapping

from tests.faults.counting import sealed, sealed_in

_ERROR = re.compile(r"ERROR (\d{3}) : ")

#: Errors that say that nothing was begun.
NEVER_BEGUN = frozenset({"003", "004", "011", "202", "203", "206", "209", "210"})

SUCCESS, NONE, GARBLED = "success", "none", "garbled"
_UNASKED = "not asked"


class Accounts:
    """One line for each value that clients asked for. May be used from several threads."""

    def __init__(self, first: int = 1) -> None:
        self._lock = threading.Lock()
        self._next = itertools.count(first)
        self._kinds: dict[str, str] = {}
        #: Replies that belong to another request, as (value asked for, reply).
        self.misdelivered: list[tuple[str, str]] = []

    def new_value(self) -> str:
        """A value that nobody has asked for before."""
        with self._lock:
            value = sealed(next(self._next))
            self._kinds[value] = _UNASKED
        return value

    def answered(self, value: str, reply: str | None) -> str:
        """Note what came back for a value, None for nothing; its kind."""
        kind = self._kind(value, reply)
        with self._lock:
            if self._tells_more(kind, self._kinds[value]):
                self._kinds[value] = kind
            if reply is not None and set(sealed_in(reply)) - {value}:
                self.misdelivered.append((value, reply))
        return kind

    def kinds(self) -> Counter[str]:
        """How many values got which reply: success, a code, garbled, none; the last that counts."""
        with self._lock:
            return Counter(self._kinds.values())

    def lost(self, actuated: Mapping[str, int]) -> list[str]:
        """Values answered with success that were never actuated."""
        return [each for each in self._of({SUCCESS}) if not actuated.get(each)]

    def doubled(self, actuated: Mapping[str, int]) -> list[str]:
        """Values that were actuated more than once."""
        return [each for each, count in actuated.items() if count > 1]

    def begun_all_the_same(self, actuated: Mapping[str, int]) -> list[str]:
        """Values actuated although their last reply says that they were never begun."""
        return [each for each in self._of(NEVER_BEGUN) if actuated.get(each)]

    def assert_sound(self, actuated: Mapping[str, int]) -> None:
        """Fail where one of the promises does not hold."""
        assert not self.misdelivered
        assert not self.lost(actuated)
        assert not self.doubled(actuated)
        assert not self.begun_all_the_same(actuated)
        assert set(actuated) <= set(self._kinds), "something was actuated that nobody asked for"

    @staticmethod
    def _tells_more(kind: str, before: str) -> bool:
        """An attempt whose outcome is open leaves it open, whatever the next one is told."""
        if before == SUCCESS:
            return False
        return before == _UNASKED or before in NEVER_BEGUN or kind not in NEVER_BEGUN

    def _of(self, kinds: frozenset[str] | set[str]) -> list[str]:
        with self._lock:
            return [value for value, kind in self._kinds.items() if kind in kinds]

    def _kind(self, value: str, reply: str | None) -> str:
        if reply is None:
            return NONE
        if reply == value:
            return SUCCESS
        found = _ERROR.match(reply)
        return found[1] if found else GARBLED
