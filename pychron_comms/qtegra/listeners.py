"""What a Qtegra client connects to, by its endpoint string."""

from __future__ import annotations

from typing import Any

from twisted.application.service import IService

from pychron_comms.qtegra.answers import Answer
from pychron_comms.qtegra.datagrams import QtegraDatagrams
from pychron_comms.qtegra.stream import QtegraFactory
from pychron_comms.transport.schemes import datagram_service, has_datagrams, stream_service


def qtegra_listener(description: str, answer: Answer, name: str, reactor: Any) -> IService:
    """Serves ``udp:PORT:interface=ADDRESS``, or an endpoint string of Twisted's.

    Raises ValueError for one that is neither.
    """
    if has_datagrams(description):
        return datagram_service(description, QtegraDatagrams(answer, name), reactor)
    return stream_service(description, QtegraFactory(answer, reactor, name), reactor)
