"""What a processor has beside its gate where another may take over its hardware."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pychron_comms.broker.memory import SharedJournal, SharedMemory
from pychron_comms.broker.ownership import SAFE
from pychron_comms.broker.standby import Standby
from pychron_comms.interfaces import IJournal
from pychron_comms.journal.record import time_text
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.safeguards.fence import LeasedFence
from pychron_comms.transport.broker_strings import BrokerAddress


class Takeover:
    """The fence of the gate, and what is known of what others have done. By way of a broker."""

    def __init__(self, address: BrokerAddress) -> None:
        self._address = address
        self.fence = LeasedFence(SAFE)
        self._memory = SharedMemory()
        self._standby: Standby | None = None

    def journal(self, journal: IJournal) -> SharedJournal:
        """A journal whose records the others get too, and that knows theirs."""
        return SharedJournal(journal, self._tell, self._memory, _now)

    def standby(
        self,
        gate: RemoteHardwareManager,
        reactor: Any,
        metrics: Metrics,
        usurped: Callable[[str], None],
    ) -> Standby:
        """The service that starts the gate when the hardware is this process's own."""
        self._standby = Standby(
            self._address,
            gate,
            self.fence,
            self._memory,
            stream=gate.stream,
            metrics=metrics,
            reactor=reactor,
            at=_now,
            words={"Journal": gate.search, "Metrics": lambda rest: metrics.text()},
            begin=gate.startService,
            usurped=usurped,
        )
        return self._standby

    def _tell(self, record: Mapping[str, Any]) -> None:
        if self._standby is not None:
            self._standby.tell_record(record)


def _now() -> str:
    return time_text(time.time())
