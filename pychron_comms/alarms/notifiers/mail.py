"""Mail, handed to a server of the laboratory's or its provider's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Any

from twisted.internet.defer import Deferred
from twisted.mail.smtp import sendmail

from pychron_comms.alarms.notifiers.message import Message
from pychron_comms.alarms.notifiers.settings import MailSettings
from pychron_comms.config.private_files import read_secret


class MailSender:
    """One mail to all of ``to``; it has gone when the server has taken it for every one of them."""

    def __init__(
        self, settings: MailSettings, reactor: Any, send: Callable[..., Deferred[Any]] = sendmail
    ) -> None:
        self._settings = settings
        self._reactor = reactor
        self._send = send

    def send(self, message: Message) -> Deferred[object]:
        settings = self._settings
        password = read_secret(settings.password) if settings.password else None
        return self._send(
            settings.host,
            settings.sender,
            list(settings.to),
            _written(message, settings),
            port=settings.port,
            reactor=self._reactor,
            username=settings.user.encode() or None,
            password=password,
            requireAuthentication=bool(settings.user),
            requireTransportSecurity=settings.tls,
        ).addCallback(_all_taken, settings.to)


def _written(message: Message, settings: MailSettings) -> bytes:
    mail = EmailMessage()
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.to)
    mail["Subject"] = message.subject
    mail["Date"] = formatdate()
    mail["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    # Nobody's absence is to be answered to a machine.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.body, cte="quoted-printable")
    return mail.as_bytes()


def _all_taken(result: tuple[int, Sequence[tuple[bytes, int, bytes]]], to: Sequence[str]) -> None:
    refused = [
        f"{address.decode(errors='replace')}: {code} {text.decode(errors='replace')}"
        for address, code, text in result[1]
        if code >= 400
    ]
    if refused or result[0] < len(to):
        raise ValueError("; ".join(refused) or "not for all of its receivers")
