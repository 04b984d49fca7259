"""``pychron-lab init``: a laboratory's file, commented, to begin with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pychron_comms.config.toml_text import toml_text
from pychron_comms.operations.run import LOOPBACK_PORT
from pychron_comms.process.platform import HERE, Platform
from pychron_comms.server.settings import DEFAULT_PORTS, SPECTROMETER

#: A unix socket's path may be no longer on any system that has them.
_LONGEST_SOCKET = 100

#: The first of the ports that a laboratory takes, and how many it takes.
FIRST_PORT = min(DEFAULT_PORTS)
PORTS = 12

#: From the first port on: the pages of both processes, and where these meet without unix sockets.
_PAGES, _MEETING = (10, 11), 9

_HEAD = """\
# A laboratory for pychron_comms, written by `pychron-lab init`.
#
#   pychron-lab check     says whether this file is right, with the line of a mistake
#   pychron-lab run       runs it in this terminal
#   pychron-lab status    says how it is
#   pychron-lab install   makes it a service of systemd
#
# docs/configuration.md of pychron_comms explains every key.

# Begin with the built-in simulated laboratory. What stands below is added to it; a valve or device
# of the same name takes the other's place. Without this line there is only what stands below.
lab = "default"
"""

_SERVER = """
# ---- The server: where programs connect ---------------------------------------------------------

[server]
# The processor owns the hardware in a process of its own; this is the way to it.
processor = {processor}
"""

_LISTENER = """
[[server.listener]]
type = "{request_type}"
listen = [{listen}]
"""

_QTEGRA = 'kind = "qtegra"\n'

_HTTP = """
# ---- The pages of both processes: what a browser, and a monitor, see --------------------------

[http]
server = "tcp:{server}:interface=127.0.0.1"
processor = "tcp:{processor}:interface=127.0.0.1"
"""

_PROCESSOR = """
# ---- The processor: who owns the hardware -------------------------------------------------------

[processor]
listen = [{listen}]
"""

_ACCESS = """
[access]
# Only these computers may ask; this one is of them. Add yours: "192.168.1.20", "192.168.1.*".
hosts = ["127.0.0.1", "::1"{hosts}]
"""

_JOURNAL = """
# Who asked what, when, with which answer: pychron-journal show {file}
[journal]
file = {quoted}
"""

_HISTORY = """
# Pressures and the like over time, which the page's charts begin with: pychron-history list {file}
[history]
file = {quoted}
days = 30.0
"""

_TAIL = """
# ---- Your own hardware --------------------------------------------------------------------------

# A valve beside the built-in ones, between two of the built-in volumes.
#[[extraction_line.valve]]
#name = "V1"
#joins = ["bone", "laser"]

# V1 opens only while A is closed.
#[[interlock]]
#command = "System|Open V1"
#only_if = ["System|GetIndicatorState A is False"]
#reason = "A lets gas in"

# Hardware by a class of your own: docs/extending.md
#[manager.furnace]
#class = "mylab.furnace:Furnace"
#port = "{serial}"
"""


@dataclass(frozen=True)
class Answers:
    """``network`` opens the listeners to other computers: those of ``hosts`` alone.

    ``first_port``: the first of those it takes.
    """

    journal: bool = True
    network: bool = False
    hosts: str = ""
    first_port: int = FIRST_PORT


def check_first_port(port: int) -> None:
    """ValueError where a laboratory cannot begin there."""
    if not 1024 <= port <= 65536 - PORTS:
        raise ValueError(f"--first-port is 1024 to {65536 - PORTS}, not {port}")
    if port != FIRST_PORT and abs(port - FIRST_PORT) < PORTS:
        raise ValueError(
            f"--first-port {port} takes some of the usual ports, {FIRST_PORT} to "
            f"{FIRST_PORT + PORTS - 1}; take one that is {PORTS} away at least"
        )


def ask(question: Callable[[str], str]) -> Answers:
    """From a person; an empty answer takes what stands in capitals or brackets."""
    network = _yes(question("May other computers of your network connect? [y/N] "), False)
    hosts = question("Which ones, as 192.168.1.* or one address? [ask later] ") if network else ""
    journal = _yes(question("Keep a journal of who asked what? [Y/n] "), True)
    return Answers(journal, network, hosts.strip())


def written(folder: Path, answers: Answers, platform: Platform = HERE) -> str:
    """The text of a file that stands in ``folder``."""
    first = answers.first_port
    listen, processor = _meeting(folder, platform, first)
    interface = "" if answers.network else ":interface=127.0.0.1"
    parts = [_HEAD, _SERVER.format(processor=toml_text(processor))]
    for usual, request_type in DEFAULT_PORTS.items():
        port = usual - FIRST_PORT + first
        ways = ", ".join(f'"{kind}:{port}{interface}"' for kind in ("tcp", "udp"))
        parts.append(_LISTENER.format(request_type=request_type, listen=ways))
        if request_type == SPECTROMETER:
            parts.append(_QTEGRA)
    if first != FIRST_PORT:
        server, other = (first + each for each in _PAGES)
        parts.append(_HTTP.format(server=server, processor=other))
    parts.append(_PROCESSOR.format(listen=toml_text(listen)))
    parts.append(_ACCESS.format(hosts=f", {toml_text(answers.hosts)}" if answers.hosts else ""))
    if answers.journal:
        file = folder / "lab.journal"
        parts.append(_JOURNAL.format(file=file, quoted=toml_text(str(file))))
    file = folder / "lab.history"
    parts.append(_HISTORY.format(file=file, quoted=toml_text(str(file))))
    parts.append(_TAIL.format(serial=platform.serial_example))
    return "".join(parts)


def _meeting(folder: Path, platform: Platform, first: int) -> tuple[str, str]:
    port = LOOPBACK_PORT if first == FIRST_PORT else first + _MEETING
    listen, processor = platform.link(str(folder / "run"), port)
    if len(listen) > _LONGEST_SOCKET:
        return f"tcp:{port}:interface=127.0.0.1", f"tcp:127.0.0.1:{port}"
    return listen, processor


def _yes(answer: str, default: bool) -> bool:
    word = answer.strip().lower()
    return default if not word else word.startswith("y")
