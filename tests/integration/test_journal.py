"""The journal on a real disk: processes that are killed, disks that are full."""

from __future__ import annotations

import re
import signal
import sys
from functools import partial
from pathlib import Path

import pytest

from pychron_comms.journal.file_journal import FileJournal
from pychron_comms.journal.files import journal_files, read_records
from pychron_comms.journal.verify import verify
from tests.integration.processes import (
    Processes,
    RunningProcess,
    run_forked,
    run_to_the_end,
    wait_until,
)

COMMAND = (sys.executable, "-m", "pychron_comms.journal.command")

# Writes as fast as it can; tells each number after it was written.
WRITE_ON = """
import os, sys
from pychron_comms.journal.file_journal import FileJournal
journal = FileJournal(sys.argv[1], size=40_000, keep=1000, secret=b"open sesame")
while True:
    number = journal.write("begin", {"type": "System", "command": "Open A", "sender": "10.0.0.5"})
    os.write(1, b"%d\\n" % number)
"""

# Writes until the disk is full, tells how that was, and goes on when there is room again.
FILL = """
import sys
from pychron_comms.errors import JournalError
from pychron_comms.journal.file_journal import FileJournal
journal = FileJournal(sys.argv[1], sync=sys.argv[2] == "sync")
written = 0
try:
    while written < 100_000:
        written = journal.write("begin", {"command": "Open " + written % 97 * "A", "sender": "me"})
except JournalError as error:
    print("full:", error)
refused = 0
for _ in range(20):
    try:
        written = journal.write("begin", {"command": "Open " + 400 * "A"})
    except JournalError as error:
        refused += 1
print("refused:", refused)
print("at:", written)
"""
LIMITED = (
    """
import resource
most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (50_001, most))
"""
    + FILL
    + """
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
print("goes on:", journal.write("begin", {}) == written + 1)
"""
)


def numbers_of(path: Path) -> list[int]:
    return [record.number for record in read_records(path)]


def assert_whole(path: Path, secret: bytes = b"") -> list[int]:
    """No record is missing from the first to the last, and nothing was changed; their numbers."""
    numbers = numbers_of(path)
    assert numbers == list(range(1, len(numbers) + 1))
    assert verify(journal_files(path), secret).findings == []
    return numbers


def has_told(process: RunningProcess, count: int) -> bool:
    return process.log.count("\n") >= count


def test_what_was_written_survives_kill_9(processes: Processes) -> None:
    path = processes.folder / "lab.journal"
    last = 0
    for _ in range(8):
        process = processes.start(sys.executable, "-c", WRITE_ON, path)
        wait_until(partial(has_told, process, 700), "700 records")
        process.signal(signal.SIGKILL)
        process.wait_for_end()
        told = [int(number) for number in re.findall(r"(\d+)\n", process.log)]

        last = assert_whole(path, b"open sesame")[-1]
        assert told[-1] <= last <= told[-1] + 2  # a file's first record is not told of
    assert len(journal_files(path)) > 8

    journal = FileJournal(path, secret=b"open sesame")
    assert journal.write("start", {}) in {last + 1, last + 2}  # 2 after a torn line
    journal.close()
    assert_whole(path, b"open sesame")


def test_two_processes_cannot_write_one_journal(processes: Processes) -> None:
    path = processes.folder / "lab.journal"
    first = processes.start(sys.executable, "-c", WRITE_ON, path)
    wait_until(partial(has_told, first, 1), "a record")
    second = run_to_the_end(sys.executable, "-c", WRITE_ON, path, folder=processes.folder)
    with pytest.raises(ValueError, match="another process writes it"):
        FileJournal(path)
    first.kill()

    assert second.returncode == 1
    assert "InUseError" in second.stdout
    assert "another process writes it" in second.stdout
    FileJournal(path).close()


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of a file's size here")
def test_a_file_that_may_not_grow_takes_whole_records_only(tmp_path: Path) -> None:
    path = tmp_path / "lab.journal"
    ended = run_to_the_end(sys.executable, "-c", LIMITED, path, "", folder=tmp_path)

    assert "full: journal: the disk took " in ended.stdout
    assert "refused: 20\n" in ended.stdout
    assert "goes on: True\n" in ended.stdout
    assert 49_000 < path.stat().st_size < 51_000
    assert len(assert_whole(path)) > 100


@pytest.mark.parametrize("sync", ["", "sync"])
def test_a_full_disk_takes_whole_records_only(small_disk: Path, sync: str) -> None:
    path = small_disk / "lab.journal"
    padding = small_disk / "padding"
    padding.write_bytes(b"x" * 20_000)
    ended = run_to_the_end(sys.executable, "-c", FILL, path, sync, folder=small_disk)

    assert re.search("full: journal: (No space left on device|the disk took )", ended.stdout)
    assert "refused: 20\n" in ended.stdout
    numbers = assert_whole(path)
    assert f"at: {numbers[-1]}\n" in ended.stdout
    padding.unlink()
    journal = FileJournal(path)
    assert journal.write("begin", {}) == numbers[-1] + 1
    journal.close()
    assert_whole(path)


def test_a_journal_is_read_and_verified_from_the_command_line(tmp_path: Path) -> None:
    path = tmp_path / "lab.journal"
    journal = FileJournal(path)
    for _ in range(3):
        journal.write("begin", {"sender": "10.0.0.5", "command": "Open µ"})
    shown = run_to_the_end(*COMMAND, "show", path, folder=tmp_path, PYTHONIOENCODING="ascii")
    head = run_forked(*COMMAND, "head", path, folder=tmp_path).stdout.strip()
    clean = run_forked(*COMMAND, "verify", path, "--head", head, folder=tmp_path)
    journal.close()
    path.write_bytes(path.read_bytes().replace(b"Open", b"Shut", 1))
    changed = run_forked(*COMMAND, "verify", path, folder=tmp_path)
    missing = run_forked(*COMMAND, "verify", "nowhere", folder=tmp_path)

    assert (shown.returncode, clean.returncode) == (0, 0)
    assert shown.stdout.count("Open \\xb5") == 3
    assert head == "{}:{}".format(*journal.head)
    assert changed.returncode == 1
    assert f"{path}:1: record 1: altered" in changed.stdout
    assert missing.returncode == 2
    assert missing.stdout.startswith("pychron-journal: nowhere: there is no such file")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_who_reads_the_listing_may_stop_at_any_line(tmp_path: Path) -> None:
    path = tmp_path / "lab.journal"
    journal = FileJournal(path)
    for _ in range(5000):
        journal.write("begin", {"sender": "10.0.0.5", "command": "Open A"})
    journal.close()
    line = f"{' '.join(COMMAND)} show {path} | head -n 1; echo ${{PIPESTATUS[0]}}"
    ended = run_to_the_end("bash", "-c", line, folder=tmp_path)

    assert ended.stdout.splitlines()[1:] == ["0"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_the_chain_can_be_computed_with_other_tools(tmp_path: Path) -> None:
    path = tmp_path / "lab.journal"
    journal = FileJournal(path)
    journal.write("begin", {"sender": "10.0.0.5", "command": 'Open "A"'})
    journal.close()
    line = f'printf %064d%s 0 "$(sed \'s/,"hash":.*/}}/\' {path})" | sha256sum'
    ended = run_to_the_end("bash", "-c", line, folder=tmp_path)

    assert ended.stdout.split()[0] == journal.head[1]


@pytest.mark.skipif(sys.platform == "win32", reason="no unix sockets")
def test_a_night_is_asked_again_and_each_difference_is_told(tmp_path: Path) -> None:
    path = tmp_path / "lab.journal"
    journal = FileJournal(path)
    for command, reply in (("Open A", "OK"), ("GetValveState A", "False"), ("Close A", "OK")):
        asked = {"type": "System", "command": command, "sender": "10.0.0.5"}
        journal.write("end", {"of": journal.write("begin", asked), "reply": reply})
    journal.close()
    ended = run_forked(*COMMAND, "replay", path, folder=tmp_path)

    assert ended.returncode == 1, ended.stdout
    assert ended.stdout.splitlines() == [
        "record 4: System|GetValveState A: it was 'False', it is 'True'",
        f"{path}: 3 commands, 1 reply differs",
    ]
