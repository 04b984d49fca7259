"""Prometheus reads both processes; what the dashboard and the rules name is there to be read."""

from __future__ import annotations

import json
import re
import shutil
import sys
import urllib.parse
from datetime import UTC, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest

from pychron_comms.certs.folder import Folder
from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, HOST, server_address
from tests.integration.pages import get, page_of
from tests.integration.processes import Processes, RunningProcess, run_to_the_end, wait_until
from tests.integration.test_instruments import simulated

_FOLDER = files("pychron_comms.observability.monitoring")

with_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None or shutil.which("promtool") is None,
    reason="no prometheus here: apt install prometheus",
)

#: A laboratory in which everything that has a number is there.
_CONFIGURATION = """
lab = "default"

[[server.listener]]
type = "System"
listen = ["{listen}", "{tls}"]

[processor]
listen = ["unix:{folder}/hop.sock"]

[journal]
file = "{folder}/lab.journal"

[http]
server = "{listen}"
processor = "{listen}"
values = ["device/*"]

[history]
file = "{folder}/lab.history"
items = ["device/*"]

[instrument.tpg]
description = "pfeiffer-tpg"
link = "{gauges}"

[[device]]
name = "gc2"
kind = "gauges"
gauges = {{ IG = "tpg.gauge(1)" }}

[[notifier]]
name = "lamp"
kind = "program"
command = ["true"]
"""

#: Numbers that only a laboratory with a standby has.
_OF_A_PAIR = {"pychron_comms_owns_hardware", "pychron_comms_takeovers_total"}

#: Numbers that only a laboratory with a broker has: tests/broker.
_OF_A_BROKER = {
    f"pychron_comms_broker_{name}"
    for name in ("connected", "blocked", "confirm_duration_seconds", "redelivered_total")
}

_DOCUMENTED = (Path(__file__).parents[2] / "docs" / "operation.md").read_text("utf-8")

_PRIMARY = """
lab = "default"
[processor]
listen = ["unix:{folder}/primary.sock"]
owner = "local"
[http]
processor = "{listen}"
"""

_PAIR = """
[server]
processor = ["unix:{folder}/primary.sock", "unix:{folder}/standby.sock"]
[[server.listener]]
type = "System"
listen = ["{listen}"]
[http]
server = "{listen}"
"""

_SCRAPES = """
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{rules}"]
scrape_configs:
  - job_name: pychron_comms
    static_configs:
      - {{targets: ["{server}"], labels: {{process: server}}}}
      - {{targets: ["{processor}"], labels: {{process: processor}}}}
"""


@pytest.fixture
def pages(processes: Processes, tmp_path: Path) -> tuple[str, str]:
    """The addresses of a server's and a processor's pages, after one command."""
    file = tmp_path / "lab.toml"
    _, gauges = simulated(processes, "pfeiffer-tpg")
    certificates = Folder(tmp_path / "certs", datetime.now(UTC))
    certificates.init("A lab", 1)
    certificate, key = certificates.issue("server", [HOST], 10)
    tls = f"tls:0:interface={HOST}:certificate={certificate}:privateKey={key}"
    file.write_text(_CONFIGURATION.format(listen=ANY_PORT, tls=tls, folder=tmp_path, gauges=gauges))
    processor = processes.twistd("pychron-processor", "--config", str(file))
    processor.wait_for("CommandProcessor.* starting on")
    server = processes.twistd(
        "pychron-server", "--config", str(file), f"--processor=unix:{tmp_path}/hop.sock"
    )
    server.wait_for("connected to the processor")
    assert ask(server, "Open A") == "OK"
    return page_of(server), page_of(processor)


def ask(server: RunningProcess, line: str) -> str:
    with Wire(server_address(server)) as client:
        return client.ask(line)


def expressions() -> list[str]:
    board = json.loads((_FOLDER / "grafana.json").read_text())
    rules = (_FOLDER / "alerts.yml").read_text()
    targets = [target for panel in board["panels"] for target in panel.get("targets", [])]
    return [target["expr"] for target in targets] + [rules]


def named() -> set[str]:
    """Every number of ours that the dashboard and the rules name."""
    return {name for text in expressions() for name in re.findall(r"\bpychron_comms_\w+", text)}


def told(url: str) -> set[str]:
    return set(re.findall(r"^(pychron_comms_\w+)", get(f"{url}/metrics")[1], re.MULTILINE))


def test_what_the_dashboard_and_the_rules_name_is_there(pages: tuple[str, str]) -> None:
    def missing() -> set[str]:
        apart = {f"{name}{end}" for name in _OF_A_PAIR | _OF_A_BROKER for end in ("", "_bucket")}
        return named() - set().union(*map(told, pages)) - apart

    assert len(named()) > 40
    wait_until(lambda: not missing(), "every number that is named")


def test_every_number_is_in_the_documentation(pages: tuple[str, str]) -> None:
    text = "".join(get(f"{page}/metrics")[1] for page in pages)
    families = set(re.findall(r"^# TYPE (pychron_comms_\w+) ", text, re.MULTILINE))
    assert len(families) > 50
    known = families | _OF_A_PAIR | _OF_A_BROKER
    assert [each for each in sorted(known) if not is_documented(each)] == []


def is_documented(name: str) -> bool:
    short = name.removeprefix("pychron_comms_")
    return bool(re.search(rf"`(pychron_comms_)?{short}(\{{|`)", _DOCUMENTED))


def test_who_owns_the_hardware_of_a_pair(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "processor.toml").write_text(_PRIMARY.format(listen=ANY_PORT, folder=tmp_path))
    (tmp_path / "server.toml").write_text(_PAIR.format(listen=ANY_PORT, folder=tmp_path))
    processor = processes.twistd("pychron-processor", "--config=processor.toml")
    server = processes.twistd("pychron-server", "--config=server.toml")
    server.wait_for("owns the hardware")

    def told_by_both() -> set[str]:
        return told(page_of(server)) | told(page_of(processor))

    wait_until(lambda: told_by_both() >= _OF_A_PAIR, "the numbers of a pair")
    assert "pychron_comms_owns_hardware 1.0" in get(f"{page_of(processor)}/metrics")[1]


@with_prometheus
def test_the_rules_are_those_of_prometheus(processes: Processes, tmp_path: Path) -> None:
    with as_file(_FOLDER / "alerts.yml") as rules:
        checked = run_to_the_end("promtool", "check", "rules", rules, folder=tmp_path)
    assert checked.returncode == 0, checked.stdout
    count = (_FOLDER / "alerts.yml").read_text().count("- alert:")
    assert f"{count} rules found" in checked.stdout


@with_prometheus
def test_prometheus_reads_both_processes(
    pages: tuple[str, str], processes: Processes, tmp_path: Path
) -> None:
    server, processor = (url.removeprefix("http://") for url in pages)
    config = tmp_path / "prometheus.yml"
    with as_file(_FOLDER / "alerts.yml") as rules:
        config.write_text(_SCRAPES.format(rules=rules, server=server, processor=processor))
        prometheus = processes.start(
            "prometheus",
            f"--config.file={config}",
            f"--storage.tsdb.path={tmp_path / 'data'}",
            f"--web.listen-address={HOST}:0",
        )
        listening = prometheus.wait_for(r"Listening on.*address=127\.0\.0\.1:(\d+)")
        prometheus.wait_for("Server is ready to receive web requests")
        url = f"http://{HOST}:{listening[1]}"

        def asked(expression: str) -> list[Any]:
            query = urllib.parse.urlencode({"query": expression})
            _, text = get(f"{url}/api/v1/query?{query}")
            found: list[Any] = json.loads(text)["data"]["result"]
            return found

        wait_until(lambda: len(asked("up == 1")) == 2, "both processes, up")
        wait_until(
            lambda: bool(asked('pychron_comms_commands_total{command="Open",outcome="ok"} >= 1')),
            "the command",
        )
        wait_until(lambda: bool(asked('pychron_comms_valve_state{valve="A"} == 1')), "the valve")
        answered = 'pychron_comms_device_io_total{device="tpg",result="ok"} >= 1'
        wait_until(lambda: bool(asked(answered)), "an answer of the instrument")
        targets = json.loads(get(f"{url}/api/v1/targets")[1])["data"]["activeTargets"]
        assert {each["lastError"] for each in targets} == {""}
        for expression in expressions()[:-1]:
            query = urllib.parse.urlencode({"query": expression.replace("$__rate_interval", "1m")})
            assert get(f"{url}/api/v1/query?{query}")[0] == 200, expression


def test_the_files_are_copied_for_who_wants_them(processes: Processes, tmp_path: Path) -> None:
    made = run_to_the_end(
        sys.executable, "-m", "pychron_comms.operations", "monitoring", "here", folder=tmp_path
    )
    assert made.returncode == 0, made.stdout
    names = {file.name for file in (tmp_path / "here").iterdir()}
    assert names == {"alerts.yml", "grafana.json", "prometheus.yml"}
