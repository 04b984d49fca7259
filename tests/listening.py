"""A listener for tests that need none, only its connections."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock

from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.budget import BudgetLimits
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.options import WireOptions
from pychron_comms.transport.shared import Shared


def connections(clock: Any, metrics: Metrics | None = None, **options: Any) -> Connections:
    """The connections of a listener ``System`` with these options."""
    return Connections("System", WireOptions(**options), shared(clock, metrics))


def shared(clock: Any, metrics: Metrics | None = None, **limits: int) -> Shared:
    """What a process's listeners have together."""
    return Shared.of(clock, metrics or Metrics(), BudgetLimits(**limits))


def one_turn(clock: Clock) -> None:
    """What a reactor does in one turn: what is due then, and not what that makes due."""
    for call in [call for call in clock.calls if call.getTime() <= clock.seconds()]:
        clock.calls.remove(call)
        call.called = 1
        call.func(*call.args, **call.kw)
