"""What the section ``[http]`` of a configuration says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pychron_comms.config.table import Table
from pychron_comms.observability.state.patterns import matcher

#: Where each process shows itself where nothing else is said: to this computer alone.
SERVER = "tcp:1070:interface=127.0.0.1"
PROCESSOR = "tcp:1071:interface=127.0.0.1"

#: This computer, as browsers write it.
LOOPBACK = frozenset({"127.0.0.1", "localhost", "[::1]"})

#: In place of an endpoint string: no HTTP at all.
OFF = "off"


@dataclass(frozen=True, kw_only=True)
class HttpSettings:
    """``listen`` is an endpoint string, or ``off``. ``names`` are host names by which browsers may
    call the site, beside this computer's own."""

    listen: str
    names: frozenset[str] = LOOPBACK
    #: Patterns of the items whose values ``/metrics`` tells.
    values: Sequence[str] = ()
    #: Whether somebody has chosen where; then a port that is taken ends the start.
    chosen: bool = False


NO_HTTP = HttpSettings(listen=OFF)


def read_http(
    top: Table | None, process: str, default: str, option: str | None = None
) -> HttpSettings:
    """From the whole of a configuration, for ``server`` or ``processor``; ``option`` is what the
    command line says. Raises ConfigError."""
    if top is None:
        return HttpSettings(listen=option or default, chosen=bool(option))
    section = top.table("http")
    listen = {each: section.text(each, "") for each in ("server", "processor")}[process]
    names: Sequence[str] = section.texts("names", [])
    return HttpSettings(
        listen=option or listen or default,
        names=LOOPBACK | {name.lower() for name in names},
        values=_read_values(section),
        chosen=bool(option or listen),
    )


def _read_values(section: Table) -> Sequence[str]:
    patterns = section.texts("values", [])
    try:
        if patterns:
            matcher(patterns)
    except ValueError as error:
        raise section.error("values", f"patterns of items, not {error}") from None
    return patterns
