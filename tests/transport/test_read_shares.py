"""Connections of one computer that all have something to say: a few in each turn, and all alike."""

from __future__ import annotations

import gc
import itertools
from typing import Any
from weakref import ref

from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.transport.read_shares import READS, ReadShares, Share

FLOOD, OTHER = "10.0.0.1", "10.0.0.2"


class Socket(Connection):
    """Has something to be read at any time."""

    def __init__(self, name: object) -> None:
        self.name = name


class ReadShareTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.hosts: dict[str, Share] = {}
        self.shares = ReadShares(self.clock, lambda: len(self.hosts))
        self.seen: list[object] = []
        self.patch(Connection, "doRead", lambda socket: self.seen.append(socket.name))

    def connect(self, number: int, host: str = FLOOD) -> list[Socket]:
        sockets = [Socket(name) for name in range(number)]
        share = self.hosts.setdefault(host, Share())
        for socket in sockets:
            self.shares.share(socket, share)
        return sockets

    def turn(self, *sockets: Any) -> list[object]:
        """What a reactor does in one: all that are ready are asked to read; who was read."""
        self.seen.clear()
        self.clock.advance(0)
        for socket in sockets:
            socket.doRead()
        return list(self.seen)

    def test_a_few_of_one_host_are_read_in_a_turn_and_anothers_always(self) -> None:
        flood, (other,) = self.connect(250), self.connect(1, OTHER)
        self.assertEqual(self.turn(*flood, other), [*range(READS), 0])
        self.assertEqual(len(self.turn(*flood, other)), READS + 1)

    def test_each_has_its_turn_though_those_before_it_say_more_and_more(self) -> None:
        flood, _ = self.connect(3 * READS + 1), self.connect(1, OTHER)
        seen = [self.turn(*flood) for _ in range(4)]
        self.assertEqual(set(itertools.chain(*seen)), set(range(3 * READS + 1)))
        self.assertEqual(sum(map(len, seen)), 3 * READS + 1)
        self.assertEqual(self.turn(*flood), list(range(READS)))

    def test_who_waits_for_the_round_has_the_next_one(self) -> None:
        flood, _ = self.connect(READS + 1), self.connect(1, OTHER)
        self.turn(*flood)
        self.assertEqual(self.turn(flood[0]), [])
        self.assertEqual(self.turn(flood[0]), [0])
        self.assertEqual(self.turn(flood[0]), [0])

    def test_so_it_is_in_each_round_and_who_comes_new_has_his_turn_in_any(self) -> None:
        flood, _ = self.connect(READS + 1), self.connect(1, OTHER)
        for number in range(4):
            late = Socket(f"late {number}")
            self.shares.share(late, self.hosts[FLOOD])
            flood.append(late)
            first, second = self.turn(*flood), self.turn(*flood)
            self.assertEqual(first, [socket.name for socket in flood[:READS]])
            self.assertEqual(second, [socket.name for socket in flood[READS:]])

    def test_when_all_have_had_theirs_one_may_be_read_twice(self) -> None:
        flood, others = self.connect(READS + 1), self.connect(1, OTHER)
        for _ in range(2):
            self.turn(*flood, *others)
        self.assertEqual(self.turn(flood[0], flood[0]), [0, 0])

    def test_one_that_is_alone_has_as_many_as_it_likes(self) -> None:
        flood = self.connect(250)
        self.assertEqual(len(self.turn(*flood)), 250)
        self.connect(1, OTHER)
        self.assertEqual(len(self.turn(*flood)), READS)
        del self.hosts[OTHER]
        self.turn()
        self.assertEqual(len(self.turn(*flood)), 250)

    def test_few_are_read_however_often_and_nothing_is_left_behind(self) -> None:
        few, _ = self.connect(3), self.connect(1, OTHER)
        for _ in range(100):
            self.assertEqual(self.turn(*few), [0, 1, 2])
        self.turn()
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_a_connection_under_tls_is_one_too(self) -> None:
        flood, _ = self.connect(READS), self.connect(1, OTHER)
        wrapper = ProtocolWrapper(WrappingFactory(None), Protocol())
        wrapper.transport = last = Socket("tls")
        self.shares.share(wrapper, self.hosts[FLOOD])
        self.assertNotIn("tls", self.turn(*flood, last))

    def test_it_keeps_no_connection(self) -> None:
        gc.disable()
        self.addCleanup(gc.enable)
        (socket,) = self.connect(1)
        gone, read = ref(socket), socket.doRead
        del socket
        self.assertIsNone(gone())
        self.assertIsNone(read())
        self.assertEqual(self.seen, [])
