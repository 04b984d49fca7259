"""``pychron-instrument sim``: a description served backwards, with faults on request."""

from __future__ import annotations

import argparse
import random
import sys
from typing import Any

from twisted.internet import endpoints
from twisted.internet.defer import Deferred
from twisted.internet.task import react

from pychron_comms.instruments.faults import Faults
from pychron_comms.instruments.library import named_description
from pychron_comms.instruments.serving import (
    SimulatorDatagrams,
    SimulatorFactory,
    serve_on_terminal,
)
from pychron_comms.instruments.simulated import SimulatedInstrument

PTY = "pty"


def add_to(below: Any) -> None:
    """The subcommand."""
    command = below.add_parser("sim", help="be the instrument that a description describes")
    command.add_argument("description", help="a file, or the name of a ready one")
    command.add_argument(
        "--listen",
        default="tcp:0:interface=127.0.0.1",
        help="an endpoint string, udp:PORT, or pty for a serial line; a free port otherwise",
    )
    command.add_argument(
        "--faults", default="", help="such as drop=1%%,late=2s,garble=5%%,half,other-address"
    )
    command.add_argument("--seed", type=int, default=0, help="the faults are the same with it")
    command.add_argument("--quiet", action="store_true", help="do not show the bytes")
    command.set_defaults(run=_simulate)


def _simulate(given: argparse.Namespace) -> int:
    description = named_description(given.description)
    faults = Faults(given.faults, random.Random(given.seed))
    instrument = SimulatedInstrument(description)
    tell = (lambda text: None) if given.quiet else _say

    async def serve(reactor: Any) -> None:
        factory = SimulatorFactory(instrument, faults, reactor, tell)
        if given.listen == PTY:
            _say(f"listening: serial://{serve_on_terminal(factory.buildProtocol(None), reactor)}")
        elif given.listen.startswith("udp:"):
            port = reactor.listenUDP(
                int(given.listen.partition(":")[2]),
                SimulatorDatagrams(instrument, tell),
                interface="127.0.0.1",
            )
            _say(f"listening: udp://127.0.0.1:{port.getHost().port}")
        else:
            port = await endpoints.serverFromString(reactor, given.listen).listen(factory)
            where = port.getHost()
            _say(f"listening: tcp://{where.host}:{where.port}")
        await Deferred()

    react(lambda reactor: Deferred.fromCoroutine(serve(reactor)))
    return 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
