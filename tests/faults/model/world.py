"""The whole road: clients, a server, a processor and its hardware, and what can be done to them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import Clock

from pychron_comms.handlers.echo import EchoHandler
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.observability.loop_watch import LoopWatch
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.assembly import made_safe
from pychron_comms.processor.command_processor import CommandProcessorFactory
from pychron_comms.processor.execution.audit import Audit
from pychron_comms.processor.execution.idempotency import CommandMemory
from pychron_comms.processor.execution.manager_queue import ManagerQueue
from pychron_comms.processor.execution.queues import Queues
from pychron_comms.processor.execution.runners import ReactorRunner
from pychron_comms.processor.gate_queries import GateQueries
from pychron_comms.processor.hardware_manager import RemoteHardwareManager
from pychron_comms.processor.journal_search import JournalSearch
from pychron_comms.repeater.endpoint import CommandRepeater
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.interlocks import Interlocks
from pychron_comms.safeguards.leases import Leases
from pychron_comms.safeguards.overrides import Overrides
from pychron_comms.safeguards.roles import EVERYONE_OPERATES
from pychron_comms.safeguards.system_lock import SystemLock
from pychron_comms.safeguards.unsafe_parts import UnsafeParts
from pychron_comms.server.datagrams import DatagramMessagingHandler
from pychron_comms.server.dispatcher import RequestDispatcher
from pychron_comms.server.launcher import Launcher
from pychron_comms.server.messaging_handler import MessagingFactory
from pychron_comms.server.resend.command_catalogue import CommandCatalogue
from pychron_comms.server.resend.delivery import DeliveryReports
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.options import WireOptions
from pychron_comms.wire.context import PLAIN, RequestContext
from pychron_comms.wire.line_table import LineTable
from tests.doubles import still_publisher
from tests.faults.model.bench import REQUEST_TYPE, Hardware, Laboratory, ModelHandler, Told
from tests.faults.model.clients import Client, Unit
from tests.faults.model.keyed_clients import DatagramClient, KeyedClient, SlowKeyedClient
from tests.faults.model.links import Dial, Link, Listener, Path
from tests.faults.model.pens import Pen
from tests.faults.model.plain_clients import KeptPlainClient, PychronClient
from tests.faults.model.processes import Process, Turn, advance
from tests.listening import shared

#: Commands that may wait for one manager, and on one connection: few, so that histories meet them.
QUEUE = 3
IN_FLIGHT = 4

#: Time of day at the beginning, in seconds since 1970.
EPOCH = 1_700_000_000.0

_SERVER = "10.0.0.1"


class Arrival(NamedTuple):
    """That a command came to a gate: its place among all, and when its time is over."""

    order: int
    at: float
    until: float


class SafeAsk(NamedTuple):
    """That what makes safe came to the gate of a process."""

    number: str
    device: str
    key: str
    process: Process
    arrival: Arrival


class SafeReply(NamedTuple):
    """That it was answered with success, after so many acts of the hardware."""

    ask: SafeAsk
    acts: int


class Wish(NamedTuple):
    """That a command which acts came to a gate, after so many acts; ``joins``: it ran already."""

    number: str
    device: str
    key: str
    acts: int
    joins: bool


class Fulfilled(NamedTuple):
    """That it was answered with success, after so many acts."""

    wish: Wish
    acts: int


class Processor:
    """One process with the gate, from its start to its death."""

    def __init__(self, world: World) -> None:
        self.process = process = Process(world.clock, "processor")
        clock = cast(IReactorTime, process)
        self.pen = Pen(world.journal, process, world.kill_processor)
        hardware = Hardware(world.laboratory, process)
        handlers: dict[str, Any] = {REQUEST_TYPE: ModelHandler(hardware, None)}
        handlers["test"] = EchoHandler()
        self.queues = queues = Queues(
            lambda _: ManagerQueue(ReactorRunner(), clock, QUEUE, width=math.inf)
        )
        audit = Audit(self.pen, world.now)
        self.memory = memory = CommandMemory(audit, clock, Metrics())
        unsafe = UnsafeParts(clock, world.now, audit, partial(made_safe, queues, memory))
        memory.watched_by(unsafe)
        leases = Leases(clock, world.now, audit, unsafe)
        interlocks = Interlocks(queues.read, clock)
        access = AccessRules((), [leases])
        hardware.safeguards = GateQueries(
            access=access,
            system_lock=SystemLock({}),
            leases=leases,
            memory=memory,
            interlocks=interlocks,
            overrides=Overrides(b"", EVERYONE_OPERATES, clock, audit.refused, Metrics()),
        )
        self.gate = RemoteHardwareManager(
            handlers=handlers,
            access=access,
            hardware=hardware,
            queues=queues,
            memory=memory,
            audit=audit,
            leases=leases,
            interlocks=interlocks,
            publisher=still_publisher(clock),
            searches=JournalSearch("", clock),
            clock=clock,
        )
        self.gate.startService()
        watched = cast(Any, WatchedGate(self.gate, world, process))
        metrics = Metrics()
        connections = Connections("processor", WireOptions(), shared(clock, metrics))
        factory = CommandProcessorFactory(
            watched,
            frozenset({_SERVER}),
            connections,
            metrics=metrics,
            stream=self.gate.stream,
        )
        world.processor_port.listen(process, factory)


class WatchedGate:
    """Notes what comes to the gate, in which order."""

    def __init__(self, gate: RemoteHardwareManager, world: World, process: Process) -> None:
        self._gate = gate
        self._world = world
        self._process = process
        self.reads = gate.reads
        self.search = gate.search
        self.makes_safe = gate.makes_safe
        self.asker_gone = gate.asker_gone
        self.session_ended = gate.session_ended
        self.reply_taken = gate.reply_taken

    def process_server_request(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> str | Deferred[str]:
        world = self._world
        arrival = world.note_arrival(data, context, self._process)
        wish = world.wish_for(data, context)
        response = self._gate.process_server_request(request_type, data, sender, context)
        if wish is not None:
            if isinstance(response, str):
                self._fulfilled(response, wish)
            else:
                response.addCallback(self._fulfilled, wish)
        if not data.startswith("Calm ") or arrival is None:
            return response
        _, device, number = data.split()
        ask = SafeAsk(number, device, context.key, self._process, arrival)
        self._world.safe_asks.append(ask)
        if isinstance(response, str):
            self._answered(response, ask)
            return response
        return response.addCallback(self._answered, ask)

    def _fulfilled(self, reply: str, wish: Wish) -> str:
        self._world.fulfilled.append(Fulfilled(wish, len(self._world.laboratory.acts)))
        return reply

    def _answered(self, reply: str, ask: SafeAsk) -> str:
        acts = len(self._world.laboratory.acts)
        self._world.safe_replies.append(SafeReply(ask, acts))
        return reply


class Server:
    """One process of the server, from its start to its death."""

    def __init__(self, world: World) -> None:
        self.process = process = Process(world.clock, "server")
        clock = cast(IReactorTime, process)
        dial = cast(Any, Dial(process, world.hop, world.processor_port))
        self.repeater = CommandRepeater(dial, "the processor", clock)
        metrics = Metrics()
        self.watch = LoopWatch(clock, metrics)
        dispatcher = RequestDispatcher(
            REQUEST_TYPE,
            self.repeater,
            CommandCatalogue(self.repeater, clock, {}),
            DeliveryReports(
                self.repeater, clock, self.watch, metrics, process=f"server{world.clock.seconds()}"
            ),
            launcher=Launcher([], cast(Any, None)),
            stream=StateStream("s1", lambda: 0.0),
            reads=LineTable(),
            metrics=metrics,
        )
        options = WireOptions(in_flight=IN_FLIGHT)
        connections = Connections(REQUEST_TYPE, options, shared(clock, metrics))
        world.server_port.listen(process, MessagingFactory(dispatcher, connections))
        self.datagrams = DatagramMessagingHandler(dispatcher, options, shared(clock, metrics))
        self.repeater.startService()
        self.watch.startService()


class World:
    """Six clients, one server, one processor; every fault is a method. ``faults`` counts them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.journal = MemoryJournal(self.now)
        self.laboratory = Laboratory(self.clock, lambda: len(self.records()))
        self.hop = Path(self.clock, _SERVER, 0.0005)
        self.processor_port, self.server_port = Listener(), Listener()
        self.faults: Counter[str] = Counter()
        self.units: list[Unit] = []
        self._arrivals: dict[tuple[str, Process], list[Arrival]] = {}
        self._arrived = 0
        self.disk_full: list[tuple[float, float]] = []
        #: When a server, and a processor, died.
        self.server_deaths: list[float] = []
        self.processor_deaths: list[float] = []
        self.pens: list[Pen] = []
        self.safe_asks: list[SafeAsk] = []
        self.safe_replies: list[SafeReply] = []
        self.fulfilled: list[Fulfilled] = []
        self._datagram_fates: list[str] = []
        self._restarting = {"server": False, "processor": False}
        self._down = 0.5
        self.processor = self._start_processor()
        self.servers: list[Process] = []
        self.server = self._start_server()
        self.outside = Process(self.clock, "clients")
        self.paths: list[Path] = []
        self.clients: list[Client] = [
            self._client("kept", KeptPlainClient, 0.001),
            self._client("pychron", PychronClient, 0.001),
            self._client("keyed", KeyedClient, 0.002),
            self._client("far-pychron", PychronClient, 0.03),
            self._client("datagrams", self._datagram_client, 0.004),
            self._client("far-keyed", SlowKeyedClient, 0.05),
        ]
        advance(self.clock, 0.1)

    def now(self) -> float:
        return EPOCH + self.clock.seconds()

    def records(self) -> list[Mapping[str, Any]]:
        # Read on every actuation: a copy of them all would cost the square of a history.
        return cast("list[Mapping[str, Any]]", self.journal._records)

    def unit(self, number: str) -> Unit:
        return self.units[int(number[1:])]

    # -- what happens

    def ask(self, client: int, unit: Unit) -> None:
        self.units.append(unit)
        self.laboratory.scripts[unit.number] = unit.script
        self.clients[client].ask(unit)

    def pass_time(self, seconds: float) -> None:
        advance(self.clock, seconds)

    def cut(self, where: int, near_hears: float, far_hears: float) -> None:
        """End a connection in its middle; a client that sends again must not hear of it first."""
        path = self._path(where)
        if self._resends(where):
            near_hears = far_hears = 0.0
        for link in self._established(path):
            self.faults["half-open" if near_hears or far_hears else "cut"] += 1
            link.cut(near_hears, far_hears)

    def stall(self, where: int, seconds: float) -> None:
        self.faults["stall"] += 1
        self._path(where).stall(seconds)

    def chop(self, where: int, size: int, merging: bool) -> None:
        self.faults["merged" if merging else "split"] += 1
        path = self._path(where)
        path.cut_to, path.merging = size, merging

    def leave(self, client: int) -> None:
        """A client ends its connection by itself, whatever it waits for."""
        if not self._resends(client):
            self.faults["client left"] += 1
            for link in self._established(self._path(client)):
                link.near.abortConnection()

    def fate_of_datagrams(self, fates: list[str]) -> None:
        self._datagram_fates = fates

    def fill_disk(self, seconds: float) -> None:
        if self.journal.failing:
            return
        self.faults["disk full"] += 1
        now = self.clock.seconds()
        self.disk_full.append((now, now + seconds))
        self.journal.failing = "no space left on device"
        self.clock.callLater(seconds, self._clear_disk)

    def kill_processor(self) -> None:
        """It is started again half a second later."""
        if self.processor.process.alive:
            self.faults["processor killed"] += 1
            self.processor_deaths.append(self.clock.seconds())
            self.processor.process.kill()
            self.clock.callLater(self._down, self._restart_processor)

    def break_processor(self, where: str) -> None:
        """It dies at that record; see ``BREAKPOINTS``."""
        self.faults[f"death {where}"] += 1
        self.processor.pen.breakpoint = where

    def stop_processor(self) -> None:
        """As an operator does: it takes no more, and ends when what runs has ended."""
        processor = self.processor
        if processor.process.alive and processor.gate.running:
            self.faults["processor stopped"] += 1
            processor.gate.stopService().addBoth(lambda _: self._stopped(processor))

    def stand_still(self, half: str, seconds: float) -> None:
        """One of the two processes does nothing for a while, and knows nothing of it."""
        process = {"server": self.server, "processor": self.processor}[half].process
        if process.alive:
            self.faults[f"{half} stood still"] += 1
            process.stand_still(seconds)

    def kill_server(self) -> None:
        """It is started again half a second later."""
        if self.server.process.alive:
            self.faults["server killed"] += 1
            self.server_deaths.append(self.clock.seconds())
            self.server.process.kill()
            self.clock.callLater(self._down, self._restart_server)

    def end_faults(self) -> None:
        """From now on nothing goes wrong; what is broken heals by itself."""
        self._datagram_fates = []
        for path in [*self.paths, self.hop]:
            path.cut_to, path.merging = 0, False
        self.processor.pen.breakpoint = ""

    # -- what is known

    def note_arrival(self, data: str, context: RequestContext, process: Process) -> Arrival | None:
        """None for what is no new command."""
        word, _, rest = data.partition(" ")
        number = rest.rpartition(" ")[2]
        if not number.startswith("n"):
            return None
        known = self._arrivals.setdefault((number, process), [])
        # Asked again without a key, or to read, it is a new one.
        if known and context.key and word != "Look":
            return None
        self._arrived += 1
        now = self.clock.seconds()
        own = 2.0 if word == "Nudge" else 5.0
        seconds = own if context.within is None else min(own, context.within)
        known.append(Arrival(self._arrived, now, now + seconds))
        return known[-1]

    def wish_for(self, data: str, context: RequestContext) -> Wish | None:
        """None for what does not act, or makes safe."""
        word, _, rest = data.partition(" ")
        if word not in {"Count", "Nudge"}:
            return None
        device, number = rest.split()
        joins = number in self.laboratory.running
        return Wish(number, device, context.key, len(self.laboratory.acts), joins)

    def arrival_of(self, told: Told) -> Arrival:
        """The last one before its manager was told of it."""
        arrivals = [
            each for each in self._arrivals[told.number, told.process] if each.at <= told.at
        ]
        if told.word != "Calm":
            return arrivals[-1]
        # Of what makes safe, none is dropped: each is told of in its turn, and perhaps again.
        same = [
            each
            for each in self.laboratory.told
            if each.number == told.number and each.process is told.process
        ]
        place = next(index for index, each in enumerate(same) if each is told)
        return arrivals[min(place, len(arrivals) - 1)]

    def was_full(self, at: float) -> bool:
        return any(since <= at <= until for since, until in self.disk_full)

    # -- parts

    def _client(
        self, name: str, kind: Callable[[str, Process, Dial], Client], latency: float
    ) -> Client:
        path = Path(self.clock, f"10.0.1.{len(self.paths) + 1}", latency)
        self.paths.append(path)
        return kind(name, self.outside, Dial(self.outside, path, self.server_port))

    def _datagram_client(self, name: str, process: Process, dial: Dial) -> Client:
        path = self.paths[-1]

        def post(data: bytes, reply: Callable[[bytes], None]) -> None:
            self._carry(path, lambda: self._take_datagram(path, data, reply))

        return DatagramClient(name, process, dial, post)

    def _take_datagram(self, path: Path, data: bytes, reply: Callable[[bytes], None]) -> None:
        server = self.server

        def take() -> None:
            server.datagrams.transport = cast(Any, Post(self, path, reply))
            server.datagrams.datagramReceived(data, (path.address, 50000))

        server.process.when_awake(take, Turn.NETWORK)

    def _carry(self, path: Path, arrive: Callable[[], None]) -> None:
        fate = self._datagram_fates.pop(0) if self._datagram_fates else ""
        wait = path.due() - self.clock.seconds()
        if fate:
            self.faults[f"datagram {fate}"] += 1
        if fate != "lost":
            self.clock.callLater(wait + (1.5 if fate == "late" else 0.0), arrive)
        if fate in {"doubled", "doubled late"}:
            self.clock.callLater(wait + (2.5 if fate == "doubled late" else 0.001), arrive)

    def _path(self, where: int) -> Path:
        """Of a client, or the hop between server and processor."""
        return self.paths[where] if where < len(self.paths) else self.hop

    def _resends(self, where: int) -> bool:
        return where < len(self.clients) and self.clients[where].pychron

    def _established(self, path: Path) -> list[Link]:
        return [link for link in path.open_links if link.near.protocol is not None]

    def _clear_disk(self) -> None:
        self.journal.failing = ""

    def _stopped(self, processor: Processor) -> None:
        if processor.process.alive:
            self.processor_deaths.append(self.clock.seconds())
            # Its last replies leave before it does.
            self.clock.callLater(0.01, self._ended, processor)
            self.clock.callLater(self._down, self._restart_processor)

    def _ended(self, processor: Processor) -> None:
        if processor.process.alive:
            processor.gate.close()
            processor.process.kill()

    def _start_processor(self) -> Processor:
        processor = Processor(self)
        self.pens.append(processor.pen)
        return processor

    def _restart_processor(self) -> None:
        if not self.processor.process.alive:
            self.processor = self._start_processor()

    def _start_server(self) -> Server:
        server = Server(self)
        self.servers.append(server.process)
        return server

    def _restart_server(self) -> None:
        if not self.server.process.alive:
            self.server = self._start_server()


class Post:
    """Takes the server's datagrams back to one client."""

    def __init__(self, world: World, path: Path, reply: Callable[[bytes], None]) -> None:
        self._world = world
        self._path = path
        self._reply = reply

    def write(self, data: bytes, addr: tuple[str, int]) -> None:
        self._world._carry(self._path, lambda: self._reply(data))
