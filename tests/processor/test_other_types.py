"""Who asks at a wrong port is told whose command it is."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import InvalidCommandError
from pychron_comms.observability.metrics import Metrics
from pychron_comms.processor.assembly import gate_from_config
from pychron_comms.processor.settings import laboratory_from


class OtherTypesTests(SynchronousTestCase):
    def said(self, request_type: str, data: str) -> str:
        gate: Any = gate_from_config(*laboratory_from(None), Clock(), Metrics())
        with self.assertRaises(InvalidCommandError) as caught:
            gate.process_server_request(request_type, data, "127.0.0.1")
        return str(caught.exception)

    def test_the_types_that_have_it_are_named(self) -> None:
        said = "invalid command: Open (Help lists the commands); it is a command of "
        self.assertEqual(self.said("CO2", "Open A"), f"{said}System, Spectrometer")
        self.assertTrue(self.said("System", "StopDrive").endswith("of CO2, Diode, Synrad, UV"))

    def test_a_word_that_is_a_type_is_told_to_be_one(self) -> None:
        for word in ("CO2 Enable", "co2 Enable"):
            self.assertTrue(self.said("System", word).endswith("; it is a request type: CO2"))

    def test_what_nobody_has_is_said_as_before(self) -> None:
        self.assertEqual(
            self.said("CO2", "Frobnicate"), "invalid command: Frobnicate (Help lists the commands)"
        )
        self.assertIn("did you mean Open? (Help lists", self.said("System", "Opne A"))
