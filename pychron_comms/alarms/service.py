"""The alarms of a laboratory as a service of the server's process."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service

from pychron_comms.alarms.board import AlarmBoard
from pychron_comms.alarms.settings import AlarmSettings
from pychron_comms.journal.memory import NoJournal
from pychron_comms.journal.settings import open_journal
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream


class AlarmService(Service):
    """Opens the alarms' journal where there is to be one: raises ValueError, one line."""

    def __init__(
        self,
        settings: AlarmSettings,
        stream: StateStream,
        metrics: Metrics,
        *,
        reactor: Any,
        now: Callable[[], float] = time.time,
    ) -> None:
        journal = NoJournal() if settings.journal is None else open_journal(settings.journal)
        self.board = AlarmBoard(
            settings.rules,
            stream,
            journal,
            clock=reactor,
            now=now,
            metrics=metrics,
            tell=lambda notice, names: None,
        )

    def startService(self) -> None:
        super().startService()
        self.board.start()

    def stopService(self) -> None:
        super().stopService()
        self.board.stop()
