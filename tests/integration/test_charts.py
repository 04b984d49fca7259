"""The strip charts of the page in a real Chromium: what they show of the time before it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pychron_comms.history.store import HistoryStore, Point
from tests.integration.pages import chromium, get, looking_at, with_browser
from tests.integration.processes import Processes, wait_until
from tests.integration.test_page import Pair

pytestmark = with_browser

GAUGE = "gc/IG"
CONFIGURATION = """
[processor]
simulated_lab = true

[history]
file = "lab.history"
every = 1.0
"""

#: Keeps each chart that the page draws, by what it is called.
WATCH_CHARTS = """
window.charts = {};
let original;
Object.defineProperty(window, "uPlot", {
  get: () => original && Object.assign(function (options, ...rest) {
    return (window.charts[options.series[1].label] = new original(options, ...rest));
  }, original),
  set: (value) => { original = value; },
});
"""

_SHOWN = "name => window.charts[name] ? window.charts[name].data : [[], []]"

Curve = list[tuple[float, float | None]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


def curve(page: Any, name: str = GAUGE) -> Curve:
    times, values = page.evaluate(_SHOWN, name)
    return list(zip(times, values, strict=True))


def recorded(folder: Path, begin: float, end: float) -> None:
    """By a server that was killed at ``end``."""
    store = HistoryStore(folder / "lab.history")
    times = range(int(begin), int(end), 10)
    store.write([Point(f"device/{GAUGE}", "mbar", each, 5e-8) for each in times], end)
    store.close()


def test_without_a_history_they_begin_with_what_the_server_saw(
    browser: Any, processes: Processes
) -> None:
    pair = Pair(processes)
    known: Curve = []

    def has_seen_some() -> bool:
        known[:] = json.loads(get(f"{pair.url}/history?path=device/{GAUGE}")[1])
        return len(known) >= 3

    wait_until(has_seen_some, "what the server remembers")
    with looking_at(browser, pair.url, scripts=[WATCH_CHARTS]) as page:
        wait_until(lambda: len(curve(page)) > len(known), "all of it on a page that is opened now")
        assert curve(page)[0] == tuple(known[0])


def test_they_begin_with_what_was_recorded_and_gaps_are_gaps(
    browser: Any, processes: Processes
) -> None:
    now = time.time()
    begin, end = now - 3000.0, now - 1200.0
    recorded(processes.folder, begin, end)
    pair = Pair(processes, CONFIGURATION)
    with looking_at(browser, pair.url, scripts=[WATCH_CHARTS]) as page:
        wait_until(lambda: len(curve(page)) > 100 and curve(page)[-1][1], "what was recorded")
        shown = curve(page)
        assert abs(shown[0][0] - begin) < 20
        assert [at for at, value in shown if value is None] == pytest.approx([end], abs=20)
        page.locator("#gauge-span", has_text="the last hour").wait_for()

        pair.server.kill()
        page.locator("body[data-link=lost]").wait_for()
        wait_until(lambda: curve(page)[-1][1] is None, "a gap where nothing is heard")
        pair.start_server()
        page.locator("body[data-link=live]").wait_for()

        # The open page, and one that is opened after the restart.
        def is_whole(seen: Curve) -> bool:
            gaps = [at for at, value in seen if value is None]
            return len(gaps) > 1 and bool(seen[-1][1]) and abs(seen[0][0] - begin) < 20

        wait_until(lambda: is_whole(curve(page)), "both gaps on the open page")
    with looking_at(browser, pair.url, scripts=[WATCH_CHARTS]) as page:
        wait_until(lambda: is_whole(curve(page)), "both gaps on a new page")
