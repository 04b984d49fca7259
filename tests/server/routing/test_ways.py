"""Where commands go: made from the settings, changed with them, and shown."""

from __future__ import annotations

from typing import Any

from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import Table
from pychron_comms.errors import PychronCommunicationError
from pychron_comms.handlers.factories import request_types
from pychron_comms.observability.metrics import Metrics
from pychron_comms.server.routing.pair import NOBODY
from pychron_comms.server.routing.ways import Ways
from pychron_comms.server.settings import ServerSettings, read_server_settings
from pychron_comms.server.state.routes import OTHERS
from pychron_comms.transport.cork import Cork
from tests.help_texts import unfinished


class Mirror:
    """What a processor's state is told to."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def leave(self, reason: str) -> None:
        self.told.append(f"left: {reason}")

    def follow(self) -> None:
        self.told.append("followed")


class Status:
    """Keeps what it is to show."""

    def __init__(self) -> None:
        self.searches: dict[str, Any] = {}
        self.mirrors: dict[str, Mirror] = {}
        self.routes: dict[str, str] = {}
        self.problems: dict[str, str] = {}

    def mirror_of(self, name: str) -> Mirror:
        return self.mirrors.setdefault(name, Mirror())

    def search_processor(self, name: str, search: Any) -> None:
        self.searches[name] = search

    def mirror(self, name: str) -> Mirror:
        return self.mirrors[name]

    def forget_processor(self, name: str) -> None:
        del self.mirrors[name]

    def show_routes(self, routes: dict[str, str], problems: dict[str, str]) -> None:
        self.routes, self.problems = routes, problems


A, B, C = "tcp:a:1", "tcp:b:1", "tcp:c:1"
ONE = f'processor = "{A}"\n'
PAIR = f'{ONE}[routes]\nCO2 = ["{B}", "{C}"]\n'


def settings(text: str) -> ServerSettings:
    return read_server_settings(Table.parse(text, "lab.toml"))


class WaysTests(SynchronousTestCase):
    def ways(self, text: str) -> Ways:
        self.status: Any = Status()
        self.metrics = Metrics()
        reactor = MemoryReactorClock()
        return Ways(
            settings(text),
            None,
            self.status,
            self.metrics,
            reactor=reactor,
            cork=Cork(),
            process="s1",
        )

    def test_all_types_are_known_and_those_with_a_route(self) -> None:
        ways = self.ways(ONE + f'[routes]\nMine = "{B}"\n')
        self.assertEqual(self.status.routes, {OTHERS: A, "Mine": B})
        self.assertEqual(ways.types, {*request_types(), "Alarms", "Mine"})

    def test_each_processor_is_asked_of_its_own_journal(self) -> None:
        self.ways(ONE + f'[routes]\nMine = "{B}"\n')
        for name in (A, B):
            answer = self.status.searches[name]("{}")
            error = self.failureResultOf(answer, PychronCommunicationError).value
            self.assertIn(name, str(error))

    def test_what_is_changed_is_shown_and_whoever_must_know_is_told(self) -> None:
        ways = self.ways(ONE)
        known = ways.types
        told: list[str] = []
        ways.when_others_answer.append(lambda: told.append("others"))
        ways.change(settings(f'processor = "{B}"\n[routes]\nMine = "{A}"\n'))
        self.assertEqual(self.status.routes, {OTHERS: B, "Mine": A})
        self.assertIn("Mine", ways.types)
        self.assertIs(ways.types, known, "listeners hold it")
        self.assertEqual(told, ["others"])
        ways.change(settings(f'processor = "{B}"\n'))
        self.assertNotIn("Mine", ways.types)
        self.assertEqual(list(self.status.mirrors), [B])

    def test_what_takes_a_restart_is_refused_and_nothing_has_changed(self) -> None:
        ways = self.ways(PAIR)
        here = "server.processor: whether the hardware is in the server's own process"
        for text, why in (
            ("", f"{here} takes a restart"),
            (PAIR.replace(C, "tcp:d:1"), "server.routes: another standby takes a restart"),
            (ONE, "server.routes: another standby takes a restart"),
        ):
            error = self.assertRaises(ValueError, ways.change, settings(text))
            self.assertEqual(str(error), why)
        self.assertEqual(set(self.status.mirrors), {A, B, C})

    def test_neither_of_a_pair_is_followed_until_it_owns_the_hardware(self) -> None:
        ways = self.ways(PAIR)
        for name in (B, C):
            self.assertEqual(self.status.mirror(name).told, [f"left: {NOBODY}"])
        self.assertEqual(self.status.mirror(A).told, [])
        self.assertEqual(self.status.routes, {OTHERS: A, "CO2": B})
        self.assertEqual(self.status.problems, {"CO2": NOBODY})
        pair = ways._pairs[B]
        first, second = pair._members
        told: list[str] = []
        ways.when_others_answer.append(lambda: told.append("others"))
        pair._own(first)
        self.assertEqual(self.status.mirror(B).told[1:], ["followed"])
        pair._own(second)
        self.assertEqual(self.status.mirror(B).told[2:], [f"left: {NOBODY}"])
        self.assertEqual(self.status.mirror(C).told[1:], ["followed"])
        self.assertEqual(told, ["others", "others"])
        self.assertIn(f'takeovers_total{{processor="{B}"}} 2.0\n', self.metrics.text())
        self.assertEqual(unfinished(self.metrics), {})
