"""Every way of a server to its processors, put together from its settings, and changed by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from twisted.application.service import MultiService

from pychron_comms.alarms.handler import ALARMS
from pychron_comms.handlers.factories import request_types
from pychron_comms.observability.metrics import Counter, Metrics
from pychron_comms.repeater.endpoint import CommandRepeater
from pychron_comms.repeater.local import LocalRepeater
from pychron_comms.repeater.routing import FixedWay, RoutingRepeater, Way
from pychron_comms.repeater.schemes import repeater_to
from pychron_comms.server.routing.member import Member
from pychron_comms.server.routing.pair import NOBODY, Pair
from pychron_comms.server.routing.processors import Processors
from pychron_comms.server.settings import ServerSettings
from pychron_comms.server.state.journals import search_at
from pychron_comms.server.state.routes import HERE, OTHERS
from pychron_comms.server.state.status import ServerStatus
from pychron_comms.transport.cork import Cork

if TYPE_CHECKING:
    from pychron_comms.processor.hardware_manager import RemoteHardwareManager
    from pychron_comms.repeater.schemes import KeptRepeater


class Ways(MultiService):
    """``repeater`` takes each command to the processor that owns its hardware.

    ``process`` names this process of the server, of all. What is known of processors' commands is
    to be asked anew when ``when_others_answer`` is called: others answer, perhaps.
    """

    def __init__(
        self,
        settings: ServerSettings,
        local: RemoteHardwareManager | None,
        status: ServerStatus,
        metrics: Metrics,
        *,
        reactor: Any,
        cork: Cork,
        process: str,
    ) -> None:
        super().__init__()
        self._is_local = local is not None
        self._status = status
        self._metrics = metrics
        self._reactor = reactor
        self._cork = cork
        self._process = process
        #: Every request type that there is, as far as the server knows.
        self.types: set[str] = set()
        self.when_others_answer: list[Callable[[], None]] = []
        self._processors = Processors(self._repeater_to, status.forget_processor, reactor)
        self._processors.setServiceParent(self)
        if local is not None:
            self._processors.all[HERE] = LocalRepeater(local)
            status.searches[HERE] = local.search
        self._standbys = settings.standbys
        self._pairs: dict[str, Pair] = {}
        default, routes = self._ways(settings)
        self.repeater = RoutingRepeater(default, routes, self._processors.all, reactor)
        self._tell(default, routes)

    def change(self, settings: ServerSettings) -> None:
        """New commands go where these settings say; those that are on their way end where they are.

        Nothing else of the settings is looked at. Raises ValueError for a change that takes a
        restart, and for a string that is no endpoint; then nothing has changed.
        """
        if bool(settings.processor) is self._is_local:
            raise ValueError(
                "server.processor: whether the hardware is in the server's own process takes a"
                " restart"
            )
        if settings.standbys != self._standbys:
            raise ValueError("server.routes: another standby takes a restart")
        default, routes = self._ways(settings)
        self.repeater.change(default, routes)
        self._tell(default, routes)
        self._others_answer()

    def startService(self) -> None:
        super().startService()
        for pair in self._pairs.values():
            pair.start()

    def stopService(self) -> Any:
        for pair in self._pairs.values():
            pair.stop()
        return super().stopService()

    def _ways(self, settings: ServerSettings) -> tuple[Way, dict[str, Way]]:
        """Where the types without a route go, and those with one. Raises ValueError."""
        made = self._processors.made(settings.processors)
        self._processors.take(made)
        for primary, standby in settings.standbys.items():
            if primary not in self._pairs:
                self._pairs[primary] = self._pair(made, primary, standby)
        ways: dict[str, Way] = {
            name: self._pairs.get(name) or FixedWay(name, repeater)
            for name, repeater in self._processors.all.items()
        }
        routes = {request_type: ways[name] for request_type, name in settings.routes.items()}
        return ways[settings.processor or HERE], routes

    def _pair(self, made: Mapping[str, KeptRepeater], primary: str, standby: str) -> Pair:
        """Neither of the two is followed until it owns the hardware."""
        takeovers = self._metrics.counter(
            "pychron_comms_takeovers_total",
            "How often the hardware went to a processor of a pair.",
            processor=primary,
        )
        members = []
        for name in (primary, standby):
            self._status.mirror(name).leave(NOBODY)
            # Settings refuse a broker here.
            repeater = cast(CommandRepeater, made[name])
            members.append(Member(name, repeater, self._process, self._reactor, self._keys_known))
        return Pair(members[0], members[1], self._reactor, partial(self._owned, takeovers))

    def _keys_known(self, name: str, digests: list[str]) -> None:
        self.repeater.keys_known(name, digests)

    def _owned(self, takeovers: Counter, before: Member | None, now: Member | None) -> None:
        """The hardware of a pair has gone from one to the other, or from or to nobody."""
        if before is not None:
            self._status.mirror(before.name).leave(NOBODY)
        if now is not None:
            takeovers.value += 1
            mirror = self._status.mirror(now.name)
            mirror.follow()
            # It tells all of it anew.
            now.repeater.watch_state(mirror)
        self._show()
        self._others_answer()

    def _tell(self, default: Way, routes: Mapping[str, Way]) -> None:
        self.types.clear()
        self.types |= {*request_types(), ALARMS, *routes}
        self._shown = {OTHERS: default, **routes}
        self._show()

    def _show(self) -> None:
        ways = self._shown
        self._status.show_routes(
            {request_type: way.name or way.members[0] for request_type, way in ways.items()},
            {request_type: NOBODY for request_type, way in ways.items() if not way.name},
        )

    def _others_answer(self) -> None:
        for act in self.when_others_answer:
            act()

    def _repeater_to(self, description: str) -> KeptRepeater:
        repeater = repeater_to(description, self._reactor, self._cork, self._metrics)
        repeater.watch_state(self._status.mirror_of(description))
        repeater.when_connected(self._others_answer)
        self._status.search_processor(description, partial(search_at, repeater))
        return repeater
