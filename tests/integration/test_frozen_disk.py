"""Both halves while the file system of their journals is frozen: even a write stands still then."""

from __future__ import annotations

import re
import signal
import sys
import time
from pathlib import Path

import pytest

from pychron_comms.journal.files import journal_files, read_records, refused_path
from pychron_comms.journal.verify import Report, verify
from tests.integration.clients import Wire
from tests.integration.freezing import FileSystem, file_system
from tests.integration.laboratories import ANY_PORT, server_address
from tests.integration.pages import get, page_of
from tests.integration.processes import Processes, RunningProcess, wait_until

__all__ = ["file_system"]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no fsfreeze")

#: Seconds in which anything is there that waits for no disk, and a half more for what makes safe,
#: on a busy machine too; and for which the disk is frozen.
SOON, SAFE, LONG = 1.0, 1.5, 3.5


def start(processes: Processes, folder: Path, more: str = "") -> RunningProcess:
    file = processes.folder / "lab.toml"
    file.write_text(
        f'[processor]\nlisten = ["unix:{processes.folder}/hop"]\nsimulated_lab = true\n'
        f'[journal]\nfile = "{folder}/lab.journal"\nsync = true\nsize = 100_000\n{more}'
    )
    processor = processes.twistd("pychron-processor", f"--config={file}", f"--http={ANY_PORT}")
    # It is logged before the socket is there.
    processor.wait_for("CommandProcessor.* starting on")
    wait_until(lambda: listens(processes), "its socket")
    with asking(processes) as client:
        # Then its start is on the disk.
        assert ask(client, "10.0.0.4 System|Close A") == "OK"
    return processor


def listens(processes: Processes) -> bool:
    try:
        asking(processes).socket.close()
    except OSError:
        return False
    return True


def asking(processes: Processes) -> Wire:
    return Wire(str(processes.folder / "hop"))


def send(wire: Wire, number: int, words: str) -> None:
    wire.send(f"@id={number};from={words}\r\n".encode())


def ask(wire: Wire, words: str) -> str:
    send(wire, 0, words)
    return wire.replies("0")["0"]


def checked(folder: Path, name: str = "lab.journal") -> Report:
    report = verify(journal_files(folder / name))
    assert report.findings == []
    return report


def written(folder: Path) -> list[str]:
    """What happened, and to what."""
    records = read_records(folder / "lab.journal")
    return [f"{each.event} {each.values.get('command', '')}".strip() for each in records]


def took(began: float, seconds: float) -> bool:
    return time.monotonic() - began < seconds


def test_the_processor_does_all_that_waits_for_no_disk(
    processes: Processes, file_system: FileSystem
) -> None:
    processor = start(processes, file_system.folder)
    page = page_of(processor)
    wait_until(lambda: get(f"{page}/readyz")[0] == 200, "a processor that is ready")
    with asking(processes) as one, asking(processes) as other:
        assert ask(other, "10.0.0.9 System|Claim D 60") == "OK"
        with file_system.frozen():
            frozen = time.monotonic()
            send(one, 1, "10.0.0.5 System|Open A")
            time.sleep(0.2)
            while took(frozen, LONG):
                began = time.monotonic()
                assert ask(other, "10.0.0.6 System|GetValveState A") == "False"
                assert took(began, SOON)
                began = time.monotonic()
                assert ask(other, "10.0.0.6 System|Close B") == "OK"
                assert ask(other, "10.0.0.6 CO2|Disable") == "OK"
                assert took(began, 2 * SAFE)
                began = time.monotonic()
                # What is refused is written down too.
                assert ask(other, "10.0.0.7 System|Open D")[:9] == "ERROR 204"
                assert took(began, SAFE)
            code, reason = get(f"{page}/readyz")
            assert (code, "the disk has not answered" in reason) == (503, True)
        assert one.replies("1")["1"] == "OK"
        assert ask(other, "10.0.0.6 System|GetValveState A") == "True"
    wait_until(lambda: get(f"{page}/readyz")[0] == 200, "a processor that is ready again")
    processor.terminate()
    processor.wait_for_end()
    events = written(file_system.folder)
    assert events.count("begin Open A") == 1
    assert events.count("begin Open D") == 0
    assert events.count("begin Close B") == events.count("begin Disable") > 1
    assert events.count("end") == sum(each.startswith("begin") for each in events)
    assert events.count("stop") == 1
    assert checked(file_system.folder).broken_off == []
    refused = list(read_records(refused_path(file_system.folder / "lab.journal")))
    assert {each.values["command"] for each in refused} == {"Open D"}


def test_all_that_was_asked_meanwhile_is_written_when_it_goes_on_while_it_stops(
    processes: Processes, file_system: FileSystem
) -> None:
    processor = start(processes, file_system.folder)
    with asking(processes) as client:
        with file_system.frozen():
            assert ask(client, "10.0.0.6 System|Close B") == "OK"
            assert ask(client, "10.0.0.6 System|Close C") == "OK"
            processor.terminate()
            processor.wait_for("Received SIGTERM")
            time.sleep(0.3)
        processor.wait_for_end()
    assert "not written" not in processor.log
    events = written(file_system.folder)
    assert events[3:] == ["begin Close B", "begin Close C", "all_safe", "stop", "end", "end"]
    assert checked(file_system.folder).broken_off == []


def test_a_stop_ends_and_says_what_is_lost(processes: Processes, file_system: FileSystem) -> None:
    processor = start(processes, file_system.folder)
    with asking(processes) as client, file_system.frozen():
        send(client, 1, "10.0.0.5 System|Open A")
        assert ask(client, "10.0.0.6 System|Close B") == "OK"
        began = time.monotonic()
        processor.terminate()
        assert client.replies("1")["1"][:9] == "ERROR 209"
        processor.wait_for("Server Shut Down")
        assert took(began, 5.0)
        told = re.findall(r"not written: \{(.*)\}", processor.log)
        for what in ('"begin".*"Open A"', '"begin".*"Close B"', '"stop"'):
            assert any(re.search(what, each) for each in told), told
        # It has closed all, and the system alone keeps it until its write is over.
        wait_until(lambda: state_of(processor) in {"Z", ""}, "the end of its program")
    processor.wait_for_end()
    again = start(processes, file_system.folder)
    again.terminate()
    again.wait_for_end()
    report = checked(file_system.folder)
    assert "a start after no stop" in str(report.broken_off[0])


def test_what_was_killed_meanwhile_has_run_nothing_that_is_not_written(
    processes: Processes, file_system: FileSystem
) -> None:
    processor = start(processes, file_system.folder)
    with asking(processes) as client, file_system.frozen():
        send(client, 1, "10.0.0.5;key=k System|Open A")
        assert ask(client, "10.0.0.6 System|GetValveState A") == "False"
        processor.signal(signal.SIGKILL)
    processor.wait_for_end()
    start(processes, file_system.folder)
    with asking(processes) as client:
        assert ask(client, "10.0.0.5 System|GetValveState A") == "False"
        assert ask(client, "10.0.0.5;key=k System|Open A")[:9] in ("OK", "ERROR 201")
    assert checked(file_system.folder).broken_off != []


def test_files_turn_over_behind_it(processes: Processes, file_system: FileSystem) -> None:
    processor = start(processes, file_system.folder)
    path = file_system.folder / "lab.journal"
    with asking(processes) as client:
        for _ in range(4):
            with file_system.frozen():
                for number in range(200):
                    send(client, number, f"10.0.0.5 System|{('Open', 'Close')[number % 2]} A")
                time.sleep(0.3)
                with asking(processes) as other:
                    began = time.monotonic()
                    assert ask(other, "10.0.0.6 System|GetValveState B") == "False"
                    assert took(began, SOON)
            client.replies(*(f"{number}" for number in range(200)))
    processor.terminate()
    processor.wait_for_end()
    assert len(journal_files(path)) > 2
    events = written(file_system.folder)
    assert events.count("end") == sum(each.startswith("begin") for each in events)
    assert checked(file_system.folder).broken_off == []


def test_the_server_answers_and_stops_while_its_alarms_cannot_be_written(
    processes: Processes, file_system: FileSystem
) -> None:
    file, folder = processes.folder / "server.toml", file_system.folder
    file.write_text(
        f'lab = "default"\n[[server.listener]]\ntype = "*"\nlisten = ["{ANY_PORT}"]\n'
        f'[alarms.journal]\nfile = "{folder}/alarms.journal"\nsync = true\n'
        '[[alarm]]\nname = "valve A"\nitem = "System/valve/A"\nis = [true]\n'
    )
    server = processes.twistd("pychron-server", f"--config={file}", "--http=off")
    with Wire(server_address(server, "*")) as client, Wire(server_address(server, "*")) as other:
        with file_system.frozen():
            assert client.ask("System|Open A") == "OK"
            wait_until(lambda: "alarm valve A raised" in server.log, "the alarm")
            client.send(b"Alarms|Acknowledge 'valve A' Jo\r\n")
            frozen = time.monotonic()
            while took(frozen, 3.0):
                began = time.monotonic()
                assert other.ask("System|GetValveState A") == "True"
                assert other.ask("System|Close B") == "OK"
                assert took(began, SOON)
                time.sleep(0.1)
            wait_until(lambda: "the disk has not answered" in server.log, "the alarm of that")
            assert "acknowledged" not in server.log
        assert client.line() == "1"
        with file_system.frozen():
            assert client.ask("System|Close A") == "OK"
            wait_until(lambda: "alarm valve A cleared" in server.log, "its end")
            server.terminate()
            server.wait_for("Server Shut Down")
        server.wait_for_end()
    assert re.search(r'not written: \{.*"what":"cleared"', server.log)
    records = [each.values for each in read_records(folder / "alarms.journal")]
    whats = [each["what"] for each in records if each["alarm"] == "valve A"]
    assert whats == ["raised", "acknowledged"]
    checked(folder, "alarms.journal")


def state_of(process: RunningProcess) -> str:
    """Of its main thread, as the system tells it; empty where it is gone."""
    try:
        return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""
