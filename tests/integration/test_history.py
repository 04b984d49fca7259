"""A history of a server that runs: what is kept, and that a bad disk keeps no command from it."""

from __future__ import annotations

import json
import re
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, server_address
from tests.integration.pages import get, page_of
from tests.integration.processes import Processes, RunningProcess, run_forked, wait_until

_CONFIGURATION = """
lab = "default"
[[server.listener]]
type = "System"
listen = ["{listen}"]
[http]
server = "{listen}"
[history]
file = "{folder}/lab.history"
every = 1.0
"""


def start(processes: Processes, folder: Path) -> RunningProcess:
    file = processes.folder / "lab.toml"
    file.write_text(_CONFIGURATION.format(listen=ANY_PORT, folder=folder))
    return processes.twistd("pychron-server", "--config", str(file))


def listed(folder: Path) -> str:
    tool = ("-m", "pychron_comms.history.tool", "list", folder / "lab.history", "device/*")
    return run_forked(sys.executable, *tool, folder=folder).stdout


def history(url: str) -> dict[str, object]:
    parts: dict[str, dict[str, object]] = json.loads(get(f"{url}/healthz")[1])
    return parts.get("history", {})


def test_numbers_are_kept_over_a_killed_server(processes: Processes, tmp_path: Path) -> None:
    server = start(processes, tmp_path)
    wait_until(lambda: "points" in listed(tmp_path), "points")
    server.kill()
    first = listed(tmp_path)
    again = start(processes, tmp_path)
    page_of(again)
    wait_until(lambda: listed(tmp_path) != first, "further points")


def test_a_history_that_cannot_be_written_stops_nothing(
    processes: Processes, tmp_path: Path
) -> None:
    (tmp_path / "lab.history").write_text("this is no base\n" * 1000)
    server = start(processes, tmp_path)
    url = page_of(server)

    wait_until(lambda: history(url).get("ok") is False, "the trouble")
    assert history(url)["reason"] == "file is not a database"
    assert get(f"{url}/readyz")[0] == 200
    with Wire(server_address(server)) as client:
        assert client.ask("Open A") == "OK"


@pytest.mark.parametrize("small_disk", ["1m"], indirect=True)
def test_a_full_disk_stops_no_command_and_is_a_gap(processes: Processes, small_disk: Path) -> None:
    server = start(processes, small_disk)
    url = page_of(server)

    def recorded() -> float:
        text = get(f"{url}/metrics")[1]
        found = re.search(r"^pychron_comms_history_points_total (\S+)$", text, re.MULTILINE)
        return float(found[1]) if found else 0.0

    wait_until(lambda: recorded() > 0, "points")
    filler = small_disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 512)
    wait_until(lambda: "disk is full" in str(history(url).get("reason")), "the full disk")
    assert get(f"{url}/readyz")[0] == 200
    with Wire(server_address(server)) as client:
        assert client.ask("Open A") == "OK"
    filler.unlink()
    before = recorded()
    wait_until(lambda: history(url)["ok"] is True and recorded() > before, "further points")
