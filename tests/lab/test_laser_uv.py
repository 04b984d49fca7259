"""The simulated pulsed laser."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.errors import EnableError, InvalidArgumentsError
from pychron_comms.interfaces import IReactorManager, IUVLaserManager
from tests.lasers import build_laser


class UVLaserTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.laser: Any = build_laser(self.clock, kind="uv")

    def test_promises(self) -> None:
        verifyObject(IUVLaserManager, self.laser)
        verifyObject(IReactorManager, self.laser)

    def test_burst_lasts_as_long_as_its_pulses(self) -> None:
        self.assertEqual(self.laser.get_nburst(), 1)
        self.laser.enable()
        self.laser.set_nburst(20)
        self.laser.set_reprate(5.0)
        self.laser.fire("burst")
        self.assertTrue(self.laser.get_burst_mode())
        self.clock.advance(3.9)
        self.assertTrue(self.laser.is_firing())
        self.clock.advance(0.1)
        self.assertFalse(self.laser.is_firing())

    def test_continuous_until_stopped(self) -> None:
        self.laser.enable()
        self.laser.fire("continuous")
        self.assertFalse(self.laser.get_burst_mode())
        self.clock.advance(1e6)
        self.assertTrue(self.laser.is_firing())
        self.laser.fire("stop")
        self.assertFalse(self.laser.is_firing())

    def test_not_unless_enabled(self) -> None:
        self.assertRaises(EnableError, self.laser.fire, "burst")
        self.laser.fire("stop")
        self.assertFalse(self.laser.is_firing())

    def test_ends_when_disabled(self) -> None:
        self.laser.enable()
        self.laser.fire("continuous")
        self.laser.disable()
        self.assertFalse(self.laser.is_firing())

    def test_enabled_twice_fires_on(self) -> None:
        self.laser.enable()
        self.laser.fire("continuous")
        self.laser.enable()
        self.assertTrue(self.laser.is_firing())

    def test_does_not_begin_again_by_itself(self) -> None:
        self.laser.enable()
        self.laser.fire("continuous")
        self.laser.output.set_interlock("door", False)
        self.assertFalse(self.laser.is_firing())
        self.laser.output.set_interlock("door", True)
        self.laser.enable()
        self.assertFalse(self.laser.is_firing())

    def test_wrong_values(self) -> None:
        for ask, value in (
            (self.laser.fire, "loud"),
            (self.laser.set_nburst, 0),
            (self.laser.set_reprate, 0.0),
            (self.laser.set_reprate, 301.0),
        ):
            self.assertRaises(InvalidArgumentsError, ask, value)
