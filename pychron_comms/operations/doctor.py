"""``pychron-lab doctor``: what would be in the way of a laboratory, and what mends it."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pychron_comms.operations.findings import BROKEN, GOOD, WARNING, Finding
from pychron_comms.operations.laboratory import Laboratory
from pychron_comms.operations.ports import ports
from pychron_comms.operations.status import certificate_files
from pychron_comms.process.extras import install_command
from pychron_comms.process.platform import HERE

#: Bytes below which a disk is nearly full.
LITTLE = 1_000_000_000

#: The time before which no clock of a laboratory is right: 2024.
_PAST = 1_704_067_200

#: What each extra brings, and what it is wanted for.
_EXTRAS = {
    "prompt": (("prompt_toolkit", "rich"), "a prompt"),
    "plot": (("matplotlib",), "plots"),
    "completion": (("shtab",), "completion in a shell"),
    "serial": (("pyserial",), "instruments on serial ports"),
    "modbus": (("pymodbus", "pyserial"), "instruments by Modbus"),
    "parquet": (("pyarrow",), "export to Parquet"),
}


def doctor(laboratory: Laboratory) -> list[Finding]:
    """Looks at this computer, whether the laboratory runs or not."""
    return [
        *ports(laboratory),
        *_folders(laboratory),
        *_keys(laboratory),
        *_clock(time.time()),
        *_versions(),
    ]


def _folders(laboratory: Laboratory) -> Iterator[Finding]:
    settings = laboratory.processor.journal
    places = {"working folder": Path.cwd()}
    if settings is not None:
        places["journal"] = Path(settings.file).absolute().parent
    for subject, folder in places.items():
        if not os.access(folder, os.W_OK):
            yield Finding(
                subject,
                WARNING,
                f"{folder} cannot be written by this account",
                f"sudo chown {os.environ.get('USER', 'ACCOUNT')} {folder}",
            )
        free = shutil.disk_usage(folder).free
        if free < LITTLE:
            yield Finding(
                subject,
                BROKEN,
                f"{free / 1e6:.0f} MB free on the disk of {folder}",
                f"make room: du -xh {folder} | sort -h | tail",
            )
        else:
            yield Finding(subject, GOOD, f"{folder}: {free / 1e9:.0f} GB free")


def _keys(laboratory: Laboratory) -> Iterator[Finding]:
    for file in certificate_files(laboratory):
        key = file.with_suffix(".key")
        if not file.exists():
            yield Finding(
                "certificate",
                BROKEN,
                f"{file} is not there",
                f"pychron-certs issue {file.parent} {file.stem}",
            )
        elif HERE.has_file_modes and key.exists() and stat.S_IMODE(key.stat().st_mode) & 0o077:
            yield Finding("private key", BROKEN, f"others can read {key}", f"chmod 600 {key}")


def _clock(now: float) -> Iterator[Finding]:
    if now < _PAST:
        yield Finding(
            "clock", BROKEN, f"it says {time.ctime(now)}", "sudo timedatectl set-ntp true"
        )
    else:
        zone = time.strftime("%Z", time.localtime(now))
        yield Finding("clock", GOOD, f"{time.ctime(now)} {zone}; the journal is in UTC")


def _versions() -> Iterator[Finding]:
    python = ".".join(map(str, sys.version_info[:3]))
    yield Finding(
        "versions",
        GOOD,
        f"Python {python}, pychron_comms {_version('pychron_comms')}, "
        f"Twisted {_version('Twisted')}, on {HERE.name}",
    )
    for extra, (packages, purpose) in _EXTRAS.items():
        missing = [name for name in packages if not _version(name)]
        if missing:
            yield Finding(
                f"extra {extra}",
                GOOD,
                f"not installed: {', '.join(missing)}; wanted for {purpose} alone",
                install_command(*missing),
            )
        else:
            yield Finding(f"extra {extra}", GOOD, "installed")


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
