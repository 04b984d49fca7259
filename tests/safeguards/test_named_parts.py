"""A rule that names a part which is not there is refused, and the nearest is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import directlyProvides

from pychron_comms.interfaces import IExtractionLineManager, IGaugeController
from pychron_comms.safeguards.named_parts import check_named


class NamedTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.line: Any = SimpleNamespace(
            has_valve=["Argon", "B"].__contains__, valve_names=["Argon", "B"]
        )
        self.gauges: Any = SimpleNamespace(gauge_names=["IG1", "CG"])
        directlyProvides(self.line, IExtractionLineManager)
        directlyProvides(self.gauges, IGaugeController)

    def refused(self, manager: object, **named: str) -> str:
        """Why such a call is; empty where it is not."""
        try:
            check_named(SimpleNamespace(manager=manager, named=named))
        except ValueError as error:
            return str(error)
        return ""

    def test_what_is_there_is_taken(self) -> None:
        self.assertEqual(self.refused(self.line, valve="B"), "")
        self.assertEqual(self.refused(self.gauges, gauge="CG"), "")

    def test_what_is_not_is_refused_with_what_is(self) -> None:
        self.assertEqual(
            self.refused(self.line, valve="Argn"),
            "there is no valve Argn; did you mean Argon? (known: Argon, B)",
        )
        self.assertEqual(
            self.refused(self.gauges, gauge="zz"), "there is no gauge zz (known: IG1, CG)"
        )

    def test_who_does_not_tell_its_names_is_asked_only_whether_it_has_one(self) -> None:
        del self.line.valve_names, self.gauges.gauge_names
        self.assertEqual(self.refused(self.line, valve="Q"), "there is no valve Q")
        self.assertEqual(self.refused(self.gauges, gauge="Q"), "")

    def test_who_has_neither_is_asked_nothing(self) -> None:
        self.assertEqual(self.refused(SimpleNamespace(), valve="Q", gauge="Q"), "")
        self.assertEqual(self.refused(self.line, gauge="Q"), "")
        self.assertEqual(self.refused(self.gauges, valve="Q"), "")
        for manager in (self.line, self.gauges):
            self.assertEqual(self.refused(manager), "")
            check_named(SimpleNamespace(manager=manager))
