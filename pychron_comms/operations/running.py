"""Why a laboratory is not started twice: where it runs already, as which process, what to do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pychron_comms.operations.laboratory import Laboratory
from pychron_comms.operations.ports import taken
from pychron_comms.transport.addresses import Address

#: As /proc/net/tcp has it.
_LISTENS = "0A"

_WHAT_TO_DO = """
To end it: Ctrl-C in its terminal{kill}; where it is a service,
  systemctl stop pychron-server pychron-processor   (with --user: the one of this person)
How it is: pychron-lab status
To run a second one beside it, give it a folder and ports of its own:
  mkdir lab2
  pychron-lab init --yes --first-port 2060 --config lab2/lab.toml
  pychron-lab run --config lab2/lab.toml"""


def already_running(
    laboratory: Laboratory,
    taken: Callable[[Laboratory], list[Address]] = taken,
    proc: Path = Path("/proc"),
) -> str:
    """What to tell who would start it again; empty where it does not run."""
    addresses = taken(laboratory)
    if not addresses:
        return ""
    ports = list(dict.fromkeys(each.place for each in addresses))
    process = next(filter(None, (process_at(each, proc) for each in addresses)), 0)
    if process:
        process = _started_by(process, proc)
    named = f" (process {process}{_folder_of(process, proc)})" if process else ""
    kill = f", or  kill {process}" if process else ""
    return (
        f"a laboratory runs here already{named}; it answers at port {', '.join(ports)}"
        + _WHAT_TO_DO.format(kill=kill)
    )


def _started_by(process: int, proc: Path) -> int:
    """The ``pychron-lab run`` that has started it and ends with both halves, else itself."""
    try:
        # Behind its name, which may hold anything, in brackets.
        state = (proc / str(process) / "stat").read_text().rpartition(")")[2].split()
        parent = int(state[1])
        words = (proc / str(parent) / "cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return process
    runs = b"run" in words and any(b"pychron" in each for each in words)
    return parent if runs else process


def _folder_of(process: int, proc: Path) -> str:
    try:
        return f", in {(proc / str(process) / 'cwd').readlink()}"
    except OSError:
        return ""


def process_at(address: Address, proc: Path = Path("/proc")) -> int:
    """The process that listens there, as far as this account may see it; 0 where it cannot tell.

    Linux alone tells it.
    """
    sockets = {f"socket:[{each}]" for each in _inodes(address, proc)}
    if not sockets:
        return 0
    for folder in proc.glob("[0-9]*/fd"):
        try:
            if any(str(each.readlink()) in sockets for each in folder.iterdir()):
                return int(folder.parent.name)
        except OSError:
            continue
    return 0


def _inodes(address: Address, proc: Path) -> set[str]:
    """Of the sockets that are bound to that port."""
    found = set()
    for name in (address.network, f"{address.network}6"):
        try:
            rows = [line.split() for line in (proc / "net" / name).read_text().splitlines()[1:]]
        except OSError:
            continue
        for row in rows:
            port = int(row[1].rpartition(":")[2], 16)
            if str(port) == address.place and (address.network == "udp" or row[3] == _LISTENS):
                found.add(row[9])
    return found
