"""What a server tells of itself, and who may look."""

from __future__ import annotations

import json
import tempfile
from typing import Any

from twisted.application.service import Service
from twisted.internet.address import IPv4Address
from twisted.internet.defer import succeed
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.here import FOLDER
from pychron_comms.errors import SecurityError
from pychron_comms.interfaces import Reading, Severity
from pychron_comms.observability.http.settings import HttpSettings
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import found
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.safeguards.hosts import HostRule
from pychron_comms.server.state import status
from pychron_comms.server.state.status import Listener, ServerStatus


class Page(Service):
    def __init__(self, settings: Any, children: Any, admit: Any, listen: Any, clock: Any) -> None:
        self.admit = admit
        self.children = children
        self.clock = clock


class StatusCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.patch(status, "HttpService", Page)
        self.clock = Clock()
        self.metrics = Metrics()
        self.stream = StateStream("s1", self.clock.seconds)
        self.status: Any = ServerStatus(
            HttpSettings(listen="off", values=("lab/*",)),
            self.stream,
            self.metrics,
            admit=HostRule(["10.0.0.1"]).admit,
            listen=lambda *arguments: None,  # type: ignore[arg-type, return-value]
            reactor=self.clock,
            now=self.clock.seconds,
        )


class AdmissionTests(StatusCase):
    def test_a_page_that_nobody_reads_is_given_up_by_the_servers_clock(self) -> None:
        self.assertIs(self.status.http.clock, self.clock)

    def test_who_is_not_in_hosts_sees_no_page(self) -> None:
        """Asked anew by each connection."""
        for _ in range(2):
            self.status.http.admit(self.connection("10.0.0.1"))
            self.assertRaises(SecurityError, self.status.http.admit, self.connection("10.0.0.2"))

    def connection(self, host: str) -> StringTransport:
        return StringTransport(peerAddress=IPv4Address("TCP", host, 40000))


class ShownTests(StatusCase):
    def test_it_has_its_pages(self) -> None:
        pages = {"metrics", "events", "history", "journal", "livez", "readyz", "healthz"}
        self.assertEqual(pages - set(self.status.http.children), set())

    def test_of_the_items_that_are_wanted_the_metrics_tell_the_number(self) -> None:
        for path in ("lab/pressure", "other/pressure"):
            self.stream.publish(found(Reading(path, 1.5), 1.0))
        told = [line for line in self.metrics.text().splitlines() if "comms_value{" in line]
        self.assertEqual(len(told), 1, told)
        self.assertIn("lab/pressure", told[0])

    def test_its_health_tells_of_a_journal_that_is_ill(self) -> None:
        self.assertTrue(self.status.health.look()["journal"][0].well)
        full = Reading("road/journal", "full", severity=Severity.MAJOR, reason="the disk is full")
        self.stream.publish(found(full, 1.0))
        condition, _ = self.status.health.look()["journal"]
        self.assertEqual((condition.well, condition.reason), (False, "the disk is full"))
        self.assertTrue(self.status.health.look()["history"][0].well)

    def test_its_health_tells_of_a_processor_that_nothing_needs_by_itself(self) -> None:
        mirror = self.status.mirror_of("tcp:a:1")
        condition = self.status.health.look()["processor tcp:a:1"][0]
        self.assertEqual((condition.well, condition.reason), (False, "connecting"))
        mirror.heard("live", '{"seq":1}')
        condition = self.status.health.look()["processor tcp:a:1"][0]
        self.assertEqual((condition.well, condition.needed), (True, False))

    def test_a_processor_that_is_met_in_a_folder_of_one_run_is_told_under_a_name_that_stays(
        self,
    ) -> None:
        met = f"unix:{tempfile.gettempdir()}/{FOLDER}k3x/processor.sock"
        mirror = self.status.mirror_of(met)
        self.status.search_processor(met, lambda question: succeed("{}"))
        self.status.show_routes({"CO2": met})
        journal = found(Reading("road/journal", "ok"), 1.0)
        mirror.heard("change", json.dumps(journal.as_json()))
        mirror.heard("live", '{"seq":1}')
        for path in ("road/processor/", "road/journal/"):
            self.assertIsNotNone(self.stream.get(f"{path}unix:processor.sock"), path)
        self.assertTrue(self.status.health.look()["route CO2"][0].well)
        self.assertIs(self.status.mirror(met), mirror)
        self.assertEqual(list(self.status.searches), ["unix:processor.sock"])
        self.status.forget_processor(met)
        self.assertIsNone(self.stream.get("road/processor/unix:processor.sock"))

    def told(self, path: str) -> tuple[object, str]:
        item = self.stream.get(path)
        assert item is not None, path
        return item.value, item.unit

    def test_each_listener_is_told_with_what_waits_at_all_of_them(self) -> None:
        listeners = {
            "System": Listener(lambda: 1, lambda: 2),
            "CO2": Listener(lambda: 3, lambda: 5),
        }
        self.status.watch(listeners)
        self.status.startService()
        self.addCleanup(self.status.stopService)
        self.assertEqual(self.told("road/listener/System"), (1, "connection"))
        self.assertEqual(self.told("road/listener/CO2"), (3, "connections"))
        self.assertEqual(self.told("road/commands waiting"), (7, ""))

    def test_a_journal_of_the_servers_own_is_searched_until_it_stops(self) -> None:
        class Search:
            """One that is asked nothing."""

            stopped = False

            def find(self, question: str) -> None:
                """Never called."""

            def stop(self) -> None:
                self.stopped = True

        journal = Search()
        self.status.search("alarms", journal)
        self.assertEqual(self.status.searches["alarms"], journal.find)
        self.status.startService()
        self.status.stopService()
        self.assertTrue(journal.stopped)

    def test_of_a_processor_that_is_forgotten_nothing_is_left(self) -> None:
        mirror = self.status.mirror_of("tcp:a:1")
        self.status.searches["tcp:a:1"] = mirror
        self.assertIs(self.status.mirror("tcp:a:1"), mirror)
        before = dict(self.status.searches)
        self.status.forget_processor("tcp:a:1")
        self.assertIsNone(self.stream.get("road/processor/tcp:a:1"))
        self.assertEqual(set(before) - set(self.status.searches), {"tcp:a:1"})
        self.assertRaises(KeyError, self.status.mirror, "tcp:a:1")
