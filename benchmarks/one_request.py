"""What one request makes the road do, counted and not timed; prints JSON.

Run as a file, with the checkout to be measured first in ``PYTHONPATH``: it needs only what the
two services have had since the beginning. Both halves run in this process, under one clock and
over connections in memory; the laboratory is the simulated one, and there is no journal.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.task import LoopingCall
from twisted.internet.testing import MemoryReactorClock
from twisted.test.iosim import FakeTransport, IOPump

import pychron_comms
from pychron_comms.processor import tap as processor_tap
from pychron_comms.server import tap as server_tap

PACKAGE = str(Path(pychron_comms.__file__).parent)

#: Each command with the one that makes it possible again.
COMMANDS = {"GetValveState A": "GetValveState B", "Open A": "Close A"}

_HOP = "unix:/hop"
_PORT = 1061
_LISTEN = f"Extractionline=tcp:{_PORT}:interface=127.0.0.1"
#: A valve of the simulated laboratory moves in less.
_MOST_STEPS = 100
_STEP = 0.02
_WARM = 3
#: The look at the hardware a moment after a command, and what the server hears of the state.
_BESIDE = {"_look_where_due", "heard"}


class Client(Protocol):
    """One of Pychron's: it keeps its connection, and reads a line for each of its own."""

    def __init__(self) -> None:
        self.heard = b""

    def dataReceived(self, data: bytes) -> None:
        self.heard += data


class End(FakeTransport):
    """One end of a connection, of whose handle nothing can be told."""

    def getHandle(self) -> object:
        return object()


class Road:
    """The two services as their command lines make them, joined in memory."""

    def __init__(self) -> None:
        self._reactor: Any = MemoryReactorClock()
        self._pumps: list[IOPump] = []
        self._start(processor_tap, ["--listen", _HOP])
        self._start(server_tap, ["--processor", _HOP, "--listen", _LISTEN])
        self._joined(
            self._reactor.unixClients[0][1].buildProtocol(None),
            self._reactor.unixServers[0][1].buildProtocol(None),
        )
        self._client = Client()
        address = IPv4Address("TCP", "127.0.0.1", 50000)
        (listener,) = [each[1] for each in self._reactor.tcpServers if each[0] == _PORT]
        self._joined(self._client, listener.buildProtocol(address))

    def ask(self, command: str) -> str:
        """The reply; time passes while there is none."""
        self._client.heard = b""
        self._client.transport.write(command.encode() + b"\r\n")  # type: ignore[union-attr]
        for _ in range(_MOST_STEPS):
            while any(pump.pump() for pump in self._pumps):
                pass
            if self._client.heard.endswith(b"\n"):
                reply = self._client.heard.decode().strip()
                if reply.startswith("ERROR"):
                    raise RuntimeError(f"{command!r}: {reply}")
                return reply
            self._reactor.advance(_STEP)
        raise RuntimeError(f"no reply to {command!r}")

    def _start(self, tap: Any, arguments: list[str]) -> None:
        options = tap.Options()
        options.parseOptions(arguments)
        service = tap.makeService(options, self._reactor)
        service.privilegedStartService()
        service.startService()

    def _joined(self, near: Any, far: Any) -> None:
        here = IPv4Address("TCP", "127.0.0.1", 50000)
        near_end, far_end = (
            End(each, isServer=each is far, hostAddress=here, peerAddress=here)
            for each in (near, far)
        )
        far.makeConnection(far_end)
        near.makeConnection(near_end)
        self._pumps.append(IOPump(near, far, near_end, far_end, debug=False))


class Counts(NamedTuple):
    """``returns``: calls that go back to a module which the request had left before."""

    calls: int
    distinct: int
    modules: int
    returns: int
    deferreds: int
    objects: dict[str, int]


def counted(road: Road) -> Iterator[tuple[str, Counts]]:
    """What each command takes when it is not the first of its kind."""
    called = {each: _functions_called(road, each) for each in COMMANDS}
    made = _counting_objects()
    for command, functions in called.items():
        made.clear()
        road.ask(command)
        objects = dict(sorted(made.items()))
        road.ask(COMMANDS[command])
        modules = [module for module, _ in functions]
        moves = [here for last, here in zip(["", *modules], modules, strict=False) if here != last]
        yield (
            command,
            Counts(
                calls=len(functions),
                distinct=len(set(functions)),
                modules=len(set(modules)),
                returns=len(moves) - len(set(moves)),
                deferreds=objects.pop("Deferred", 0),
                objects=objects,
            ),
        )


def _functions_called(road: Road, command: str) -> list[tuple[str, str]]:
    """Each call of a function of the package, as its module and its name, in their order.

    Periodic work is left out, and so is what those who watch are told beside the reply, and what
    happens to the gas behind a simulated valve.
    """
    called: list[tuple[str, str]] = []
    beside = 0

    def note(frame: FrameType, event: str, _: object) -> None:
        nonlocal beside
        code = frame.f_code
        if code is LoopingCall.__call__.__code__ or code.co_name in _BESIDE:
            beside += {"call": 1, "return": -1}.get(event, 0)
        elif beside or code.co_filename.endswith("vacuum.py"):
            return
        elif event == "call" and code.co_filename.startswith(PACKAGE):
            called.append((code.co_filename, f"{code.co_qualname}:{code.co_firstlineno}"))

    for _ in range(_WARM):
        road.ask(command)
        road.ask(COMMANDS[command])
    sys.setprofile(note)
    try:
        road.ask(command)
    finally:
        sys.setprofile(None)
    road.ask(COMMANDS[command])
    return called


def _counting_objects() -> Counter[str]:
    """From now on: how many are made of the package's own classes, and Deferreds, by name."""
    made: Counter[str] = Counter()

    def counting(new: Callable[..., Any]) -> Any:
        def count(cls: type, *args: Any, **kwargs: Any) -> Any:
            made[cls.__name__] += 1
            return new(cls) if new is object.__new__ else new(cls, *args, **kwargs)

        return count

    for kind in [each for each in gc.get_objects() if isinstance(each, type)]:
        if str(kind.__module__).startswith("pychron_comms.") and not issubclass(kind, Enum):
            # Of a class whose base has been taken care of, the base's counts.
            new: Any = kind.__new__
            if new is object.__new__ or "__new__" in kind.__dict__:
                kind.__new__ = counting(new)  # type: ignore[method-assign]
    init = Deferred.__init__

    def made_deferred(self: Any, *args: Any, **kwargs: Any) -> None:
        made["Deferred"] += 1
        init(self, *args, **kwargs)

    Deferred.__init__ = made_deferred  # type: ignore[method-assign]
    return made


if __name__ == "__main__":
    print(json.dumps({command: counts._asdict() for command, counts in counted(Road())}))
