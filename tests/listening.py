"""A listener for tests that need none, only its connections."""

from __future__ import annotations

from typing import Any

from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.options import WireOptions


def connections(clock: Any, metrics: Metrics | None = None, **options: Any) -> Connections:
    """The connections of a listener ``System`` with these options."""
    return Connections("System", WireOptions(**options), clock, metrics or Metrics())
