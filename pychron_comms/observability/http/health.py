"""Whether a process lives, is ready, and how each of its parts does; asked anew each time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from pychron_comms.interfaces import Severity
from pychron_comms.observability.http.site import Text
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import Item


class Condition(NamedTuple):
    """How a part does. ``reason``: why it is not well; ``needed``: without it nothing is ready."""

    well: bool
    reason: str = ""
    needed: bool = True


Check = Callable[[], Condition]

#: Seconds between two looks, so that it is known since when.
LOOK = 1.0


def condition_of(item: Item | None) -> Condition:
    """As an item of the state stream says: what is only minor hinders nobody."""
    if item is None:
        return Condition(False, "nothing is known of it yet")
    if item.severity is Severity.OK:
        return Condition(True)
    return Condition(False, item.reason, needed=item.severity is not Severity.MINOR)


class Health:
    """The parts of one process by name; ``now`` is Unix time in seconds."""

    def __init__(self, now: Callable[[], float], metrics: Metrics) -> None:
        self._now = now
        metrics.gauge(
            "pychron_comms_ready",
            "Whether commands can be served: 1 for yes.",
            lambda: float(self.is_ready),
        )
        self._checks: dict[str, Check] = {}
        self._since: dict[str, tuple[Condition, float]] = {}

    def add(self, part: str, check: Check) -> None:
        self._checks[part] = check

    def remove(self, part: str) -> None:
        """A part that there is no more; none that is not there."""
        self._checks.pop(part, None)
        self._since.pop(part, None)

    def look(self) -> Mapping[str, tuple[Condition, float]]:
        """Each part, asked now, and since when it is well or not: as exact as this is called."""
        for part, check in self._checks.items():
            condition = check()
            if condition.well:
                condition = condition._replace(reason="")
            before = self._since.get(part)
            same = before is not None and before[0].well is condition.well
            since = before[1] if before is not None and same else self._now()
            self._since[part] = condition, since
        return dict(self._since)

    @property
    def is_ready(self) -> bool:
        """Whether every part is well that is needed."""
        return not self._hindrances()

    def resources(self) -> dict[str, Text]:
        """The pages ``livez``, ``readyz`` and ``healthz``."""
        return {
            # That this is answered at all is the proof.
            "livez": Text(lambda: (200, "alive")),
            "readyz": Text(self._ready),
            "healthz": Text(self._verbose, "application/json"),
        }

    def _ready(self) -> tuple[int, str]:
        wrong = self._hindrances()
        return (503, "\n".join(wrong)) if wrong else (200, "ready")

    def _hindrances(self) -> list[str]:
        return [
            f"{part}: {condition.reason}"
            for part, (condition, _) in self.look().items()
            if condition.needed and not condition.well
        ]

    def _verbose(self) -> tuple[int, str]:
        parts = {
            part: {"ok": condition.well, "reason": condition.reason, "since": round(since, 3)}
            for part, (condition, since) in self.look().items()
        }
        code = 200 if all(each["ok"] for each in parts.values()) else 503
        return code, json.dumps(parts, indent=1)


class HealthWatch(Service):
    """Looks while it runs, so that it is known since when a part is well or not."""

    def __init__(self, health: Health, clock: IReactorTime) -> None:
        self._loop = LoopingCall(health.look)
        self._loop.clock = clock

    def startService(self) -> None:
        super().startService()
        self._loop.start(LOOK)

    def stopService(self) -> None:
        super().stopService()
        if self._loop.running:
            self._loop.stop()
