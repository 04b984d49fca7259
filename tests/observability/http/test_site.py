"""What the HTTP site answers, whom it refuses, and how its streams are read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource

from pychron_comms.errors import SecurityError
from pychron_comms.interfaces import Severity
from pychron_comms.observability.http.event_stream import BEAT, STALL, EventStream
from pychron_comms.observability.http.health import Condition, Health, condition_of
from pychron_comms.observability.http.history import History
from pychron_comms.observability.http.pages import page_resources
from pychron_comms.observability.http.site import TIMEOUT, SiteRules, Text, site_factory
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.items import Item
from pychron_comms.observability.state.recent import APART, HOUR, MOST, Recent
from pychron_comms.observability.state.stream import StateStream
from tests.observability.state.test_stream import valve


class Transport(StringTransport):
    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True

    def getTcpNoDelay(self) -> bool:
        return True

    def setTcpNoDelay(self, enabled: bool) -> None:
        """As real ones have it."""


class _Broken(Resource):
    isLeaf = True

    def __init__(self, *, begun: bool = False) -> None:
        super().__init__()
        self.begun = begun

    def render_GET(self, request: Any) -> bytes:
        if self.begun:
            request.write(b"half")
        raise ZeroDivisionError


class SiteCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.stream = StateStream("s1", lambda: self.clock.seconds() + 1000.0)
        self.recent = Recent()
        self.stream.follow(self.recent)
        self.events = EventStream(self.stream, self.clock)
        self.health = Health(self.clock.seconds, Metrics())
        self.strangers: set[object] = set()
        children: dict[str, IResource] = {
            **page_resources(),
            **self.health.resources(),
            "events": self.events,
            "history": History(self.recent),
        }
        self.factory = site_factory(children, SiteRules(admit=self.admit), self.clock)

    def admit(self, transport: Any) -> None:
        if transport.getPeer().host in self.strangers:
            raise SecurityError(transport.getPeer().host)

    def connect(self, request: bytes) -> tuple[Any, Transport]:
        protocol = self.factory.buildProtocol(IPv4Address("TCP", "10.0.0.5", 50000))
        transport = Transport(peerAddress=IPv4Address("TCP", "10.0.0.5", 50000))
        protocol.makeConnection(transport)
        protocol.dataReceived(request)
        return protocol, transport

    def get(self, path: str, *headers: str, method: str = "GET") -> tuple[int, dict[str, str], str]:
        lines = [f"{method} {path} HTTP/1.1", *(headers or ("Host: 127.0.0.1:1070",))]
        _, transport = self.connect("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        head, _, body = transport.value().partition(b"\r\n\r\n")
        status, *rest = head.decode().split("\r\n")
        pairs = (line.split(": ", 1) for line in rest)
        return int(status.split()[1]), {n.lower(): v for n, v in pairs}, body.decode()


class PageTests(SiteCase):
    def test_the_page_and_its_parts_are_there(self) -> None:
        code, headers, body = self.get("/")
        self.assertEqual((code, headers["content-type"]), (200, "text/html; charset=utf-8"))
        self.assertIn("Extraction line", body)
        for name, kind in (("main.js", "text/javascript"), ("style.css", "text/css")):
            code, headers, _ = self.get(f"/static/{name}")
            self.assertEqual((code, headers["content-type"]), (200, f"{kind}; charset=utf-8"))

    def test_nothing_is_loaded_from_elsewhere(self) -> None:
        _, headers, _ = self.get("/")
        policy = headers["content-security-policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertNotIn("http", policy)

    def test_all_of_it_is_small(self) -> None:
        static: Any = page_resources()["static"]
        whole = sum(len(each.content) for each in static.files.values())
        self.assertLess(whole, 200 * 1024)

    def test_a_page_that_cannot_be_made_says_so_and_its_connection_goes_on(self) -> None:
        pages: dict[str, IResource] = {"broken": _Broken(), "cut": _Broken(begun=True)}
        self.factory = site_factory(pages, SiteRules(admit=self.admit), self.clock)
        code, headers, body = self.get("/broken")
        self.assertEqual((code, headers["content-type"]), (500, "text/plain; charset=utf-8"))
        self.assertEqual(body, "this page could not be made; the log says why\n")
        _, transport = self.connect(b"GET /broken HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2)
        self.clock.pump([0.06] * 10)
        self.assertEqual(transport.value().count(b"500 Internal"), 2)
        # One that has said something already cannot say that it was wrong.
        _, transport = self.connect(b"GET /cut HTTP/1.1\r\nHost: localhost\r\n\r\n")
        self.clock.pump([0.06] * 10)
        self.assertTrue(transport.aborted)
        self.assertNotIn(b"could not be made", transport.value())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 4)

    def test_a_request_with_a_body_is_hung_up_on(self) -> None:
        head = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
        for more in (b"Content-Length: 999999999\r\n", b"Transfer-Encoding: chunked\r\n"):
            _, transport = self.connect(head + more + b"\r\n")
            self.assertTrue(transport.disconnecting)

    def test_a_thousand_requests_in_one_segment_are_not_answered_at_once(self) -> None:
        made: list[float] = []

        def figures() -> tuple[int, str]:
            self.clock.rightNow += 0.01
            made.append(self.clock.seconds())
            return 200, ""

        children: dict[str, IResource] = {"metrics": Text(figures)}
        self.factory = site_factory(children, SiteRules(admit=self.admit), self.clock)
        ask = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
        protocol, transport = self.connect(ask * 1000)
        self.assertLess(len(made), 5)
        for _ in range(100):
            self.clock.advance(0.06)
        self.assertGreater(len(made), 50)
        self.assertEqual(transport.value().count(b"200 OK"), len(made))
        # Who has gone costs nothing more.
        protocol.connectionLost(Failure(ConnectionLost()))
        before = len(made)
        self.clock.pump([0.06] * 10)
        self.assertEqual(len(made), before)

    def test_wrong_paths_are_told_where_the_page_is(self) -> None:
        for path in (
            "/nothing",
            "/static",
            "*",
            "/static/../../errors.py",
            "/static/%2e%2e/x",
            "/livez/x/y",
        ):
            code, _, body = self.get(path)
            self.assertEqual(code, 404, f"{path}: {body}")
        self.assertIn("there is no such page; / is the status page", self.get("/nothing")[2])

    def test_a_process_without_that_page_says_what_it_has(self) -> None:
        parts: dict[str, IResource] = {
            "livez": Text(lambda: (200, "ok")),
            "metrics": Text(lambda: (200, "")),
        }
        rules = SiteRules(admit=self.admit)
        self.factory = site_factory(parts, rules, self.clock)
        code, _, body = self.get("/")
        self.assertEqual(code, 404)
        self.assertIn("this process has /livez, /metrics; the status page is its server's", body)

    def test_head_gets_what_get_would_but_for_the_body_and_is_no_news(self) -> None:
        events: list[Any] = []
        globalLogPublisher.addObserver(events.append)
        self.addCleanup(globalLogPublisher.removeObserver, events.append)
        for path in ("/", "/static/main.js", "/livez", "/nothing"):
            code, headers, body = self.get(path)
            other_code, other_headers, nothing = self.get(path, method="HEAD")
            # By the computer's own clock, which goes on between the two.
            headers.pop("date")
            other_headers.pop("date")
            self.assertEqual((other_code, other_headers, nothing), (code, headers, ""), path)
            self.assertEqual(int(headers["content-length"]), len(body.encode()))
        self.assertEqual(events, [])

    def test_that_a_browser_keeps_a_connection_is_no_news(self) -> None:
        told: list[Any] = []
        globalLogPublisher.addObserver(told.append)
        self.addCleanup(globalLogPublisher.removeObserver, told.append)
        _, transport = self.connect(b"")
        self.clock.advance(TIMEOUT)
        self.assertTrue(transport.disconnecting)
        self.assertEqual(told, [])


class RefusalTests(SiteCase):
    def test_a_name_that_is_not_ours_is_refused(self) -> None:
        for host in ("evil.example", "evil.example:1070", "127.0.0.1.evil.example", ""):
            self.assertEqual(self.get("/", f"Host: {host}")[0], 421, host)
        for host in ("localhost", "LOCALHOST:1070", "[::1]:1070", "127.0.0.1"):
            self.assertEqual(self.get("/", f"Host: {host}")[0], 200, host)

    def test_another_site_may_not_read_but_link(self) -> None:
        host, cross = "Host: localhost", "Sec-Fetch-Site: cross-site"
        self.assertEqual(self.get("/events", host, cross, "Sec-Fetch-Mode: cors")[0], 403)
        self.assertEqual(self.get("/", host, cross, "Sec-Fetch-Mode: navigate")[0], 200)

    def test_a_stranger_is_refused(self) -> None:
        self.strangers.add("10.0.0.5")
        code, _, body = self.get("/livez")
        self.assertEqual(code, 403)
        self.assertIn("10.0.0.5", body)

    def test_nothing_can_be_commanded(self) -> None:
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            self.assertEqual(self.get("/", method=method)[0], 405, method)

    def test_a_head_that_is_too_long_ends_the_connection(self) -> None:
        _, transport = self.connect(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000)
        self.assertTrue(transport.disconnecting or transport.aborted)

    def test_a_client_that_says_nothing_is_dropped(self) -> None:
        _, transport = self.connect(b"GET / HT")
        self.clock.advance(31)
        self.assertTrue(transport.disconnecting or transport.aborted)


class HealthTests(SiteCase):
    def test_each_look_is_new_and_says_since_when(self) -> None:
        journal = Condition(True, "the disk is full")
        self.health.add("journal", lambda: journal)
        self.health.add("processor", lambda: Condition(False, "lost", needed=False))
        self.assertEqual(self.get("/livez")[::2], (200, "alive\n"))
        self.assertEqual(self.get("/readyz")[::2], (200, "ready\n"))
        well = json.loads(self.get("/healthz")[2])["journal"]
        self.assertEqual(well, {"ok": True, "reason": "", "since": 0.0})
        self.clock.advance(5)
        journal = Condition(False, "the disk is full")
        self.assertEqual(self.get("/readyz")[::2], (503, "journal: the disk is full\n"))
        self.clock.advance(5)
        code, _, body = self.get("/healthz")
        self.assertEqual(code, 503)
        parts = json.loads(body)
        self.assertEqual(
            parts["journal"], {"ok": False, "reason": "the disk is full", "since": 5.0}
        )
        self.assertEqual(parts["processor"]["since"], 0.0)


class ConditionTests(SiteCase):
    def test_an_item_says_how_a_part_does(self) -> None:
        item = Item(path="road/journal", value="written", obtained=1.0, confirmed=1.0)
        low = replace(item, severity=Severity.MINOR, reason="80 MB are left")
        full = replace(item, severity=Severity.MAJOR, reason="no space left")
        self.assertEqual(condition_of(item), Condition(True))
        self.assertEqual(condition_of(low), Condition(False, "80 MB are left", needed=False))
        self.assertEqual(condition_of(full), Condition(False, "no space left"))
        self.assertFalse(condition_of(None).well)

    def test_another_reason_is_no_other_time(self) -> None:
        now, reason = 5.0, "80 MB are left"
        health = Health(lambda: now, Metrics())
        health.add("journal", lambda: Condition(False, reason))
        health.look()
        now, reason = 9.0, "79 MB are left"
        self.assertEqual(health.look()["journal"], (Condition(False, reason), 5.0))


class HistoryTests(SiteCase):
    def publish(self, value: float, path: str = "device/gc/IG") -> None:
        item = replace(valve(), path=path, value=value, unit="mbar", details={})
        self.stream.publish(item)

    def test_the_last_hour_of_a_number(self) -> None:
        for value in (1.0, 2.0, 3.0):
            self.publish(value)
            self.clock.advance(APART)
        self.stream.invalidate("device", "lost")
        body = self.get("/history?path=device/gc/IG")[2]
        self.assertEqual(
            json.loads(body), [[1000.0, 1.0], [1005.0, 2.0], [1010.0, 3.0], [1015.0, None]]
        )
        self.assertEqual(json.loads(self.get("/history?path=nothing")[2]), [])

    def test_it_is_bounded(self) -> None:
        for number in range(2000):
            self.publish(float(number))
            self.clock.advance(APART)
        self.assertEqual(len(self.recent.points("device/gc/IG")), HOUR / APART)
        for number in range(2 * MOST):
            self.publish(1.0, f"device/{number}")
        followed = [n for n in range(2 * MOST) if self.recent.points(f"device/{n}")]
        self.assertEqual(len(followed), MOST - 1)

    def test_what_was_recorded_before_stands_in_front_of_what_is_known(self) -> None:
        self.publish(3.0)
        at = 1000.0
        before = [(at - 3600.0, 1.0), (at - 3598.0, 2.0), (at - 60.0, None), (at + 1.0, 9.0)]
        self.recent.begin_with({"device/gc/IG": before, "device/gone": [(at - 9.0, 4.0)]})
        self.clock.advance(APART)
        self.publish(5.0)
        self.assertEqual(
            self.recent.points("device/gc/IG"),
            [(at - 3600.0, 1.0), (at - 60.0, None), (at, 3.0), (at + APART, 5.0)],
        )
        self.assertEqual(self.recent.points("device/gone"), [(at - 9.0, 4.0)])

    def test_no_more_is_taken_of_what_was_recorded_than_is_followed(self) -> None:
        self.recent.begin_with({f"device/{n}": [(float(n), 1.0)] for n in range(2 * MOST)})
        followed = [n for n in range(2 * MOST) if self.recent.points(f"device/{n}")]
        self.assertEqual(len(followed), MOST)


class EventStreamTests(SiteCase):
    REQUEST = b"GET /events?pattern=System/* HTTP/1.1\r\nHost: localhost\r\n"

    def read(self, *headers: str) -> tuple[Any, Transport]:
        more = "".join(f"{each}\r\n" for each in headers).encode()
        return self.connect(self.REQUEST + more + b"\r\n")

    def topics(self, transport: Transport) -> list[str]:
        self.clock.advance(0)
        text = transport.value().decode()
        transport.clear()
        return [line[7:] for line in text.splitlines() if line.startswith("event: ")]

    def test_a_browser_gets_all_and_then_each_change(self) -> None:
        self.stream.publish(valve())
        _, transport = self.read()
        self.assertIn(b"text/event-stream", transport.value())
        self.assertEqual(self.topics(transport), ["hello", "snapshot", "live"])
        self.stream.publish(valve(is_open=True))
        self.clock.advance(0)
        self.assertIn(b"id: s1:2\nevent: change\ndata: ", transport.value())

    def test_one_that_comes_back_gets_what_it_missed(self) -> None:
        self.stream.publish(valve())
        self.stream.publish(valve(is_open=True))
        _, transport = self.read("Last-Event-ID: s1:1")
        self.assertEqual(self.topics(transport), ["hello", "change", "live"])

    def test_one_that_says_no_place_is_told_all(self) -> None:
        self.stream.publish(valve())
        for place in ("s1", "s1:", "s1:-1", "s1:one", "s1:" + "9" * 5000):
            _, transport = self.read(f"Last-Event-ID: {place}")
            self.assertEqual(self.topics(transport)[:2], ["hello", "snapshot"])

    def test_it_beats(self) -> None:
        _, transport = self.read()
        transport.clear()
        self.clock.advance(BEAT)
        self.assertEqual(self.topics(transport), ["beat"])

    def test_a_slow_reader_gets_the_newest_when_it_reads_again(self) -> None:
        _, transport = self.read()
        transport.clear()
        assert transport.producer is not None
        transport.producer.pauseProducing()
        for number in range(100):
            self.stream.publish(valve(is_open=number % 2 == 0))
        self.assertEqual(transport.value(), b"")
        transport.producer.resumeProducing()
        self.assertEqual(self.topics(transport), ["change"])

    def test_one_that_never_reads_is_dropped(self) -> None:
        _, transport = self.read()
        assert transport.producer is not None
        transport.producer.pauseProducing()
        self.clock.advance(STALL)
        self.assertTrue(transport.aborted)

    def test_wrong_patterns_are_refused(self) -> None:
        many = "&".join(["pattern=a"] * 100)
        code, _, body = self.get(f"/events?{many}")
        self.assertEqual(code, 400)
        self.assertIn("at most 64", body)

    def test_what_has_left_is_told_no_more(self) -> None:
        protocol, _ = self.read()
        self.assertEqual(self.stream.readers, 1)
        protocol.connectionLost(Failure(ConnectionLost()))
        self.assertEqual(self.stream.readers, 0)
        self.assertEqual(self.events.readers, 0)

    def test_a_stop_says_goodbye(self) -> None:
        _, transport = self.read()
        transport.clear()
        self.events.close()
        self.assertEqual(self.topics(transport), ["bye"])
