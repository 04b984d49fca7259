"""The status page in a real Chromium: what a person sees of the laboratory, and when."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pychron_comms.client.communicator import Communicator
from pychron_comms.client.watch.notices import Item
from tests.integration.clients import Wire
from tests.integration.laboratories import (
    ANY_PORT,
    HOST,
    server_address,
    wait_until_connected,
)
from tests.integration.pages import chromium, looking_at, page_of, with_browser
from tests.integration.processes import PATIENCE, Processes, RunningProcess

pytestmark = with_browser

LOOKS = {
    "desktop-light": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"},
    "desktop-dark": {"viewport": {"width": 1440, "height": 900}, "color_scheme": "dark"},
    "phone-light": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light"},
    "phone-dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}

#: A laboratory with a journal, an alarm that stands and one that is over, and a rule.
CONFIGURATION = """
[processor]
simulated_lab = true

[processor.systems]
local = "127.0.0.1"

[journal]
file = "lab.journal"

[alarms.journal]
file = "alarms.journal"

[[interlock]]
command = "CO2|Enable"
only_if = ["System|GetIndicatorState V is False"]
reason = "the laser's window is pumped"

[[interlock]]
command = "System|Open B"
only_if = ["System|GetIndicatorState C is False"]
reason = "the tank stays shut while the ion pump pumps"

[[interlock]]
command = "System|Open G"
only_if = ["System|GetIndicatorState A is False"]

[[alarm]]
name = "carousel"
item = "device/gc/CG1"
above = 1e-4
text = "Look at the foreline."

[[alarm]]
name = "valve V"
item = "System/valve/V"
is = [true]
"""

#: What is asked before anybody looks.
SCENE = (
    "CO2|Enable",
    "System|Close V",
    "System|Open C",
    "System|Open E",
    "System|Open F",
    "System|Open G",
    "CO2|Enable",
    "CO2|GoToHole 57",
    "CO2|SetLaserPower 12.5",
    "Diode|GoToHole 130",
    "System|Claim H 600",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


def picture(page: Any, name: str) -> None:
    """Where PYCHRON_PICTURES names a folder, take one of the whole page, with some history."""
    folder = os.environ.get("PYCHRON_PICTURES")
    if folder and name in {"desktop-light", "phone-dark"}:
        time.sleep(float(os.environ.get("PYCHRON_PICTURES_AFTER", "0")))
        page.screenshot(path=f"{folder}/status-page-{name}.png", full_page=True)


class Pair:
    """A processor and a server that can be killed, and come back at the same addresses."""

    def __init__(self, processes: Processes, configuration: str = "") -> None:
        self._processes = processes
        self._options: list[str] = []
        if configuration:
            file = processes.folder / "lab.toml"
            file.write_text(configuration)
            self._options = ["--config", str(file)]
        self._hop = f"unix:{processes.folder / 'hop.sock'}"
        self._http = ANY_PORT
        self.start_processor()
        self.start_server()

    def start_processor(self) -> None:
        listen = f"--listen={self._hop}"
        self.processor = self._processes.twistd(
            "pychron-processor", *self._options, listen, "--http=off"
        )
        self.processor.wait_for("CommandProcessor.* starting on")

    def start_server(self) -> None:
        listeners = [f"--listen={each}={ANY_PORT}" for each in ("System", "*")]
        self.server: RunningProcess = self._processes.twistd(
            "pychron-server",
            *self._options,
            *listeners,
            f"--processor={self._hop}",
            f"--http={self._http}",
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
    """One for the tests that kill nothing, in which there is something to see of each kind."""
    processes = Processes(tmp_path_factory.mktemp("laboratory"))
    try:
        pair = Pair(processes, CONFIGURATION)
        pair.ask("System|Open V")
        with Communicator("tcp:{}:{}".format(*server_address(pair.server, "*"))) as lab:
            for notice in lab.watch("road/alarm/valve V", seconds=PATIENCE):
                if isinstance(notice, Item) and notice.value == "active":
                    break
        for line in SCENE:
            pair.ask(line)
        yield pair
    finally:
        processes.end()


#: Those that explain the marks, and show no valve.
LEGEND_VALVES = ("open", "closed")


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
        page.locator("#processors", has_text="since").wait_for()
        # The server itself is there; that this is not all is seen beside its light, too.
        page.locator("body[data-link=live][data-processors=lost]").wait_for()
        route = page.locator("#road .item", has_text="route of other types")
        route.filter(has_text="since").wait_for()
        assert page.locator(".valve.closed, .valve.open").count() == len(LEGEND_VALVES)
        assert page.locator("#device-list .sev-ok, #laser-list .sev-ok").count() == 0
        pair.start_processor()
        valve(page, "A", "closed").wait_for()
        page.locator("#processors").wait_for(state="hidden")
        page.locator("body[data-processors=here]").wait_for()


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


def test_the_journal_is_searched(browser: Any, shared: Pair) -> None:
    with looking_at(browser, shared.url) as page:
        form = page.locator("#journal-form")
        form.locator("[name=target]").fill("E")
        form.locator("button").click()
        row = page.locator("#journal-rows tr", has_text="System Open E")
        row.wait_for()
        assert "ERROR 014" in row.inner_text()
        form.locator("[name=target]").fill("")
        form.locator("[name=outcome]").select_option("207")
        form.locator("button").click()
        page.locator("#journal-rows tr", has_text="CO2 Enable").wait_for()
        form.locator("[name=outcome]").select_option("alarm")
        form.locator("[name=target]").fill("V")
        form.locator("button").click()
        # A machine that stands still has raised it again since, as what is not known.
        row = page.locator("#journal-rows tr", has_text="alarm valve V")
        row.filter(has_text="System/valve/V is").first.wait_for()
        form.locator("[name=who]").fill("<b>nobody</b>")
        form.locator("button").click()
        page.locator("#journal-says", has_text="Nothing found.").wait_for()


def test_alarms_that_stand_and_that_are_over(browser: Any, shared: Pair) -> None:
    with looking_at(browser, shared.url) as page:
        page.locator(".alarm.active", has_text="carousel").wait_for()
        assert "not seen" in page.locator(".alarm.latched", has_text="valve V").inner_text()
        assert page.title().startswith("(")


def test_marks_say_in_words_what_they_show(browser: Any, shared: Pair) -> None:
    marks = {
        "B": "kept as it is by a rule: interlock: System|Open B only if",
        "G": "guarded by a rule",
        "C": "open",
        "D": "kept from opening by C",
        "E": "software locked",
        "F": "owned by",
        "H": "leased to",
    }
    with looking_at(browser, shared.url) as page:
        for name, words in marks.items():
            page.locator(f".valve[data-name='{name}'][aria-label*='{words}']").wait_for()


def test_who_has_the_system_lock(browser: Any, shared: Pair) -> None:
    with looking_at(browser, shared.url) as page:
        assert shared.ask("System|SystemLock local On") == "OK"
        page.locator("#kept", has_text=f"local ({HOST}) has the system lock since").wait_for()
        page.locator("#road-list .item", has_text="system lock").wait_for()
        assert shared.ask("System|SystemLock local Off") == "OK"
        page.locator("#kept").wait_for(state="hidden")
        assert page.locator("#road-list .item", has_text="system lock").count() == 0


MARKUP = "<b onclick=alert(1)>&amp;</b>"


def event(topic: str, number: int, **fields: Any) -> str:
    return f"id: s1:{number}\nevent: {topic}\ndata: {json.dumps(fields)}\n\n"


def a_long_day() -> str:
    """More of everything than anybody looks at, with markup wherever there can be any."""
    item = {"unit": "", "sev": "major", "reason": MARKUP, "t": 1.0, "src": MARKUP, "v": MARKUP}
    paths = [f"device/{MARKUP}{number}" for number in range(2000)]
    paths += [f"road/alarm/{MARKUP}{number}" for number in range(2000)]
    paths += [f"lease/System:{MARKUP}{number}" for number in range(2000)]
    items = [{"path": path, "until": 1.0, "since": 1.0, "latched": "ok", **item} for path in paths]
    asked = {"who": MARKUP, "type": MARKUP, "command": MARKUP, "reply": MARKUP}
    events = [
        event("event", number, path="command", t=1.0, seconds=1.0, **asked)
        for number in range(3000)
    ]
    return "".join([event("snapshot", 0, items=items), *events, event("live", 3000, seq=3000)])


def told(route: Any, days: list[str]) -> None:
    """One day, and then no server any more."""
    if days:
        route.fulfill(body=days.pop(), content_type="text/event-stream")
    else:
        route.abort()


def test_a_page_that_is_left_open_keeps_but_the_newest(browser: Any, shared: Pair) -> None:
    with browser.new_context() as window:
        page = window.new_page()
        page.set_default_timeout(3 * PATIENCE * 1000)
        days = [a_long_day()]
        page.route("**/events", lambda route: told(route, days))
        page.goto(shared.url)
        page.locator("#command-rows tr").last.wait_for()
        page.locator("#alarm-list li").last.wait_for()
        for place, most in (("command-rows", 100), ("device-list", 300), ("road-list", 300)):
            assert page.locator(f"#{place} > *").count() == most, place
        assert page.locator("#alarm-list li").count() == 50
        assert page.locator("main b, #alarms b").count() == 0
        assert MARKUP in page.locator("#command-rows tr").first.inner_text()
        assert MARKUP in page.locator("#alarm-list li").first.inner_text()


@pytest.mark.parametrize("look", LOOKS)
def test_nothing_keeps_anybody_out(browser: Any, shared: Pair, look: str) -> None:
    """axe-core finds nothing serious, and nothing is wider than the screen."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    with looking_at(browser, shared.url, reduced_motion="reduce", **LOOKS[look]) as page:
        page.locator(".valve[data-name='A']").wait_for()
        for line in ("Open A", "Open E", "Close A"):
            shared.ask(f"System|{line}")
        page.locator("#command-rows tr", has_text="Close A").first.wait_for()
        found = Axe().run(page).response["violations"]
        grave = [each for each in found if each["impact"] in {"serious", "critical"}]
        assert grave == [], [
            (each["id"], [node["html"] for node in each["nodes"]]) for each in grave
        ]
        picture(page, look)
        # What came of a command is not beyond the edge, either.
        for box in ("html", "#commands-found"):
            beyond = "box => box.scrollWidth - box.clientWidth"
            assert page.locator(box).evaluate(beyond) == 0, box
        assert page.get_by_role("cell", name="ERROR 014").first.is_visible()
