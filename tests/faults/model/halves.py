"""The two halves of the road, each a process from its start to its death."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, cast

from twisted.internet.interfaces import IReactorTime

from pychron_comms.handlers.command import declared_commands
from pychron_comms.handlers.spectrometer.handler import qtegra_line_makes_safe
from pychron_comms.observability.loop_watch import LoopWatch
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.command_processor import CommandProcessorFactory
from pychron_comms.processor.execution.keys import KeyMemory
from pychron_comms.qtegra.answers import RelayedAnswers
from pychron_comms.qtegra.stream import QtegraFactory
from pychron_comms.repeater.endpoint import CommandRepeater
from pychron_comms.server.datagrams import DatagramMessagingHandler
from pychron_comms.server.dispatcher import Passing, RequestDispatcher
from pychron_comms.server.launcher import Launcher
from pychron_comms.server.messaging_handler import MessagingFactory
from pychron_comms.server.resend.command_catalogue import CommandCatalogue
from pychron_comms.server.resend.delivery import DeliveryReports
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.options import WireOptions
from pychron_comms.transport.pending_reply import as_deferred
from tests.faults.model.bench import Laboratory
from tests.faults.model.gates import assembled, queue_of
from tests.faults.model.links import Dial, Listener
from tests.faults.model.pens import Pen
from tests.faults.model.processes import Process
from tests.faults.model.witness import WatchedGate, Witness
from tests.faults.model.words import REQUEST_TYPE, RULES, Hardware, ModelHandler
from tests.listening import shared

#: Commands that may wait for one manager, and on one connection: few, so that histories meet them.
QUEUE = 3
IN_FLIGHT = 4

#: Bytes for keys of what was run: for all that a history runs, and no flood beside it.
KEY_ROOM = 100_000

#: The server's address, as the processor sees it.
SERVER = "10.0.0.1"

#: What the server knows from the first command on.
DECLARED = {REQUEST_TYPE: declared_commands(ModelHandler)}

#: Of a computer that takes the system lock, and has no client here.
ELSEWHERE = "10.0.9.9"


class Processor:
    """The process with the gate. ``now``: seconds since 1970."""

    def __init__(
        self,
        process: Process,
        *,
        pen: Pen,
        laboratory: Laboratory,
        witness: Witness,
        port: Listener,
        now: Callable[[], float],
    ) -> None:
        self.process = process
        self.pen = pen
        clock = cast(IReactorTime, process)
        metrics = Metrics()
        common = shared(clock, metrics)
        made = assembled(
            process,
            Hardware(laboratory, process),
            pen,
            now,
            partial(queue_of, process, most=QUEUE, sealed=pen.groups),
            interlocks=RULES,
            computers={"elsewhere": ELSEWHERE},
            cork=common.cork,
        )
        self.gate, self.queues, self.memory, self.leases, self.lock, self.part = made
        self.memory.keys = KeyMemory(room=KEY_ROOM)
        self.gate.startService()
        connections = Connections("processor", WireOptions(), common)
        factory = CommandProcessorFactory(
            cast(Any, WatchedGate(self.gate, witness, process)),
            frozenset({SERVER}),
            connections,
            metrics=metrics,
            stream=self.gate.stream,
        )
        port.listen(process, factory)


class Ports(NamedTuple):
    """Where a server listens: for all, for who reads to the end of file, and as Qtegra."""

    plain: Listener
    closing: Listener
    qtegra: Listener


class Server:
    """The process that clients connect to."""

    def __init__(self, process: Process, dial: Dial, ports: Ports) -> None:
        self.process = process
        clock = cast(IReactorTime, process)
        self.repeater = CommandRepeater(cast(Any, dial), "the processor", clock)
        metrics = Metrics()
        self.watch = LoopWatch(clock, metrics)
        dispatcher = RequestDispatcher(
            REQUEST_TYPE,
            self.repeater,
            CommandCatalogue(self.repeater, clock, DECLARED),
            DeliveryReports(
                self.repeater, clock, self.watch, metrics, process=f"server{clock.seconds()}"
            ),
            launcher=Launcher([], cast(Any, None)),
            stream=StateStream("s1", lambda: 0.0),
            metrics=metrics,
        )
        options = WireOptions(in_flight=IN_FLIGHT)
        closing = replace(options, close_after_reply=True)
        for name, port, how in (
            (REQUEST_TYPE, ports.plain, options),
            ("closing", ports.closing, closing),
        ):
            connections = Connections(name, how, shared(clock, metrics))
            port.listen(process, MessagingFactory(dispatcher, connections))
        relayed = RelayedAnswers(
            lambda request, sender: as_deferred(
                dispatcher.answer(request, sender, Passing(dispatcher.reports))
            ),
            qtegra_line_makes_safe,
        )
        connections = Connections("Qtegra", options, shared(clock, metrics))
        ports.qtegra.listen(process, QtegraFactory(relayed, connections, "Qtegra"))
        self.datagrams = DatagramMessagingHandler(dispatcher, options, shared(clock, metrics))
        self.repeater.startService()
        self.watch.startService()
