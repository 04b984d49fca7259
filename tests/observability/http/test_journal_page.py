"""The search of the journal over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.python.failure import Failure

from pychron_comms.observability.http.journal import JournalPage
from pychron_comms.observability.http.site import SiteRules, site_factory
from tests.observability.http.test_site import SiteCase, Transport


class JournalPageTests(SiteCase):
    def setUp(self) -> None:
        super().setUp()
        self.asked: list[Mapping[str, str]] = []
        self.answer: Deferred[dict[str, Any]] = Deferred()
        children = {"journal": JournalPage(self.find)}
        self.factory = site_factory(children, SiteRules(admit=self.admit), self.clock)

    def find(self, fields: Mapping[str, str]) -> Deferred[dict[str, Any]]:
        self.asked.append(fields)
        if "colour" in fields:
            raise ValueError("colour: nothing of that name can be asked for")
        return self.answer

    def ask(self) -> tuple[Any, Transport]:
        return self.connect(b"GET /journal?target=A&who=a%20b HTTP/1.1\r\nHost: localhost\r\n\r\n")

    def test_what_is_found_comes_when_it_is_there(self) -> None:
        _, transport = self.ask()
        self.assertEqual(self.asked, [{"target": "A", "who": "a b"}])
        self.assertEqual(transport.value(), b"")
        self.answer.callback({"records": []})
        head, _, body = transport.value().partition(b"\r\n\r\n")
        self.assertIn(b"Content-Type: application/json", head)
        self.assertIn(json.dumps({"records": []}).encode(), body)

    def test_what_cannot_be_asked(self) -> None:
        code, _, body = self.get("/journal?colour=%3Cb%3E")
        self.assertEqual((code, body), (400, "colour: nothing of that name can be asked for\n"))

    def test_who_may_not_look_finds_nothing(self) -> None:
        self.strangers.add("10.0.0.5")
        self.assertEqual(self.get("/journal")[0], 403)
        self.assertEqual(self.asked, [])

    def test_a_browser_that_leaves_waits_no_more(self) -> None:
        protocol, _ = self.ask()
        protocol.connectionLost(Failure(ConnectionLost()))
        self.assertTrue(self.answer.called)

    def test_a_bug_says_so_and_nothing_of_the_inside(self) -> None:
        _, transport = self.ask()
        self.answer.errback(ZeroDivisionError("inside"))
        self.assertIn(b"500", transport.value().splitlines()[0])
        self.assertNotIn(b"inside", transport.value())
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)
