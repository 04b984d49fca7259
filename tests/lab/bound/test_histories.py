"""Drawn histories of a laser on a bad wire: nothing that was asked before a Disable undoes it."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError
from tests import properties
from tests.instruments.case import SimulatedWire
from tests.lab.bound.test_laser import BLIND, LaserCase

#: What is begun, or how the wire is from now on; a pause follows each.
_STEPS = st.tuples(
    st.sampled_from(
        ("enable", "power", "power", "disable", "dark", "look", "silence", "answer", "unplug")
    ),
    st.sampled_from((0.0, 0.05, 0.1, 0.15, 0.3, 1.1, 4.0)),
)

#: Seconds that an answer takes: long enough for others to come between.
_ANSWER = 0.12


class SlowWire(SimulatedWire):
    """Its answers take their time."""

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        for answer in self._connection.received(data):
            if not self.silent:
                self._clock.callLater(_ANSWER, self.bus.received, answer)


class Begun(NamedTuple):
    """A command, and how much had been sent when it was begun."""

    name: str
    sent: int
    done: list[object]


class HistoryTests(LaserCase):
    @properties.holds
    @given(st.lists(_STEPS, min_size=3, max_size=24), st.booleans())
    def test_nothing_gives_light_behind_a_disable(
        self, steps: list[tuple[str, float]], blind: bool
    ) -> None:
        self.text = BLIND if blind else type(self).text
        self.setUp()
        self.wire = SlowWire(self.bus, self.simulated, self.clock)
        self.bus.connected(self.wire)
        self.done("enable")
        begun = [self.step(number, *step) for number, step in enumerate(steps)]
        self.silence(False)
        self.pump(60.0)
        commands = [each for each in begun if each is not None]
        for each in commands:
            self.assertEqual(len(each.done), 1, each)
        self.assert_dark(commands)

    def step(self, number: int, name: str, pause: float) -> Begun | None:
        """Powers are told from each other by their numbers."""
        begun = None
        if name in {"silence", "answer"}:
            self.silence(name == "silence")
        elif name == "unplug":
            self.bus.disconnected("unplugged")
            self.bus.connected(self.wire)
        else:
            call: dict[str, tuple[Any, ...]] = {
                "power": ("set_laser_power", 1.25 * (number + 1)),
                "dark": ("set_laser_power", 0.0),
                "look": ("is_enabled",),
            }
            begun = Begun(f"{name} {number}", len(self.wire.sent), [])
            outcome: Deferred[Any] = self.begun(*call.get(name, (name,)))
            outcome.addBoth(begun.done.append)
        self.pump(pause) if pause else None
        return begun

    def silence(self, silent: bool) -> None:
        self.wire.silent = silent

    def assert_dark(self, commands: list[Begun]) -> None:
        sent = [data.decode().strip() for data in self.wire.sent]
        for number, each in enumerate(commands):
            for what in each.done:
                if isinstance(what, Failure):
                    self.assertIsInstance(what.value, CommandError, each)
            if not each.name.startswith("disable") or isinstance(each.done[0], Failure):
                continue
            off = sent.index("OFF", each.sent)
            after = sent[off:]
            later = [other.name for other in commands[number + 1 :]]
            enables = sum(name.startswith("enable") for name in later)
            self.assertLessEqual(after.count("ON"), enables, (sent, each))
            for other in commands[:number]:
                if other.name.startswith("power"):
                    watts = 0.4 * 1.25 * (int(other.name.split()[1]) + 1)
                    self.assertNotIn(f"P {watts:.1f}", after, (sent, each, other))
