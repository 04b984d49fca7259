"""``pychron-instrument sim``: a description served backwards, with faults on request."""

from __future__ import annotations

import argparse
import random
import sys
from typing import Any, NamedTuple

from twisted.internet import endpoints
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.internet.task import react

from pychron_comms.instruments.description import Description
from pychron_comms.instruments.faults import Faults
from pychron_comms.instruments.library import named_description
from pychron_comms.instruments.modbus.frames import rtu_frames, tcp_frames
from pychron_comms.instruments.serving import (
    SimulatorDatagrams,
    SimulatorFactory,
    serve_on_terminal,
)
from pychron_comms.instruments.simulators import Simulator, simulator
from pychron_comms.instruments.speaking import MODBUS_RTU, MODBUS_TCP

PTY = "pty"
_UDP = "udp:"


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
    command.add_argument(
        "--rtu", action="store_true", help="of Modbus on a port: RTU, as through a converter"
    )
    command.add_argument("--seed", type=int, default=0, help="the faults are the same with it")
    command.add_argument("--quiet", action="store_true", help="do not show the bytes")
    command.set_defaults(run=_simulate)


def _simulate(given: argparse.Namespace) -> int:
    description = named_description(given.description)
    faults = Faults(given.faults, random.Random(given.seed))
    instrument, schemes = _served(description, given)
    tell = (lambda text: None) if given.quiet else _say

    async def listen(reactor: Any) -> None:
        factory = SimulatorFactory(instrument, faults, reactor, tell)
        if given.listen == PTY:
            path = serve_on_terminal(factory.buildProtocol(None), reactor)
            _say(f"listening: {schemes.serial}://{path}")
        elif given.listen.startswith(_UDP):
            port = reactor.listenUDP(
                int(given.listen.removeprefix(_UDP)),
                SimulatorDatagrams(instrument, faults, reactor, tell),
                interface="127.0.0.1",
            )
            _say(f"listening: udp://127.0.0.1:{port.getHost().port}")
        else:
            port = await endpoints.serverFromString(reactor, given.listen).listen(factory)
            where = port.getHost()
            _say(f"listening: {schemes.tcp}://{where.host}:{where.port}")

    problems: list[str] = []

    async def serve(reactor: Any) -> None:
        try:
            await listen(reactor)
        except (CannotListenError, OSError, ValueError) as error:
            # Raised, it would end the reactor with a traceback.
            problems.append(f"--listen {given.listen}: {error}")
            return
        await Deferred()

    try:
        react(lambda reactor: Deferred.fromCoroutine(serve(reactor)))
    except SystemExit:
        if not problems:
            raise
    if problems:
        raise ValueError(problems[0])
    return 0


class _Schemes(NamedTuple):
    """What links to it begin with."""

    tcp: str
    serial: str


def _served(description: Description, given: argparse.Namespace) -> tuple[Simulator, _Schemes]:
    if description.wire.frames is None:
        if given.rtu:
            raise ValueError(f"--rtu is for Modbus, and {description.name} is not described for it")
        return simulator(description), _Schemes("tcp", "serial")
    if given.listen.startswith(_UDP):
        raise ValueError("Modbus is served on a port of TCP, or on a pseudo-terminal")
    if given.rtu or given.listen == PTY:
        frames = rtu_frames(of_the_unit=True)
        return simulator(description, frames), _Schemes(MODBUS_RTU, MODBUS_RTU)
    return simulator(description, tcp_frames()), _Schemes(MODBUS_TCP, MODBUS_RTU)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
