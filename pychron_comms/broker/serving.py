"""What an owner serves: its set's lanes, what servers say beside commands, and how things stand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from pychron_comms.broker.adapter import BrokerConnection
from pychron_comms.broker.channel import BrokerChannel
from pychron_comms.broker.figures import StandbyFigures
from pychron_comms.broker.intake import Intake, Road
from pychron_comms.broker.lane import ReadLane, WatchedLane
from pychron_comms.broker.links import BrokerLinks
from pychron_comms.broker.log_writer import LogWriter
from pychron_comms.broker.message import OWNER, Message
from pychron_comms.broker.names import SAFE_WAITING, Lane, lane_queue, owner_topic
from pychron_comms.broker.servers import Servers
from pychron_comms.broker.state import StateTeller
from pychron_comms.broker.topology import KeptBindings, make_queue
from pychron_comms.interfaces import IHardwareGate
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.safeguards.fence import LeasedFence
from pychron_comms.transport.broker_strings import STATE_EXCHANGE

_Word = Callable[[str], str | Deferred[str]]


class Serving:
    """Of one ownership after the other. ``words``: what servers may say beside commands."""

    def __init__(
        self,
        hardware: str,
        gate: IHardwareGate,
        fence: LeasedFence,
        writer: LogWriter,
        *,
        stream: StateStream,
        words: Mapping[str, _Word],
        figures: StandbyFigures,
        clock: IReactorTime,
        seconds: Callable[[], float],
        at: Callable[[], str],
    ) -> None:
        self._hardware = hardware
        self._gate = gate
        self._fence = fence
        self._writer = writer
        self._stream = stream
        self._figures = figures
        self._sender_log = figures.sender_log(clock)
        self._clock = clock
        self._seconds = seconds
        self._at = at
        self._servers = Servers(gate)
        self._words: dict[str, Callable[[str, str], str | Deferred[str]]] = {
            "Forget": self._forget,
            "Gone": self._gone,
            "Taken": self._taken,
            "Snapshot": self._snapshot,
            "Alive": lambda rest, server: "OK",
            **{word: _without_server(act) for word, act in words.items()},
        }
        self._lanes: list[BrokerChannel] = []
        self._watched: list[WatchedLane] = []
        self._reads: ReadLane | None = None
        self._bindings: KeptBindings | None = None
        self._teller: StateTeller | None = None
        # Since the last beat: whether somebody was shown how things stand, and others want to be.
        self._has_shown = self._others_want = False

    async def begin(
        self,
        road: Road,
        links: BrokerLinks,
        consuming: BrokerConnection,
        publishing: BrokerConnection,
    ) -> None:
        """Errors: BrokerError, and then what it had begun is to be ended."""
        intake = Intake(
            self._gate,
            self._fence,
            road,
            self._writer,
            self._servers,
            words=self._words,
            figures=self._figures,
            log=self._sender_log,
            seconds=self._seconds,
            at=self._at,
        )
        reading = lane_queue(self._hardware, Lane.READ)
        await make_queue(consuming, reading)
        self._teller = StateTeller(self._hardware, self._stream, road.told, self._clock)
        self._teller.start()
        for lane, connection, ahead, take in (
            (Lane.SAFE, consuming, SAFE_WAITING, intake.safe),
            # By the connection that it is written down by: one channel for both.
            (Lane.ACT, publishing, 1, intake.act),
        ):
            channel = await links.channel(connection)
            self._lanes.append(channel)
            queue = lane_queue(self._hardware, lane)
            watched = WatchedLane(queue, ahead, channel, take, self._seconds)
            self._watched.append(watched)
            await watched.begin()
        reads = await links.channel(consuming)
        self._lanes.append(reads)
        self._reads = ReadLane(reading, reads, intake.read)
        await self._reads.begin()
        # Of the two other lanes every processor does.
        self._bindings = KeptBindings(reads, self._seconds)
        self._bindings.keep(reading.name, reading.exchange, reading.topic)
        self.say_owner(road)

    def pass_time(self, road: Road) -> None:
        """To be called with each beat."""
        self.say_owner(road)
        self._servers.look(self._seconds())
        if self._reads is not None:
            self._reads.say_seen()
        if self._bindings is not None:
            self._bindings.look()
        self._has_shown = False
        if self._others_want and self._teller is not None:
            self._others_want = False
            self._teller.tell_all()

    def unserved(self, road: Road) -> str:
        """What it consumes to no avail, as far as is known; empty for nothing."""
        lost = [lane.queue.name for lane in self._watched if not lane.look(road.told)]
        return lost[0] if lost else ""

    def say_owner(self, road: Road) -> None:
        """To all servers, while the lanes are served."""
        if self._lanes and self._fence.is_open:
            fields = {"epoch": self._fence.epoch, "at": self._seconds()}
            body = json.dumps(fields).encode()
            road.told.tell(STATE_EXCHANGE, owner_topic(self._hardware), Message(OWNER, body))

    def block(self, is_blocked: bool) -> None:
        """The broker takes nothing, or does again."""
        if self._teller is not None:
            self._teller.block(is_blocked)

    def end(self) -> None:
        """Also where there is nothing to end."""
        lanes, self._lanes = self._lanes, []
        self._watched, self._reads = [], None
        self._bindings = None
        for channel in lanes:
            channel.ended = lambda why: None
            channel.close()
        if self._teller is not None:
            self._teller.stop()
            self._teller = None
        self._has_shown = self._others_want = False

    # -- what servers say

    def _forget(self, number: str, server: str) -> str:
        self._servers.forget(server, number)
        return "OK"

    def _gone(self, session: str, server: str) -> str:
        self._gate.session_ended(f"{server}/{session}")
        return "OK"

    def _taken(self, asks: str, server: str) -> str:
        for ask in asks.split():
            self._gate.reply_taken(ask)
        return "OK"

    def _snapshot(self, rest: str, server: str) -> str:
        if self._has_shown or self._teller is None:
            # However many ask: a picture is large, and may not stand before the beats.
            self._others_want = True
        else:
            self._has_shown = True
            self._teller.tell_one(server)
        return "OK"


def _without_server(act: _Word) -> Callable[[str, str], str | Deferred[str]]:
    return lambda rest, server: act(rest)
