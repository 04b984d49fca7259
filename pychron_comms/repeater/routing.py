"""Several processors behind one server: each request type goes to the one that owns it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from twisted.internet.defer import Deferred, gatherResults
from zope.interface import implementer

from pychron_comms.interfaces import ICommandRepeater, IKnownRead
from pychron_comms.wire.context import PLAIN, RequestContext


@implementer(ICommandRepeater)
class RoutingRepeater:
    """Chooses the repeater of a request's type, or ``default``."""

    def __init__(self, default: ICommandRepeater, routes: Mapping[str, ICommandRepeater]) -> None:
        self._default = default
        self._routes = routes

    def get_response(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[str]:
        repeater = self._routes.get(request_type, self._default)
        return repeater.get_response(request_type, data, sender, context)

    def known_read(self, request_type: str, data: str) -> IKnownRead | None:
        repeater = self._routes.get(request_type, self._default)
        return repeater.known_read(request_type, data)

    def asker_gone(self, response: Deferred[str]) -> None:
        for repeater in self._repeaters():
            repeater.asker_gone(response)

    def session_ended(self, session: str) -> None:
        for repeater in self._repeaters():
            repeater.session_ended(session)

    def reply_taken(self, ask: str) -> None:
        for repeater in self._repeaters():
            repeater.reply_taken(ask)

    def test_connection(self) -> Deferred[None]:
        """A round trip to every processor; the first failure is its own."""
        tests = gatherResults(
            [repeater.test_connection() for repeater in self._repeaters()], consumeErrors=True
        )
        return tests.addCallbacks(lambda results: None, lambda failure: failure.value.subFailure)

    def _repeaters(self) -> Iterable[ICommandRepeater]:
        return dict.fromkeys([self._default, *self._routes.values()])
