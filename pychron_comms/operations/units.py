"""``pychron-lab install`` and ``remove``: the units by which systemd runs a laboratory."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from pychron_comms.operations.laboratory import Laboratory

#: Seconds that systemd may take to look at units.
_PATIENCE = 60

_UNIT = """\
# Written by `pychron-lab install` for {file}.
[Unit]
Description=Pychron: {what}
{order}
[Service]
Type=notify
NotifyAccess=main
ExecStart={twistd} -n --pidfile= {name} --config {quoted}
{reload}WorkingDirectory={folder}
{account}Restart=on-failure
RestartSec=1
WatchdogSec=30
TimeoutStartSec=60
TimeoutStopSec=45
UMask=0077
NoNewPrivileges=yes
PrivateTmp=yes
RestrictRealtime=yes
LockPersonality=yes

[Install]
WantedBy={target}
"""


@dataclass(frozen=True)
class Scope:
    """Of the system, or of one person (``--user``)."""

    user: bool
    home: Path
    account: str

    @property
    def folder(self) -> Path:
        if self.user:
            return self.home / ".config" / "systemd" / "user"
        return Path("/etc/systemd/system")

    @property
    def systemctl(self) -> str:
        return "systemctl --user" if self.user else "sudo systemctl"


def units(laboratory: Laboratory, scope: Scope, python: str = sys.executable) -> dict[str, str]:
    """The text of each unit by its file's name: two services, or one where one process does.

    ValueError for the built-in laboratory, which has no file that a service could be told of.
    """
    if laboratory.file is None:
        raise ValueError("a service needs a laboratory's file; pychron-lab init writes one")
    server = _unit(
        laboratory, scope, python, "pychron-server", "the server, for the laboratory's programs"
    )
    if not laboratory.server.processor:
        return {"pychron-server.service": server}
    processor = _unit(laboratory, scope, python, "pychron-processor", "who owns the hardware")
    return {"pychron-processor.service": processor, "pychron-server.service": server}


def _unit(laboratory: Laboratory, scope: Scope, python: str, name: str, what: str) -> str:
    file = Path(laboratory.file or "").absolute()
    second = name == "pychron-server" and bool(laboratory.server.processor)
    order = "Wants=pychron-processor.service\nAfter=network.target pychron-processor.service\n"
    return _UNIT.format(
        file=file,
        folder=str(file.parent).replace("%", "%%"),
        quoted=_quoted(file),
        what=what,
        order=order if second else "After=network.target\n",
        twistd=_quoted(Path(python).with_name("twistd")),
        name=name,
        reload="ExecReload=/bin/kill -HUP $MAINPID\n" if name == "pychron-server" else "",
        account="" if scope.user else f"User={scope.account}\n",
        target="default.target" if scope.user else "multi-user.target",
    )


def _quoted(path: Path) -> str:
    """A path as one word of a command in a unit."""
    text = str(path).replace("%", "%%").replace("$", "$$")
    if not set(text) & set(" \t\"'\\;"):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def verified(texts: dict[str, str], folder: Path) -> str:
    """What ``systemd-analyze`` says of units in a folder; empty for nothing, or without it."""
    program = shutil.which("systemd-analyze")
    if program is None:
        return ""
    for name, text in texts.items():
        (folder / name).write_text(text)
    files = [str(folder / name) for name in texts]
    said = subprocess.run(
        [program, "verify", "--man=no", *files],
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    return said.stderr if said.returncode else ""


def write(texts: dict[str, str], scope: Scope) -> list[Path]:
    """The files, written. OSError where this account may not."""
    scope.folder.mkdir(parents=True, exist_ok=True)
    files = [scope.folder / name for name in texts]
    for file, text in zip(files, texts.values(), strict=True):
        file.write_text(text)
    return files


def after_install(texts: dict[str, str], scope: Scope) -> str:
    """What is left to type."""
    names = " ".join(texts)
    lines = [f"{scope.systemctl} daemon-reload", f"{scope.systemctl} enable --now {names}"]
    if scope.user:
        lines.append(f"sudo loginctl enable-linger {scope.account} # to run when logged out")
    return "".join(f"  {line}\n" for line in lines)


def remove(scope: Scope) -> list[Path]:
    """Remove what ``install`` has written, and nothing else; the files that were removed."""
    gone = []
    for name in ("pychron-server.service", "pychron-processor.service"):
        file = scope.folder / name
        if file.exists() and "Written by `pychron-lab install`" in file.read_text():
            file.unlink()
            gone.append(file)
    return gone
