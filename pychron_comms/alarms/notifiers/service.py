"""All notifiers of a laboratory, by their names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred

from pychron_comms.alarms.notice import Notice
from pychron_comms.alarms.notifiers.outbox import Outbox, Sender
from pychron_comms.alarms.notifiers.settings import (
    MailSettings,
    NotifierSettings,
    WebhookSettings,
)
from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import InvalidArgumentsError


class Notifiers:
    """``boxes`` are the notifiers by their names."""

    def __init__(self, boxes: Mapping[str, Outbox]) -> None:
        self._boxes = boxes

    def start(self) -> None:
        for box in self._boxes.values():
            box.start()

    def stop(self) -> None:
        for box in self._boxes.values():
            box.stop()

    def tell(self, notice: Notice, names: Sequence[str] | None) -> None:
        """Have those of these names tell of it; None for all."""
        for name, box in self._boxes.items():
            if names is None or name in names:
                box.add(notice)

    def test(self, name: str) -> Deferred[object]:
        """Send a test; fires when it has gone. Errors: 004, 216."""
        box = self._boxes.get(name)
        if box is None:
            hint = did_you_mean(name, self._boxes)
            raise InvalidArgumentsError("Test", f"{name} (there is no such notifier{hint})")
        return box.test()


def sender_for(settings: NotifierSettings, reactor: Any) -> Sender:
    """What takes its messages away.

    Its module is imported here: those of Twisted's that mail needs take long, and bring a reactor.
    """
    way = settings.way
    if isinstance(way, MailSettings):
        from pychron_comms.alarms.notifiers.mail import MailSender  # noqa: PLC0415

        return MailSender(way, reactor)
    if isinstance(way, WebhookSettings):
        from pychron_comms.alarms.notifiers.webhook import WebhookSender  # noqa: PLC0415

        return WebhookSender(way, reactor)
    from pychron_comms.alarms.notifiers.program import ProgramSender  # noqa: PLC0415

    return ProgramSender(way, reactor)
