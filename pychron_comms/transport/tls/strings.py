"""The endpoint strings ``tls:``, of a listener and of a client."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pychron_comms.transport.tls.contexts import TLSFiles

_COLON = re.compile(r"(?<!\\):")
_EQUALS = re.compile(r"(?<!\\)=")
_ESCAPED = re.compile(r"\\(.)")
_FILES = ("certificate", "privateKey", "trustRoots")
_LISTENER = "expected tls:PORT:certificate=FILE:privateKey=FILE"
_CLIENT = "expected tls:HOST:PORT"


@dataclass(frozen=True)
class Listener:
    """``plain`` is the endpoint string of the TCP port below."""

    plain: str
    files: TLSFiles


@dataclass(frozen=True)
class Client:
    """``below`` is an endpoint string that reaches the server, where the text names one.

    ``timeout`` is for the TCP connection, in seconds.
    """

    host: str
    port: int
    timeout: float
    bind: str
    below: str
    files: TLSFiles


def parse_listener(text: str) -> Listener:
    """``tls:PORT[:interface=ADDR][:backlog=N]:certificate=FILE:privateKey=FILE[:trustRoots=FILE]``.

    Raises ValueError.
    """
    given = _parse(text, ("port",), ("interface", "backlog", *_FILES), _LISTENER)
    if "certificate" not in given:
        raise ValueError(f"{text!r}: {_LISTENER}")
    interface = given.get("interface", "")
    kind = "tcp6" if ":" in interface else "tcp"
    parts = [kind, str(_number(text, given, "port", 65535))]
    if interface:
        escaped = interface.replace(":", r"\:")
        parts.append(f"interface={escaped}")
    if "backlog" in given:
        parts.append(f"backlog={_number(text, given, 'backlog', 65535)}")
    return Listener(":".join(parts), _files(text, given))


def parse_client(text: str) -> Client:
    """``tls:HOST:PORT``, with the options of Twisted's own; ``trustRoots`` may be a file too.

    Raises ValueError.
    """
    known = ("timeout", "bindAddress", "endpoint", *_FILES)
    given = _parse(text, ("host", "port"), known, _CLIENT)
    return Client(
        given["host"],
        _number(text, given, "port", 65535),
        _number(text, given, "timeout", 3600) if "timeout" in given else 30,
        given.get("bindAddress", ""),
        given.get("endpoint", ""),
        _files(text, given),
    )


def _parse(
    text: str, positions: tuple[str, ...], known: tuple[str, ...], expected: str
) -> dict[str, str]:
    _, *parts = _COLON.split(text)
    given: dict[str, str] = {}
    for index, part in enumerate(parts):
        name, *value = _EQUALS.split(part, maxsplit=1)
        if not value:
            if index >= len(positions):
                raise ValueError(f"{text!r}: {expected}")
            name, value = positions[index], [part]
        if name not in {*positions, *known}:
            raise ValueError(f"{text!r}: there is no option {name!r} of tls:")
        given[name] = _ESCAPED.sub(r"\1", value[0])
    if not all(given.get(name) for name in positions) or not all(given.values()):
        raise ValueError(f"{text!r}: {expected}")
    return given


def _number(text: str, given: Mapping[str, str], name: str, most: int) -> int:
    digits = given[name]
    if not (digits.isascii() and digits.isdigit() and len(digits) < 9 and int(digits) <= most):
        raise ValueError(f"{text!r}: {name} is a number from 0 to {most}")
    return int(digits)


def _files(text: str, given: Mapping[str, str]) -> TLSFiles:
    if "privateKey" in given and "certificate" not in given:
        raise ValueError(f"{text!r}: privateKey=FILE wants certificate=FILE beside it")
    return TLSFiles(*(Path(given[name]) if name in given else None for name in _FILES))
