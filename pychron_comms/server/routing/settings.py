"""Where request types go: what ``processor`` and ``[server.routes]`` say."""

from __future__ import annotations

from typing import NamedTuple

from pychron_comms.config.table import Table
from pychron_comms.transport.addresses import check_client
from pychron_comms.transport.broker_strings import is_broker

_MEANT = "where to connect, such as tcp:HOST:1059, or a list of a primary and a standby"


class RouteSettings(NamedTuple):
    """``processor`` is for all types that have no route. ``standbys``: by their primaries."""

    processor: str
    routes: dict[str, str]
    standbys: dict[str, str]


def read_routes(table: Table) -> RouteSettings:
    """From ``[server]``. Raises ConfigError, of pairs too that two could be owners of."""
    pairs = _Pairs()
    processor = pairs.read(table, "processor")
    below = table.table("routes")
    routes = {name: pairs.read(below, name) for name in below}
    return RouteSettings(processor, routes, pairs.standbys)


class _Pairs:
    """Every processor is alone everywhere, or has the same partner and place everywhere."""

    def __init__(self) -> None:
        self._partners: dict[str, tuple[str, ...]] = {}

    @property
    def standbys(self) -> dict[str, str]:
        return {pair[0]: pair[1] for pair in self._partners.values() if len(pair) == 2}

    def read(self, table: Table, key: str) -> str:
        """The one, or the primary; empty where none is named."""
        way = table.text_or_texts(key, [""])
        for text in way:
            try:
                check_client(text)
            except ValueError as error:
                raise table.error(key, f"{_MEANT} ({error})") from None
        problem = self._problem(way)
        if problem:
            raise table.error(key, f"{_MEANT} ({problem})")
        self._partners |= dict.fromkeys(way, tuple(way))
        return way[0]

    def _problem(self, way: list[str]) -> str:
        if not 1 <= len(way) <= 2:
            return "two can stand for each other, not more"
        if len(set(way)) < len(way):
            return "nobody is a standby of itself"
        if len(way) == 2 and not all(way):
            return "a processor in the server's own process has no standby"
        if len(way) == 2 and any(is_broker(each) for each in way):
            return "a broker finds the owner by itself: name it alone"
        for each in way:
            if self._partners.get(each, tuple(way)) != tuple(way):
                return f"{each} stands elsewhere with another partner, or with none"
        return ""
