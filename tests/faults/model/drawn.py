"""Histories drawn without running them, always the same ones."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, settings

from tests.faults.model.history import History
from tests.faults.model.strategies import histories


def drawn(count: int) -> list[History]:
    found: list[History] = []

    @settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(histories)
    def take(history: History) -> None:
        found.append(history)

    take()
    return found
