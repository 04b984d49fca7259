"""What one request makes the road do, counted and not timed; prints JSON.

From the client's bytes to its reply. Apart from it is counted what those who watch are told of the
state beside it. Not counted are periodic work, and the gas behind a simulated valve.

Run as a file, with the checkout to be measured first in ``PYTHONPATH``: it needs only what the
two services have had since the beginning. Both halves run in this process, under one clock and
over connections in memory; the laboratory is the simulated one, and there is no journal.
"""

from __future__ import annotations

import gc
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
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

#: Where the halves meet, and where the server listens.
HOP = "unix:/hop"
PORT = 1061
_LISTEN = f"Extractionline=tcp:{PORT}:interface=127.0.0.1"
#: A valve of the simulated laboratory moves in less.
_MOST_STEPS = 100
_STEP = 0.02
_WARM = 3
#: What tells of the state.
_TELLING = (
    "/processor/state/",
    "/processor/execution/watches.py",
    "/processor/execution/figures.py",
    "/observability/state/",
    "/server/state/",
    "event_lines.py",
)


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
    """The two services as their command lines make them, joined in memory.

    ``config`` is a file for both, which must name the same hop and port.
    """

    def __init__(self, config: str = "") -> None:
        self._reactor: Any = MemoryReactorClock()
        self._pumps: list[IOPump] = []
        given = [f"--config={config}"]
        self._start(processor_tap, given if config else ["--listen", HOP])
        self._start(server_tap, given if config else ["--processor", HOP, "--listen", _LISTEN])
        self._joined(
            self._reactor.unixClients[0][1].buildProtocol(None),
            self._reactor.unixServers[0][1].buildProtocol(None),
        )
        self._client = Client()
        self._joined(self._client, self._accepted())

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

    def ask_all(self, commands: Sequence[str]) -> None:
        """Send them in one chunk, and await as many replies."""
        # A chunk of a new turn of the reactor: those of one turn share what is worked off at once.
        self._reactor.advance(0)
        self._client.heard = b""
        lines = "".join(f"{each}\r\n" for each in commands)
        self._client.transport.write(lines.encode())  # type: ignore[union-attr]
        for _ in range(_MOST_STEPS):
            while any(pump.pump() for pump in self._pumps):
                pass
            if self._client.heard.count(b"\n") == len(commands):
                return
            self._reactor.advance(0)
        raise RuntimeError(f"{len(commands)} commands, replies: {self._client.heard!r}")

    def connect_idle(self) -> None:
        """One more client, which says nothing."""
        self._joined(Client(), self._accepted())
        self._pumps.pop()

    def send(self, commands: Sequence[str]) -> None:
        """By a client of its own, who does not wait for the replies."""
        client = Client()
        self._joined(client, self._accepted())
        client.transport.write("".join(f"{each}\r\n" for each in commands).encode())  # type: ignore[union-attr]
        for _ in range(_MOST_STEPS):
            while any(pump.pump() for pump in self._pumps):
                pass
            # What was not worked off in one go has another turn.
            self._reactor.advance(0)

    @property
    def clock(self) -> Any:
        """Whose ``advance`` does what waits for another turn."""
        return self._reactor

    @property
    def stages(self) -> Mapping[str, Any]:
        """The transports of those who take what comes, in the order in which a request meets them.

        What comes is handed to their ``bufferReceived``.
        """
        hop, listener = self._pumps
        return {
            "server, request": listener.serverIO,
            "processor": hop.serverIO,
            "server, reply": hop.clientIO,
        }

    def rest(self) -> None:
        """All that the last command brought about is over, and no periodic work is near."""
        # What is told in a moment has a look follow in another.
        for seconds in (0.1, 0.1, 1.5 - (self._reactor.seconds() + 0.2) % 1):
            self._reactor.advance(seconds)
            while any(pump.pump() for pump in self._pumps):
                pass

    def _accepted(self) -> Any:
        address = IPv4Address("TCP", "127.0.0.1", 50000)
        (listener,) = [each[1] for each in self._reactor.tcpServers if each[0] == PORT]
        return listener.buildProtocol(address)

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
    """``returns``: calls that go back to a module which the request had left before.

    ``told``: calls that tell of the state meanwhile; all others are counted without them.
    """

    calls: int
    distinct: int
    modules: int
    returns: int
    deferreds: int
    objects: dict[str, int]
    told: int


class Tally:
    """Counts while a command is on its way: calls of the package's functions, and objects made."""

    def __init__(self) -> None:
        #: Module and name of each function called, in their order.
        self.called: list[tuple[str, str]] = []
        self.told = 0
        self.made: Counter[str] = Counter()
        # Calls that have not returned since one that is not the request's own, that one included.
        self._beside: list[FrameType] = []
        self._is_telling = False

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """As ``sys.setprofile`` wants it."""
        if event == "return" and self._beside and self._beside[-1] is frame:
            self._beside.pop()
        elif event == "call":
            self._call(frame)

    def note_made(self, kind: type) -> None:
        if not self._beside:
            self.made[kind.__name__] += 1

    def _call(self, frame: FrameType) -> None:
        code = frame.f_code
        ours = code.co_filename.startswith(PACKAGE)
        if not self._beside:
            self._is_telling = ours and _tells(frame)
            if self._is_telling or _is_periodic(frame):
                self._beside.append(frame)
            elif ours:
                self.called.append((code.co_filename, f"{code.co_qualname}:{code.co_firstlineno}"))
        if ours and self._beside and self._is_telling:
            self.told += 1


def _tells(frame: FrameType) -> bool:
    """Whether it tells of the state, or is given a line that does."""
    if any(each in frame.f_code.co_filename for each in _TELLING):
        return True
    given = frame.f_locals.get("line")
    return isinstance(given, bytes) and given.startswith(b"@event=")


def _is_periodic(frame: FrameType) -> bool:
    code = frame.f_code
    return code is LoopingCall.__call__.__code__ or code.co_filename.endswith("vacuum.py")


def counted(road: Road) -> Iterator[tuple[str, Counts]]:
    """What each command takes when it is not the first of its kind."""
    tallies: list[Tally] = []
    _watch_objects(tallies)
    for command, undo in COMMANDS.items():
        for _ in range(_WARM):
            road.ask(command)
            road.ask(undo)
        road.rest()
        tally = Tally()
        tallies.append(tally)
        sys.setprofile(tally.note)
        try:
            road.ask(command)
        finally:
            sys.setprofile(None)
            tallies.clear()
        road.ask(undo)
        yield command, _counts(tally)


def _counts(tally: Tally) -> Counts:
    modules = [module for module, _ in tally.called]
    moves = [here for last, here in zip(["", *modules], modules, strict=False) if here != last]
    objects = dict(sorted(tally.made.items()))
    return Counts(
        calls=len(tally.called),
        distinct=len(set(tally.called)),
        modules=len(set(modules)),
        returns=len(moves) - len(set(moves)),
        deferreds=objects.pop("Deferred", 0),
        objects=objects,
        told=tally.told,
    )


def _watch_objects(tallies: Sequence[Tally]) -> None:
    """From now on: objects of the package's own classes, and Deferreds, are told to these."""

    def made(kind: type) -> None:
        for tally in tallies:
            tally.note_made(kind)

    def telling(new: Callable[..., Any]) -> Any:
        def tell(cls: type, *args: Any, **kwargs: Any) -> Any:
            made(cls)
            return new(cls) if new is object.__new__ else new(cls, *args, **kwargs)

        return tell

    for kind in [each for each in gc.get_objects() if isinstance(each, type)]:
        if str(kind.__module__).startswith("pychron_comms.") and not issubclass(kind, Enum):
            # Of a class whose base has been taken care of, the base's counts.
            new: Any = kind.__new__
            if new is object.__new__ or "__new__" in kind.__dict__:
                kind.__new__ = telling(new)  # type: ignore[method-assign]
    init = Deferred.__init__

    def made_deferred(self: Any, *args: Any, **kwargs: Any) -> None:
        made(Deferred)
        init(self, *args, **kwargs)

    Deferred.__init__ = made_deferred  # type: ignore[method-assign]


if __name__ == "__main__":
    print(json.dumps({command: counts._asdict() for command, counts in counted(Road())}))
