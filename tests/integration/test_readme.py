"""A person who has the README alone, from its first line to the night's list.

Every command is typed as it stands there, at terminals in a home that holds the checkout alone.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.clean_homes import Block, CleanHome, Shell, blocks, clean_home, lines

README = "README.md"
_ESCAPE = "\x1d"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanHome]:
    with clean_home(tmp_path_factory.mktemp("home")) as made:
        yield made


def texts(language: str) -> list[str]:
    return [block.text for block in blocks(README) if block.language == language]


def follow(shell: Shell, block: str) -> None:
    """Type each command; it must show what the README shows, and end well."""
    for command, shown in lines(block):
        said, status = shell.run(command)
        assert status == 0, said
        assert shown in ("", said), command


def talk(shell: Shell, block: str) -> None:
    """telnet: a line is typed, the next one is its reply."""
    first, *rest = block.splitlines()
    shell.type(first.removeprefix("$ "))
    shell.wait_for("Escape character is")
    for request, reply in zip(rest[::2], rest[1::2], strict=True):
        shell.type(request)
        shell.wait_for(rf"^{re.escape(request)}\n{re.escape(reply)}\n")
    shell.press(_ESCAPE)
    shell.wait_for("telnet> ")
    shell.type("quit")
    shell.wait_for_prompt()


def test_from_its_first_line_to_the_nights_list(home: CleanHome) -> None:
    if shutil.which("telnet") is None:
        pytest.fail("telnet is missing; on Debian: apt-get install telnet")
    make_run, telnet, own, asked, service = texts("console")
    first, second = home.open_terminal(), home.open_terminal()

    ((command, _),) = lines(make_run)
    first.type(command)
    first.wait_for("The laboratory runs")
    talk(second, telnet)
    first.press("\x03")
    first.wait_for_prompt()

    *before, (run, _) = lines(own)
    follow(first, "".join(f"$ {command}\n{shown}" for command, shown in before))
    first.type(run)
    first.wait_for("The laboratory runs")
    for command in elsewhere():
        assert second.run(command) == ("", 0)
    follow(second, asked)
    said, _ = second.run(lines(asked)[-1].command)
    assert re.search(r"127\.0\.0\.1 +System\|Open A +OK", said), said

    script(home, second)
    misspelt(home, second)
    first.press("\x03")
    first.wait_for_prompt()
    installed(home, second, service)


def elsewhere() -> list[str]:
    """What the README says, in its text, of another terminal."""
    said = (Path(__file__).parents[2] / README).read_text("utf-8")
    told = re.search(r"from another terminal \(`(.*?)` there, then `(.*?)`\)", said)
    assert told is not None
    return list(told.groups())


def script(home: CleanHome, shell: Shell) -> None:
    (python,) = texts("python")
    (home.folder / "lab" / "script.py").write_text(python)
    found = blocks(README)
    shown = found[found.index(Block("python", python)) + 1].text
    assert shell.run("python script.py") == (shown, 0)


def misspelt(home: CleanHome, shell: Shell) -> None:
    file = home.folder / "lab" / "lab.toml"
    right = file.read_text()
    file.write_text(right.replace('"Synrad"', '"Synrd"'))
    assert shell.run("pychron-lab check") == (texts("text")[0], 2)
    file.write_text(right)


def installed(home: CleanHome, shell: Shell, block: str) -> None:
    ((command, _),) = lines(block)
    shell.type(command)
    shell.wait_for("Write them")
    shell.type("y")
    shell.wait_for("systemctl --user enable --now pychron-processor.service pychron-server.service")
    shell.wait_for_prompt()
    units = home.folder / ".config" / "systemd" / "user"
    assert sorted(each.name for each in units.iterdir()) == [
        "pychron-processor.service",
        "pychron-server.service",
    ]
    if shutil.which("systemd-analyze") is not None:
        said, status = shell.run(f"systemd-analyze verify --man=no --user {units}/*.service")
        assert status == 0, said
