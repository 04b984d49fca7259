"""A POST to an address: a chat's webhook, ntfy, whatever takes one."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from pychron_comms.alarms.notifiers.message import Message
from pychron_comms.alarms.notifiers.settings import CHAT, TEXT, WebhookSettings
from pychron_comms.config.private_files import read_secret

#: Seconds for a connection.
_CONNECT = 10.0


class WebhookSender:
    """It has gone when it was answered with a status from 200 to 299."""

    def __init__(
        self, settings: WebhookSettings, reactor: Any, agent: IAgent | None = None
    ) -> None:
        self._settings = settings
        self._agent: Any = agent or Agent(reactor, connectTimeout=_CONNECT)

    def send(self, message: Message) -> Deferred[object]:
        kind, body = _written(message, self._settings.form)
        headers = Headers({"Content-Type": [kind], "User-Agent": ["pychron_comms"]})
        if self._settings.form == TEXT:
            # As ntfy has it.
            headers.setRawHeaders("Title", [message.subject.encode("ascii", "replace")])
        if self._settings.token:
            token = read_secret(self._settings.token)
            headers.setRawHeaders("Authorization", [b"Bearer " + token])
        request = self._agent.request(
            b"POST", self._settings.url.encode("ascii"), headers, Body(body)
        )
        answered: Deferred[object] = request.addCallback(_answered)
        return answered


def _written(message: Message, form: str) -> tuple[str, bytes]:
    if form == TEXT:
        return "text/plain; charset=utf-8", message.body.encode()
    fields = message.as_json()
    if form == CHAT:
        fields = {"text": f"{message.subject}\n{message.body}"}
    return "application/json", json.dumps(fields).encode()


def _answered(response: IResponse) -> Deferred[object]:
    if not 200 <= response.code < 300:
        response.deliverBody(_Unread(Deferred()))
        raise ValueError(f"answered {response.code} {response.phrase.decode(errors='replace')}")
    ended: Deferred[object] = Deferred(lambda _: unread.drop())
    unread = _Unread(ended)
    response.deliverBody(unread)
    return ended


class _Unread(Protocol):
    """Nothing of the answer is of use; its end is that of the connection."""

    def __init__(self, ended: Deferred[object]) -> None:
        self._ended = ended

    def dataReceived(self, data: bytes) -> None:
        """It may be as long as it likes."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._ended.called:
            self._ended.callback(None)

    def drop(self) -> None:
        """It takes too long."""
        if self.transport is not None:
            self.transport.loseConnection()


@implementer(IBodyProducer)
class Body:
    """Bytes that are sent at once."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.length = len(content)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        consumer.write(self._content)
        return succeed(None)

    def pauseProducing(self) -> None:
        """It has been written already."""

    def resumeProducing(self) -> None:
        """It has been written already."""

    def stopProducing(self) -> None:
        """It has been written already."""
