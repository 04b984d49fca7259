"""The status page in a real Chromium: what a person sees of the laboratory, and when."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.clients import Wire
from tests.integration.laboratories import (
    ANY_PORT,
    HOST,
    server_address,
    start_processor,
    wait_until_connected,
)
from tests.integration.pages import chromium, looking_at, page_of, with_browser
from tests.integration.processes import Processes, RunningProcess

pytestmark = with_browser

LOOKS = {
    "desktop-light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone-light": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


class Pair:
    """A processor and a server that can be killed, and come back at the same addresses."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes
        self._hop = f"unix:{processes.folder / 'hop.sock'}"
        self._http = ANY_PORT
        self.start_processor()
        self.start_server()

    def start_processor(self) -> None:
        self.processor = start_processor(self._processes, self._hop)

    def start_server(self) -> None:
        listeners = [f"--listen={each}={ANY_PORT}" for each in ("System", "*")]
        self.server: RunningProcess = self._processes.twistd(
            "pychron-server", *listeners, f"--processor={self._hop}", "--http", self._http
        )
        wait_until_connected(self.server)
        self.url = page_of(self.server)
        self._http = f"tcp:{self.url.rpartition(':')[2]}:interface={HOST}"

    def ask(self, line: str) -> str:
        with Wire(server_address(self.server, "*")) as client:
            return client.ask(line)


@pytest.fixture
def pair(processes: Processes) -> Pair:
    return Pair(processes)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """One for the tests that kill nothing."""
    processes = Processes(tmp_path_factory.mktemp("laboratory"))
    try:
        yield Pair(processes)
    finally:
        processes.end()


def valve(page: Any, name: str, state: str) -> Any:
    return page.locator(f".valve.{state}[data-name='{name}']")


def test_a_valve_moves_before_ones_eyes(browser: Any, shared: Pair) -> None:
    with looking_at(browser, shared.url) as page:
        valve(page, "A", "closed").wait_for()
        assert shared.ask("System|Open A") == "OK"
        valve(page, "A", "open").wait_for()
        assert "Valve A: open" in valve(page, "A", "open").get_attribute("aria-label")
        row = page.locator("#command-rows tr", has_text="System Open A").first
        assert HOST in row.inner_text()
        assert shared.ask("System|Close A") == "OK"
        valve(page, "A", "closed").wait_for()


def test_a_killed_processor_is_seen_and_its_next_life_too(browser: Any, pair: Pair) -> None:
    with looking_at(browser, pair.url) as page:
        valve(page, "A", "closed").wait_for()
        pair.processor.kill()
        valve(page, "A", "invalid").wait_for()
        pair.start_processor()
        valve(page, "A", "closed").wait_for()


def test_a_killed_server_is_seen_and_its_next_life_too(browser: Any, pair: Pair) -> None:
    with looking_at(browser, pair.url) as page:
        valve(page, "A", "closed").wait_for()
        pair.server.kill()
        page.locator("body[data-link=lost]").wait_for()
        assert "since" in page.locator("#lost").inner_text()
        pair.start_server()
        page.locator("body[data-link=live]").wait_for()
        assert pair.ask("System|Open A") == "OK"
        valve(page, "A", "open").wait_for()


def test_a_server_that_stands_still_is_seen(browser: Any, pair: Pair) -> None:
    """Its connection stands, and says nothing: only the beats that are missing tell."""
    with looking_at(browser, pair.url) as page:
        pair.server.signal(signal.SIGSTOP)
        try:
            page.locator("body[data-link=lost]").wait_for()
        finally:
            pair.server.signal(signal.SIGCONT)
        page.locator("body[data-link=live]").wait_for()


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_keeps_anybody_out(browser: Any, shared: Pair, look: str) -> None:
    """axe-core finds nothing serious, and nothing is wider than the screen."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    with looking_at(browser, shared.url, reduced_motion="reduce", **LOOKS[look]) as page:
        page.locator(".valve[data-name='A']").wait_for()
        found = Axe().run(page).response["violations"]
        grave = [each for each in found if each["impact"] in {"serious", "critical"}]
        assert grave == [], [
            (each["id"], [node["html"] for node in each["nodes"]]) for each in grave
        ]
        wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide == 0
