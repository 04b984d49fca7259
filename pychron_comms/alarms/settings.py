"""What ``[[alarm]]`` and ``[alarms]`` of a configuration say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pychron_comms.alarms.notifiers.settings import NotifierSettings, read_notifiers
from pychron_comms.alarms.rule import BUILT_IN, Rule, While
from pychron_comms.config.nearest import did_you_mean
from pychron_comms.config.table import Table
from pychron_comms.interfaces import Severity
from pychron_comms.journal.settings import JournalSettings, read_journal
from pychron_comms.observability.state.patterns import matcher

#: What an alarm may look at; one of these is needed.
_LIMITS = ("above", "below")
_LOOKS = (*_LIMITS, "is", "is_not", "when")

_NAME = re.compile(r"[^/*?\[\s\x00-\x1f][^/*?\[\x00-\x1f]{0,79}")
_WHILE = re.compile(r"(\S.*?) is (not )?(\S.*)")

#: Seconds of a delay, at most.
_LONGEST = 86400.0


@dataclass(frozen=True, kw_only=True)
class AlarmSettings:
    """``journal``: where it is written down what happens to alarms; None for nowhere.

    ``notifiers`` tell people.
    """

    rules: Sequence[Rule] = BUILT_IN
    journal: JournalSettings | None = None
    notifiers: Sequence[NotifierSettings] = ()


def read_alarms(top: Table) -> AlarmSettings:
    """From the whole of a configuration. Raises ConfigError."""
    section = top.table("alarms")
    built_in = {rule.name: rule for rule in BUILT_IN} if section.flag("built_in", True) else {}
    rules: dict[str, Rule] = {}
    notifiers = read_notifiers(top)
    names = [each.name for each in notifiers]
    for table in top.tables("alarm"):
        rule = _read_rule(table, names)
        if rule.name in rules:
            raise table.error("name", "a name that no other alarm has")
        rules[rule.name] = rule
    journal = read_journal(section.table("journal"))
    section.finish()
    return AlarmSettings(
        rules=list((built_in | rules).values()), journal=journal, notifiers=notifiers
    )


def _read_rule(table: Table, notifiers: Sequence[str]) -> Rule:
    name = table.text("name")
    if not _NAME.fullmatch(name):
        raise table.error("name", "a name without / * ? and [, of 80 characters at most")
    rule = Rule(
        name=name,
        pattern=_read_pattern(table),
        above=table.number("above", None),
        below=table.number("below", None),
        hysteresis=table.number("hysteresis", 0.0, minimum=0.0),
        is_one_of=table.scalars("is", []),
        is_none_of=table.scalars("is_not", []),
        when=_read_severity(table, "when", ("minor", "major", "invalid"), ""),
        only_while=_read_while(table),
        severity=_read_severity(table, "severity", ("minor", "major"), "major") or Severity.MAJOR,
        delay=table.number("delay", 0.0, minimum=0.0, maximum=_LONGEST),
        clear_delay=table.number("clear_delay", 0.0, minimum=0.0, maximum=_LONGEST),
        latch=table.flag("latch", True),
        text=table.text("text", ""),
        notify=_read_notify(table, notifiers),
    )
    _check(table, rule)
    table.finish()
    return rule


def _check(table: Table, rule: Rule) -> None:
    if not any(key in table for key in _LOOKS):
        raise table.error("above", f"one of {', '.join(_LOOKS)}")
    if rule.hysteresis and not any(key in table for key in _LIMITS):
        raise table.error("hysteresis", "a limit beside it, above or below")
    if rule.above is not None and rule.below is not None:
        if rule.below >= rule.above:
            raise table.error("below", f"less than {rule.above:.15g}, which above is")
        if 2 * rule.hysteresis >= rule.above - rule.below:
            raise table.error("hysteresis", "less than half of what lies between the limits")


def _read_notify(table: Table, notifiers: Sequence[str]) -> Sequence[str] | None:
    names = table.texts("notify", [])
    for name in names:
        if name not in notifiers:
            hint = did_you_mean(name, notifiers)
            raise table.mistake("notify", f"there is no notifier {name}{hint}")
    return names if "notify" in table else None


def _read_pattern(table: Table) -> str:
    pattern = table.text("item")
    try:
        matcher([pattern])
    except ValueError as error:
        raise table.error("item", f"an item's path or a pattern, not {error}") from None
    return pattern


def _read_severity(table: Table, key: str, choices: Sequence[str], default: str) -> Severity | None:
    word = table.choice(key, choices, default)
    return Severity(word) if word else None


def _read_while(table: Table) -> While | None:
    text = table.text("only_while", "")
    if not text:
        return None
    found = _WHILE.fullmatch(text)
    if found is None:
        raise table.error("only_while", "PATH is WORD, or PATH is not WORD")
    path, negated, word = found.groups()
    return While(path=path, word=word, negated=bool(negated))
