"""What hostile clients do: each flood is bounded in count and time, and stays on this computer.

Every flood runs in a process of its own, from an address of this computer that the good clients do
not have, and ends when its time is over.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.synchronize import Event

from tests.faults.counting import sealed
from tests.faults.hostile.laboratory import FEW, SLOW, Port, Ports

_HERE = "127.9.0.1"
_LONG = 64_000
_TICK = 0.01
# Connections that one computer may have at a listener.
_MANY = 250
# Values of counters from here on are the hostile clients'.
_FIRST = 10_000_000


@dataclass(frozen=True)
class Target:
    """What is flooded, for how many seconds, and how much of each flood: 1.0 is all of it."""

    ports: Ports
    seconds: float
    share: float

    def count(self, most: int) -> int:
        return max(1, round(most * self.share))


Flood = Callable[[Target], None]


def _ticks(target: Target, rate: float) -> Iterator[int]:
    """Numbers, at most ``rate`` a second; who comes late does not catch up."""
    end = time.monotonic() + target.seconds
    numbers = itertools.count()
    part = max(1, round(rate * target.share * _TICK))
    while time.monotonic() < end:
        begin = time.monotonic()
        for _ in range(part):
            yield next(numbers)
        time.sleep(max(0.0, part / (rate * target.share) - (time.monotonic() - begin)))


def _connect(there: Port, here: str = _HERE) -> socket.socket:
    """From the address of the hostile computer; nothing waits on it."""
    connection = socket.create_connection(there, 5.0, (here, 0))
    connection.setblocking(False)
    return connection


def _send(connection: socket.socket, data: bytes) -> None:
    """What goes at once; what does not is given up, and so is a connection that was ended."""
    with contextlib.suppress(OSError):
        connection.send(data)


def _read(*connections: socket.socket) -> None:
    """What has come, so that the flood is not held for an unread reply."""
    for connection in select.select(connections, (), (), 0)[0]:
        with contextlib.suppress(OSError):
            connection.recv(1 << 20)


def _send_datagrams(
    target: Target, there: Port, datagram: Callable[[int], bytes], rate: float = 5000
) -> None:
    """So many a second, by their numbers; what the system does not take is lost."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.bind((_HERE, 0))
        sender.setblocking(False)
        for number in _ticks(target, rate):
            with contextlib.suppress(OSError):
                sender.sendto(datagram(number), there)


def nothing(target: Target) -> None:
    """For comparison."""
    time.sleep(target.seconds)


def unread_descriptions(target: Target) -> None:
    """40 observers ask for ``Describe`` in 64 KiB each, and never read."""
    with ExitStack() as stack:
        for _ in range(target.count(40)):
            connection = stack.enter_context(_connect(target.ports.co2))
            _send(connection, b"Describe\n" * (65536 // 9))
        time.sleep(target.seconds)


def distinct_datagrams(target: Target) -> None:
    """5,000 a second that act, none like another."""
    _send_datagrams(target, target.ports.system_udp, lambda number: b"Set message %d" % number)


def one_byte_datagrams(target: Target) -> None:
    """5,000 a second, of one letter each: no command."""
    letter = ord("A")
    _send_datagrams(target, target.ports.system_udp, lambda number: b"%c" % (letter + number % 26))


def unknown_valves(target: Target) -> None:
    """5,000 datagrams a second that look at valves of which there is none."""
    _send_datagrams(target, target.ports.system_udp, lambda number: b"GetValveState X%d" % number)


def qtegra_datagrams(target: Target) -> None:
    """5,000 a second at Qtegra's port, every other one of a hundred lines."""
    lines = (b"GetData\r\n", b"GetHV\r\n" * 100)
    _send_datagrams(target, target.ports.qtegra_udp, lambda number: lines[number % 2])


def long_lines(target: Target) -> None:
    """By fifty connections: lines of half a megabyte, which have no end for long, bit by bit."""
    with ExitStack() as stack:
        connections = [
            stack.enter_context(_connect(target.ports.system)) for _ in range(target.count(50))
        ]
        for number in _ticks(target, 400):
            _send(connections[number % len(connections)], b"Open " + b"A" * 32_000)
            if number % 797 < len(connections):
                _send(connections[number % len(connections)], b"\n")
            _read(*connections)


def half_lines(target: Target) -> None:
    """By 250 connections at once, 60 KB each, twenty times a second: a line that never ends."""
    with ExitStack() as stack:
        connections = [
            stack.enter_context(_connect(target.ports.system)) for _ in range(target.count(_MANY))
        ]
        for number in _ticks(target, 20 * _MANY):
            _send(connections[number % len(connections)], b"x" * 60_000)
            if not number % len(connections):
                _read(*connections)


def leaving_askers(target: Target) -> None:
    """10,000 ask with one key for what takes a while, and all leave at once; again and again."""
    for turn in _ticks(target, 1 / target.share):
        line = f"@key=flood-{turn} Count {SLOW} {sealed(_FIRST + turn)}\n".encode()
        with ExitStack() as stack:
            connections = [
                stack.enter_context(_connect(target.ports.counting))
                for _ in range(target.count(_MANY))
            ]
            for connection in connections:
                _send(connection, line * 40)


def long_arguments(target: Target) -> None:
    """Quoted, of 64 KB, forty a second."""
    line = b'Set message "' + b"long " * (_LONG // 5) + b'"\n'
    with _connect(target.ports.system) as connection:
        for _ in _ticks(target, 40):
            _send(connection, line)
            _read(connection)


def invented_types(target: Target) -> None:
    """A thousand a second."""
    with _connect(target.ports.observers) as connection:
        for number in _ticks(target, 1000):
            _send(connection, b"Invented%d|Open A\n" % number)
            _read(connection)


def refused_keys(target: Target) -> None:
    """An observer's commands with keys, of 64 KB, a hundred a second: each is refused."""
    with _connect(target.ports.observers) as connection:
        for number in _ticks(target, 100):
            _send(connection, b"@key=refused-%d System|Open %s\n" % (number, b"A" * _LONG))
            _read(connection)


def repeated_datagram(target: Target) -> None:
    """One of 60 KB, a thousand times a second."""
    line = b"Open " + b"A" * 60_000
    _send_datagrams(target, target.ports.system_udp, lambda number: line, rate=1000)


def forged_datagrams(target: Target) -> None:
    """One port's name on what another is sent, a hundred a second; needs the right to forge."""
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as forger:
        for _ in _ticks(target, 100):
            packet = _datagram(target.ports.system_udp, target.ports.co2_udp, b"Nonsense\r\n")
            forger.sendto(packet, (target.ports.co2_udp[0], 0))


def _datagram(source: Port, there: Port, data: bytes) -> bytes:
    """An IP packet; the system fills in its checksum, and UDP's may be left out."""
    length = 28 + len(data)
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(there[0])
    ip = struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    return ip + struct.pack("!HHHH", source[1], there[1], length - 20, 0) + data


def silent_connections(target: Target) -> None:
    """More than are let in, at each listener; they say nothing."""
    ports = target.ports
    with ExitStack() as stack:
        for there in (ports.system, ports.co2, ports.counting, ports.qtegra):
            for _ in range(target.count(_MANY * 2)):
                stack.enter_context(_connect(there))
        time.sleep(target.seconds)


def four_computers(target: Target) -> None:
    """All that a listener bears, from four addresses; who is thrown out comes again."""
    with four_computers_at(target.ports.narrow) as held:
        for _ in _ticks(target, 100 / target.share):
            for number, connection in held.items():
                if _has_ended(connection):
                    connection.close()
                    held[number] = _connect(target.ports.narrow, _of_four(number))


@contextlib.contextmanager
def four_computers_at(there: Port) -> Iterator[dict[int, socket.socket]]:
    """Their connections, which fill the narrow listener; they say nothing."""
    held: dict[int, socket.socket] = {}
    try:
        for number in range(4 * FEW):
            held[number] = _connect(there, _of_four(number))
        yield held
    finally:
        for connection in held.values():
            connection.close()


def _of_four(number: int) -> str:
    return f"127.9.0.{number % 4 + 1}"


def _has_ended(connection: socket.socket) -> bool:
    try:
        return not connection.recv(1 << 16)
    except BlockingIOError:
        return False
    except OSError:
        return True


def checks(target: Target) -> None:
    """300 of a command that an interlock guards, every second."""
    with _connect(target.ports.system) as connection:
        for _ in _ticks(target, 300):
            _send(connection, b"Check Open D\n")
            _read(connection)


def wrong_keys(target: Target) -> None:
    """Guesses of the emergency key, a thousand a second."""
    with _connect(target.ports.system) as connection:
        for number in _ticks(target, 1000):
            _send(connection, b"Override A smoke guess-%d\n" % number)
            _read(connection)


#: All of them, by what they are called in the table.
FLOODS: dict[str, Flood] = {
    flood.__name__.replace("_", " "): flood
    for flood in (
        nothing, unread_descriptions, distinct_datagrams, one_byte_datagrams, unknown_valves,
        qtegra_datagrams, long_lines, half_lines, leaving_askers, long_arguments, invented_types,
        refused_keys, repeated_datagram, forged_datagrams, silent_connections, four_computers,
        checks, wrong_keys,
    )
}  # fmt: skip


def may_forge() -> bool:
    """Whether this account may put another's address on a datagram."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW).close()
    except OSError:
        return False
    return True


def run(name: str, target: Target, begins: Event) -> None:
    """One flood, in the process that is for it: nicely, since it shares the machine."""
    os.nice(5)
    begins.set()
    FLOODS[name](target)
