"""One thing that can be watched, with how good the knowledge of it is."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pychron_comms.interfaces import Reading, Severity, Source

#: Characters of a text that is a value; a longer one is told to nobody.
LONGEST = 65536

#: Why an item is invalid whose source has not confirmed it in time.
STALE = "stale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """``path`` names it, as in ``System/valve/A``; ``value`` is what JSON holds, None for unknown.

    ``obtained`` and ``confirmed`` are Unix times in seconds: when this value was got, and when it
    was last found unchanged. It turns stale ``stale_after`` seconds after that; 0 for never.
    ``details`` are what a kind of item has beside: a valve's target, owner, lock. ValueError for an
    unknown value that is not invalid, and for a number that is none.
    """

    path: str
    value: Any
    obtained: float
    confirmed: float
    unit: str = ""
    severity: Severity = Severity.OK
    reason: str = ""
    source: Source = Source.READBACK
    stale_after: float = 0.0
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.value is None and self.severity is not Severity.INVALID:
            raise ValueError(f"{self.path}: what is not known is invalid")
        if isinstance(self.value, float) and not math.isfinite(self.value):
            raise ValueError(f"{self.path}: {self.value} is no value")

    @property
    def is_number(self) -> bool:
        """Whether its value can be drawn and compared; a whole one may be beyond all floats."""
        value = self.value
        return (
            isinstance(value, (int, float))
            and not isinstance(value, bool)
            and abs(value) <= sys.float_info.max
        )

    def says_the_same(self, other: Item) -> bool:
        """Whether only the times differ."""
        return self._said() == other._said()

    def since(self, before: Item) -> Item:
        """This one, got when ``before`` was where that says the same."""
        return replace(self, obtained=before.obtained) if before.says_the_same(self) else self

    def is_stale(self, now: float, confirmed: float) -> bool:
        """Whether the last confirmation is too long ago."""
        return 0.0 < self.stale_after < now - confirmed

    def _said(self) -> tuple[Any, ...]:
        return (
            self.path,
            self.value,
            self.unit,
            self.severity,
            self.reason,
            self.source,
            self.stale_after,
            self.details,
        )

    def invalid(self, reason: str) -> Item:
        """As it is when it cannot be told any more; the last value stays, for who must guess."""
        return replace(self, severity=Severity.INVALID, reason=reason)

    def withdrawn(self) -> Item:
        """What is told of it last."""
        return replace(self.invalid("there is no such thing any more"), details={"gone": True})

    @property
    def is_gone(self) -> bool:
        return self.details.get("gone") is True

    def as_json(self) -> dict[str, Any]:
        """What subscribers get; ``details`` stand beside the rest."""
        return {
            "path": self.path,
            "v": self.value,
            "unit": self.unit,
            "sev": self.severity.value,
            "reason": self.reason,
            "t": round(self.obtained, 6),
            "t_seen": round(self.confirmed, 6),
            "src": self.source.value,
            "stale_after": self.stale_after,
            **self.details,
        }


def found(reading: Reading, now: float, path: str = "", stale_after: float = 0.0) -> Item:
    """What was read just now; at another path where one is given."""
    value, severity, reason = reading.value, reading.severity, reading.reason
    if isinstance(value, str) and len(value) > LONGEST:
        severity, reason = Severity.INVALID, f"a text of {len(value)} characters"
        value = None
    return Item(
        path=path or reading.path,
        value=value,
        unit=reading.unit,
        severity=severity,
        reason=reason,
        source=reading.source,
        obtained=now,
        confirmed=now,
        stale_after=stale_after,
        details=dict(reading.details),
    )


def item_from_json(fields: Mapping[str, Any]) -> Item:
    """The reverse of ``Item.as_json``. Raises ValueError."""
    rest = dict(fields)
    try:
        return Item(
            path=str(rest.pop("path")),
            value=rest.pop("v"),
            unit=str(rest.pop("unit")),
            severity=Severity(rest.pop("sev")),
            reason=str(rest.pop("reason")),
            obtained=float(rest.pop("t")),
            confirmed=float(rest.pop("t_seen")),
            source=Source(rest.pop("src")),
            stale_after=float(rest.pop("stale_after")),
            details=rest,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no item: {error}") from None
