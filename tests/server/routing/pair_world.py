"""Two processors, a server and the network between them, in memory, where anything may go wrong."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError, OutcomeUnknownError, error_line
from pychron_comms.processor.server_lease import ServerLease
from pychron_comms.safeguards.ownership import GIVEN_UP, KEYS, QUESTION, SAFE
from pychron_comms.server.routing.member import Member
from pychron_comms.server.routing.pair import Pair

STEP = 0.1


class Gate:
    """Counts what the lease makes of it."""

    def __init__(self) -> None:
        self.made_safe: list[str] = []
        self.given_up: list[str] = []

    def make_all_safe(self, why: str) -> None:
        self.made_safe.append(why)

    def give_up(self, error: Exception) -> None:
        self.given_up.append(str(error))


class Host:
    """One processor's computer. A process that is stopped takes nothing, and its timers wait."""

    def __init__(self, name: str, world: Clock) -> None:
        self.name = name
        self.world = world
        self.starts = 0
        self.is_stopped = False
        self.keys: list[str] = []
        self._late: list[Callable[[], None]] = []
        self.start()

    def start(self) -> None:
        """A new process, of which the last one leaves nothing."""
        self.starts += 1
        self.clock = Clock()
        self.gate = Gate()
        self._late.clear()
        self.is_stopped = False
        self.lease = ServerLease(f"{self.name}{self.starts}", self.clock, self.world.seconds)
        self.lease.guard(self.gate)  # type: ignore[arg-type]

    def advance(self, seconds: float) -> None:
        if not self.is_stopped:
            self.clock.advance(seconds)

    def go_on(self) -> None:
        """After a stop: first the timers, or what lies in its sockets."""
        self.is_stopped = False
        late, self._late[:] = list(self._late), []
        for act in late:
            act()
        self.clock.advance(100.0)

    def take(self, start: int, act: Callable[[], None]) -> None:
        """Something that was sent to the process of that start."""
        if start != self.starts:
            return
        if self.is_stopped:
            self._late.append(partial(self.take, start, act))
        else:
            act()


class Link:
    """A connection of the server's to a host, as far as ``Member`` knows one."""

    def __init__(self, host: Host, world: World, session: str) -> None:
        self._host = host
        self._world = world
        self._session = session
        self._start = host.starts
        self._waiting: list[Deferred[str]] = []
        self.is_cut = False

    def tell(self, words: str, seconds: float) -> Deferred[str]:
        reply: Deferred[str] = Deferred()
        self._waiting.append(reply)
        if not self.is_cut:
            act = partial(self._host.take, self._start, partial(self._asked, words, reply))
            self._world.later(act)
        self._world.clock.callLater(seconds, self._settle, reply, None)
        return reply

    def cut_off(self) -> None:
        self._world.lose(self._host.name)

    def lost(self) -> None:
        """What is on its way to the host still comes there."""
        for reply in list(self._waiting):
            self._settle(reply, None)
        ended = partial(self._host.lease.session_ended, self._session)
        self._world.later(partial(self._host.take, self._start, ended))

    def _asked(self, words: str, reply: Deferred[str]) -> None:
        word, _, rest = words.partition(" ")
        lease = self._host.lease
        if word == GIVEN_UP:
            lease.when_given_up().addCallback(partial(self._answer, reply))
        elif word == KEYS:
            self._answer(reply, " ".join(self._host.keys))
        else:
            assert word == QUESTION
            try:
                self._answer(reply, lease.asked(rest, self._session))
            except CommandError as error:
                self._answer(reply, error_line(error))

    def _answer(self, reply: Deferred[str], text: str) -> None:
        if not self.is_cut:
            self._world.later(partial(self._settle, reply, text))

    def _settle(self, reply: Deferred[str], text: str | None) -> None:
        if reply in self._waiting:
            self._waiting.remove(reply)
            reply.callback(text if text is not None else Failure(OutcomeUnknownError("lost")))


class Repeater:
    """Has a connection, or none."""

    def __init__(self) -> None:
        self.connection: Any = None

    def cut_off(self) -> None:
        if self.connection is not None:
            self.connection.cut_off()


class World:
    """``p`` is the primary, ``s`` the standby. ``delay`` gives the seconds that a message takes."""

    def __init__(self, delay: Callable[[], float] = lambda: 0.01) -> None:
        self.clock = Clock()
        self.delay = delay
        self.hosts = {name: Host(name, self.clock) for name in "ps"}
        self.cut: set[str] = set()
        self.down: set[str] = set()
        self.sessions = self.servers = 0
        self.changes: list[tuple[str, str]] = []
        self.keys: list[tuple[str, list[str]]] = []
        self.repeaters: dict[str, Repeater] = {}
        self.pair: Pair | None = None

    def later(self, act: Callable[[], None]) -> None:
        self.clock.callLater(self.delay(), act)

    def start_server(self) -> None:
        """Another process of the server; of the last one only its messages are left."""
        if self.pair is not None:
            self.pair.stop()
            for name in self.hosts:
                self.lose(name)
        self.servers += 1
        self.repeaters = {name: Repeater() for name in self.hosts}
        members = [
            Member(
                name,
                self.repeaters[name],  # type: ignore[arg-type]
                f"server{self.servers}",
                self.clock,
                lambda name, keys: self.keys.append((name, keys)),
            )
            for name in "ps"
        ]
        self.pair = Pair(members[0], members[1], self.clock, self._changed)
        self.pair.start()

    def lose(self, name: str) -> None:
        """The connection to a host ends, as both see it, sooner or later."""
        repeater = self.repeaters[name]
        link, repeater.connection = repeater.connection, None
        if link is not None:
            link.lost()

    def kill(self, name: str, *, start: bool = True) -> None:
        """As ``kill -9``; another process follows."""
        self.hosts[name].start()
        self.lose(name)
        if not start:
            self.down.add(name)

    def advance(self, seconds: float) -> None:
        """In steps, with a look after each of them."""
        end = self.clock.seconds() + seconds
        while self.clock.seconds() < end:
            self._connect()
            self.clock.advance(STEP)
            for host in self.hosts.values():
                host.advance(STEP)
            self.look()

    def look(self) -> None:
        """Never two: not even one that may still make safe while another owns the hardware."""
        one, other = (host.lease.fence for host in self.hosts.values())
        for fence, rival in ((one, other), (other, one)):
            assert not (fence.is_open and rival.left > -SAFE), "two owners at one instant"

    @property
    def owner(self) -> str:
        """Who owns the hardware, as the server has it."""
        assert self.pair is not None
        return self.pair.name

    def owns(self, name: str) -> bool:
        return self.hosts[name].lease.fence.is_open

    def _connect(self) -> None:
        for name, repeater in self.repeaters.items():
            link = repeater.connection
            if link is not None:
                link.is_cut = link.is_cut or name in self.cut
            elif name not in self.cut | self.down and not self.hosts[name].is_stopped:
                self.sessions += 1
                repeater.connection = Link(self.hosts[name], self, f"c{self.sessions}")

    def _changed(self, before: Member | None, after: Member | None) -> None:
        self.changes.append(
            ("" if before is None else before.name, "" if after is None else after.name)
        )


def drawn_history(seed: int) -> World:
    """A world in which many things went wrong, as that number draws them; healed at the end."""
    random = Random(seed)
    slow = random.choice((0.02, 0.3, 2.0))
    world = World(lambda: random.uniform(0.0, slow) if random.random() < 0.9 else slow * 3)
    world.start_server()
    world.advance(random.uniform(0, 8))
    for _ in range(random.randrange(2, 9)):
        name = random.choice("ps")
        host = world.hosts[name]
        match random.randrange(7):
            case 0:
                host.is_stopped = True
            case 1 if host.is_stopped:
                host.go_on()
            case 2:
                world.lose(name)
            case 3:
                world.cut ^= {name}
            case 4:
                world.start_server()
            case 5:
                world.kill(name)
            case 6 if not host.is_stopped:
                host.lease.give_up()
                world.advance(random.uniform(0, 1))
                world.kill(name)
        world.look()
        world.advance(random.choice((0.1, 0.5, 2.0, 4.6, 8.0)))
    for host in world.hosts.values():
        if host.is_stopped:
            host.go_on()
            world.look()
    world.cut.clear()
    world.delay = lambda: 0.01
    world.advance(30.0)
    return world
