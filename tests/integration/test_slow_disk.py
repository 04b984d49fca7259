"""A processor whose journal waits for a disk that is slow, hangs or fails, in a real process."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from pychron_comms.journal.files import journal_files, read_records
from pychron_comms.journal.verify import verify
from tests.integration.clients import Wire
from tests.integration.processes import Processes, RunningProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no unix sockets")

# A service whose disk takes so many seconds for each sync as stand in the file "disk", or fails.
SLOW = """
import errno, os, sys, time
from pathlib import Path
fsync, told = os.fsync, Path("disk")
def slow(fd):
    word = told.read_text()
    if word == "bad":
        raise OSError(errno.EIO, "bad sector")
    time.sleep(float(word))
    fsync(fd)
os.fsync = slow
from twisted.scripts.twistd import run
run()
"""

#: Seconds in which anything is there that waits for no disk, on a busy machine too; and longer
#: than a disk takes that hangs.
SOON, HANGS = 5.0, "30"


class Disk:
    def __init__(self, folder: Path) -> None:
        self._told = folder / "disk"
        self.takes("0")

    def takes(self, seconds: str) -> None:
        # At once, as a processor may read it just now.
        new = self._told.with_name("disk.new")
        new.write_text(seconds)
        new.replace(self._told)


@pytest.fixture
def disk(processes: Processes) -> Disk:
    return Disk(processes.folder)


def start(processes: Processes) -> RunningProcess:
    file = processes.folder / "lab.toml"
    journal = processes.folder / "lab.journal"
    file.write_text(
        f'[processor]\nlisten = ["unix:{processes.folder}/hop"]\nsimulated_lab = true\n'
        f'[journal]\nfile = "{journal}"\nsync = true\n'
    )
    words = ("-n", "--pidfile=", "pychron-processor", "--config", file)
    process = processes.start(sys.executable, "-c", SLOW, *words)
    process.wait_for("CommandProcessor.* starting on")
    with asking(processes) as connection:
        # Then its start is on the disk.
        send(connection, "@id=0;from=10.0.0.4 System|Close A")
        assert connection.line() == "@id=0 OK"
    return process


def asking(processes: Processes) -> Wire:
    return Wire(str(processes.folder / "hop"))


def send(wire: Wire, *lines: str) -> None:
    wire.send("".join(f"{line}\r\n" for line in lines).encode())


def assert_whole(processes: Processes) -> list[str]:
    """Nothing is missing in the journal; what happened, and to what."""
    path = processes.folder / "lab.journal"
    assert verify(journal_files(path)).findings == []
    records = read_records(path)
    return [f"{each.event} {each.values.get('command', '')}".strip() for each in records]


def test_reads_and_what_makes_safe_do_not_wait_for_a_disk_that_hangs(
    processes: Processes, disk: Disk
) -> None:
    start(processes)
    with asking(processes) as connection:
        disk.takes(HANGS)
        send(connection, "@id=1;from=10.0.0.5 System|Open A")
        began = time.monotonic()
        send(connection, "@id=2;from=10.0.0.6 System|GetValveState A")
        assert connection.line() == "@id=2 False"
        send(connection, "@id=3;from=10.0.0.6 System|Close B")
        assert connection.line() == "@id=3 OK"
        send(connection, "@id=4;from=10.0.0.6 CO2|Disable")
        assert connection.line() == "@id=4 OK"
        assert time.monotonic() - began < SOON
        # What acts waits, and is told in its time that it was not begun.
        send(connection, "@id=5;from=10.0.0.6;within=1 System|Open C")
        assert connection.line().startswith("@id=5 ERROR 202")


def test_nothing_begins_before_the_disk_has_its_begin_and_each_sync_serves_all(
    processes: Processes, disk: Disk
) -> None:
    start(processes)
    with asking(processes) as connection:
        disk.takes("0.5")
        began = time.monotonic()
        send(connection, *(f"@id={n};from=10.0.0.5 System|Open {n:c}" for n in range(65, 68)))
        replies = connection.lines(3)
        took = time.monotonic() - began
        assert sorted(replies) == [f"@id={n} OK" for n in range(65, 68)]
        # Two for the first, or for all: each waits for its begin, and then for its end.
        assert took >= 1.0
    assert assert_whole(processes)[3:5] == ["begin Open A", "begin Open B"]


def test_what_the_disk_was_to_keep_when_it_was_killed_is_unknown(
    processes: Processes, disk: Disk
) -> None:
    first = start(processes)
    with asking(processes) as connection:
        disk.takes(HANGS)
        send(connection, "@id=1;from=10.0.0.5;key=k System|Open A")
        send(connection, "@id=2;from=10.0.0.6 System|Close B")
        assert connection.line() == "@id=2 OK"
        first.signal(signal.SIGKILL)
        first.wait_for_end()
    disk.takes("0")
    start(processes)
    with asking(processes) as connection:
        send(connection, "@id=1;from=10.0.0.5;key=k System|Open A")
        assert connection.line().startswith("@id=1 ERROR 201")
        send(connection, "@id=2;from=10.0.0.5 System|GetValveState A")
        assert connection.line() == "@id=2 False"
    assert_whole(processes)


def test_it_stops_in_its_time_while_the_disk_hangs(processes: Processes, disk: Disk) -> None:
    process = start(processes)
    with asking(processes) as connection:
        disk.takes(HANGS)
        send(connection, "@id=1;from=10.0.0.5 System|Open A")
        send(connection, "@id=2;from=10.0.0.6 System|GetValveState A")
        assert connection.line() == "@id=2 False"
        began = time.monotonic()
        process.terminate()
        assert connection.line().startswith("@id=1 ERROR 209")
        process.wait_for_end()
        assert time.monotonic() - began < 2 * SOON
    assert "the disk has not taken what was last" in process.log
    disk.takes("0")
    start(processes)
    assert_whole(processes)


def test_another_process_has_the_journal_only_when_the_first_is_gone(
    processes: Processes, disk: Disk
) -> None:
    process = start(processes)
    with asking(processes) as connection:
        disk.takes(HANGS)
        send(connection, "@id=1;from=10.0.0.5 System|Open A")
        send(connection, "@id=2;from=10.0.0.6 System|GetValveState A")
        connection.line()
        process.signal(signal.SIGSTOP)
        other = processes.twistd(
            "pychron-processor", "--config", str(processes.folder / "lab.toml")
        )
        other.wait_for("another process writes it")
        process.signal(signal.SIGCONT)
        process.kill()


def test_a_disk_that_fails_is_believed_nothing(processes: Processes, disk: Disk) -> None:
    start(processes)
    with asking(processes) as connection:
        disk.takes("bad")
        send(connection, "@id=1;from=10.0.0.5 System|Open A")
        assert connection.line().startswith("@id=1 ERROR 214")
        send(connection, "@id=2;from=10.0.0.5 System|Close A")
        assert connection.line() == "@id=2 OK"
        disk.takes("0")
        send(connection, "@id=3;from=10.0.0.5 System|Open A")
        assert connection.line() == "@id=3 OK"
    events = assert_whole(processes)
    assert events[3:] == ["end Close A", "begin Open A", "end"]
