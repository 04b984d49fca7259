"""A network in memory: connections as TCP has them, with all that may befall them.

Bytes arrive whole, once and in order, or the connection ends: TCP drops and doubles nothing in its
middle. A stall holds up a path as a whole, all its connections with it, and loses nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IHalfCloseableProtocol, IProtocolFactory
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from tests.faults.model.processes import Process, Turn

_ECONNRESET = 104

Event = tuple[str, bytes]
_RESET: Event = ("reset", b"")


class Path:
    """The way between two computers. ``cut_to`` is the length of segments, 0 for whole ones."""

    def __init__(self, clock: Clock, address: str, latency: float) -> None:
        self.clock = clock
        self.address = address
        self.latency = latency
        self.stalled_until = 0.0
        self.cut_to = 0
        self.merging = False
        self.links: list[Link] = []

    def stall(self, seconds: float) -> None:
        self.stalled_until = max(self.stalled_until, self.clock.seconds() + seconds)

    def due(self) -> float:
        """When what is sent now arrives."""
        return max(self.clock.seconds() + self.latency, self.stalled_until)

    @property
    def open_links(self) -> list[Link]:
        self.links = [link for link in self.links if not link.over]
        return self.links


class Way:
    """One direction of a connection: first in, first out."""

    def __init__(self, path: Path, arrived: Callable[[Event], None]) -> None:
        self._path = path
        self._arrived = arrived
        self._under_way: deque[Event] = deque()
        self._last = 0.0
        self.swallows = False
        #: Bytes that were given to it, and those of them that have arrived.
        self.given = self.brought = 0

    def put(self, event: Event) -> None:
        if self.swallows:
            return
        if event[0] == "data":
            self.given += len(event[1])
        clock = self._path.clock
        if self._path.merging and event[0] == "data" and self._under_way:
            kind, before = self._under_way[-1]
            if kind == "data":
                self._under_way[-1] = (kind, before + event[1])
                return
        self._last = max(self._path.due(), self._last)
        self._under_way.append(event)
        clock.callLater(self._last - clock.seconds(), self._arrive)

    def hold_back(self, seconds: float) -> None:
        """What is sent from now on arrives that much later: a segment was lost, and again."""
        self._last = max(self._last, self._path.clock.seconds() + seconds)

    def lose(self) -> None:
        """What is under way never arrives, nor what is sent from now on."""
        self.swallows = True
        self._under_way.clear()

    def _arrive(self) -> None:
        if self._under_way:
            kind, data = self._under_way.popleft()
            if kind == "data":
                self.brought += len(data)
            self._arrived((kind, data))


class End:
    """One end of a connection, as its protocol's transport."""

    def __init__(self, process: Process, address: str, path: Path) -> None:
        self.process = process
        self.protocol: Any = None
        self.out: Way
        self.back: Way
        # Bytes that the other end had got when it stopped sending; it closed then and gets no more.
        self._acknowledged: int | None = None
        self._address = address
        self._path = path
        self._inbox: deque[Event] = deque()
        self._paused = False
        self._half = False
        self._error = 0
        self.closed = False
        self.disconnecting = False
        process.own(self)

    # -- what its protocol does

    def write(self, data: bytes) -> None:
        if self.closed or self.disconnecting or not self.process.alive:
            return
        if self._error:
            # At once, which is harsher than the reactor is.
            self.end(ConnectionLost())
            return
        size = self._path.cut_to or len(data) or 1
        for start in range(0, len(data), size):
            self.out.put(("data", data[start : start + size]))

    def loseConnection(self) -> None:
        if not self.closed and not self.disconnecting:
            self.disconnecting = True
            self.out.put(_RESET if self._inbox else self._fin())
            self.process.callLater(0, self.end, ConnectionDone())

    def abortConnection(self) -> None:
        if not self.closed:
            self.disconnecting = True
            self.out.put(_RESET)
            self.process.callLater(0, self.end, ConnectionLost())

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", self._address, 50000)

    def getHandle(self) -> End:
        return self

    def has_taken_all(self) -> bool:
        """Whether the other end, which has stopped sending, got what was written, and is there."""
        unacknowledged = self._acknowledged is not None and self._acknowledged < self.out.given
        return not (unacknowledged or self._error)

    def has_ended(self) -> bool:
        """Whether the other end has stopped sending, read here or not."""
        return self._half or bool(self._error) or any(kind == "fin" for kind, _ in self._inbox)

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """Everything that is written leaves at once, so that nothing is to be paused."""

    def unregisterProducer(self) -> None:
        """As above."""

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        self._deliver()

    # -- what the network does

    def arrived(self, event: Event) -> None:
        """The system takes it, also while the process stands still."""
        if event[0] == "data" and (self.closed or self.disconnecting):
            self.out.put(_RESET)
        elif event[0] == "reset":
            # It is heard at once, and what has not been read by then is gone.
            self._inbox.clear()
            self._error = _ECONNRESET
            self.process.when_awake(self._reset, Turn.NETWORK)
        else:
            self._inbox.append(event)
            self.process.when_awake(self._deliver, Turn.NETWORK)

    def accepted(self, protocol: Any) -> None:
        """Its process takes the connection; what came meanwhile follows."""
        self.protocol = protocol
        protocol.makeConnection(self)
        self._deliver()

    def end(self, why: Exception) -> None:
        if not self.closed:
            self.closed = True
            self.process.disown(self)
            if self.process.alive and self.protocol is not None:
                self.protocol.connectionLost(Failure(why))

    def die(self) -> None:
        """Its process is dead, and the system closes it; unread bytes make that a reset."""
        if not self.closed:
            self.closed = True
            if not self.disconnecting:
                self.out.put(_RESET if self._inbox else self._fin())

    def _fin(self) -> Event:
        # Each end acknowledges what it has got.
        return "fin", b"%d" % self.back.brought

    def _deliver(self) -> None:
        while self._inbox and self.protocol and not self._paused and not self.closed:
            kind, data = self._inbox.popleft()
            if kind == "data":
                self.protocol.dataReceived(data)
            elif kind == "fin":
                self._acknowledged = int(data)
                self._finished()

    def _finished(self) -> None:
        if self.disconnecting:
            return
        if IHalfCloseableProtocol.providedBy(self.protocol):
            self._half = True
            self.protocol.readConnectionLost()
        else:
            self.disconnecting = True
            self.out.put(self._fin())
            self.end(ConnectionDone())

    def _reset(self) -> None:
        # Who reads no more, is told by its next write only.
        if not self._half:
            self.end(ConnectionLost())


class Link:
    """A connection: the asking ``near`` end, and the ``far`` one once it is accepted."""

    def __init__(self, path: Path, near: End, far: End) -> None:
        self.near, self.far = near, far
        near.out = far.back = Way(path, far.arrived)
        far.out = near.back = Way(path, self._arrived_near)
        self.on_accepted: Callable[[], None] | None = None
        self._path = path

    @property
    def over(self) -> bool:
        return (self.near.closed and self.far.closed) or self._swallows

    @property
    def _swallows(self) -> bool:
        return self.near.out.swallows

    def cut(self, near_hears: float = 0.0, far_hears: float = 0.0) -> None:
        """Lose what is under way; each end hears of the end so many seconds later."""
        self.near.out.lose()
        self.far.out.lose()
        for end, seconds in ((self.near, near_hears), (self.far, far_hears)):
            end.process.callLater(seconds, end.end, ConnectionLost())

    def _arrived_near(self, event: Event) -> None:
        if event[0] == "accepted":
            if self.on_accepted is not None:
                self.on_accepted()
        else:
            self.near.arrived(event)


class Listener:
    """Where connections are taken while its process lives."""

    def __init__(self) -> None:
        self.process: Process | None = None
        self.factory: Any = None

    def listen(self, process: Process, factory: Any) -> None:
        self.process, self.factory = process, factory

    @property
    def takes(self) -> bool:
        return self.process is not None and self.process.alive


class Dial:
    """The way to a listener, for one process; an ``IStreamClientEndpoint``."""

    def __init__(self, process: Process, path: Path, listener: Listener) -> None:
        self._process = process
        self._path = path
        self._listener = listener

    def connect(self, factory: IProtocolFactory) -> Deferred[Any]:
        result: Deferred[Any] = Deferred(lambda _: None)
        clock = self._path.clock
        clock.callLater(self._path.due() - clock.seconds(), self._syn, factory, result)
        return result

    def _syn(self, factory: IProtocolFactory, result: Deferred[Any]) -> None:
        clock = self._path.clock
        if not self._listener.takes:
            wait = self._path.due() - clock.seconds()
            clock.callLater(wait, self._refused, result)
            return
        process = self._listener.process
        assert process is not None
        near = End(self._process, "10.0.0.99", self._path)
        far = End(process, self._path.address, self._path)
        link = Link(self._path, near, far)
        self._path.links.append(link)
        if not self._process.alive:
            near.closed = True
        link.on_accepted = partial(self._established, near, factory, result)
        far.out.put(("accepted", b""))
        build = self._listener.factory.buildProtocol
        process.when_awake(lambda: far.accepted(build(far.getPeer())), Turn.NETWORK)

    def _refused(self, result: Deferred[Any]) -> None:
        if self._process.alive and not result.called:
            result.errback(Failure(ConnectError()))

    def _established(self, near: End, factory: IProtocolFactory, result: Deferred[Any]) -> None:
        if near.closed or not self._process.alive:
            near.out.put(_RESET)
        else:
            accept = partial(self._accepted, near, factory, result)
            self._process.when_awake(accept, Turn.NETWORK)

    def _accepted(self, near: End, factory: IProtocolFactory, result: Deferred[Any]) -> None:
        if result.called:
            near.abortConnection()
            return
        near.protocol = factory.buildProtocol(near.getPeer())
        near.protocol.makeConnection(near)
        result.callback(near.protocol)
