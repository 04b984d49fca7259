"""What a listener does with a request, whatever transport it came by."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from pychron_comms.errors import MalformedRequestError, NotPermittedError
from pychron_comms.hosts import EVERYBODY, HostRule
from pychron_comms.interfaces import ICommandRepeater
from pychron_comms.line import Request, seconds_within
from pychron_comms.server.launch import Launcher
from pychron_comms.server.repeats import Asked, RepeatGuard

#: The request type of a listener whose clients write ``Type|command``.
OPEN = "*"


#: Told of a command that acts, and of the Deferred of its reply.
Watch = Callable[[Asked, Deferred[str]], object]


class RequestDesk:
    """Gives each request its type and hands it to the repeater.

    Two commands are the server's own and are never repeated: ``PychronReady``, answered by a round
    trip to the processor, and ``RemoteLaunch``.
    """

    def __init__(
        self,
        request_type: str,
        repeater: ICommandRepeater,
        guard: RepeatGuard,
        launcher: Launcher,
        hosts: HostRule = EVERYBODY,
    ) -> None:
        self.request_type = request_type
        self.guard = guard
        self._repeater = repeater
        self._hosts = hosts
        self._launcher = launcher
        self._own: dict[str, Callable[[], str | Deferred[str]]] = {
            "PychronReady": self._pychron_ready,
            "RemoteLaunch": launcher.launch,
        }

    def answer(
        self, request: Request, sender: str, connection: object, watch: Watch | None = None
    ) -> str | Deferred[str]:
        """The text of the reply. Errors: 013, 206, 208, and those of the repeater.

        ``watch`` is told of a plain command that acts, whose reply must not be lost.
        """
        tags, named_type, command = request
        self._hosts.admit(sender)
        own = self._own.get(command)
        if own is not None:
            return own()
        asked = Asked(self._type(named_type, command), command, sender)
        within = seconds_within(tags)
        if not self.guard.takes(asked, bool(tags)):
            return self._repeater.get_response(*asked, within)
        response = self.guard.get_response(asked, connection)
        if watch is not None:
            watch(asked, response)
        return response

    def _type(self, named: str, command: str) -> str:
        if self.request_type == OPEN:
            if not named:
                raise MalformedRequestError(f"Type|command is wanted here, as in System|{command}")
            return named
        if named and named != self.request_type:
            raise NotPermittedError(f"{named} commands; here {self.request_type} is served")
        return self.request_type

    def _pychron_ready(self) -> Deferred[str]:
        return self._repeater.test_connection().addCallback(lambda _: "OK")
