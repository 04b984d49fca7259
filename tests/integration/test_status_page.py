"""The status page over real sockets: what a browser is told, and when it is told no more."""

from __future__ import annotations

import json
import re
import socket
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, HOST, server_address, start_processor
from tests.integration.pages import get, page_of
from tests.integration.processes import PATIENCE, Processes, RunningProcess, wait_until


class Events:
    """A browser's event stream, read line by line; ``items`` are as a page would show them."""

    def __init__(self, url: str) -> None:
        host, port = url.removeprefix("http://").split(":")
        self._sock = socket.create_connection((host, int(port)), PATIENCE)
        self._sock.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        self._file = self._sock.makefile("rb")
        self.items: dict[str, Any] = {}
        self.events: list[Any] = []

    def close(self) -> None:
        self._file.close()
        self._sock.close()

    def read(self) -> None:
        """Take the next event."""
        topic = ""
        for line in self._file:
            name, _, value = line.decode().strip().partition(": ")
            if name == "event":
                topic = value
            elif name == "data":
                self._take(topic, json.loads(value))
                return
        raise AssertionError("the stream has ended")

    def read_until(self, path: str, wanted: Any, what: str = "v") -> dict[str, Any]:
        def found() -> bool:
            if self.items.get(path, {}).get(what) == wanted:
                return True
            self.read()
            return False

        wait_until(found, f"{path} {what} {wanted!r}")
        item: dict[str, Any] = self.items[path]
        return item

    def _take(self, topic: str, fields: Any) -> None:
        if topic == "snapshot":
            self.items |= {each["path"]: each for each in fields["items"]}
        elif topic == "change":
            self.items[fields["path"]] = fields
        elif topic == "event":
            self.events.append(fields)


@pytest.fixture
def laboratory(processes: Processes, tmp_path: Path) -> tuple[RunningProcess, Any, Path]:
    path = tmp_path / "hop.sock"
    processor = processes.twistd("pychron-processor", f"--listen=unix:{path}", "--http", ANY_PORT)
    processor.wait_for("CommandProcessor.* starting on")
    server = processes.twistd(
        "pychron-server",
        f"--listen=System={ANY_PORT}",
        f"--processor=unix:{path}",
        "--http",
        ANY_PORT,
    )
    server.wait_for("connected to the processor")
    return server, processor, path


def ask(server: RunningProcess, line: str) -> str:
    with Wire(server_address(server)) as client:
        return client.ask(line)


def test_a_valve_moves_before_ones_eyes(laboratory: Any) -> None:
    server, _, _ = laboratory
    with closing(Events(page_of(server))) as events:
        events.read_until("System/valve/A", False)
        assert ask(server, "Open A") == "OK"
        events.read_until("System/valve/A", True)
        wait_until(lambda: bool(events.events) or bool(events.read()), "the command")
        (command,) = events.events
        assert (command["who"], command["command"], command["reply"]) == (HOST, "Open A", "OK")
        assert {each["kind"] for each in events.items["System/schematic"]["v"]["shapes"]} > {
            "valve"
        }


def test_a_killed_processor_is_seen_and_its_next_life_too(
    laboratory: Any, processes: Processes
) -> None:
    server, processor, path = laboratory
    url = page_of(server)
    with closing(Events(url)) as events:
        events.read_until("System/valve/A", False)
        wait_until(lambda: get(f"{url}/readyz")[0] == 200, "a server that is ready")
        processor.kill()
        item = events.read_until("System/valve/A", "invalid", "sev")
        assert "lost" in item["reason"]
        code, reason = get(f"{url}/readyz")
        assert code == 503
        assert "lost" in reason
        start_processor(processes, f"unix:{path}")
        events.read_until("System/valve/A", "ok", "sev")
        wait_until(lambda: get(f"{url}/readyz")[0] == 200, "a server that is ready")


def test_a_driver_that_hangs_is_seen_and_all_others_live(processes: Processes) -> None:
    hangs = processes.folder / "hangs"
    one = '[manager.{0}]\nclass = "tests.integration.witness:Hanging"\nhangs = "{1}"\n'
    file = processes.folder / "lab.toml"
    file.write_text(one.format("hanging", hangs) + one.format("fine", processes.folder / "never"))
    hop = f"unix:{processes.folder / 'hop'}"
    modules = ":".join(path for path in sys.path if path)
    processor = processes.twistd(
        "pychron-processor",
        f"--config={file}",
        f"--listen={hop}",
        "--http=off",
        PYTHONPATH=modules,
    )
    processor.wait_for("CommandProcessor.* starting on")
    server = processes.twistd("pychron-server", f"--processor={hop}", f"--http={ANY_PORT}")
    with closing(Events(page_of(server))) as events:
        events.read_until("device/hanging", "ok", "sev")
        hangs.touch()
        item = events.read_until("device/hanging", "invalid", "sev")
        assert (item["reason"], item["v"]) == ("stale", 1.0)
        assert events.items["device/fine"]["sev"] == "ok"
        hangs.unlink()
        events.read_until("device/hanging", "ok", "sev")


def test_numbers_and_health_of_both_processes(laboratory: Any) -> None:
    server, processor, _ = laboratory
    for process in (server, processor):
        url = page_of(process)
        assert get(f"{url}/livez") == (200, "alive\n")
        wait_until(lambda url=url: get(f"{url}/readyz")[0] == 200, "a process that is ready")
        code, text = get(f"{url}/metrics")
        assert code == 200
        assert re.search(r'^pychron_comms_connections\{listener="\w+"\} \d', text, re.MULTILINE)


def test_another_sites_name_is_refused(laboratory: Any) -> None:
    server, _, _ = laboratory
    url = page_of(server)
    assert get(url, Host="evil.example")[0] == 421
    assert "Extraction line" in get(url)[1]
