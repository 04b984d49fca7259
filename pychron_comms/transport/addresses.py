"""What an endpoint string of a configuration names, told before anything listens or connects."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from twisted.internet.endpoints import clientFromString, serverFromString
from twisted.internet.interfaces import IStreamServerEndpointStringParser
from twisted.plugin import getPlugins

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.config.table import Table
from pychron_comms.process.platform import HERE, Platform
from pychron_comms.transport.broker_strings import PORTS, is_broker, parse_broker
from pychron_comms.transport.tls.strings import parse_client, parse_listener

_COLON = re.compile(r"(?<!\\):")
_PORTS = {"tcp", "tcp6", "ssl", "tls", "udp"}
_LISTENERS = (*sorted(_PORTS), *PORTS, "unix", "systemd")
#: Where a client connects, and how that is written.
_CLIENTS = {"tcp": "it is tcp:HOST:PORT", "ssl": "it is ssl:HOST:PORT", "unix": "it is unix:PATH"}
#: What may follow where a listener of Twisted's is to be, as ``NAME=VALUE``.
_OPTIONS = {
    "tcp": ("interface", "backlog"),
    "tcp6": ("interface", "backlog"),
    "unix": ("mode", "backlog", "lockfile"),
}
_EVERYWHERE = {"", "0.0.0.0", "::", r"\:\:"}


class Address(NamedTuple):
    """``place`` is a port, or a path; an empty ``interface`` is every one."""

    network: str
    place: str
    interface: str = ""

    def clashes(self, other: Address) -> bool:
        """Whether no two listeners can be at both at once."""
        if (self.network, self.place) != (other.network, other.place) or self.place == "0":
            return False
        interfaces = {self.interface, other.interface}
        return len(interfaces) == 1 or bool(interfaces & _EVERYWHERE)


class Listening:
    """Reads where listeners are to be; the same place twice is a mistake."""

    def __init__(self, platform: Platform = HERE) -> None:
        self._platform = platform
        self._taken: list[tuple[Address, str]] = []

    def read(self, table: Table, key: str, default: Sequence[str] | None = None) -> list[str]:
        """The endpoint strings of a key. Raises ConfigError."""
        texts = table.texts(key) if default is None else table.texts(key, list(default))
        if key in table:
            for text in texts:
                self._check(table, key, text)
        return texts

    def _check(self, table: Table, key: str, text: str) -> None:
        try:
            address = listener_address(text, self._platform)
        except ValueError as error:
            raise table.error(key, f"endpoint strings such as tcp:1061 ({error})") from None
        if address is None:
            return
        for taken, where in self._taken:
            if address.clashes(taken):
                raise table.error(key, f"a place that is not {where}'s too ({text})")
        self._taken.append((address, table.name_of(key)))


def read_client(table: Table, key: str, default: str | None = None) -> str:
    """The endpoint string of a key, of where to connect to; empty for none. Raises ConfigError."""
    text = table.text(key) if default is None else table.text(key, default)
    try:
        check_client(text)
    except ValueError as error:
        raise table.error(key, f"where to connect, such as tcp:HOST:1059 ({error})") from None
    return text


def read_clients(table: Table) -> dict[str, str]:
    """The same for every key of a table, by their names."""
    return {name: read_client(table, name) for name in table}


def listener_address(text: str, platform: Platform = HERE) -> Address | None:
    """Where a listener's string says; None where that is not told. ValueError: what is wrong."""
    scheme, *parts = _COLON.split(text)
    if not parts:
        raise ValueError(f"{text!r} has no colon")
    if scheme not in {*_LISTENERS, *_plugged_in()}:
        raise ValueError(f"there is no {scheme}:{did_you_mean(scheme, _LISTENERS)}")
    if is_broker(text):
        # What is listened to is a queue there.
        parse_broker(text)
        return None
    if scheme in _PORTS:
        return _port_address(scheme, text, parts)
    if scheme == "unix":
        platform.need_unix_sockets(text)
        _twisted_listener(text)
        return Address("unix", parts[0])
    return None


def check_client(text: str) -> None:
    """ValueError for a string that says no place to connect to; an empty one says none at all."""
    scheme = text.partition(":")[0]
    if is_broker(text):
        parse_broker(text)
    elif scheme == "tls":
        parse_client(text)
    elif scheme in _CLIENTS:
        try:
            clientFromString(None, text)
        except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
            # Twisted's own words for what is missing are about its code.
            why = _CLIENTS[scheme] if isinstance(error, TypeError) else error
            raise ValueError(f"{text!r}: {why}") from None
        if scheme != "unix":
            _check_port(_option(_COLON.split(text)[1:], 1, "port"))
    elif hint := did_you_mean(scheme, {*_CLIENTS, *PORTS, "tls"}):
        raise ValueError(f"there is no {scheme}:{hint}")


def _port_address(scheme: str, text: str, parts: list[str]) -> Address:
    port = _check_port(_option(parts, 0, "port"))
    if scheme == "tls":
        parse_listener(text)
    elif scheme != "udp":
        _twisted_listener(text)
    network = "udp" if scheme == "udp" else "tcp"
    return Address(network, port, _option(parts, len(parts), "interface"))


def _twisted_listener(text: str) -> None:
    try:
        serverFromString(None, text)
    except (TypeError, ValueError, OSError) as error:
        raise ValueError(f"{text!r}: {_unknown_option(text) or error}") from None


def _unknown_option(text: str) -> str:
    """What is said of an option that there is none of, where Twisted names its own functions."""
    scheme, *parts = _COLON.split(text)
    known = _OPTIONS.get(scheme)
    for part in parts:
        name, equals, _ = part.partition("=")
        if equals and known and name not in (*known, "port", "address"):
            hint = did_you_mean(name, known) or f"; there are {', '.join(known)}"
            return f"there is no option {name}{hint}"
    return ""


def _check_port(text: str) -> str:
    if not (text.isascii() and text.isdigit() and int(text) <= 65535):
        raise ValueError(f"a port is a number from 0 to 65535, not {text or 'nothing'}")
    return str(int(text))


def _option(parts: Sequence[str], position: int, name: str) -> str:
    """What stands at a position, or behind the option of that name."""
    for part in parts:
        given, equals, value = part.partition("=")
        if equals and given == name:
            return value
    return parts[position] if position < len(parts) else ""


def _plugged_in() -> Iterator[str]:
    return (each.prefix for each in getPlugins(IStreamServerEndpointStringParser))
