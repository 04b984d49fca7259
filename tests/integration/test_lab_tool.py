"""pychron-lab as a person uses it: a file, a mistake in it, a running laboratory, its units."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.ports import free_port
from tests.integration.processes import Processes, run_forked, run_to_the_end, wait_until

LAB = (sys.executable, "-m", "pychron_comms.operations")

#: What is so only while the processor can be asked.
ALARM = """
[[alarm]]
name = "valve B"
item = "System/valve/B"
is = [true]
"""


def with_a_port_of_its_own(file: Path) -> tuple[int, list[str]]:
    """Leave one listener in a file, for System, at a port that is free; that port, and its pages'.

    Ports of its own for its pages, too: others run beside this test.
    """
    port = free_port()
    head, *listeners = re.split(r"(?=\[\[server.listener\]\])", file.read_text())
    rest = listeners[-1].partition("\n\n")[2]
    listen = f"tcp:{port}:interface=127.0.0.1"
    listener = f'[[server.listener]]\ntype = "System"\nlisten = ["{listen}"]\n\n'
    pages = [f"tcp:{free_port()}:interface=127.0.0.1" for _ in range(2)]
    http = f'[http]\nserver = "{pages[0]}"\nprocessor = "{pages[1]}"\n'
    file.write_text(head + listener + http + rest)
    return port, pages


def test_from_init_to_a_running_laboratory(processes: Processes) -> None:
    folder = processes.folder
    made = run_to_the_end(*LAB, "init", "--yes", folder=folder)
    assert made.returncode == 0, made.stdout
    port, pages = with_a_port_of_its_own(folder / "lab.toml")
    with (folder / "lab.toml").open("a") as file:
        file.write(ALARM)
    checked = run_forked(*LAB, "check", folder=folder)
    assert (checked.returncode, "no mistakes found" in checked.stdout) == (0, True)

    runs = processes.start(*LAB, "run")
    runs.wait_for("The laboratory runs")
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(b"Open A\r\n")
        assert client.recv(100) == b"OK\r\n"
    told = run_forked(*LAB, "status", "--json", folder=folder)
    findings = json.loads(told.stdout)
    assert findings["state"] == "ok", told.stdout
    assert told.returncode == 0
    looked = json.loads(run_forked(*LAB, "doctor", "--json", folder=folder).stdout)
    texts = {each["subject"]: each["text"] for each in looked["findings"]}
    for place in (f"tcp:{port}:interface=127.0.0.1", *pages):
        assert texts[place].startswith("a laboratory runs there"), looked
    again = run_forked(*LAB, "run", folder=folder)
    assert again.returncode == 1
    said = r"runs here already \(process (\d+), in (\S+)\); it answers at port (.*)"
    found = re.search(said, again.stdout)
    assert found is not None, again.stdout
    assert (found[1], found[2]) == (str(runs.pid), str(folder))
    assert str(port) in found[3]
    # With ports of its own, but the same journal: no mistake of the configuration.
    run_forked(*LAB, "init", "--yes", "--config", "second.toml", folder=folder)
    with_a_port_of_its_own(folder / "second.toml")
    other = run_forked(*LAB, "run", "--config", "second.toml", folder=folder)
    assert other.returncode == 1
    assert "the laboratory could not be started" in other.stdout
    assert "with this journal runs already" in other.stdout
    assert "configuration:" not in other.stdout
    # What our own tools ask for is whole, however long: nobody is warned of it.
    assert "a reply of" not in runs.log
    # As Ctrl-C does. An ordinary end is calm: of a processor that was lost, or of what it does not
    # say any more, nobody is told, who still listens either.
    with socket.create_connection(("127.0.0.1", port), 5) as client:
        client.sendall(b"Open A\r\n")
        assert client.recv(100) == b"OK\r\n"
        runs.signal(signal.SIGINT)
        assert runs.wait_for_end() == 0
    for word in ("alarm valve B", "lost the processor"):
        assert word not in runs.log, runs.log

    away = run_forked(*LAB, "status", folder=folder)
    assert away.returncode == 2
    assert "pychron-lab run" in away.stdout


def test_a_processor_that_is_killed_is_started_again_and_told_of(processes: Processes) -> None:
    folder = processes.folder
    assert run_to_the_end(*LAB, "init", "--yes", folder=folder).returncode == 0
    port, _ = with_a_port_of_its_own(folder / "lab.toml")
    runs = processes.start(*LAB, "run", "--config", "lab.toml")
    runs.wait_for("The laboratory runs")

    def processor() -> int:
        (found,) = (
            int(each)
            for each in Path(f"/proc/{runs.pid}/task/{runs.pid}/children").read_text().split()
            if b"pychron-processor" in Path(f"/proc/{each}/cmdline").read_bytes()
        )
        return found

    def reply() -> bytes:
        with socket.create_connection(("127.0.0.1", port), 5) as client:
            client.sendall(b"Open A\r\n")
            return client.recv(200)

    assert reply() == b"OK\r\n"
    first = processor()
    os.kill(first, signal.SIGKILL)
    runs.wait_for("THE PROCESSOR was killed by signal 9.*a laser may be on")
    wait_until(lambda: reply() == b"OK\r\n", "another processor")
    assert processor() != first

    def is_told() -> bool:
        found = json.loads(run_forked(*LAB, "status", "--json", folder=folder).stdout)["findings"]
        return any(each["subject"].startswith("alarm killed/") for each in found)

    # However soon another was there: who was not at the terminal sees it too.
    wait_until(is_told, "an alarm of it")
    runs.signal(signal.SIGINT)
    assert runs.wait_for_end() == 0


def test_both_halves_end_with_a_run_that_is_killed(processes: Processes) -> None:
    """They went on, with a laser that was on, in no terminal."""
    folder = processes.folder
    assert run_to_the_end(*LAB, "init", "--yes", folder=folder).returncode == 0
    with_a_port_of_its_own(folder / "lab.toml")
    runs = processes.start(*LAB, "run", "--config", "lab.toml")
    runs.wait_for("The laboratory runs")
    children = Path(f"/proc/{runs.pid}/task/{runs.pid}/children").read_text().split()
    assert len(children) == 2
    runs.kill()
    wait_until(lambda: not any(Path(f"/proc/{each}").exists() for each in children), "their end")
    records = [json.loads(line) for line in (folder / "lab.journal").read_text().splitlines()]
    assert records[-1]["event"] == "stop"


def test_status_names_the_instrument_that_is_away(processes: Processes) -> None:
    port = free_port()
    listen = f"tcp:{port}:interface=127.0.0.1"
    link = f"tcp://127.0.0.1:{free_port()}"
    (processes.folder / "lab.toml").write_text(
        f"""
[http]
server = "off"
[[server.listener]]
type = "System"
listen = ["{listen}"]
[instrument.box]
description = "agilent-34970a"
link = "{link}"
[[extraction_line.valve]]
name = "A"
instrument = "box.valve(101)"
"""
    )
    processes.twistd("pychron-server", "--config", "lab.toml").wait_for("no instrument at")

    def box_told() -> str:
        told = run_forked(*LAB, "status", "--json", folder=processes.folder)
        assert told.returncode == 2, told.stdout
        findings = {each["subject"]: each for each in json.loads(told.stdout)["findings"]}
        box = findings["instrument box"]
        assert box["state"] == "broken"
        return str(box["text"])

    # Why it does not answer is told by the look after the first.
    pattern = rf"does not answer since 20.*: .*refused.* \({link}\)"
    wait_until(lambda: re.fullmatch(pattern, box_told()) is not None, "why it does not answer")


def test_one_wrong_line_is_found(tmp_path: Path) -> None:
    run_forked(*LAB, "init", "--yes", folder=tmp_path)
    file = tmp_path / "lab.toml"
    lines = file.read_text().splitlines()
    number = lines.index('type = "Synrad"')
    lines[number] = 'type = "Synrd"'
    file.write_text("\n".join(lines))

    checked = run_forked(*LAB, "check", folder=tmp_path)

    assert checked.returncode == 2
    assert f"lab.toml:{number + 1}: server.listener[5].type: " in checked.stdout
    assert "did you mean Synrad?" in checked.stdout


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
@pytest.mark.parametrize("scope", [[], ["--user"]])
def test_its_units_are_what_systemd_takes(tmp_path: Path, scope: list[str]) -> None:
    run_forked(*LAB, "init", "--yes", folder=tmp_path)
    shown = subprocess.run(
        [*LAB, "install", *scope],
        cwd=tmp_path,
        input="n\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert shown.returncode == 1, shown.stderr
    assert "nothing was written" in shown.stdout
    for name in ("pychron-processor", "pychron-server"):
        assert f"twistd -n --pidfile= {name} --config {tmp_path}/lab.toml" in shown.stdout
