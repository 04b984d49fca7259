"""Which records are wanted: the same question for the files and for the index."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pychron_comms.journal.facts import ALARM, FINE, Facts

#: The events that a record can have.
EVENTS = (
    *("begin", "end", "refused", "claim", "release", "override", "lapse", "unsafe", "safe"),
    *(ALARM, "start", "all_safe", "stop", "continued", "carried", "checkpoint", "torn"),
)

_EQUAL = ("event", "who", "type", "target", "key")


@dataclass(frozen=True, kw_only=True)
class Filter:
    """``since`` and ``until`` in microseconds; ``outcome``: ``ok``, ``error`` or a code.

    What is None is not asked for.
    """

    since: int | None = None
    until: int | None = None
    event: str | None = None
    who: str | None = None
    type: str | None = None
    target: str | None = None
    key: str | None = None
    outcome: str | None = None
    slower_than: float | None = None

    def matches(self, facts: Facts) -> bool:
        return (
            (self.since is None or facts.at >= self.since)
            and (self.until is None or facts.at < self.until)
            and all(getattr(self, each) in (None, getattr(facts, each)) for each in _EQUAL)
            and self._matches_outcome(facts.code)
            and (
                self.slower_than is None
                or (facts.seconds is not None and facts.seconds > self.slower_than)
            )
        )

    def where(self) -> tuple[str, list[Any]]:
        """The same for SQL, with the values that stand for its question marks."""
        parts: list[tuple[str, Any]] = []
        if self.since is not None:
            parts.append(("at >= ?", self.since))
        if self.until is not None:
            parts.append(("at < ?", self.until))
        for each in _EQUAL:
            if getattr(self, each) is not None:
                # Keys are few: said twice, so that their index is taken.
                there = "key <> '' AND " if each == "key" else ""
                parts.append((f"{there}{each} = ?", getattr(self, each)))
        if self.outcome is not None:
            parts.append(self._outcome_in_sql(self.outcome))
        if self.slower_than is not None:
            parts.append(("seconds > ?", self.slower_than))
        return " AND ".join(text for text, _ in parts) or "1", [value for _, value in parts]

    @property
    def of_a_whole_type(self) -> Filter | None:
        """The same, its part taken for a request type: who asks for CO2 may mean all of that.

        None where no part is asked for, or a type is.
        """
        if self.target is None or self.type is not None:
            return None
        return replace(self, type=self.target, target=None)

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves anything out."""
        return self != Filter()

    def _matches_outcome(self, code: int | None) -> bool:
        match self.outcome:
            case None:
                return True
            case "ok":
                return code == FINE
            case "error":
                return code is not None and code != FINE
            case number:
                return code == int(number)

    def _outcome_in_sql(self, outcome: str) -> tuple[str, int]:
        # Errors are few: said twice, so that their index is taken.
        if outcome == "error":
            return "code <> 0 AND code <> ?", FINE
        code = FINE if outcome == "ok" else int(outcome)
        return "code <> 0 AND code = ?" if code else "code = ?", code
