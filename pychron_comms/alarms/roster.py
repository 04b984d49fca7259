"""Which alarms there are: each rule makes one of each item that it fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from twisted.logger import Logger

from pychron_comms.alarms.alarm import Alarm
from pychron_comms.alarms.rule import Rule
from pychron_comms.errors import InvalidArgumentsError
from pychron_comms.observability.state.patterns import matcher

#: Below this path each alarm is an item.
PLACE = "road/alarm"

#: Alarms at once; of more items than that no alarm is made.
MOST = 2000

#: Paths of which it is remembered which alarms they have.
_KNOWN = 10_000


class Roster:
    """The alarms by their names and by the paths that they look at.

    A rule of one item has the alarm that is called like it, whether there is such an item or not;
    one of a pattern has ``NAME/PATH`` of each item.
    """

    _log = Logger()

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._patterns = [
            (rule, matcher([rule.pattern])) for rule in rules if not rule.is_of_one_item
        ]
        self._by_name: dict[str, Alarm] = {}
        # By the path of an item: those that are there without it, or that it turns on and off;
        # and those that were made for it.
        self._lasting: dict[str, list[Alarm]] = {}
        self._made: dict[str, list[Alarm]] = {}
        self._full = False
        for rule in rules:
            if rule.is_of_one_item:
                self._lasting.setdefault(rule.pattern, []).append(
                    self._added(Alarm(rule, rule.name, rule.pattern))
                )

    def __iter__(self) -> Iterator[Alarm]:
        return iter(list(self._by_name.values()))

    def get(self, name: str) -> Alarm | None:
        return self._by_name.get(name)

    def named(self, name: str) -> list[Alarm]:
        """The alarm of that name, or all of a rule. Errors: 004."""
        found = [each for each in self if name in {each.name, each.rule.name}]
        if not found:
            raise InvalidArgumentsError("name", f"{name} (there is no such alarm)")
        return found

    def at(self, path: str) -> list[Alarm]:
        """Those that look at an item of that path, which is there; made where they are new."""
        made = self._made.get(path)
        if made is None:
            if len(self._made) >= _KNOWN:
                self._made = {known: alarms for known, alarms in self._made.items() if alarms}
            made = self._made[path] = self._make(path)
        lasting = self._lasting.get(path)
        return made if lasting is None else [*made, *lasting]

    def remade(self, name: str, path: str) -> Alarm | None:
        """The alarm of that name that an earlier process had; None where no rule wants it now."""
        self.at(path)
        alarm = self._by_name.get(name)
        return alarm if alarm is not None and alarm.path == path else None

    def drop(self, alarm: Alarm) -> None:
        """Its item is gone, and nothing is left to be told of it."""
        del self._by_name[alarm.name]
        self._made.pop(alarm.path, None)
        for alarms in self._lasting.values():
            if alarm in alarms:
                alarms.remove(alarm)

    def _make(self, path: str) -> list[Alarm]:
        if path.startswith(f"{PLACE}/"):
            return []
        made = []
        for rule in [rule for rule, fits in self._patterns if fits(path)]:
            name = f"{rule.name}/{path}"
            # One that outlived its item is there already.
            alarm = self._by_name.get(name)
            if alarm is None and self._has_room():
                alarm = self._added(Alarm(rule, name, path))
            if alarm is not None:
                made.append(alarm)
        return made

    def _has_room(self) -> bool:
        if len(self._by_name) < MOST:
            return True
        if not self._full:
            self._full = True
            self._log.error("{most} alarms are watched, and no more may be", most=MOST)
        return False

    def _added(self, alarm: Alarm) -> Alarm:
        self._by_name[alarm.name] = alarm
        if alarm.rule.only_while is not None:
            self._lasting.setdefault(alarm.rule.only_while.path, []).append(alarm)
        return alarm
