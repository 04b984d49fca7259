"""The connections of one listener: not too many, none silent for too long, and how they end."""

from __future__ import annotations

import sys
from typing import Any, Protocol

from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from pychron_comms.transport.exchange import Exchange
from pychron_comms.transport.hosts import ConnectionsOfHosts
from pychron_comms.transport.options import WireOptions
from pychron_comms.transport.shared import Shared

#: What is counted at each listener beside its exchange's: ``pychron_comms_NAME_total``.
COUNTED = {
    "connections_refused": "Connections refused because there were too many (215).",
    "gave_way": "Connections closed for one of a computer that has fewer.",
    "idle_closed": "Connections closed after too long a silence.",
    "unterminated_dropped": "Lines dropped because the connection ended before they did.",
    "readers_paused": "Times that a client was read no further until it had read its replies.",
    "stalled_dropped": "Connections dropped because the client left its replies unread.",
}

IN_FLIGHT_MEANING = "Commands that wait for their replies."

#: Nothing, and none has ever been used; nothing now; a reply, or events; something that lasts as
#: long as it does.
UNASKED, UNUSED, AWAITED, HELD = range(4)

#: Seconds between looks for silent connections, at most and at least.
_RARELY, _OFTEN = 60.0, 0.05


class Connection(Protocol):
    """What is to be known of a connection, and done with it."""

    #: When it was first seen silent; None where a byte has come since the last look.
    quiet_since: float | None
    transport: Any

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies."""

    @property
    def worth(self) -> int:
        """``UNASKED``, ``UNUSED``, ``AWAITED`` or ``HELD``: what is lost with it."""

    def take_no_more(self) -> None:
        """Answer what has come; nothing is looked at that comes from now on."""

    def give_up(self) -> None:
        """Answer with 201 what still waits."""

    def close(self) -> None:
        """Close it when all replies are written."""


class Connections:
    """Those of one listener, which may have several endpoints. ``name`` is how metrics call it.

    As many as ``options.limits`` allow. Where there are as many, the host that has the most gives
    one up for one that has fewer, so that no few hosts can take all the room; and where none has
    more, the oldest goes that has never said anything.

    One that waits for nothing is closed after ``idle`` seconds without a byte, or up to half as
    many or 2 min later, whichever is less. Nothing is said to it: a plain client would take that
    for its next reply.
    """

    _log = Logger()

    def __init__(self, name: str, options: WireOptions, shared: Shared) -> None:
        metrics = shared.metrics
        self.options = options
        self.clock = shared.clock
        self.budgets = shared.budgets
        self.turns = shared.turns
        self.reads = shared.reads
        self.cork = shared.cork
        self.log = shared.log
        self.events = shared.events
        self.exchange = Exchange(name, metrics, shared.log)
        self._limits = options.limits
        # In the order in which they came, each with the host that it came from.
        self._open: dict[Connection, str] = {}
        self._hosts: ConnectionsOfHosts[Connection] = ConnectionsOfHosts()
        self._closing: set[Connection] = set()
        self._full = False
        # One timer for all: one for each connection would cost more than the connection.
        self._timer: IDelayedCall | None = None
        self._counters = {
            what: metrics.counter(f"pychron_comms_{what}_total", meaning, listener=name)
            for what, meaning in COUNTED.items()
        }
        metrics.gauge(
            "pychron_comms_connections", "Open connections.", lambda: self.open, listener=name
        )
        metrics.gauge(
            "pychron_comms_in_flight",
            IN_FLIGHT_MEANING,
            lambda: self.in_flight,
            listener=name,
        )

    @property
    def open(self) -> int:
        return len(self._open)

    @property
    def in_flight(self) -> int:
        return sum(each.in_flight for each in self._open)

    def count(self, what: str) -> None:
        """One more of what ``COUNTED`` names."""
        self._counters[what].value += 1

    def limit_met(self, host: str) -> int | None:
        """The limit that one more connection from there would break; None where there is room.

        Room may be made for it, by closing another.
        """
        limits = self._limits
        limit = None
        if self._hosts.number(host) >= limits.connections_per_host:
            limit = limits.connections_per_host
        elif len(self._open) >= limits.connections and not self._make_room(host):
            limit = limits.connections
        if limit is not None:
            self._refused(host, limit)
        return limit

    def add(self, connection: Connection, host: str) -> None:
        """One that there is room for."""
        self._full = False
        # One text for all connections of a host.
        host = sys.intern(host)
        self._open[connection] = host
        self._hosts.add(connection, host)
        if self._timer is None and self._limits.idle:
            self._timer = self.clock.callLater(self._pause, self._look)

    def remove(self, connection: Connection) -> None:
        """One that has ended."""
        self._closing.discard(connection)
        host = self._open.pop(connection, None)
        if host is not None:
            self._hosts.remove(connection, host)

    # -- the end of the process

    def refuse_commands(self) -> None:
        """Answer every new command on any connection with 209, save those that make safe."""
        self.exchange.refusing = True

    def take_no_more(self) -> None:
        """Answer what has come, on each; nothing is looked at that comes from now on."""
        for connection in list(self._open):
            connection.take_no_more()

    def close(self) -> None:
        """Answer with 201 what still waits, and close each when all of it is written."""
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self.take_no_more()
        for connection in list(self._open):
            connection.give_up()
            connection.close()

    def abort(self) -> None:
        """Drop what is left of them, and what they have not read."""
        for connection in list(self._open):
            connection.transport.abortConnection()

    # -- silence

    @property
    def _pause(self) -> float:
        return min(max(self._limits.idle / 4, _OFTEN), _RARELY)

    def _look(self) -> None:
        self._timer = None
        for connection in list(self._closing):
            # A peer that has vanished never agrees to the end of a TLS connection.
            connection.transport.abortConnection()
        now = self.clock.seconds()
        for connection in list(self._open):
            since = connection.quiet_since
            if since is None or connection.in_flight:
                connection.quiet_since = now
            elif now - since >= self._limits.idle and connection not in self._closing:
                self._close_idle(connection, now - since)
        if self._open:
            self._timer = self.clock.callLater(self._pause, self._look)

    def _close_idle(self, connection: Connection, seconds: float) -> None:
        self.count("idle_closed")
        self.log.info(
            self._log,
            "closed a connection of {sender}: silent for {seconds:.0f} s",
            sender=self._open[connection],
            seconds=seconds,
        )
        self._closing.add(connection)
        # Over TLS it is not ended at once, and a reply could not be written.
        connection.take_no_more()
        connection.close()

    # -- too many

    def _make_room(self, host: str) -> bool:
        """Close one of the host that has the most, where that leaves it no fewer than this one."""
        number = self._hosts.number(host)
        connection: Connection | None = None
        if self._hosts.most > number + 1:
            # What has been there for long is rather not a flood's.
            newest_first = reversed(self._hosts.of_one_that_has_most())
            connection = min(newest_first, key=lambda each: each.worth)
        elif not number:
            # One program may have a thousand addresses, on loopback or of IPv6.
            connection = next((each for each in self._open if each.worth == UNASKED), None)
        if connection is None or connection.worth == HELD:
            return False
        self.count("gave_way")
        self.log.warn(
            self._log,
            "closed a connection of {sender}, which has {number}, for one of {host}",
            sender=self._open[connection],
            number=self._hosts.most,
            host=host,
        )
        # It is no longer among them, whenever its end is heard of.
        self.remove(connection)
        connection.transport.abortConnection()
        return True

    def _refused(self, host: str, limit: int) -> None:
        self.count("connections_refused")
        # Once, until there was room again: a client that tries on and on must not fill the log.
        if not self._full:
            self._full = True
            self.log.warn(
                self._log,
                "refused {sender}: there are {open} connections, at most {limit} may be",
                sender=host,
                open=self.open,
                limit=limit,
            )
