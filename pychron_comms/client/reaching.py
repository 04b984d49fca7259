"""Where a laboratory listens that stands in a file of this computer, for a client here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from pychron_comms.config.here import LINES, QTEGRA, name_of
from pychron_comms.config.table import Table
from pychron_comms.process.platform import HERE

_LOOPBACK = ("tcp:127.0.0.1:", "udp:127.0.0.1:", "tcp:localhost:", "tcp:\\:\\:1:", "unix:")


def connect_to(listen: str, networks: Collection[str] = ("tcp",)) -> str:
    """How this computer's own client reaches a listener; empty where it cannot say."""
    kind, _, rest = listen.partition(":")
    if kind == "unix":
        return listen if HERE.has_unix_sockets else ""
    if kind not in networks:
        return ""
    port, *options = rest.split(":")
    if not port.removeprefix("port=").isdigit():
        return ""
    host = next((each.partition("=")[2] for each in options if each.startswith("interface=")), "")
    if host in {"", "0.0.0.0"}:
        host = "127.0.0.1"
    return f"{kind}:{host}:{port.removeprefix('port=')}"


def laboratory_at(server: str, file: Path) -> str:
    """What to tell a server of this computer, so that it acts for this file's laboratory alone.

    Empty where there is no such file, or another computer might call it otherwise.
    """
    is_here = server.startswith(_LOOPBACK) and file.is_file()
    return name_of(file) if is_here else ""


def server_of(file: Path, types: Sequence[str]) -> str:
    """The endpoint of the laboratory in a file: of the first of these types that it serves.

    Empty where there is no such file, or it names no such listener. Raises ConfigError.
    """
    listeners = _listeners(file, LINES)
    alike = (each for name in types for each in listeners if each.text("type", "") == name)
    return _first_way(alike, ("tcp",))


def qtegra_of(file: Path) -> str:
    """Where the laboratory in a file serves Qtegra's clients; empty and ConfigError as above."""
    return _first_way(_listeners(file, QTEGRA), ("tcp", "udp"))


def _listeners(file: Path, kind: str) -> list[Table]:
    if not file.is_file():
        return []
    listeners = Table.load(file).table("server").tables("listener")
    return [each for each in listeners if each.text("kind", LINES) == kind]


def _first_way(listeners: Iterable[Table], networks: Collection[str]) -> str:
    ways = (
        connect_to(listen, networks)
        for each in listeners
        for listen in each.text_or_texts("listen", [])
    )
    return next(filter(None, ways), "")
