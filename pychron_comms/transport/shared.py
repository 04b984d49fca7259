"""What all listeners of a process have together."""

from __future__ import annotations

from dataclasses import dataclass

from twisted.internet.interfaces import IReactorTime

from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.sender_log import SenderLog
from pychron_comms.transport.budget import BudgetLimits, Budgets
from pychron_comms.transport.cork import Cork
from pychron_comms.transport.event_lines import EventLines
from pychron_comms.transport.read_shares import ReadShares
from pychron_comms.transport.turns import FairTurns


@dataclass(frozen=True)
class Shared:
    """The clock, the numbers, each host's budget, the connections' turns, shares of reading and
    cork, the log, and who follows the state stream."""

    clock: IReactorTime
    metrics: Metrics
    budgets: Budgets
    turns: FairTurns
    reads: ReadShares
    cork: Cork
    log: SenderLog
    events: EventLines

    @classmethod
    def of(
        cls,
        clock: IReactorTime,
        metrics: Metrics,
        limits: BudgetLimits,
        cork: Cork | None = None,
    ) -> Shared:
        """For a process whose hosts have these limits, with the cork of its gate, if it has one."""
        log = SenderLog(clock, metrics)
        budgets = Budgets(limits, metrics)
        return cls(
            clock,
            metrics,
            budgets,
            FairTurns(clock),
            ReadShares(clock, budgets.hosts),
            cork or Cork(),
            log,
            EventLines(clock),
        )
