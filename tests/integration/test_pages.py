"""The README and the pages, their commands typed as they stand there.

At terminals in a home that holds the checkout alone. Other files run what other pages show, as
``SHOWN_ELSEWHERE`` says, and the README's "Many machines": test_broker_pages.py.
"""

from __future__ import annotations

import doctest
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.integration.clean_homes import (
    CHECKOUT,
    Block,
    CleanHome,
    Line,
    Shell,
    blocks,
    clean_home,
    lines,
)

README = "README.md"

#: Pages whose commands another file of these tests runs.
SHOWN_ELSEWHERE = {
    "client.md": "test_ask.py",
    "instruments.md": "test_instruments.py",
    "machines.md": "test_broker_pages.py",
    "qtegra.md": "test_scan.py",
    "write-a-client.md": "test_write_a_client.py",
}

#: What is not run, by how it begins, and why.
NOT_RUN = {
    "sudo ": "changes the computer itself",
    "systemctl ": "needs a systemd that runs",
    "journalctl ": "needs a systemd that runs",
    "systemd-analyze verify /etc/": "of what sudo has put there; test_lab_tool.py verifies others",
    "pychron-journal verify lab.journal --secret": "of a journal that was begun with the secret",
    "pychron-certs ": "test_tls.py",
    "pychron-alarms ": "test_alarms.py asks the tool",
    "pychron-history ": "test_history.py asks the tool",
    "pychron-ask -s tls:lab-server": "needs two computers; test_tls.py asks in that way",
    "openssl s_client": "needs two computers",
    "twistd pychron-processor --config lab.toml --check": "needs the files of two computers",
    "twistd pychron-server --config lab.toml --check": "needs the files of two computers",
    "twistd pychron-server --listen System=tcp:1061:interface=127.0.0.1 --pro": "two computers",
}
_ESCAPE = "\x1d"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CleanHome]:
    with clean_home(tmp_path_factory.mktemp("home")) as made:
        yield made


def texts(language: str) -> list[str]:
    return [block.text for block in blocks(README) if block.language == language]


def commands_of(page: str) -> list[Line]:
    """Those of all its blocks for a shell."""
    shown = (block.text for block in blocks(page) if block.language == "console")
    return [line for block in shown if block.startswith("$ ") for line in lines(block)]


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
    make_run, telnet, own, asked, kept, service = texts("console")[:6]
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

    follow(second, kept)
    said, _ = second.run(lines(kept)[-1].command)
    assert re.search(r"127\.0\.0\.1 +CO2\|Enable +OK", said), said
    script(home, second)
    misspelt(home, second)
    first.press("\x03")
    first.wait_for_prompt()
    installed(home, second, service)


def test_the_first_instrument(home: CleanHome) -> None:
    """From an empty folder to an open valve, and to a gauge."""
    begin, run, ask, gauge = texts("console")[6:10]
    valve_toml, gauge_toml = texts("toml")
    (install, *before), (sim, _) = lines(begin)[:-1], lines(begin)[-1]
    follow(home.open_terminal(outside=True), f"$ . .venv/bin/activate\n$ {install.command}\n")
    first, second, third = (home.open_terminal() for _ in range(3))
    follow(first, "$ . .venv/bin/activate\n")
    follow(first, "".join(f"$ {command}\n{shown}" for command, shown in before))
    first.type(sim)
    line = first.wait_for(r"^listening: (serial:\S+)$")[1]
    file = home.folder / "first" / "lab.toml"
    file.write_text(valve_toml.replace("serial:///dev/pts/5", line))
    for shell in (second, third):
        follow(shell, "$ . .venv/bin/activate\n$ cd ~/first\n")
    with running(second, run):
        follow(third, ask)
        first.wait_for(r"^> OPEN 3<CR><LF>$")
    ((sim, said),) = lines(gauge)
    third.type(sim)
    third.wait_for(re.escape(said))
    file.write_text(file.read_text() + gauge_toml)
    with running(second, run):
        third.wait_for(r"^> PR1<CR><LF>$")
    for shell in (first, third):
        shell.press("\x03")
        shell.wait_for_prompt()


@contextmanager
def running(shell: Shell, block: str) -> Iterator[None]:
    ((command, _),) = lines(block)
    shell.type(command)
    shell.wait_for("The laboratory runs")
    yield
    shell.press("\x03")
    shell.wait_for_prompt()


def elsewhere() -> list[str]:
    """What the README says, in its text, of another terminal."""
    said = (CHECKOUT / README).read_text("utf-8")
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
    said, status = shell.run("pychron-lab check")
    assert doctest.OutputChecker().check_output(texts("text")[0], said, doctest.ELLIPSIS), said
    assert status == 2
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
        said, status = shell.run(f"systemd-analyze verify --man=no {units}/*.service")
        assert status == 0, said


def test_the_services_by_themselves(home: CleanHome) -> None:
    for page in ("docs/operation.md", "docs/configuration.md"):
        *_, processor, server = (
            line for line in commands_of(page) if "twistd -n p" in line.command
        )
        halves = [home.open_terminal() for _ in range(2)]
        for shell, line in zip(halves, (processor, server), strict=True):
            follow(shell, "$ . .venv/bin/activate\n$ mkdir -p ~/halves\n$ cd ~/halves\n")
            if line == processor:
                follow(shell, "$ pychron-lab init --yes --force\n")
            shell.type(line.command)
        halves[1].wait_for("connected to the processor at")
        for shell in halves:
            shell.press("\x03")
            shell.wait_for_prompt()


@pytest.fixture(scope="module")
def lab(home: CleanHome) -> Iterator[Shell]:
    """A terminal in the folder of a laboratory that runs in another one."""
    runs, shell = home.open_terminal(), home.open_terminal()
    for each in (runs, shell):
        follow(each, "$ . .venv/bin/activate\n$ mkdir -p ~/night\n$ cd ~/night\n")
    follow(shell, "$ pychron-lab init --yes\n")
    runs.type("pychron-lab run")
    runs.wait_for("The laboratory runs")
    follow(shell, "$ pychron-ask Open A\n$ pychron-ask Close A\n")
    yield shell
    runs.press("\x03")
    runs.wait_for_prompt()


def test_the_page_about_the_journal(lab: Shell, home: CleanHome) -> None:
    show, verify, head, with_head, secret, _, by_hand = commands_of("docs/journal.md")
    said, status = lab.run(show.command)
    assert status == 0, said
    assert re.search(r"127\.0\.0\.1 +System\|Close A +OK after \d", said), said
    assert re.fullmatch(
        r"lab\.journal: \d+ records, nothing was changed\n", lab.run(verify.command)[0]
    )
    kept, _ = lab.run(head.command)
    assert re.fullmatch(r"\d+:[0-9a-f]{64}\n", kept)
    asked = with_head.command.replace(head.shown.strip(), kept.strip())
    assert asked != with_head.command
    assert lab.run(asked)[1] == 0
    assert lab.run(secret.command) == ("", 0)
    record = json.loads((home.folder / "night" / "lab.journal").read_text().splitlines()[0])
    assert lab.run(by_hand.command) == (f"{record['hash']}  -\n", 0)


def copying() -> list[str]:
    """How the page about operation has a laboratory copied while it runs."""
    shown = [each.text for each in blocks("docs/operation.md") if "/mnt/copy" in each.text]
    return [line.command for block in shown for line in lines(block)]


def test_a_laboratory_is_copied_while_it_runs(lab: Shell, home: CleanHome) -> None:
    lab.run("mkdir ~/copy")
    for command in copying():
        said, status = lab.run(command.replace("/mnt/copy", str(home.folder / "copy")))
        assert status == 0, said
    copied = {each.name for each in (home.folder / "copy").iterdir()}
    assert {"lab.toml", "lab.journal", "lab.history"} <= copied
    points, status = lab.run("pychron-history list ~/copy/lab.history")
    assert (status, "Traceback" in points) == (0, False), points


def test_the_page_about_the_configuration(lab: Shell) -> None:
    server, processor, *_ = commands_of("docs/configuration.md")
    for check in (server, processor):
        assert lab.run(check.command) == (check.shown, 0)


def test_the_page_about_pychron(lab: Shell) -> None:
    (ready,) = commands_of("docs/pychron.md")
    assert lab.run(ready.command.replace("192.168.1.10", "127.0.0.1")) == (ready.shown, 0)


def test_the_page_about_installing(home: CleanHome) -> None:
    follow(home.open_terminal(outside=True), "".join(blocks_of_the_install_page()))


def blocks_of_the_install_page() -> list[str]:
    return [block.text for block in blocks("docs/install.md") if block.language == "console"]


def test_no_page_shows_a_command_that_nobody_runs() -> None:
    run_here = {"docs/journal.md", "docs/configuration.md", "docs/pychron.md", "docs/install.md"}
    for file in sorted((CHECKOUT / "docs").glob("*.md")):
        page = f"docs/{file.name}"
        if file.name in SHOWN_ELSEWHERE or page in run_here:
            continue
        for command, _ in re.findall(r"^ *\$ (.*)(\n)", file.read_text("utf-8"), re.MULTILINE):
            known = command.startswith((*NOT_RUN, "twistd -n pychron-")) or command in copying()
            assert known, f"{page}: {command}"
