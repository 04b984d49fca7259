"""A processor's end of the road: it stands by until the hardware is its own, and serves it then."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import MultiService, Service
from twisted.internet.defer import CancelledError, Deferred, ensureDeferred, maybeDeferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from pychron_comms.broker.adapter import BrokerConnection
from pychron_comms.broker.channel import BrokerError
from pychron_comms.broker.chosen import Subscription
from pychron_comms.broker.figures import StandbyFigures
from pychron_comms.broker.intake import Road
from pychron_comms.broker.link import BrokerLink
from pychron_comms.broker.links import BrokerLinks
from pychron_comms.broker.log_reader import LogReader
from pychron_comms.broker.log_writer import LogWriter
from pychron_comms.broker.memory import SharedMemory
from pychron_comms.broker.message import BEAT as BEAT_MESSAGE
from pychron_comms.broker.message import CLAIM, Message
from pychron_comms.broker.names import (
    JOURNAL,
    PROCESSORS,
    Lane,
    lane_queue,
    memory_queue,
    memory_topic,
    owner_queue,
    owner_topic,
)
from pychron_comms.broker.ownership import BEAT, Beats, Ownership
from pychron_comms.broker.serving import Serving
from pychron_comms.broker.ticks import Ticks
from pychron_comms.broker.topology import KeptBindings, bind, make_exchanges, make_queue
from pychron_comms.errors import NotOwnerError
from pychron_comms.interfaces import IOwnedGate
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.safeguards.fence import LeasedFence, unstopped
from pychron_comms.transport.broker_strings import BrokerAddress
from pychron_comms.transport.cork import Cork

#: Seconds in which the broker confirms the last records of one that stops.
_LAST_RECORDS = 1.0


class Standby(MultiService):
    """While the fence is open, ``gate`` serves the set's lanes.

    ``begin`` starts the gate, the first time; ``usurped`` is called where another has owned the
    hardware since, and what this process remembers is not all that was done.
    """

    _log = Logger()

    def __init__(
        self,
        address: BrokerAddress,
        gate: IOwnedGate,
        fence: LeasedFence,
        memory: SharedMemory,
        *,
        stream: StateStream,
        metrics: Metrics,
        reactor: Any,
        at: Callable[[], str],
        words: Mapping[str, Callable[[str], str | Deferred[str]]],
        begin: Callable[[], None],
        usurped: Callable[[str], None],
        seconds: Callable[[], float] = unstopped,
        link: type[BrokerLink] = BrokerLink,
    ) -> None:
        super().__init__()
        self._hardware = address.hardware
        self._gate = gate
        self._fence = fence
        self._memory = memory
        self._begin = begin
        self._usurped = usurped
        self._seconds = seconds
        self._figures = StandbyFigures(metrics, seconds)
        self._figures.show(lambda: self._road is not None, lambda: self._links.is_blocked)
        self._token = secrets.token_hex(4)
        self._ownership = Ownership(fence, seconds)
        self._beats = Beats(self._token)
        self._reader = LogReader(
            self._remember, lambda: self._links.leave("it is another log than before"), seconds
        )
        self._writer = LogWriter(address.hardware, reactor)
        self._serving = Serving(
            address.hardware,
            gate,
            fence,
            self._writer,
            stream=stream,
            words=words,
            figures=self._figures,
            clock=reactor,
            seconds=seconds,
            at=at,
        )
        # How many records had been written at the last tick.
        self._written = 0
        self._road: Road | None = None
        self._connections: tuple[BrokerConnection, BrokerConnection] | None = None
        self._bindings: KeptBindings | None = None
        self._claiming: Deferred[None] | None = None
        self._owned = ""
        self._has_begun = False
        self._has_ended = False
        self._trouble = ""
        name = f"processor of {address.hardware}"
        self._links = BrokerLinks(address, reactor, self, name, cork=Cork(), link=link)
        self._links.setServiceParent(self)
        self._chosen = Subscription(
            self._hardware, self._links, self._ownership, self._beats, seconds
        )
        self._ticks = Ticks(self._tick, BEAT, reactor)

    @property
    def is_owner(self) -> bool:
        """Whether the hardware is this process's own."""
        return bool(self._owned) and self._fence.is_open

    def startService(self) -> None:
        super().startService()
        self._ticks.start()

    def stopService(self) -> Deferred[Any]:
        """Takes nothing more, and leaves when the broker has all that the next owner must know."""
        Service.stopService(self)
        self._ticks.stop()
        self._serving.end()
        written = self._writer.written(_LAST_RECORDS)
        return written.addCallback(lambda _: maybeDeferred(MultiService.stopService, self))

    def tell_record(self, record: Mapping[str, Any]) -> None:
        """A copy of what the journal has, for the standby and for who listens."""
        self._writer.write(record, self._fence.epoch)

    # -- joining

    async def join(self, consuming: BrokerConnection, publishing: BrokerConnection) -> None:
        """Make what is not there, read what was done, and wait to be chosen. Errors:
        BrokerError."""
        await make_exchanges(consuming)
        memory = memory_queue(self._hardware)
        queues = [lane_queue(self._hardware, lane) for lane in (Lane.ACT, Lane.SAFE)]
        log = await self._links.channel(consuming)
        bindings = KeptBindings(await self._links.channel(consuming), self._seconds)
        for queue in (*queues, owner_queue(self._hardware), memory):
            await make_queue(consuming, queue)
            bindings.keep(queue.name, queue.exchange, queue.topic)
        for queue in queues:
            # By which probes come.
            await bind(log, queue.name, PROCESSORS, queue.topic)
            bindings.keep(queue.name, PROCESSORS, queue.topic)
        published = await self._links.channel(publishing)
        await published.confirm()
        told, replied = [await self._links.channel(publishing) for _ in range(2)]
        await bind(log, memory.name, JOURNAL, f"{self._hardware}.#")
        bindings.keep(memory.name, JOURNAL, f"{self._hardware}.#")
        self._bindings = bindings
        self._connections, self._road = (consuming, publishing), Road(published, told, replied)
        # Before whatever else: it is in the log before any claim that comes by this channel.
        self._writer.begin(published)
        await self._reader.begin(log, memory.name)
        # Not by the one that requests come by: behind a flood of these the lease would run out.
        await self._chosen.begin(publishing)
        self._log.info("stands by for {hardware}", hardware=self._hardware)

    def left(self, why: str) -> None:
        """The fence shuts by itself, when its time is over."""
        self._trouble = why
        self._road = self._connections = self._bindings = None
        self._reader.end()
        self._writer.end()
        if self._claiming is not None:
            self._claiming.cancel()
        self._chosen.end()
        self._serving.end()

    def blocked(self, why: str) -> None:
        """The broker takes nothing of one of the connections, or does again."""
        if why:
            self._log.warn("the broker takes nothing: {why}", why=why)
        self._serving.block(bool(why))

    # -- standing by

    def _remember(self, message: Message) -> None:
        self._memory.take(message)
        if self._has_begun and self._is_usurped():
            # Better now, while another is the owner, than when this one is wanted.
            self._end("another processor has owned the hardware meanwhile")

    def _is_usurped(self) -> bool:
        return self._memory.others_since(self._fence.epoch)

    def _end(self, why: str) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._usurped(why)

    def _tick(self) -> None:
        now = self._seconds()
        if self._owned and not self._fence.is_open:
            self._lapse()
        before, self._written = self._written, self._writer.count
        # By this it may leave.
        self._reader.pass_time(self._written - before)
        if self._bindings is not None:
            self._bindings.look()
        if self._road is None:
            return
        self._chosen.look()
        beat = Message(BEAT_MESSAGE, self._beats.at(now))
        self._road.told.tell(PROCESSORS, owner_topic(self._hardware), beat)
        if self._owned:
            self._serving.pass_time(self._road)
            queue = self._serving.unserved(self._road)
            if queue:
                self._links.leave(f"nothing comes by {queue} any more")
        elif self._ownership.may_claim and self._claiming is None:
            self._claiming = ensureDeferred(self._claim(self._road))
            self._claiming.addErrback(self._not_claimed).addBoth(self._claimed)

    # -- owning

    async def _claim(self, road: Road) -> None:
        epoch = self._memory.next_epoch(self._fence.epoch, self._token)
        read = self._memory.read_to(epoch)
        message = Message(CLAIM, epoch.encode())
        topic = memory_topic(self._hardware)
        await self._figures.timed(road.published.publish(PROCESSORS, topic, message))
        await read
        if self._has_ended:
            return
        if self._road is not road or not self._ownership.claim(epoch):
            return
        self._owned = epoch
        self._trouble = ""
        self._reader.rest()
        self._log.info("owns {hardware} as {epoch}", hardware=self._hardware, epoch=epoch)
        if not self._has_begun:
            self._has_begun = True
            try:
                self._begin()
            except Exception:
                self._log.failure("the gate could not be started")
                self._end("the gate could not be started")
                return
        if len(self._memory.epochs) > 1:
            # Whoever was in command before, nobody is now.
            self._gate.make_all_safe("the takeover")
        if self._connections is not None:
            await self._serving.begin(road, self._links, *self._connections)

    def _lapse(self) -> None:
        why = self._trouble or "no word from the broker that it is the active one"
        self._log.error("does not own {hardware} any more: {why}", hardware=self._hardware, why=why)
        self._owned = ""
        self._reader.go_on()
        self._fence.shut(why)
        self._serving.end()
        self._gate.give_up(NotOwnerError(why))

    def _not_claimed(self, failure: Failure) -> None:
        if failure.check(CancelledError):
            return
        if failure.check(BrokerError):
            self._log.warn("could not claim the hardware: {why}", why=str(failure.value))
            if self._owned:
                # Claimed, and not served as a whole.
                self._links.leave(str(failure.value))
        else:
            self._log.failure("a bug met a claim", failure)

    def _claimed(self, result: None) -> None:
        self._claiming = None
