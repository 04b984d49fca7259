"""Histories drawn without running them: the same ones for a seed each time."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from tests.faults.model.history import History
from tests.faults.model.strategies import histories


def drawn(count: int, by: int = 0, of: SearchStrategy[History] = histories) -> list[History]:
    """So many of those that the seed ``by`` gives."""
    found: list[History] = []

    @seed(by)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(of)
    def take(history: History) -> None:
        found.append(history)

    take()
    return found
