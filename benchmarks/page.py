"""``python -m benchmarks.page``: how soon a page shows what happens, in a real Chromium.

Its times are the browser's own, of what it has drawn: from when a command is sent, or a process is
killed. Needs Debian's chromium and the extra ``browser``.
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from shutil import which
from typing import Any

from benchmarks.systems import NotRunningError, await_answer, free_ports, service

ROOT = Path(__file__).parent.parent

#: Milliseconds that anything may take to be shown, and the browser's arguments as root.
_PATIENCE = 60_000
_ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")

#: Notes when each state of the page, or of valve A, was first drawn after the last ``forget``.
_WATCH = """
window.forget = () => { window.shown = {}; };
forget();
const note = () => {
  const valve = document.querySelector(".valve[data-name=A]");
  const now = [document.body.dataset.link, ...(valve ? valve.classList : [])];
  for (const each of now) shown[each] ??= Date.now() / 1000;
};
const all = { attributes: true, childList: true, subtree: true };
new MutationObserver(note).observe(document.body, all);
"""


class Laboratory:
    """A processor and a server that can be killed, and start again where they were."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._hop = f"unix:{folder / 'hop'}"
        self.port, self.http = free_ports(2)
        self._running: dict[str, tuple[AbstractContextManager[Any], Any]] = {}
        self.start("processor")
        self.start("server")
        await_answer(self.port, b"GetValveState A\r\n", b"False\r\n")

    def start(self, half: str) -> float:
        """When it was."""
        listen, http = f"--listen=System=tcp:{self.port}", f"--http=tcp:{self.http}"
        words = {
            "processor": (f"--listen={self._hop}", "--http=off"),
            "server": (listen, http, f"--processor={self._hop}"),
        }
        held = service(ROOT, self._folder, f"pychron-{half}", *words[half])
        self._running[half] = held, held.__enter__()
        return time.time()

    def kill(self, half: str) -> float:
        """When it was."""
        held, process = self._running.pop(half)
        now = time.time()
        os.kill(process.pid, signal.SIGKILL)
        held.__exit__(None, None, None)
        return now

    def ask(self, line: str) -> float:
        """When it was sent."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            now = time.time()
            connection.sendall(f"{line}\r\n".encode())
            if connection.recv(100) != b"OK\r\n":
                raise NotRunningError(f"{line} was refused")
        return now

    def stop(self) -> None:
        for held, _ in self._running.values():
            held.__exit__(None, None, None)


def until(page: Any, state: str, happens: Callable[[], float]) -> float:
    """Seconds from when it happens until the page shows that."""
    page.evaluate("forget()")
    begun = happens()
    page.wait_for_function(f"shown.{state}", timeout=_PATIENCE)
    return float(page.evaluate(f"shown.{state}")) - begun


def measured(page: Any, laboratory: Laboratory, count: int) -> Iterator[tuple[str, list[float]]]:
    """What is measured, and its seconds."""

    def opened() -> float:
        until(page, "closed", lambda: laboratory.ask("Close A"))
        time.sleep(0.3)
        return until(page, "open", lambda: laboratory.ask("Open A"))

    def killed(half: str, state: str, lives: str) -> float:
        seconds = until(page, state, lambda: laboratory.kill(half))
        until(page, lives, lambda: laboratory.start(half))
        return seconds

    laboratory.ask("Open A")
    page.wait_for_function("shown.open", timeout=_PATIENCE)
    yield "a valve is open, after `Open A` was sent", [opened() for _ in range(count)]
    laboratory.ask("Close A")
    yield (
        "all is grey, after `kill -9` of the processor",
        [killed("processor", "invalid", "closed") for _ in range(count)],
    )
    yield (
        "all is grey, after `kill -9` of the server",
        [killed("server", "lost", "live") for _ in range(count)],
    )


@contextmanager
def looking_at(url: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=which("chromium"), args=list(_ARGUMENTS)
        )
        page = browser.new_page(bypass_csp=True)
        page.goto(url)
        page.wait_for_selector("body[data-link=live]")
        page.evaluate(_WATCH)
        yield page
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description=__doc__)
    parser.add_argument("--count", type=int, default=30)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory() as name:
        laboratory = Laboratory(Path(name))
        try:
            with looking_at(f"http://127.0.0.1:{laboratory.http}/") as page:
                print(f"| {count} times each | least | median | most |")
                print("|---|---|---|---|")
                for what, times in measured(page, laboratory, count):
                    figures = min(times), statistics.median(times), max(times)
                    print(f"| {what} | {' | '.join(f'{each:.2f} s' for each in figures)} |")
                    sys.stdout.flush()
        finally:
            laboratory.stop()


if __name__ == "__main__":
    main()
