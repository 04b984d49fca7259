"""The page of a process, and a real browser to look at it with."""

from __future__ import annotations

import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.util import find_spec
from typing import Any

import pytest

from pychron_comms.observability.http.pages import page_files
from tests.integration.laboratories import HOST
from tests.integration.processes import PATIENCE, RunningProcess

#: The shell has no window that nobody sees to draw: a third of the work for each page.
_CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")

#: For the tests that look at the page as a person does.
with_browser = pytest.mark.skipif(
    _CHROMIUM is None
    or any(find_spec(each) is None for each in ("playwright", "axe_playwright_python")),
    reason="no chromium, or no playwright, here: apt install chromium-headless-shell, "
    "pip install '.[browser]'",
)

#: As root in a container Chromium has no sandbox to offer; it may ask nothing of the network.
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
)


def page_of(process: RunningProcess) -> str:
    port = process.wait_for(r"\] status page starting on (\d+)\n")[1]
    return f"http://{HOST}:{port}"


def get(url: str, **headers: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, headers=headers), timeout=PATIENCE
        ) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser of Playwright; it ends with the block."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


#: In place of a browser's own: what is told to it is told by ``tell``, in the same moment.
_SOURCE = """
window.EventSource = class extends EventTarget {
  constructor() { super(); window.source = this; }
  close() {}
};
window.tell = (topic, fields) =>
  source.dispatchEvent(new MessageEvent(topic, { data: JSON.stringify(fields) }));
"""

#: Where the page is that has no server, and what time it is there.
_ALONE, NOON = "http://laboratory.test", datetime(2026, 3, 2, 12, tzinfo=UTC)


@contextmanager
def page_alone(browser: Any, **context: Any) -> Iterator[Any]:
    """The page without a server, in a time that stands still until ``page.clock`` lets it go on.

    ``tell(TOPIC, FIELDS)`` in its JavaScript is what a server would tell.
    """
    root, static = page_files()
    parts = {f"/static/{name}": file for name, file in static.files.items()}
    errors: list[str] = []

    def serve(route: Any) -> None:
        file = parts.get(route.request.url.removeprefix(_ALONE), root)
        route.fulfill(body=file.content, content_type=file.kind)

    with browser.new_context(timezone_id="UTC", **context) as window:
        page = window.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        page.clock.install(time=NOON)
        page.add_init_script(_SOURCE)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.route("**/*", serve)
        page.goto(f"{_ALONE}/")
        page.wait_for_function("window.source")
        page.clock.pause_at(NOON + timedelta(hours=1))
        yield page
    assert errors == []


@contextmanager
def looking_at(
    browser: Any, url: str, *, scripts: Sequence[str] = (), **context: Any
) -> Iterator[Any]:
    """The page when it is live. Fails at the end for an error that the page's own scripts made.

    ``scripts`` are run before those of the page.
    """
    errors: list[str] = []
    with browser.new_context(**context) as window:
        page = window.new_page()
        page.set_default_timeout(PATIENCE * 1000)
        for script in scripts:
            page.add_init_script(script)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(url)
        page.locator("body[data-link=live]").wait_for()
        yield page
    assert errors == []
