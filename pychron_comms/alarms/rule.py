"""What an alarm looks at, and what it makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from pychron_comms.interfaces import Severity
from pychron_comms.observability.state.items import Item

#: Best first, as they are declared.
_ORDER = list(Severity)


def worse(one: Severity, other: Severity) -> bool:
    """Whether one is worse than the other."""
    return _ORDER.index(one) > _ORDER.index(other)


class Verdict(NamedTuple):
    """What is made of an item just now. ``kind`` is what is wrong, whatever the value is: as long
    as that stays, so does the reason that was given first."""

    severity: Severity
    kind: str = ""
    reason: str = ""


WELL = Verdict(Severity.OK)


@dataclass(frozen=True, kw_only=True)
class While:
    """An item that must say so, or not, for the alarm to be looked at; unknown counts for yes."""

    path: str
    word: str
    negated: bool = False

    def holds(self, item: Item | None) -> bool:
        if item is None or item.severity is Severity.INVALID:
            return True
        return (str(item.value).lower() == self.word.lower()) is not self.negated


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One ``[[alarm]]``; ``pattern`` is an item's path, with ``*`` and ``?`` for several.

    ``hysteresis`` is how far inside a limit the value must come back. ``delay`` and
    ``clear_delay`` are the seconds for which it must be wrong, or well, before that counts.
    ``latch``: it stays until somebody has acknowledged it. ``notify`` names notifiers; None for
    all. What cannot be told is invalid, whatever else is looked at. ``lost_apart``: that the
    processor which tells of it is lost is another alarm's; this one stays as it is meanwhile.
    """

    name: str
    pattern: str
    above: float | None = None
    below: float | None = None
    hysteresis: float = 0.0
    is_one_of: Sequence[Any] = ()
    is_none_of: Sequence[Any] = ()
    when: Severity | None = None
    only_while: While | None = None
    severity: Severity = Severity.MAJOR
    delay: float = 0.0
    clear_delay: float = 0.0
    latch: bool = True
    text: str = ""
    notify: Sequence[str] | None = None
    lost_apart: bool = False

    @property
    def is_of_one_item(self) -> bool:
        return not set(self.pattern) & set("*?[")

    def judge(self, item: Item | None, *, active: bool) -> Verdict:
        """``active``: it is one already, so that it must come back further. None: no such item."""
        if item is None:
            return Verdict(Severity.INVALID, "missing", f"there is no {self.pattern}")
        if item.severity is Severity.INVALID:
            reason = item.reason or "it cannot be told"
            return Verdict(Severity.INVALID, f"invalid: {reason}", f"{item.path}: {reason}")
        if self.when is not None and not worse(self.when, item.severity):
            return Verdict(self.severity, f"marked: {item.reason}", f"{item.path}: {item.reason}")
        if item.value in self.is_one_of or (self.is_none_of and item.value not in self.is_none_of):
            return Verdict(self.severity, f"is {item.value}", f"{item.path} is {item.value}")
        if self.above is not None or self.below is not None:
            return self._limits(item, active)
        return WELL

    def _limits(self, item: Item, active: bool) -> Verdict:
        value = item.value
        if not item.is_number:
            return Verdict(Severity.INVALID, "no number", f"{item.path} says no number")
        back = self.hysteresis if active else 0.0
        says = f"{item.path} is {value:.6g} {item.unit}".rstrip()
        if self.above is not None and value > self.above - back:
            return Verdict(self.severity, "above", f"{says}, above {self.above:.6g}")
        if self.below is not None and value < self.below + back:
            return Verdict(self.severity, "below", f"{says}, below {self.below:.6g}")
        return WELL


#: What every laboratory wants to know. One of the same name in the configuration takes its place.
BUILT_IN = (
    Rule(
        name="processor",
        pattern="road/processor/*",
        when=Severity.INVALID,
        delay=5.0,
        text="The process that owns the hardware does not answer: is it running?",
    ),
    Rule(
        name="killed",
        pattern="road/killed*",
        when=Severity.MINOR,
        lost_apart=True,
        text="What it had moved stays as it was, a laser may be on: look.",
    ),
    Rule(
        name="journal",
        pattern="road/journal*",
        when=Severity.MINOR,
        lost_apart=True,
        text="What is done may not be written down: is the disk full?",
    ),
    Rule(
        name="history",
        pattern="road/history*",
        when=Severity.MINOR,
        severity=Severity.MINOR,
        latch=False,
        text="Values are not recorded: is the disk full?",
    ),
    Rule(
        name="notifier",
        pattern="road/notifier/*",
        when=Severity.MINOR,
        latch=False,
        text="Alarms do not reach the people that this notifier is for.",
    ),
    Rule(
        name="certificate",
        pattern="road/certificate/*",
        when=Severity.MINOR,
        severity=Severity.MINOR,
        latch=False,
        lost_apart=True,
        text="TLS ends with it: make a new one with pychron-certs renew.",
    ),
)
