"""The life of one alarm: raised, acknowledged, shelved, cleared. It knows no clock, no stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pychron_comms.alarms.rule import Rule, Verdict, worse
from pychron_comms.interfaces import Severity

#: What an alarm's item says, as its value.
OK, ACTIVE, ACKNOWLEDGED, LATCHED, SHELVED = "ok", "active", "acknowledged", "latched", "shelved"

#: What happens to an alarm, as its events, the journal and notifiers say.
RAISED, CHANGED, CLEARED = "raised", "changed", "cleared"
ACKNOWLEDGE, SHELVE, UNSHELVE = "acknowledged", "shelved", "unshelved"


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """Until when it is silent: on a clock that does not jump, and as Unix time to be shown."""

    ends: float
    until: float
    by: str
    why: str = ""


class Alarm:
    """One rule on one item. *Current* is how it stands now; *latched* the worst since somebody saw.

    ``path`` is its item's, ``name`` its own. ``steady`` is a clock in seconds that does not jump;
    ``now`` is Unix time in seconds.
    """

    def __init__(self, rule: Rule, name: str, path: str) -> None:
        self.rule = rule
        self.name = name
        self.path = path
        self.current = Severity.OK
        self.latched = Severity.OK
        self.reason = ""
        self.since = 0.0
        # When it was over, 0 while it is not.
        self.over = 0.0
        self.acknowledged_by = ""
        self.shelf: Shelf | None = None
        self._kind = ""
        # Since when it is otherwise than what counts; None while it is not.
        self._turning: float | None = None

    @property
    def is_active(self) -> bool:
        return self.current is not Severity.OK

    @property
    def state(self) -> str:
        if self.shelf is not None:
            return SHELVED
        if self.is_active:
            return ACKNOWLEDGED if self.acknowledged_by else ACTIVE
        return OK if self.latched is Severity.OK else LATCHED

    @property
    def is_at_rest(self) -> bool:
        """Whether there is nothing of it that a later process must know."""
        return self.state == OK and not self.is_active

    def shown(self) -> dict[str, Any]:
        """How it stands, for JSON; times are Unix times in seconds, 0 for none."""
        shelf = self.shelf
        return {
            "state": self.state,
            "sev": self.current.value,
            "latched": self.latched.value,
            "reason": self.reason,
            "item": self.path,
            "since": round(self.since, 3),
            "over": round(self.over, 3),
            "by": self.acknowledged_by,
            "shelved_until": shelf.until if shelf else 0.0,
            "shelved_by": shelf.by if shelf else "",
            "text": self.rule.text,
        }

    def look(self, verdict: Verdict, steady: float, now: float) -> str:
        """Take in how its item stands; what has happened thereby, empty for nothing."""
        if (verdict.severity is not Severity.OK) is not self.is_active:
            return self._turn(verdict, steady, now)
        self._turning = None
        if not self.is_active or (verdict.kind, verdict.severity) == (self._kind, self.current):
            return ""
        if worse(verdict.severity, self.current):
            # Who has seen the lesser has not seen this.
            self.acknowledged_by = ""
        self._take(verdict)
        return CHANGED

    def wait(self, steady: float) -> float | None:
        """Seconds until it must be looked at again though nothing changes; None for never."""
        waits: list[float] = []
        if self._turning is not None:
            waits.append(self._turning + self._delay - steady)
        if self.shelf is not None:
            waits.append(self.shelf.ends - steady)
        return max(0.0, min(waits)) if waits else None

    @property
    def can_be_acknowledged(self) -> bool:
        """Whether there is something to be seen that nobody has seen."""
        return self.latched is not Severity.OK and not self.acknowledged_by

    def acknowledge(self, by: str) -> None:
        """Somebody has seen it."""
        self.acknowledged_by = by
        self.latched = self.current
        if not self.is_active:
            self._rest()

    def shelve(self, shelf: Shelf | None) -> None:
        """Nobody is to be told of it; None for the end of that."""
        self.shelf = shelf

    # -- what outlives the process

    def kept(self) -> dict[str, Any]:
        """What a later process must know of it."""
        fields: dict[str, Any] = {
            "current": self.current.value,
            "latched": self.latched.value,
            "kind": self._kind,
            "reason": self.reason,
            "since": round(self.since, 3),
            "over": round(self.over, 3),
            "acknowledged_by": self.acknowledged_by,
        }
        if self.shelf is not None:
            fields["shelf"] = {
                "until": round(self.shelf.until, 3),
                "by": self.shelf.by,
                "why": self.shelf.why,
            }
        return fields

    def recall(self, kept: Mapping[str, Any], steady: float, now: float) -> None:
        """As ``kept`` told it. Raises ValueError, KeyError or TypeError for what it never told."""
        self.current = Severity(kept["current"])
        self.latched = Severity(kept["latched"])
        self._kind = str(kept["kind"])
        self.reason = str(kept["reason"])
        self.since = float(kept["since"])
        self.over = float(kept.get("over", 0.0))
        self.acknowledged_by = str(kept["acknowledged_by"])
        shelf = kept.get("shelf")
        if shelf is not None and float(shelf["until"]) > now:
            until = float(shelf["until"])
            self.shelf = Shelf(
                ends=steady + until - now, until=until, by=str(shelf["by"]), why=str(shelf["why"])
            )

    # -- its turns

    @property
    def _delay(self) -> float:
        return self.rule.clear_delay if self.is_active else self.rule.delay

    def _turn(self, verdict: Verdict, steady: float, now: float) -> str:
        if self._turning is None:
            self._turning = steady
        if steady - self._turning < self._delay:
            return ""
        self._turning = None
        if verdict.severity is Severity.OK:
            self.current, self.over = Severity.OK, now
            if not self.rule.latch or self.acknowledged_by:
                self._rest()
            return CLEARED
        self.since, self.over = now, 0.0
        self.acknowledged_by = ""
        self._take(verdict)
        return RAISED

    def _take(self, verdict: Verdict) -> None:
        self.current, self._kind, self.reason = verdict
        if worse(self.current, self.latched):
            self.latched = self.current

    def _rest(self) -> None:
        self.latched = Severity.OK
        self.acknowledged_by = self.reason = self._kind = ""
