"""A handler over a simulated laser."""

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.handlers.laser.handler import LaserHandlerFactory
from tests.lasers import BEAM_AND_ZOOM, OneManager, ask, build_laser


class HandlerCase(SynchronousTestCase):
    extra = BEAM_AND_ZOOM

    def setUp(self) -> None:
        self.clock = Clock()
        self.laser: Any = build_laser(self.clock, self.extra)
        self.handler = LaserHandlerFactory("CO2").build(OneManager("co2", self.laser))

    def ask(self, sent: bytes) -> str:
        return ask(self.handler, sent)

    def assert_replies(self, *exchanges: tuple[bytes, str]) -> None:
        for sent, reply in exchanges:
            self.assertEqual((sent, self.ask(sent)), (sent, reply))

    def assert_position(self, sent: bytes, position: str) -> None:
        """The command is acknowledged at once, and the stage is there in a while."""
        self.assertEqual(self.ask(b"SetXY 5,-5\n"), "OK")
        self.clock.advance(60)
        self.assertEqual((sent, self.ask(sent)), (sent, "OK"))
        self.assertEqual((sent, self.ask(b"GetDriveMoving\n")), (sent, "True"))
        self.clock.advance(60)
        self.assertEqual(self.ask(b"GetDriveMoving\n"), "False")
        self.assertEqual((sent, self.ask(b"GetPosition\n")), (sent, position))
