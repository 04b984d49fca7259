"""The whole road: clients, a server, a processor and its hardware, and what can be done to them."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, cast

from twisted.python.failure import Failure

from pychron_comms.errors import CommandError, JournalError, LeasedError
from pychron_comms.journal.memory import MemoryJournal
from pychron_comms.processor.execution.sealed_entry import SAFE_PATIENCE
from pychron_comms.wire.context import RequestContext
from tests.faults.model.bench import Laboratory, Lease
from tests.faults.model.clients import Client, Unit
from tests.faults.model.halves import ELSEWHERE, SERVER, Ports, Processor, Server
from tests.faults.model.keyed_clients import DatagramClient, KeyedClient, SlowKeyedClient
from tests.faults.model.links import Dial, Link, Listener, Path
from tests.faults.model.pens import Pen
from tests.faults.model.plain_clients import (
    ClosingClient,
    KeptPlainClient,
    PlainDatagramClient,
    PychronClient,
    QtegraClient,
)
from tests.faults.model.processes import Process, QuickClock, Turn, advance
from tests.faults.model.witness import Witness
from tests.faults.model.words import REQUEST_TYPE

#: Time of day at the beginning, in seconds since 1970.
EPOCH = 1_700_000_000.0

#: Seconds after a datagram in which the network brings it again.
DOUBLED = {"doubled": 0.001, "doubled soon": 1.2, "doubled late": 2.5}


class World:
    """Nine clients, one server, one processor; every fault is a method. ``faults`` counts them.

    ``sync``: how long the disk takes for what it is to keep; None where nobody waits for it.
    """

    def __init__(self, sync: float | None = None) -> None:
        self.sync = sync
        self.clock = QuickClock()
        self.journal = MemoryJournal(self.now)
        self.laboratory = Laboratory(self.clock, self._last_record)
        self.witness = Witness(self.clock, self.laboratory)
        self.hop = Path(self.clock, SERVER, 0.0005)
        self.processor_port = Listener()
        self.ports = Ports(Listener(), Listener(), Listener())
        self.faults: Counter[str] = Counter()
        self.units: list[Unit] = []
        self.disk_full: list[tuple[float, float]] = []
        self.leases: list[Lease] = []
        #: Those who were refused in floods.
        self.strangers = 0
        #: When a server, and a processor, died.
        self.server_deaths: list[float] = []
        self.processor_deaths: list[float] = []
        self.pens: list[Pen] = []
        self._datagram_fates: list[str] = []
        # Where datagrams came from, and who is told of their replies.
        self._ports = itertools.count(40000)
        self._senders: dict[tuple[str, int], tuple[Path, Callable[[bytes], None]]] = {}
        self._restarting = {"server": False, "processor": False}
        #: Seconds from a death to the next life.
        self.down = 0.5
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
            self._client("plain-datagrams", self._plain_datagram_client, 0.002),
            self._client("qtegra", QtegraClient, 0.001, self.ports.qtegra),
            self._client("closing", ClosingClient, 0.001, self.ports.closing),
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

    def hold_back(self, where: int, seconds: float) -> None:
        """What is sent over the connections that are there now comes late, and no other's."""
        self.faults["held back"] += 1
        for link in self._path(where).open_links:
            link.near.out.hold_back(seconds)

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

    def take_lock(self, seconds: float) -> None:
        """A program elsewhere takes the system lock and dies; somebody gives it back later."""
        lock = self.processor.lock
        self.faults["system lock held"] += 1
        lock.lock(ELSEWHERE)
        self.clock.callLater(seconds, lock.unlock, ELSEWHERE)

    def flood(self, strangers: int) -> None:
        """So many strangers ask, each with a key of his own, for what is refused."""
        processor = self.processor
        if not processor.process.alive or processor.process.still or not processor.gate.running:
            return
        self.faults["flood of refusals"] += 1
        self.strangers += strangers
        for number in range(strangers):
            too_late = RequestContext(within=-1.0, key=f"flood-{number}")
            with suppress(CommandError):
                processor.gate.process_server_request(
                    REQUEST_TYPE, f"Count a x{number}", f"10.0.8.{number}", too_late
                )

    def lease(self, client: int, device: str, seconds: float) -> None:
        """A client takes a device for itself, or keeps it for longer; nobody gives it back."""
        processor = self.processor
        if not processor.process.alive or processor.process.still or not processor.gate.running:
            return
        owner = self.paths[client].address
        try:
            claimed = processor.leases.claim(processor.part(device), owner, seconds)
        except (JournalError, LeasedError):
            return
        if not processor.process.alive:
            # It died while it wrote what it owed before: nobody was told that the device is his.
            return
        now = self.clock.seconds()
        lease = Lease(device, owner, now, now + seconds)
        if claimed is None:
            self._leased(lease)
        else:
            claimed.addCallbacks(lambda _: self._leased(lease), _not_leased)

    def _leased(self, lease: Lease) -> None:
        """Its owner is told so."""
        self.faults["lease"] += 1
        device, owner, now, until = lease
        before = [each for each in self.leases if each.device == device and each.until > now]
        for each in before:
            self.leases.remove(each)
        since = min([now, *(each.since for each in before)])
        self.leases.append(Lease(device, owner, since, until))

    def kill_processor(self) -> None:
        """It is started again half a second later."""
        if self.processor.process.alive:
            self.faults["processor killed"] += 1
            self.processor_deaths.append(self.clock.seconds())
            self.processor.process.kill()
            self.clock.callLater(self.down, self._restart_processor)

    def break_processor(self, where: str) -> None:
        """It dies at that record; see ``BREAKPOINTS``."""
        self.faults[f"death {where}"] += 1
        self.processor.pen.breakpoint = where

    def stop_processor(self) -> None:
        """As an operator does: it takes no more, and ends when what runs has ended."""
        processor = self.processor
        if processor.process.alive and processor.gate.running:
            self.faults["processor stopped"] += 1
            processor.process.when_awake(partial(self._stop, processor), Turn.TIMERS)

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
            self.clock.callLater(self.down, self._restart_server)

    def end_faults(self) -> None:
        """From now on nothing goes wrong; what is broken heals by itself."""
        self._datagram_fates = []
        for path in [*self.paths, self.hop]:
            path.cut_to, path.merging = 0, False
        self.processor.pen.breakpoint = ""

    # -- what is known

    def address_of(self, number: str) -> str:
        """Who asks for that."""
        return self.paths[self.clients.index(self.unit(number).client)].address

    def was_full(self, at: float, since: float | None = None) -> bool:
        """The disk: at that moment, or for a moment from ``since`` on; or too slow for what makes
        safe, which two syncs hold up, and a process that stood still."""
        stood_still = self.faults["processor stood still"]
        if self.sync is not None and (2 * self.sync > SAFE_PATIENCE or stood_still):
            return True
        begun = at if since is None else since
        return any(since <= at and begun <= until for since, until in self.disk_full)

    # -- parts

    def _last_record(self) -> int:
        """Its number: those that a disk could not keep have left gaps."""
        records = self.records()
        return int(records[-1]["n"]) if records else 0

    def _client(
        self,
        name: str,
        kind: Callable[[str, Process, Dial], Client],
        latency: float,
        port: Listener | None = None,
    ) -> Client:
        path = Path(self.clock, f"10.0.1.{len(self.paths) + 1}", latency)
        self.paths.append(path)
        return kind(name, self.outside, Dial(self.outside, path, port or self.ports.plain))

    def _datagram_client(self, name: str, process: Process, dial: Dial) -> Client:
        return DatagramClient(name, process, dial, partial(self._post, self.paths[-1]))

    def _plain_datagram_client(self, name: str, process: Process, dial: Dial) -> Client:
        return PlainDatagramClient(name, process, dial, partial(self._post, self.paths[-1]))

    def _post(self, path: Path, data: bytes, reply: Callable[[bytes], None]) -> None:
        """Send it, from a port of its own; ``reply`` is told what comes back there."""
        sender = path.address, next(self._ports)
        self._senders[sender] = path, reply
        self._carry(path, lambda: self._take_datagram(data, sender))

    def _take_datagram(self, data: bytes, sender: tuple[str, int]) -> None:
        server, came = self.server, self.clock.seconds()

        def take() -> None:
            server.datagrams.transport = cast(Any, Post(self, came))
            server.datagrams.datagramReceived(data, sender)

        server.process.when_awake(take, Turn.NETWORK)

    def answer_datagram(self, data: bytes, sender: tuple[str, int]) -> None:
        """A server's reply leaves."""
        path, reply = self._senders[sender]
        self._carry(path, lambda: reply(data))

    def _carry(self, path: Path, arrive: Callable[[], None]) -> None:
        fate = self._datagram_fates.pop(0) if self._datagram_fates else ""
        wait = path.due() - self.clock.seconds()
        if fate:
            self.faults[f"datagram {fate}"] += 1
        if fate != "lost":
            self.clock.callLater(wait + (1.5 if fate == "late" else 0.0), arrive)
        if fate in DOUBLED:
            self.clock.callLater(wait + DOUBLED[fate], arrive)

    def _path(self, where: int) -> Path:
        """Of a client, or the hop between server and processor."""
        return self.paths[where] if where < len(self.paths) else self.hop

    def _resends(self, where: int) -> bool:
        return where < len(self.clients) and self.clients[where].pychron

    def _established(self, path: Path) -> list[Link]:
        return [link for link in path.open_links if link.near.protocol is not None]

    def _clear_disk(self) -> None:
        self.journal.failing = ""

    def _stop(self, processor: Processor) -> None:
        if processor.gate.running:
            processor.gate.stopService().addBoth(lambda _: self._stopped(processor))

    def _stopped(self, processor: Processor) -> None:
        if processor.process.alive:
            self.processor_deaths.append(self.clock.seconds())
            # Its last replies leave before it does.
            self.clock.callLater(0.01, self._ended, processor)
            self.clock.callLater(self.down, self._restart_processor)

    def _ended(self, processor: Processor) -> None:
        if processor.process.alive:
            processor.gate.close()
            processor.process.kill()

    def _start_processor(self) -> Processor:
        process = Process(self.clock, "processor")
        pen = Pen(self.journal, process, self.kill_processor, self.sync)
        self.pens.append(pen)
        return Processor(
            process,
            pen=pen,
            laboratory=self.laboratory,
            witness=self.witness,
            port=self.processor_port,
            now=self.now,
        )

    def _restart_processor(self) -> None:
        if not self.processor.process.alive:
            self.processor = self._start_processor()

    def _start_server(self) -> Server:
        process = Process(self.clock, "server")
        self.servers.append(process)
        return Server(process, Dial(process, self.hop, self.processor_port), self.ports)

    def _restart_server(self) -> None:
        if not self.server.process.alive:
            self.server = self._start_server()


def _not_leased(failure: Failure) -> None:
    failure.trap(JournalError)


class Post:
    """Takes the server's datagrams back to their clients, and knows when the last of theirs came.

    It is its own handle, as a connection's end is.
    """

    def __init__(self, world: World, came: float) -> None:
        self._world = world
        self._came = came

    def getHandle(self) -> Post:
        return self

    def seconds_since_datagram(self) -> float:
        """Since it came, read or not."""
        return self._world.clock.seconds() - self._came

    def write(self, data: bytes, addr: tuple[str, int]) -> None:
        self._world.answer_datagram(data, addr)
