"""All that a server shows of itself and its processors: the stream, the page, metrics, health."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from twisted.application.service import MultiService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from pychron_comms.config.here import lasting_name
from pychron_comms.interfaces import Reading
from pychron_comms.journal.searches import JournalSearch
from pychron_comms.observability.http.event_stream import EventStream
from pychron_comms.observability.http.health import Condition, Health, condition_of
from pychron_comms.observability.http.history import History
from pychron_comms.observability.http.journal import JournalPage
from pychron_comms.observability.http.pages import page_resources
from pychron_comms.observability.http.service import HttpService, Listen
from pychron_comms.observability.http.settings import HttpSettings
from pychron_comms.observability.http.site import Text
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.figures import StreamFigures
from pychron_comms.observability.state.items import Item, found
from pychron_comms.observability.state.recent import Recent
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.server.state.journals import Journals, Search
from pychron_comms.server.state.mirror import StateMirror
from pychron_comms.server.state.routes import NO_PROBLEMS, ROUTE, RouteItems
from pychron_comms.transport.peer_identity import sender_of_peer

#: Seconds between two looks at the server's own listeners.
LOOK = 1.0


class Listener(NamedTuple):
    """What is told of a listener: how many connections are open, how many commands wait."""

    open: Callable[[], int]
    in_flight: Callable[[], int]


class ServerStatus(MultiService):
    """``admit`` raises a CommandError for a sender that may not look.

    ``now`` is Unix time in seconds; ``clock`` may be another, that does not jump.
    """

    def __init__(
        self,
        settings: HttpSettings,
        stream: StateStream,
        metrics: Metrics,
        *,
        admit: Callable[[str], None],
        listen: Listen,
        reactor: Any,
        now: Callable[[], float],
    ) -> None:
        super().__init__()
        self.stream = stream
        self._clock: IReactorTime = reactor
        self._now = now
        self._listeners: dict[str, Listener] = {}
        self._mirrors: dict[str, StateMirror] = {}
        self._routes = RouteItems(stream, now)
        self._routes_told: list[str] = []
        self._more: list[Callable[[], Iterable[Reading]]] = []
        #: How each journal is asked, by the name of its processor, or what it is of.
        self.searches: dict[str, Search] = {}
        self._own_searches: list[JournalSearch] = []
        self.health = Health(now, metrics)
        for part in ("journal", "history"):
            self.check(part, f"road/{part}")
        #: What the page's charts begin with.
        self.recent = Recent()
        stream.follow(self.recent)
        self._events = EventStream(stream, reactor)
        children = {
            **page_resources(),
            **self.health.resources(),
            "metrics": Text(lambda: (200, metrics.text().rstrip("\n"))),
            "events": self._events,
            "history": History(self.recent),
            "journal": JournalPage(Journals(self.searches).find),
        }
        self.http = HttpService(
            settings, children, lambda transport: admit(sender_of_peer(transport)), listen, reactor
        )
        self.http.setServiceParent(self)
        self._loop = LoopingCall(self._look)
        self._loop.clock = reactor
        StreamFigures(stream, metrics, settings.values)

    def mirror_of(self, name: str) -> StateMirror:
        """For the state of the processor of that name, and its health. It is told under a name that
        stays, by which histories and alarms know it."""
        name = lasting_name(name)
        mirror = StateMirror(name, self.stream, self._clock, self._now)
        self._mirrors[name] = mirror
        self.check(f"journal of {name}", f"road/journal/{name}")
        path = f"road/processor/{name}"
        # What commands need are the routes.
        self.health.add(
            f"processor {name}", lambda: condition_of(self.stream.get(path))._replace(needed=False)
        )
        return mirror

    def forget_processor(self, name: str) -> None:
        """Tell of this one no more."""
        name = lasting_name(name)
        self._mirrors.pop(name).end()
        del self.searches[name]
        for part in (f"journal of {name}", f"processor {name}"):
            self.health.remove(part)

    def mirror(self, name: str) -> StateMirror:
        """What was made for the processor of that name."""
        return self._mirrors[lasting_name(name)]

    def show_routes(
        self, routes: Mapping[str, str], problems: Mapping[str, str] = NO_PROBLEMS
    ) -> None:
        """Tell of these routes from now on, as ``RouteItems.show``."""
        routes = {each: lasting_name(processor) for each, processor in routes.items()}
        for request_type in self._routes_told:
            self.health.remove(f"route {request_type}")
        self._routes_told = list(routes)
        self._routes.show(routes, problems)
        for request_type, processor in routes.items():
            self.health.add(f"route {request_type}", partial(self._route, request_type, processor))

    def _route(self, request_type: str, processor: str) -> Condition:
        condition = condition_of(self.stream.get(f"{ROUTE}{request_type}"))
        return condition._replace(reason=f"{processor}: {condition.reason}")

    def check(self, part: str, path: str) -> None:
        """Have the health tell of what this item shows, while it is there and not ok."""
        self.health.add(part, lambda: _condition_if_there(self.stream.get(path)))

    def show(self, readings: Callable[[], Iterable[Reading]]) -> None:
        """Tell of these, too, as long as the server runs."""
        self._more.append(readings)

    def search_processor(self, name: str, search: Search) -> None:
        """Have the journal of the processor of that name searched, too."""
        self.searches[lasting_name(name)] = search

    def search(self, name: str, journal: JournalSearch) -> None:
        """Have a journal of the server's own searched, too."""
        self.searches[name] = journal.find
        self._own_searches.append(journal)

    def watch(self, listeners: Mapping[str, Listener]) -> None:
        """Tell of these listeners, by the request types that they serve."""
        self._listeners.update(listeners)

    def startService(self) -> None:
        super().startService()
        self._loop.start(LOOK)

    def stopService(self) -> Deferred[Any]:
        if self._loop.running:
            self._loop.stop()
        for mirror in self._mirrors.values():
            mirror.stop()
        for journal in self._own_searches:
            journal.stop()
        self._events.close()
        return super().stopService()

    def _look(self) -> None:
        for name, listener in self._listeners.items():
            count = listener.open()
            unit = "connection" if count == 1 else "connections"
            self._show(Reading(f"road/listener/{name}", count, unit))
        waiting = sum(listener.in_flight() for listener in self._listeners.values())
        self._show(Reading("road/commands waiting", waiting))
        for readings in self._more:
            for reading in readings():
                self._show(reading)
        self.stream.look_for_stale()
        self.health.look()

    def _show(self, reading: Reading) -> None:
        self.stream.publish(found(reading, self._now()))


def _condition_if_there(item: Item | None) -> Condition:
    return Condition(True) if item is None else condition_of(item)
