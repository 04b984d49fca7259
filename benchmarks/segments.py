"""What a long line costs that comes in segments of one byte, in memory.

Four times the bytes should cost four times the seconds; sixteen times tells of a cost that grows
with what has come before.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from time import process_time

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.basic import LineReceiver

from pychron_comms.observability.metrics import Metrics
from pychron_comms.transport.budget import BudgetLimits
from pychron_comms.transport.connections import Connections
from pychron_comms.transport.line_protocol import CommandLineReceiver
from pychron_comms.transport.options import WireOptions
from pychron_comms.transport.shared import Shared
from pychron_comms.wire.grammar import Request

_KIB = 1024

#: Bytes of the shorter line. The bare receiver would take minutes for the road's.
ROAD_BYTES = 256 * _KIB
RELAY_BYTES = 16 * _KIB
TIMES = 4


class Echo(CommandLineReceiver):
    def answer(self, request: Request) -> str:
        return "OK"


class BareEcho(LineReceiver):
    MAX_LENGTH = TIMES * ROAD_BYTES

    def lineReceived(self, line: bytes) -> None:
        self.sendLine(b"OK")


def measure() -> dict[str, dict[str, float]]:
    """For each system: the bytes of the longer line, its seconds, and how often the shorter's."""
    options = WireOptions(line_length=TIMES * ROAD_BYTES)
    connections = Connections("test", options, Shared.of(Clock(), Metrics(), BudgetLimits()))
    return {
        "road": _growth(lambda: Echo(connections), ROAD_BYTES),
        "relay": _growth(BareEcho, RELAY_BYTES),
    }


def _growth(make: Callable[[], Protocol], length: int) -> dict[str, float]:
    short = min(_seconds(make(), length) for _ in range(3))
    long = min(_seconds(make(), TIMES * length) for _ in range(2))
    return {"bytes": TIMES * length, "seconds": long, "growth": long / short}


def _seconds(protocol: Protocol, length: int) -> float:
    transport = StringTransport()
    protocol.makeConnection(transport)
    take = protocol.dataReceived
    started = process_time()
    for _ in range(length - 2):
        take(b"x")
    take(b"\r")
    take(b"\n")
    seconds = process_time() - started
    assert transport.value() == b"OK\r\n", transport.value()
    return seconds


if __name__ == "__main__":
    print(json.dumps(measure()))
