"""The HTTP site of one process: read-only, for those who may ask, and for no other site's pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from twisted.internet.interfaces import IAddress, IReactorTime
from twisted.logger import Logger, LogPublisher
from twisted.protocols.policies import ThrottlingFactory
from twisted.web import http
from twisted.web.resource import IResource, Resource

from pychron_comms.errors import CommandError
from pychron_comms.observability.http.page_turns import PageTurns
from pychron_comms.observability.http.requests import Request, plain
from pychron_comms.observability.http.settings import LOOPBACK

#: Seconds that a client may take for a request, and connections at once.
TIMEOUT = 30
CONNECTIONS = 700

_HEADERS = {
    b"Content-Security-Policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        b"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    b"X-Content-Type-Options": b"nosniff",
    b"Referrer-Policy": b"no-referrer",
    b"Cross-Origin-Resource-Policy": b"same-origin",
    b"Cross-Origin-Opener-Policy": b"same-origin",
    b"Cache-Control": b"no-cache",
    b"Server": b"pychron_comms",
}


_NOTHING_MORE: Sequence[list[bytes]] = ([], [b""])


@dataclass(frozen=True, kw_only=True)
class SiteRules:
    """Who may ask. ``admit`` is given the connection; it raises a CommandError for no.

    ``names`` are the host names by which a browser may call the site: a page of another site that
    has bent its own name to this address is refused by it.
    """

    admit: Callable[[object], None]
    names: frozenset[str] = LOOPBACK


class Guarded(Resource):
    """Stands before all other resources. 403 for who may not ask, 421 for another site's name."""

    def __init__(self, children: Mapping[str, IResource], rules: SiteRules) -> None:
        super().__init__()
        self._rules = rules
        for path, resource in children.items():
            self.putChild(path.encode(), resource)

    def getChildWithDefault(self, path: bytes, request: Request) -> Any:
        for name, value in _HEADERS.items():
            request.setHeader(name, value)
        if request.method not in {b"GET", b"HEAD"}:
            request.setHeader(b"Allow", b"GET, HEAD")
            return Refusal(405, "nothing is commanded here: GET and HEAD alone are served")
        if host_name(request) not in self._rules.names:
            return Refusal(421, "this site has another name; list it as [http] names")
        if is_read_by_another_site(request):
            return Refusal(403, "no other site may read this one")
        try:
            self._rules.admit(request.transport)
        except CommandError as error:
            return Refusal(403, str(error))
        child = self.children.get(path)
        if child is None or (child.isLeaf and request.postpath not in _NOTHING_MORE):
            return Refusal(404, f"there is no such page; {self._pages()}")
        return child

    def _pages(self) -> str:
        if b"" in self.children:
            return "/ is the status page"
        names = ", ".join(f"/{each.decode()}" for each in sorted(self.children))
        return f"this process has {names}; the status page is its server's"


class Refusal(Resource):
    """Says why not, in one line of text."""

    isLeaf = True

    def __init__(self, code: int, text: str) -> None:
        super().__init__()
        self._code = code
        self._text = text

    def render(self, request: Request) -> bytes:
        return plain(request, self._text, self._code)


class Text(Resource):
    """A page whose text is made at each request. ``make`` gives the status code and the text."""

    isLeaf = True

    def __init__(self, make: Callable[[], tuple[int, str]], kind: str = "text/plain") -> None:
        super().__init__()
        self._make = make
        self._kind = kind

    def render_GET(self, request: Request) -> bytes:
        code, text = self._make()
        return plain(request, text, code, self._kind)


def host_name(request: Request) -> str:
    """The host that the client called, without its port, in lower case; empty for none."""
    host = (request.getHeader(b"Host") or b"").decode("ascii", "replace").lower()
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


def is_read_by_another_site(request: Request) -> bool:
    """Whether a page of another site asks; following its link here is no reading."""
    asks_from = request.getHeader(b"Sec-Fetch-Site")
    mode = request.getHeader(b"Sec-Fetch-Mode")
    return asks_from in {b"cross-site", b"same-site"} and mode != b"navigate"


class _Bodiless(Request):
    """A request that brings nothing along: a body would be kept, up to its announced length."""

    def gotLength(self, length: int | None) -> None:
        super().gotLength(0)
        if length != 0:
            self.channel.loseConnection()

    def process(self) -> None:
        """In its turn; its channel reads no further until it is answered."""
        channel: Any = self.channel
        # A unix socket has no host.
        host = getattr(channel.getPeer(), "host", "")
        channel.site.turns.wait(self._process_in_turn, host)

    def _process_in_turn(self) -> None:
        channel: Any = self.channel
        # Whoever has gone meanwhile costs nothing more.
        if channel is not None:
            self.answer_from(channel.site.root)


class _QuietChannel(http.HTTPChannel):
    requestFactory = _Bodiless
    # That a browser kept a connection longer than it needed it is no news.
    _log = Logger(observer=LogPublisher())


class QuietSite(http.HTTPFactory):
    """Logs no request: each look of each browser would fill the log."""

    noisy = False
    # Its declared type is that of Twisted's own, which would hide this one.
    protocol = cast(Any, _QuietChannel)

    def __init__(self, root: IResource, reactor: IReactorTime) -> None:
        super().__init__(timeout=TIMEOUT, reactor=reactor)
        self.root = root
        self.turns = PageTurns(reactor)

    def buildProtocol(self, addr: IAddress | None) -> Any:
        channel: Any = super().buildProtocol(addr)
        channel.site = self
        return channel

    def log(self, request: http.Request) -> None:
        """Nothing."""


class LimitedConnections(ThrottlingFactory):
    """Drops connections beyond its limit."""

    noisy = False

    def logPrefix(self) -> str:
        return "status page"


def site_factory(
    children: Mapping[str, IResource], rules: SiteRules, reactor: IReactorTime
) -> LimitedConnections:
    """The factory to listen with: bounded in time and in connections."""
    site = QuietSite(Guarded(children, rules), reactor)
    return LimitedConnections(site, maxConnectionCount=CONNECTIONS)
