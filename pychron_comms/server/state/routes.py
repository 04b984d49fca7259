"""How each route does: the request types, and whether the processor that each leads to answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pychron_comms.interfaces import Severity
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import StateStream

#: Where the items are, each named as its request type.
ROUTE = "road/route/"

#: The name of the route that all types take which have none of their own.
OTHERS = "other types"

#: The processor that is a part of the server's own process.
HERE = "here"

_PROCESSOR = "road/processor/"

NO_PROBLEMS: Mapping[str, str] = MappingProxyType({})


class RouteItems:
    """Keeps an item for each route: the processor it leads to, and how that does, since when.

    A route to a processor that does not answer is invalid, for the reason that is told of it.
    """

    def __init__(self, stream: StateStream, now: Callable[[], float]) -> None:
        self._stream = stream
        self._now = now
        self._routes: dict[str, str] = {}
        self._problems: dict[str, str] = {}
        stream.follow(self)

    def show(self, routes: Mapping[str, str], problems: Mapping[str, str] = NO_PROBLEMS) -> None:
        """These are the routes from now on: names of processors by request types.

        ``problems``: why a route leads nowhere, whatever its processor says.
        """
        for gone in self._routes.keys() - routes.keys():
            self._stream.withdraw(f"{ROUTE}{gone}")
        self._routes = dict(routes)
        self._problems = dict(problems)
        for request_type in routes:
            self._tell(request_type)

    def item_changed(self, item: Item, at: float) -> None:
        if item.path.startswith(_PROCESSOR):
            processor = item.path[len(_PROCESSOR) :]
            for request_type, where in self._routes.items():
                if where == processor:
                    self._tell(request_type)

    def _tell(self, request_type: str) -> None:
        processor, now = self._routes[request_type], self._now()
        item = Item(path=f"{ROUTE}{request_type}", value=processor, obtained=now, confirmed=now)
        problem = self._problems.get(request_type)
        told = self._stream.get(f"{_PROCESSOR}{processor}")
        if problem:
            item = item.invalid(problem)
        elif processor != HERE and (told is None or told.severity is not Severity.OK):
            item = item.invalid(told.reason if told is not None else "nothing is known of it yet")
        before = self._stream.get(item.path)
        self._stream.publish(item if before is None else item.since(before))
