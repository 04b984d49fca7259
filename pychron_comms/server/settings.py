"""What the section ``[server]`` of a configuration says."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from pychron_comms.alarms.settings import AlarmSettings
from pychron_comms.config.here import LINES, QTEGRA
from pychron_comms.config.nearest import did_you_mean
from pychron_comms.config.table import Table
from pychron_comms.history.settings import HistorySettings
from pychron_comms.observability.http.settings import NO_HTTP, HttpSettings
from pychron_comms.safeguards.hosts import EVERYBODY, HostRule
from pychron_comms.safeguards.roles import EVERYONE_OPERATES, Roles
from pychron_comms.server.dispatcher import OPEN
from pychron_comms.server.routing.settings import read_routes
from pychron_comms.transport.addresses import (
    Listening,
    listener_address,
)
from pychron_comms.transport.budget import BudgetLimits, read_budget
from pychron_comms.transport.datagrams import DATAGRAM_LIMIT
from pychron_comms.transport.options import WireOptions, read_connection_limits
from pychron_comms.transport.udp import is_open_to_the_network
from pychron_comms.wire.context import ROLES
from pychron_comms.wire.frames import FrameFormat

#: The type of which only Qtegra's kind of listener is there by default.
SPECTROMETER = "Spectrometer"

#: Seconds for which a processor keeps a reply that may not have been read.
KEEP_REPLIES = 5.0

#: The ports that laboratories know, and the request type that each serves.
DEFAULT_PORTS = {
    1060: OPEN,
    1061: "System",
    1062: SPECTROMETER,
    1064: "Hardware",
    1065: "UV",
    1066: "Synrad",
    1067: "CO2",
    1068: "Diode",
}


#: Whose endpoint strings name a place that clients can be told.
_NAMED = ("tcp", "tls", "unix")


@dataclass(frozen=True, kw_only=True)
class ListenerSettings:
    """One listener: its request type (``*`` for open), its endpoint strings, its kind.

    ``role`` is the most that anybody may do there, one of ``ROLES``; empty for no limit.
    """

    request_type: str
    listen: Sequence[str]
    options: WireOptions = field(default_factory=WireOptions)
    kind: str = LINES
    role: str = ""


def _default_listeners() -> list[ListenerSettings]:
    return [
        ListenerSettings(
            request_type=request_type,
            listen=[f"{kind}:{port}:interface=127.0.0.1" for kind in ("tcp", "udp")],
            kind=QTEGRA if request_type == SPECTROMETER else LINES,
        )
        for port, request_type in DEFAULT_PORTS.items()
    ]


@dataclass(frozen=True, kw_only=True)
class ServerSettings:
    """``processor`` is a client endpoint string, empty for a processor in this process.

    ``standbys`` are the processors that take over from others, by the names of these.
    ``commands``: each one that may act has its line in the log. ``keep_replies``: 0 where a reply
    that may not have been read is not kept for who asks again. ``name``: as ``name_of`` its file;
    empty for the built-in laboratory.
    """

    listeners: Sequence[ListenerSettings] = field(default_factory=_default_listeners)
    processor: str = ""
    standbys: Mapping[str, str] = field(default_factory=dict)
    routes: Mapping[str, str] = field(default_factory=dict)
    launch: Sequence[str] = ()
    keep_replies: float = KEEP_REPLIES
    hosts: HostRule = EVERYBODY
    roles: Roles = EVERYONE_OPERATES
    budget: BudgetLimits = field(default_factory=BudgetLimits)
    http: HttpSettings = NO_HTTP
    commands: bool = False
    name: str = ""
    history: HistorySettings | None = None
    alarms: AlarmSettings = field(default_factory=AlarmSettings)

    @property
    def all_listen(self) -> list[str]:
        """The endpoint strings of all listeners, the page's among them."""
        strings = [each for listener in self.listeners for each in listener.listen]
        return [*strings, self.http.listen]

    def with_processor(self, processor: str) -> ServerSettings:
        """The same with another processor, which has no standby unless a route says so."""
        routes = self.routes.values()
        standbys = {name: each for name, each in self.standbys.items() if name in routes}
        return replace(self, processor=processor, standbys=standbys)

    @property
    def processors(self) -> list[str]:
        """The endpoint strings of all processors elsewhere."""
        names = (self.processor, *self.routes.values(), *self.standbys.values())
        return [each for each in names if each]


def read_server_settings(
    table: Table,
    hosts: HostRule = EVERYBODY,
    roles: Roles = EVERYONE_OPERATES,
    types: Collection[str] = (),
) -> ServerSettings:
    """From the table ``[server]``; ``hosts`` and ``roles`` from another. Raises ConfigError.

    ``types`` are the request types that there are, where the caller knows them.
    """
    processor, routes, standbys = read_routes(table)
    listening = Listening()
    served = {OPEN, *types, *routes} if types else ()
    listeners = [_read_listener(each, listening, served) for each in table.tables("listener")]
    return ServerSettings(
        listeners=listeners or _default_listeners(),
        processor=processor,
        standbys=standbys,
        routes=routes,
        launch=table.texts("launch", []),
        hosts=hosts,
        roles=roles,
        budget=read_budget(table.table("budget")),
        keep_replies=table.number("keep_replies", KEEP_REPLIES, minimum=0.0, maximum=60.0),
    )


def places_of(listeners: Sequence[ListenerSettings]) -> dict[str, str]:
    """Where each type is served in lines, for whoever asks elsewhere; the first place that has a
    name. How TLS is set up there is nobody's business."""
    places: dict[str, str] = {}
    for listener in listeners:
        for where in listener.listen if listener.kind == LINES else ():
            kind, _, rest = where.partition(":")
            place = rest.partition(":")[0]
            if kind in _NAMED and place != "0":
                places.setdefault(listener.request_type, f"{kind}:{place}")
    return places


def warnings_about(settings: ServerSettings) -> list[str]:
    """What is no mistake, and dangerous all the same: one line for each."""
    return [
        f"{description} takes commands from any computer: a datagram's source can be forged;"
        " name those that may ask in [access] hosts"
        for listener in settings.listeners
        for description in listener.listen
        if is_open_to_the_network(description) and settings.hosts.admits_everybody
    ]


def parse_listener(text: str, types: Collection[str] = ()) -> ListenerSettings:
    """From the command line: ``TYPE=ENDPOINT``, as in ``System=tcp:1061``. Raises ValueError.

    ``types`` are the request types that there are, where the caller knows them.
    """
    request_type, equals, endpoint = text.partition("=")
    if not equals or ":" not in endpoint or ":" in request_type:
        raise ValueError(f"{text!r}: expected TYPE=ENDPOINT, as in System=tcp:1061")
    if types and request_type not in {OPEN, *types}:
        known = ", ".join(sorted({OPEN, *types}))
        hint = did_you_mean(request_type, types)
        raise ValueError(f"{text!r}: no request type {request_type}{hint} (known: {known})")
    listener_address(endpoint)
    return ListenerSettings(request_type=request_type, listen=[endpoint])


def _read_listener(table: Table, listening: Listening, served: Collection[str]) -> ListenerSettings:
    kind = table.choice("kind", (LINES, QTEGRA), LINES)
    if kind == QTEGRA:
        return ListenerSettings(
            request_type=table.choice("type", [SPECTROMETER]),
            listen=listening.read(table, "listen"),
            kind=kind,
            role=table.choice("role", ROLES, ""),
        )
    default = WireOptions()
    unterminated = table.number("unterminated_after", 0.0, minimum=0.0, maximum=10.0)
    return ListenerSettings(
        request_type=_read_type(table, served),
        listen=listening.read(table, "listen"),
        role=table.choice("role", ROLES, ""),
        options=WireOptions(
            line_length=table.integer("line_length", default.line_length, minimum=64),
            in_flight=table.integer("in_flight", default.in_flight, minimum=1),
            stall=table.number("stall", default.stall, minimum=0.1),
            close_after_reply=table.flag("close_after_reply", False),
            unterminated_after=unterminated or None,
            frame=_read_frame(table),
            datagram_reply=table.integer("datagram_reply", 0, minimum=0, maximum=DATAGRAM_LIMIT),
            limits=read_connection_limits(table),
        ),
    )


def _read_type(table: Table, served: Collection[str]) -> str:
    request_type = table.text("type")
    if served and request_type not in served:
        known = sorted(served)
        expected = f"a request type: {', '.join(known)}, or one that [server.routes] names"
        raise table.error("type", expected, known)
    return request_type


def _read_frame(table: Table) -> FrameFormat | None:
    text = table.text("frame", "")
    if not text:
        return None
    try:
        return FrameFormat.parse(text)
    except ValueError:
        raise table.error("frame", "a message frame such as L4,-,C4") from None
