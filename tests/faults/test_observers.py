"""Whoever listens at the broker costs the hardware's owner nothing: it is counted, not timed."""

from __future__ import annotations

import random
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.names import JOURNAL
from pychron_comms.transport.broker_strings import STATE_EXCHANGE
from tests.faults.model.bench import Script
from tests.faults.takeovers.queues import Stored
from tests.faults.takeovers.wires import LATENCY
from tests.faults.takeovers.world import Wish, World

#: Only the owner publishes there.
EXCHANGES = (STATE_EXCHANGE, JOURNAL)


class Observer:
    """Gets all that a queue of its own has."""

    ahead = 10**9

    def __init__(self, world: World, name: str) -> None:
        self.heard = 0
        broker = world.broker
        queue = broker.declare(name, {})
        for exchange in EXCHANGES:
            broker.bind(name, exchange, "line.#")
        queue.consume(self)

    def give(self, stored: Stored) -> None:
        self.heard += 1

    def cancelled(self) -> None:
        raise AssertionError("nobody deletes it")


class ObserverTests(SynchronousTestCase):
    def test_the_owner_publishes_as_much_for_hundreds_as_for_none(self) -> None:
        alone, _ = self.history(0)
        watched, observers = self.history(300)
        self.assertEqual(watched, alone)
        self.assertEqual({exchange for exchange, _ in alone}, set(EXCHANGES))
        self.assertEqual({each.heard for each in observers}, {len(alone)})

    def history(self, count: int) -> tuple[list[tuple[str, str]], list[Observer]]:
        """What the owner published by which topic, and so many who listened."""
        # The pauses before connecting are random.
        random.seed(1)
        world = World()
        told: list[tuple[str, str]] = []
        publish = world.broker.publish

        def counted(exchange: str, topic: str, *message: Any) -> None:
            if exchange in EXCHANGES:
                told.append((exchange, topic))
            publish(exchange, topic, *message)

        self.patch(world.broker, "publish", counted)
        # What is on the way was told to the other one.
        world.pass_time(2 * LATENCY)
        told.clear()
        observers = [Observer(world, f"observer {number}") for number in range(count)]
        for _ in range(10):
            world.ask(0, Wish("Count", "a", Script(0.1), None, key=False))
            world.pass_time(0.5)
        return told, observers
