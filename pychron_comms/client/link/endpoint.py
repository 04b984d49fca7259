"""Endpoint strings as a client reads them, without a reactor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_COLON = re.compile(r"(?<!\\):")
_EQUALS = re.compile(r"(?<!\\)=")
_ESCAPED = re.compile(r"\\(.)")
_EXPECTED = "expected tcp:HOST:PORT, udp:HOST:PORT, tls:HOST:PORT or unix:PATH"

_TLS_OPTIONS = frozenset({"trustRoots", "certificate", "privateKey"})
_PARTS = {
    "tcp": ("host", "port"),
    "udp": ("host", "port"),
    "tls": ("host", "port"),
    "unix": ("path",),
}


@dataclass(frozen=True)
class Address:
    """Where a server is. ``text`` is the endpoint string that told; errors and logs call it so.

    ``path`` is that of a unix socket, and empty elsewhere. ``options`` are those of TLS, under
    the names that Twisted gives them.
    """

    text: str
    kind: str
    host: str = ""
    port: int = 0
    path: str = ""
    options: Mapping[str, str] = field(default_factory=dict)


def parse_address(text: str) -> Address:
    """From ``kind:first:second:name=value``; a backslash escapes a colon or an equals sign.

    ValueError for what a client cannot connect to.
    """
    kind, *parts = _COLON.split(text)
    names = _PARTS.get(kind)
    if names is None:
        raise ValueError(f"{text!r}: {_EXPECTED}")
    given = _named(text, names, parts)
    allowed = {*names, *(_TLS_OPTIONS if kind == "tls" else ())}
    for name in given.keys() - allowed:
        raise ValueError(f"{text!r}: a client knows no option {name!r} there")
    if not all(given.get(name) for name in names):
        raise ValueError(f"{text!r}: {_EXPECTED}")
    options = {name: value for name, value in given.items() if name in _TLS_OPTIONS}
    if kind == "unix":
        return Address(text, kind, path=given["path"])
    return Address(text, kind, given["host"], _port(text, given["port"]), options=options)


def _named(text: str, names: tuple[str, ...], parts: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for index, part in enumerate(parts):
        name, *value = _EQUALS.split(part, maxsplit=1)
        if not value:
            if index >= len(names):
                raise ValueError(f"{text!r}: {_EXPECTED}")
            name, value = names[index], [part]
        given[name] = _ESCAPED.sub(r"\1", value[0])
    return given


def _port(text: str, digits: str) -> int:
    if not (digits.isascii() and digits.isdigit() and 1 <= int(digits) <= 65535):
        raise ValueError(f"{text!r}: a port is a number from 1 to 65535")
    return int(digits)
