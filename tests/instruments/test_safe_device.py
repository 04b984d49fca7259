"""Devices that are brought to their safe state."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs
from zope.interface.verify import verifyObject

from pychron_comms.errors import DeviceConnectionError
from pychron_comms.instruments.safe_device import SafeDevice, SafeState
from pychron_comms.interfaces import IMakesSafe, Part
from pychron_comms.safeguards.safe_state import safe_actions
from tests.instruments.test_ramp import PACE, PaceCase


class SafeCase(PaceCase):
    text = PACE % "ramp = 600"
    state = SafeState(to=20.0, on_stop=True, silent=10.0)

    def setUp(self) -> None:
        super().setUp()
        self.device = SafeDevice("furnace", self.item, self.state)
        self.item.start()
        self.addCleanup(self.item.stop)
        self.pump(0.2)


class SafeDeviceTests(SafeCase):
    def test_a_lease_that_lapses_makes_it_safe(self) -> None:
        verifyObject(IMakesSafe, self.device)
        self.put("setpoint", 700)
        (action,) = safe_actions(Part("Hardware:furnace", self.device, ""))
        done = Deferred.fromCoroutine(action())  # type: ignore[arg-type]
        self.pump()
        self.successResultOf(done)
        self.assertEqual(self.points(), ["20.0"])
        self.assertEqual(self.now("setpoint"), 20.0)

    def test_it_passes_a_ramp_and_ends_it(self) -> None:
        self.set("700")
        done = Deferred.fromCoroutine(self.device.make_safe(""))
        self.pump(5.0)
        self.successResultOf(done)
        self.assertEqual(self.points(), ["10.0", "20.0"])

    def test_it_says_where_it_could_not(self) -> None:
        self.bus.disconnected("unplugged")
        done = Deferred.fromCoroutine(self.device.make_safe(""))
        self.pump(30.0)
        self.failureResultOf(done, DeviceConnectionError)

    def test_silence_makes_it_safe_as_soon_as_it_can_be(self) -> None:
        """The cable is pulled: the first that it is told when it is back is its safe state."""
        self.set("700")
        self.bus.disconnected("unplugged")
        self.pump(30.0)
        self.wire.sent.clear()
        self.put("setpoint", 700)
        self.bus.connected(self.wire)
        self.assertEqual(self.wire.sent[0], b"SP 20.0\n")
        self.pump(5.0)
        self.assertEqual(self.now("setpoint"), 20.0)
        self.pump(30.0)
        self.assertEqual(self.points(), ["20.0"])

    def test_a_short_silence_does_not(self) -> None:
        self.put("setpoint", 700)
        self.bus.disconnected("unplugged")
        self.pump(8.0)
        self.bus.connected(self.wire)
        self.pump(30.0)
        self.assertEqual(self.points(), [])

    def test_who_does_not_own_it_leaves_it_alone(self) -> None:
        self.fenced = "it stands by"
        self.bus.disconnected("unplugged")
        self.pump(30.0)
        self.bus.connected(self.wire)
        self.pump(5.0)
        self.assertEqual(self.points(), [])

    def test_who_owns_it_later_sees_to_it_then(self) -> None:
        """The one before may have died first, and whoever takes over has it still silent."""
        self.fenced = "it stands by"
        self.bus.disconnected("unplugged")
        with capturedLogs() as logs:
            self.pump(30.0)
        self.assertEqual([each for each in logs if "made safe" in each["log_format"]], [])
        self.fenced = ""
        self.pump(3.0)
        self.bus.connected(self.wire)
        self.pump(5.0)
        self.assertEqual(self.points(), ["20.0"])

    def test_who_loses_it_meanwhile_sees_to_it_once_more(self) -> None:
        self.bus.disconnected("unplugged")
        self.pump(12.0)
        self.fenced = "cut off"
        self.pump(30.0)
        self.bus.connected(self.wire)
        self.bus.disconnected("unplugged")
        self.pump(3.0)
        self.fenced = ""
        self.pump(3.0)
        self.bus.connected(self.wire)
        self.pump(5.0)
        self.assertEqual(self.points(), ["20.0"])

    def test_each_silence_does(self) -> None:
        for _ in range(2):
            self.bus.disconnected("unplugged")
            self.pump(12.0)
            self.bus.connected(self.wire)
            self.pump(10.0)
        self.assertEqual(self.points(), ["20.0"] * 2)


class NeverHeardTests(SafeCase):
    def setUp(self) -> None:
        super().setUp()
        self.item.stop()
        self.item.listeners.clear()
        self.bus.disconnected("switched off")
        self.device = SafeDevice("furnace", self.item, self.state)
        self.item.start()

    def test_one_that_was_never_heard_is_left_as_it_stands(self) -> None:
        self.pump(30.0)
        self.bus.connected(self.wire)
        self.pump(5.0)
        self.assertEqual(self.points(), [])


class VerbTests(SafeCase):
    state = SafeState(to="off", on_stop=False, silent=None)

    def test_by_a_verb(self) -> None:
        self.put("setpoint", 700)
        done = Deferred.fromCoroutine(self.device.make_safe(""))
        self.pump()
        self.successResultOf(done)
        self.assertIn(b"OFF\n", self.wire.sent)
        self.assertEqual(self.now("setpoint"), 0)

    def test_silence_is_no_cause_unless_it_says_so(self) -> None:
        self.bus.disconnected("unplugged")
        self.pump(100.0)
        self.bus.connected(self.wire)
        self.pump(5.0)
        self.assertNotIn(b"OFF\n", self.wire.sent)
