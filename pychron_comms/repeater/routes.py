"""Several processors behind one server: each request type goes to the one that owns it."""

from __future__ import annotations

from collections.abc import Mapping

from twisted.internet.defer import Deferred, gatherResults
from zope.interface import implementer

from pychron_comms.interfaces import ICommandRepeater


@implementer(ICommandRepeater)
class RoutingRepeater:
    """Chooses the repeater of a request's type, or ``default``."""

    def __init__(self, default: ICommandRepeater, routes: Mapping[str, ICommandRepeater]) -> None:
        self._default = default
        self._routes = routes

    def get_response(
        self, request_type: str, data: str, sender: str, within: float | None = None
    ) -> Deferred[str]:
        repeater = self._routes.get(request_type, self._default)
        return repeater.get_response(request_type, data, sender, within)

    def test_connection(self) -> Deferred[None]:
        """A round trip to every processor; the first failure is its own."""
        repeaters = dict.fromkeys([self._default, *self._routes.values()])
        tests = gatherResults(
            [repeater.test_connection() for repeater in repeaters], consumeErrors=True
        )
        return tests.addCallbacks(lambda results: None, lambda failure: failure.value.subFailure)
