"""The strings ``amqp:`` and ``amqps:``: which broker, as whom, and for which set of hardware."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

from pychron_comms.config.nearest import did_you_mean
from pychron_comms.process.extras import install_command
from pychron_comms.transport.tls.contexts import TLSFiles

#: What such a string begins with, and the port that it means where it names none.
PORTS = {"amqp": 5672, "amqps": 5671}

#: The exchange by which the owners of hardware tell how things stand, to whoever listens.
STATE_EXCHANGE = "pychron.state"

_COLON = re.compile(r"(?<!\\):")
_EQUALS = re.compile(r"(?<!\\)=")
_ESCAPED = re.compile(r"\\(.)")
_SET = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_FILES = ("certificate", "privateKey", "trustRoots")
_PLAIN = ("host", "port", "set", "vhost", "user", "password")


@dataclass(frozen=True)
class BrokerAddress:
    """``host``: one, or the nodes of a cluster with commas between. ``hardware``: the set's name,
    which its queues bear. ``password``: a file; None for none."""

    host: str
    port: int
    hardware: str
    vhost: str = "/"
    user: str = "guest"
    password: Path | None = None
    is_tls: bool = False
    files: TLSFiles = field(default_factory=TLSFiles)

    @property
    def hosts(self) -> tuple[str, ...]:
        return tuple(self.host.split(","))

    @property
    def name(self) -> str:
        """How errors and logs call the broker."""
        return f"broker at {self.host}:{self.port}"


def stream_topic(hardware: str) -> str:
    """By which the owner of a set tells how things stand."""
    return f"{hardware}.stream"


def is_broker(text: str) -> bool:
    """Whether an endpoint string leads by way of a broker."""
    return text.partition(":")[0] in PORTS


def parse_broker(text: str) -> BrokerAddress:
    """``amqp:HOST[,HOST][:PORT]:set=NAME[:user=NAME:password=FILE][:vhost=NAME]``.

    ``amqps:`` takes ``trustRoots``, ``certificate`` and ``privateKey`` too, as ``tls:`` does.
    Raises ValueError.
    """
    scheme, *parts = _COLON.split(text)
    given = _given(text, scheme, parts)
    if not _SET.fullmatch(given.get("set", "")):
        raise ValueError(f"{text!r}: set=NAME names the hardware: a letter, letters and digits")
    if ("user" in given) != ("password" in given):
        raise ValueError(f"{text!r}: user=NAME and password=FILE go together")
    port = given.get("port", str(PORTS[scheme]))
    if not (port.isascii() and port.isdigit() and 0 < int(port) <= 65535):
        raise ValueError(f"{text!r}: a port is a number from 1 to 65535, not {port}")
    return BrokerAddress(
        host=given["host"],
        port=int(port),
        hardware=given["set"],
        vhost=given.get("vhost", "/"),
        user=given.get("user", "guest"),
        password=Path(given["password"]) if "password" in given else None,
        is_tls=scheme == "amqps",
        files=TLSFiles(*(Path(given[name]) if name in given else None for name in _FILES)),
    )


def need_pika(text: str) -> None:
    """Raises ValueError, which says what to do, where there is no pika to reach a broker by."""
    if find_spec("pika") is None:
        raise ValueError(f"{text!r} needs pika: {install_command('pika>=1.2,<2')}")


def _given(text: str, scheme: str, parts: list[str]) -> dict[str, str]:
    known = (*_PLAIN, *_FILES) if scheme == "amqps" else _PLAIN
    given: dict[str, str] = {}
    for index, part in enumerate(parts):
        name, *value = _EQUALS.split(part, maxsplit=1)
        if not value:
            if index > 1:
                raise ValueError(f"{text!r}: expected {scheme}:HOST:PORT:set=NAME")
            name, value = ("host", "port")[index], [part]
        if name not in known:
            hint = did_you_mean(name, known)
            raise ValueError(f"{text!r}: there is no option {name!r} of {scheme}:{hint}")
        given[name] = _ESCAPED.sub(r"\1", value[0])
    if not all(given.get("host", "").split(",")) or not all(given.values()):
        raise ValueError(f"{text!r}: expected {scheme}:HOST:PORT:set=NAME")
    return given
