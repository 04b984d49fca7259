"""How each route does, as the stream, the health and the metrics tell it."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.interfaces import Severity
from pychron_comms.observability.http.settings import HttpSettings
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.server.state.routes import HERE, RouteItems
from pychron_comms.server.state.status import ServerStatus


def processor(name: str, at: float, lost: str = "") -> Item:
    item = Item(path=f"road/processor/{name}", value="x", obtained=at, confirmed=at)
    return item.invalid(lost) if lost else item


class RouteItemTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(100)
        self.stream = StateStream("s1", self.clock.seconds)
        self.routes = RouteItems(self.stream, self.clock.seconds)

    def told(self, request_type: str) -> tuple[Any, Severity, str, float]:
        item = self.stream.get(f"road/route/{request_type}")
        assert item is not None
        return item.value, item.severity, item.reason, item.obtained

    def test_a_route_is_as_well_as_its_processor_and_says_since_when(self) -> None:
        self.routes.show({"CO2": "tcp:h:1", "other types": HERE})
        reason = "nothing is known of it yet"
        self.assertEqual(self.told("CO2"), ("tcp:h:1", Severity.INVALID, reason, 100.0))
        self.assertEqual(self.told("other types"), (HERE, Severity.OK, "", 100.0))
        self.clock.advance(1)
        self.stream.publish(processor("tcp:h:1", 101.0))
        self.assertEqual(self.told("CO2"), ("tcp:h:1", Severity.OK, "", 101.0))
        self.clock.advance(1)
        self.stream.publish(processor("tcp:h:1", 102.0, "lost: cable"))
        self.clock.advance(1)
        self.stream.publish(processor("tcp:other:1", 103.0))
        self.assertEqual(self.told("CO2"), ("tcp:h:1", Severity.INVALID, "lost: cable", 102.0))

    def test_a_route_that_leads_nowhere_says_why_whatever_its_processor_says(self) -> None:
        self.stream.publish(processor("tcp:h:1", 100.0))
        self.routes.show({"CO2": "tcp:h:1", "UV": "tcp:h:1"}, {"CO2": "nobody owns it"})
        self.assertEqual(self.told("CO2")[1:3], (Severity.INVALID, "nobody owns it"))
        self.assertEqual(self.told("UV")[1:3], (Severity.OK, ""))
        self.routes.show({"CO2": "tcp:h:1"})
        self.assertEqual(self.told("CO2")[1:3], (Severity.OK, ""))

    def test_what_is_looked_at_again_says_since_when_as_before(self) -> None:
        self.routes.show({"other types": HERE})
        self.clock.advance(5)
        self.routes.show({"other types": HERE})
        self.assertEqual(self.told("other types")[3], 100.0)

    def test_a_route_that_is_gone_has_no_item(self) -> None:
        self.routes.show({"CO2": HERE, "UV": HERE})
        self.routes.show({"UV": HERE})
        self.assertIsNone(self.stream.get("road/route/CO2"))
        self.assertIsNotNone(self.stream.get("road/route/UV"))


class RouteHealthTests(SynchronousTestCase):
    def test_a_lost_route_is_not_ready_and_is_counted_by_its_type(self) -> None:
        clock, metrics = Clock(), Metrics()
        status = ServerStatus(
            HttpSettings(listen="off"),
            StateStream("s1", clock.seconds),
            metrics,
            admit=lambda sender: None,
            listen=lambda *arguments: None,  # type: ignore[arg-type, return-value]
            reactor=clock,
            now=clock.seconds,
        )
        mirror = status.mirror_of("tcp:h:1")
        status.show_routes({"CO2": "tcp:h:1", "other types": HERE})
        mirror.lost("cable")
        condition, _ = status.health.look()["route CO2"]
        self.assertEqual(condition.reason, "tcp:h:1: lost: cable")
        self.assertFalse(status.health.is_ready)
        self.assertFalse(status.health.look()["processor tcp:h:1"][0].well)
        self.assertIn('route_up{processor="tcp:h:1",type="CO2"} 0.0', metrics.text())
        self.assertIn('route_up{processor="here",type="other types"} 1.0', metrics.text())
        self.assertIn('route_changed_timestamp_seconds{type="CO2"} 0.0', metrics.text())
        status.show_routes({"other types": HERE})
        self.assertTrue(status.health.is_ready)
        self.assertNotIn("route CO2", status.health.look())
        self.assertNotIn('type="CO2"', metrics.text())
        status.show_routes({"other types": HERE}, {"other types": "nobody owns it"})
        condition, _ = status.health.look()["route other types"]
        self.assertEqual((condition.well, condition.reason), (False, "here: nobody owns it"))
        mirror.stop()
