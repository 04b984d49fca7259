"""What ``[[notifier]]`` of a configuration says."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from pychron_comms.config.private_files import read_secret
from pychron_comms.config.table import Table

#: The kinds of notifier.
MAIL, WEBHOOK, PROGRAM = "mail", "webhook", "program"

#: What is posted: JSON with all of it, JSON as Slack, Mattermost and Teams take it, or text.
JSON, CHAT, TEXT = "json", "chat", "text"
FORMS = (JSON, CHAT, TEXT)

#: Seconds between two messages of one notifier, where nothing is said.
EVERY = 60.0


@dataclass(frozen=True, kw_only=True)
class MailSettings:
    """``password``: the name of a file, or empty. ``tls``: nothing is sent without it."""

    host: str
    port: int
    sender: str
    to: Sequence[str]
    user: str = ""
    password: str = ""
    tls: bool = False


@dataclass(frozen=True, kw_only=True)
class WebhookSettings:
    """``token``: the name of a file with what goes behind ``Authorization: Bearer``, or empty."""

    url: str
    form: str = JSON
    token: str = ""


@dataclass(frozen=True, kw_only=True)
class ProgramSettings:
    """``command`` is the program and its arguments."""

    command: Sequence[str]


Way = MailSettings | WebhookSettings | ProgramSettings


@dataclass(frozen=True, kw_only=True)
class NotifierSettings:
    """``every``: seconds between two messages."""

    name: str
    way: Way
    every: float = EVERY


def read_notifiers(top: Table) -> list[NotifierSettings]:
    """From the whole of a configuration. Raises ConfigError."""
    notifiers: dict[str, NotifierSettings] = {}
    for table in top.tables("notifier"):
        notifier = _read(table)
        if notifier.name in notifiers:
            raise table.error("name", "a name that no other notifier has")
        notifiers[notifier.name] = notifier
        table.finish()
    return list(notifiers.values())


def _read(table: Table) -> NotifierSettings:
    name = table.text("name")
    if not name.isidentifier():
        raise table.error("name", "a name of letters, digits and _")
    read: Mapping[str, Callable[[Table], Way]] = {
        MAIL: _read_mail,
        WEBHOOK: _read_webhook,
        PROGRAM: _read_program,
    }
    return NotifierSettings(
        name=name,
        every=table.number("every", EVERY, minimum=1.0, maximum=86400.0),
        way=read[table.choice("kind", tuple(read))](table),
    )


def _read_mail(table: Table) -> MailSettings:
    host, colon, port = table.text("server").partition(":")
    if not host or (colon and not port.isdigit()):
        raise table.error("server", "HOST or HOST:PORT")
    sender, to = table.text("from"), table.texts("to")
    for key, addresses in (("from", [sender]), ("to", to)):
        if not addresses or not all(_is_address(each) for each in addresses):
            raise table.error(key, "addresses of mail, as in jo@lab.org")
    user = table.text("user", "")
    return MailSettings(
        host=host,
        port=int(port or 25),
        sender=sender,
        to=to,
        user=user,
        password=_read_file(table, "password"),
        # A password goes to nobody who cannot prove to be the server.
        tls=table.flag("tls", bool(user)),
    )


def _read_webhook(table: Table) -> WebhookSettings:
    url = table.text("url")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or not url.isascii():
        raise table.error("url", "an address that begins with https:// or http://")
    return WebhookSettings(
        url=url, form=table.choice("form", FORMS, JSON), token=_read_file(table, "token")
    )


def _read_program(table: Table) -> ProgramSettings:
    command: Sequence[str] = table.texts("command")
    program = shutil.which(command[0]) if command else None
    if program is None:
        raise table.error("command", "a program that can be started, and its arguments")
    return ProgramSettings(command=[program, *command[1:]])


def _read_file(table: Table, key: str) -> str:
    file = table.text(key, "")
    try:
        if file:
            read_secret(file)
    except ValueError as error:
        raise table.error(key, f"a file with a secret ({error})") from None
    return file


def _is_address(text: str) -> bool:
    name, at, host = text.rpartition("@")
    return bool(name and at and host) and text.isprintable() and not set(text) & set(' <>,;"')
