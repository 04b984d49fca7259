"""How many alarms there are, for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pychron_comms.alarms.alarm import ACTIVE, LATCHED, SHELVED, Alarm
from pychron_comms.interfaces import Severity
from pychron_comms.observability.metrics import Metrics


def count_alarms(metrics: Metrics, alarms: Iterable[Alarm]) -> None:
    """Those that are so, that nobody has seen, and that somebody has silenced."""

    def counted(wanted: Callable[[Alarm], bool]) -> Callable[[], float]:
        return lambda: sum(1 for alarm in alarms if wanted(alarm))

    def are(severity: Severity) -> Callable[[Alarm], bool]:
        return lambda alarm: alarm.current is severity and alarm.shelf is None

    for severity in list(Severity)[1:]:
        metrics.gauge(
            "pychron_comms_alarms_active",
            "Alarms that are so just now, and not shelved.",
            counted(are(severity)),
            severity=severity.value,
        )
    metrics.gauge(
        "pychron_comms_alarms_unacknowledged",
        "Alarms that nobody has seen yet.",
        counted(lambda alarm: alarm.state in {ACTIVE, LATCHED}),
    )
    metrics.gauge(
        "pychron_comms_alarms_shelved",
        "Alarms that somebody has silenced.",
        counted(lambda alarm: alarm.state == SHELVED),
    )
