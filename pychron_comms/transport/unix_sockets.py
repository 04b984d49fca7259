"""Unix sockets, and the folder that each stands in."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IReactorUNIX,
    IStreamServerEndpoint,
)
from zope.interface import implementer

from pychron_comms.transport.accepting import ListeningService
from pychron_comms.transport.endpoints import check_unix, with_defaults


def unix_service(description: str, factory: IProtocolFactory, reactor: Any) -> ListeningService:
    """For ``unix:PATH``; a folder that is not there is made at the start, for this account alone.

    Raises ValueError, also where the system has no such sockets.
    """
    check_unix(description, IReactorUNIX.providedBy(reactor))
    endpoint = serverFromString(reactor, with_defaults(description))
    return ListeningService(_InItsFolder(endpoint), factory)


@implementer(IStreamServerEndpoint)
class _InItsFolder:
    """A unix socket whose folder is made just before it."""

    def __init__(self, endpoint: Any) -> None:
        self._endpoint = endpoint

    def listen(self, protocolFactory: IProtocolFactory) -> Deferred[IListeningPort]:
        return maybeDeferred(self._listen, protocolFactory)

    def _listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        path = os.fsdecode(self._endpoint._address)
        if not path.startswith("\0"):
            make_folder(Path(path).parent)
        listening: Deferred[IListeningPort] = self._endpoint.listen(factory)
        return listening


def make_folder(folder: Path) -> None:
    """Make the folder, which only this account may enter; one that is there is left as it is.

    CannotListenError, with the command that makes it, where this account may not.
    """
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        why = (
            f"{error.strerror}: the folder of this socket; make it for the account that runs this: "
            f"sudo install -d -m 700 -o ACCOUNT {folder}"
        )
        raise CannotListenError(None, str(folder), OSError(why)) from None
