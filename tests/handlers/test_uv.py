"""The commands of UV, by the bytes that real clients send."""

from typing import Any

from twisted.internet.task import Clock
from twisted.plugin import IPlugin
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from pychron_comms.errors import ManagerUnavailableError
from pychron_comms.handlers.laser.uv import UVHandlerFactory
from pychron_comms.interfaces import Effect, IRequestHandler, IRequestHandlerFactory
from tests.lasers import OneManager, ask, build_laser, call_of


class UVFactoryTests(SynchronousTestCase):
    def test_promises(self) -> None:
        factory = UVHandlerFactory()
        verifyObject(IRequestHandlerFactory, factory)
        verifyObject(IPlugin, factory)
        self.assertEqual(factory.request_types, ("UV",))

    def test_a_laser_without_pulses(self) -> None:
        hardware = OneManager("uv", build_laser(Clock()))
        self.assertRaises(ManagerUnavailableError, UVHandlerFactory().build, hardware)


class UVCommandTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.laser: Any = build_laser(self.clock, kind="uv")
        self.handler = UVHandlerFactory().build(OneManager("uv", self.laser))

    def assert_replies(self, *exchanges: tuple[bytes, str]) -> None:
        for sent, reply in exchanges:
            self.assertEqual((sent, ask(self.handler, sent)), (sent, reply))

    def test_promises(self) -> None:
        verifyObject(IRequestHandler, self.handler)
        self.assertTrue(ask(self.handler, b"Help\n").startswith("UV commands: "))

    def test_what_a_client_asks_first(self) -> None:
        self.assert_replies(
            (b"GetPosition\n", "0.00000,0.00000,0.00000"),
            (b"GetNBurst\n", "1"),
            (b"GetBurstMode\n", "True"),
            (b"SetMotor mask,0.0\n", "OK"),
        )

    def test_extract(self) -> None:
        self.assert_replies(
            (b"Enable\n", "OK"),
            (b"SetNBurst 5\n", "OK"),
            (b"GetNBurst\n", "5"),
            (b"Fire burst\n", "OK"),
            (b"GetMotorMoving mask\n", "False"),
            (b"IsFiring\n", "True"),
        )
        self.clock.advance(0.5)
        self.assert_replies((b"IsFiring\n", "False"))

    def test_fire_until_stopped(self) -> None:
        for sent in (b"Fire continuous\n", b'{"command": "Fire", "mode": "continuous"}\n'):
            self.assert_replies(
                (b"Enable\n", "OK"),
                (sent, "OK"),
                (b"GetBurstMode\n", "False"),
                (b"IsFiring\n", "True"),
                (b"Fire stop\n", "OK"),
                (b"IsFiring\n", "False"),
            )

    def test_disable_ends_fire(self) -> None:
        self.assert_replies(
            (b"Enable\n", "OK"),
            (b"Fire continuous\n", "OK"),
            (b"Disable\n", "OK"),
            (b"IsFiring\n", "False"),
        )

    def test_reprate(self) -> None:
        self.assert_replies(
            (b"Enable\n", "OK"),
            (b"SetNBurst 10\n", "OK"),
            (b"SetReprate 10\n", "OK"),
            (b"Fire burst\n", "OK"),
        )
        self.clock.advance(0.9)
        self.assert_replies((b"IsFiring\n", "True"))
        self.clock.advance(0.1)
        self.assert_replies((b"IsFiring\n", "False"))

    def test_moves_and_traces(self) -> None:
        for sent, poll in (
            (b"TracePath 1,l1,continuous\n", b"IsTracing\n"),
            (b"GoToPoint,p1\n", b"GetDriveMoving\n"),
            (b"GoToNamedPosition,t1\n", b"GetDriveMoving\n"),
        ):
            self.assert_replies((sent, "OK"), (poll, "True"))
            self.clock.advance(60)
            self.assert_replies((poll, "False"))

    def test_refused(self) -> None:
        said = "ERROR 004 : invalid arguments:"
        usage = "usage:"
        self.assert_replies(
            (b"Fire burst\n", "ERROR 102 : Laser failed to enable (it is not enabled)"),
            (b"Fire stop\n", "OK"),
            (
                b"Fire loud\n",
                f"{said} Fire loud (mode must be one of burst, continuous, stop; usage: Fire mode)",
            ),
            (
                b"SetNBurst 0\n",
                f"{said} SetNBurst 0 (value must be at least 1; usage: SetNBurst value)",
            ),
            (
                b"SetNBurst 1.5\n",
                f"{said} SetNBurst 1.5 (value must be a whole number; {usage} SetNBurst value)",
            ),
            (
                b"SetReprate a\n",
                f"{said} SetReprate a (value must be a number; {usage} SetReprate value)",
            ),
            (b"SetReprate 0\n", f"{said} SetReprate 0 (must be above 0, at most 300)"),
            (
                b"SetReprate 301\n",
                f"{said} SetReprate 301 (value must be 0 to 300 Hz; usage: SetReprate value)",
            ),
        )

    def test_effects(self) -> None:
        for sent, effect, safe in (
            (b"Fire burst\n", Effect.ACTUATE, False),
            (b"Fire stop\n", Effect.ACTUATE, True),
            (b"SetNBurst 5\n", Effect.IDEMPOTENT, False),
            (b"IsFiring\n", Effect.READ, False),
            (b"Disable\n", Effect.IDEMPOTENT, True),
        ):
            call = call_of(self.handler, sent)
            self.assertEqual((call.effect, call.safe), (effect, safe))
