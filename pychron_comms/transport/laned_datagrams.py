"""A port whose datagrams' lines wait in lanes: looked at as they come, asked in their turn."""

from __future__ import annotations

from twisted.internet.protocol import DatagramProtocol

from pychron_comms.transport.connections import IN_FLIGHT_MEANING
from pychron_comms.transport.datagram_lanes import Address, DatagramLanes, DatagramLine
from pychron_comms.transport.datagrams import DatagramGuard
from pychron_comms.transport.shared import Shared
from pychron_comms.transport.socket_tuning import let_datagrams_wait


class LanedDatagrams(DatagramProtocol):
    """What all protocols of datagrams have together. ``name`` is as in logs and metrics.

    A protocol says what ``received`` makes of a datagram, which is to let lines ``come``, and how
    to ``take`` a line whose turn it is.
    """

    noisy = False

    def __init__(self, name: str, shared: Shared) -> None:
        self.name = name
        self.clock = shared.clock
        self.guard = DatagramGuard(name, shared.clock, shared.metrics, shared.log)
        self._takes_no_more = False
        self._lanes = DatagramLanes(shared.turns, shared.clock, self.take)
        shared.metrics.gauge(
            "pychron_comms_in_flight", IN_FLIGHT_MEANING, lambda: self.in_flight, listener=name
        )

    def received(self, datagram: bytes, addr: Address) -> None:
        """One has come."""
        raise NotImplementedError

    def take(self, line: DatagramLine) -> None:
        """Ask it, and answer so many times as it has copies."""
        raise NotImplementedError

    @property
    def in_flight(self) -> int:
        """Commands that wait for their replies, or for their turn."""
        return self.guard.in_flight + len(self._lanes)

    def take_no_more(self) -> None:
        """Nothing is looked at that comes from now on; replies still go."""
        self._takes_no_more = True
        self._lanes.work_off()

    def come(self, line: bytes, addr: Address, makes_safe: bool, has_lain: bool = False) -> None:
        """Ask a line in its sender's turn; where it has no room it is dropped, and counted."""
        came = DatagramLine(line, addr, makes_safe, self.clock.seconds(), has_lain)
        if not self._lanes.come(came):
            self.guard.dropped(addr[0])

    def answer(self, data: bytes, addr: Address, times: int) -> None:
        """One datagram there, so many times."""
        # Stopped meanwhile: nobody is left to tell.
        if self.transport is not None:
            self.guard.answered(addr[0], times * len(data))
            for _ in range(times):
                self.transport.write(data, addr)

    def logPrefix(self) -> str:
        return self.name

    def startProtocol(self) -> None:
        let_datagrams_wait(self.transport)
        self.guard.listens(self.transport)

    def datagramReceived(self, datagram: bytes, addr: Address) -> None:
        self.guard.came(self.transport)
        if self._takes_no_more:
            return
        if self._lanes.are_full(addr):
            # Not even looked at: most of a flood ends here.
            self.guard.dropped(addr[0])
        else:
            self.received(datagram, addr)
