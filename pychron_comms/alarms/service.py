"""The alarms of a laboratory as a service of the server's process."""

from __future__ import annotations

import time
from collections.abc import Callable
from socket import gethostname
from typing import Any

from twisted.application.service import Service

from pychron_comms.alarms.board import AlarmBoard
from pychron_comms.alarms.handler import AlarmCommands
from pychron_comms.alarms.notifiers.outbox import Outbox
from pychron_comms.alarms.notifiers.service import Notifiers, sender_for
from pychron_comms.alarms.settings import AlarmSettings
from pychron_comms.interfaces import IJournal
from pychron_comms.journal.memory import NoJournal
from pychron_comms.journal.settings import open_journal
from pychron_comms.journal.syncing import turns_of
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.safeguards.roles import Roles


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
        place = gethostname()
        self.notifiers = Notifiers(
            {
                each.name: Outbox(
                    each.name,
                    sender_for(each, reactor),
                    every=each.every,
                    place=place,
                    stream=stream,
                    clock=reactor,
                    now=now,
                    metrics=metrics,
                )
                for each in settings.notifiers
            }
        )
        journal: IJournal = NoJournal()
        if settings.journal is not None:
            turns = turns_of(reactor) if settings.journal.sync else None
            journal = open_journal(settings.journal, turns)
        self.board = AlarmBoard(
            settings.rules,
            stream,
            journal,
            clock=reactor,
            now=now,
            metrics=metrics,
            tell=self.notifiers.tell,
        )

    def commands(self, roles: Roles) -> AlarmCommands:
        """What answers the commands of the type ``Alarms``."""
        return AlarmCommands(self.board, self.notifiers, roles)

    def startService(self) -> None:
        super().startService()
        self.notifiers.start()
        self.board.start()

    def stopService(self) -> None:
        super().stopService()
        self.notifiers.stop()
        self.board.stop()
