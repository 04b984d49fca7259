"""The clients that docs/write-a-client.md shows, run as they stand there but for the port."""

from __future__ import annotations

import re
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.clean_homes import Block, blocks
from tests.integration.laboratories import ANY_PORT, server_address, start_server
from tests.integration.processes import PATIENCE, Processes, run_to_the_end

PAGE = "docs/write-a-client.md"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Of a laboratory's System."""
    started = Processes(tmp_path_factory.mktemp("laboratory"))
    try:
        yield server_address(start_server(started, f"System={ANY_PORT}"))[1]
    finally:
        started.end()


def snippet(language: str, port: int) -> tuple[str, str]:
    """What stands there last, for a port of our own, and what it is to show."""
    found = blocks(PAGE)
    *_, place = (number for number, block in enumerate(found) if block.language == language)
    shown = found[place + 1]
    assert shown == Block("text", shown.text)
    text = re.sub(r"\b1061\b", str(port), found[place].text)
    assert str(port) in text
    return text, shown.text


def test_python_with_tags(port: int, tmp_path: Path) -> None:
    """The other one is run with those of docs/client.md."""
    text, shown = snippet("python", port)
    assert ";key={key}" in text
    (tmp_path / "lab.py").write_text(text)
    assert run_to_the_end(sys.executable, "lab.py", folder=tmp_path).stdout == shown


def test_bash(port: int, tmp_path: Path) -> None:
    text, shown = snippet("bash", port)
    (tmp_path / "ask.sh").write_text(text)
    assert run_to_the_end("bash", "ask.sh", folder=tmp_path).stdout == shown


def test_bash_tells_what_was_never_sent(port: int, tmp_path: Path) -> None:
    text, _ = snippet("bash", port)
    definition = text.partition("\n}\n")[0] + "\n}\n"
    (tmp_path / "ask.sh").write_text(f'{definition}port=1 ask "Open A"; echo "status $?"\n')
    assert run_to_the_end("bash", "ask.sh", folder=tmp_path).stdout.endswith("status 2\n")


@pytest.mark.skipif(not shutil.which("nc"), reason="no netcat here")
def test_netcat(port: int, tmp_path: Path) -> None:
    (line,) = (block.text for block in blocks(PAGE) if block.language == "console")
    command, _, shown = line.removeprefix("$ ").partition("\n")

    def say() -> str:
        return run_to_the_end(
            "sh", "-c", command.replace("1061", str(port)), folder=tmp_path
        ).stdout

    said = say()
    # It ends its side at once, which a server that was held up takes for a client that has gone:
    # that is 202, never begun. A busy machine holds servers up.
    end = time.monotonic() + PATIENCE
    while "stood still" in said and time.monotonic() < end:
        said = say()
    assert said.replace("\r", "") == shown


@pytest.mark.skipif(not shutil.which("mcs"), reason="no Mono here")
def test_c_sharp(port: int, tmp_path: Path) -> None:
    text, shown = snippet("csharp", port)
    (tmp_path / "lab.cs").write_text(text)
    made = run_to_the_end("mcs", "lab.cs", folder=tmp_path)
    assert made.returncode == 0, made.stdout
    assert run_to_the_end("mono", "lab.exe", folder=tmp_path).stdout == shown
