"""Alarms of a server that runs: people hear of them, and what they do about them is kept."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.integration.clients import Wire
from tests.integration.laboratories import ANY_PORT, HOST, server_address, start_processor
from tests.integration.processes import Processes, RunningProcess, run_forked, wait_until
from tests.integration.receivers import receivers

_CONFIGURATION = """
lab = "default"
[[server.listener]]
type = "*"
listen = ["{listen}"]

[alarms.journal]
file = "{folder}/alarms.journal"

[[alarm]]
name = "valve A"
item = "System/valve/A"
is = [true]
text = "Close it."
"""

_NOTIFIERS = """
[[notifier]]
name = "mail"
kind = "mail"
server = "{host}:{mail}"
from = "lab@lab.org"
to = ["jo@lab.org"]

[[notifier]]
name = "hook"
kind = "webhook"
url = "http://{host}:{hook}/alarms"

[[notifier]]
name = "lamp"
kind = "program"
command = ["{python}", "-c", "import sys; open('{folder}/lamp', 'a').write(sys.stdin.read())"]
"""


def start(processes: Processes, folder: Path, more: str = "", *options: str) -> RunningProcess:
    file = folder / "lab.toml"
    file.write_text(_CONFIGURATION.format(listen=ANY_PORT, folder=folder) + more)
    return processes.twistd("pychron-server", "--config", str(file), "--http=off", *options)


def ask(server: RunningProcess, line: str) -> str:
    with Wire(server_address(server, "*")) as client:
        return client.ask(line)


def alarms(server: RunningProcess) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(ask(server, "Alarms|List"))}


def test_people_hear_of_an_alarm_by_all_ways(processes: Processes, tmp_path: Path) -> None:
    with receivers() as (mail, hook):
        notifiers = _NOTIFIERS.format(
            host=HOST, mail=mail.port, hook=hook.port, folder=tmp_path, python=sys.executable
        )
        server = start(processes, tmp_path, notifiers)
        host, port = server_address(server, "*")
        for name in ("mail", "hook", "lamp"):
            tool = ("-m", "pychron_comms.alarms.tool", "-s", f"tcp:{host}:{port}", "test", name)
            ended = run_forked(sys.executable, *tool, folder=tmp_path)
            assert (ended.returncode, ended.stdout) == (0, f"{name}: sent\n")
        assert ask(server, "System|Open A") == "OK"
        wait_until(lambda: len(mail.received) == 2, "the mail of the alarm")
        assert "Subject: [" in mail.received[1]
        assert "valve A raised (major)" in mail.received[1]
        wait_until(lambda: len(hook.received) == 2, "what is posted of the alarm")
        assert hook.received[1]["alarms"][0]["name"] == "valve A"
        wait_until(lambda: "Close it." in (tmp_path / "lamp").read_text(), "the program's message")


def test_a_notifier_that_fails_is_an_alarm_itself(processes: Processes, tmp_path: Path) -> None:
    # Nobody listens there.
    notifiers = _NOTIFIERS.partition('[[notifier]]\nname = "hook"')[0].format(host=HOST, mail=1)
    server = start(processes, tmp_path, notifiers)
    assert ask(server, "Alarms|Test mail").startswith("ERROR 216 : notifier mail: ")
    name = "notifier/road/notifier/mail"
    wait_until(lambda: alarms(server).get(name, {}).get("state") == "active", "its alarm")


def test_what_people_did_outlives_a_killed_server(processes: Processes, tmp_path: Path) -> None:
    server = start(processes, tmp_path)
    assert ask(server, "System|Open A") == "OK"
    wait_until(lambda: alarms(server)["valve A"]["state"] == "active", "the alarm")
    assert ask(server, "Alarms|Acknowledge 'valve A' 'Jo Doe'") == "1"
    assert ask(server, "Alarms|Shelve 'valve A' 3600 Ann") == "1"
    server.kill()
    again = start(processes, tmp_path)
    assert alarms(again)["valve A"]["shelved_by"] == "Ann"
    shown = run_forked(
        sys.executable,
        "-m",
        "pychron_comms.journal.command",
        "verify",
        tmp_path / "alarms.journal",
        folder=tmp_path,
    )
    assert shown.returncode == 0, shown.stdout


def test_a_lost_processor_is_one_alarm(processes: Processes, tmp_path: Path) -> None:
    path = tmp_path / "hop.sock"
    file = tmp_path / "processor.toml"
    file.write_text(f'[processor]\nsimulated_lab = true\n[journal]\nfile = "{tmp_path}/journal"\n')
    processor = processes.twistd(
        "pychron-processor", f"--config={file}", f"--listen=unix:{path}", "--http=off"
    )
    processor.wait_for("CommandProcessor.* starting on")
    server = start(processes, tmp_path, "", f"--processor=unix:{path}")
    name = f"processor/road/processor/unix:{path}"
    wait_until(lambda: alarms(server).get(name, {}).get("state") == "ok", "its alarm, at rest")
    wait_until(lambda: any("road/journal" in each for each in alarms(server)), "its journal's")
    processor.terminate()
    wait_until(lambda: alarms(server)[name]["state"] == "active", "the alarm")
    assert "lost" in alarms(server)[name]["reason"]
    standing = {name for name, each in alarms(server).items() if each["state"] != "ok"}
    # That of the valve cannot be told; nothing else of the road is an alarm of its own.
    assert standing == {name, "valve A"}
    start_processor(processes, f"unix:{path}")
    wait_until(lambda: alarms(server)[name]["state"] == "latched", "its end")
    assert alarms(server)[name]["over"] > alarms(server)[name]["since"]
