"""The page about Qtegra, as a newcomer follows it; scans of the simulated instrument."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import CancelledError

from pychron_comms.client.scans import peak_center, scan
from pychron_comms.client.spectrometer import (
    ArgusSpectrometer,
    DeferredQtegraMicrocontroller,
    QtegraMicrocontroller,
)
from tests.integration.processes import PATIENCE, Processes
from tests.integration.test_package import new_python

CHECKOUT = Path(__file__).parents[2]
PAGE = CHECKOUT / "docs" / "qtegra.md"

_COPIED = ("pychron_comms", "twisted", "setup.cfg", "pyproject.toml", "README.md")
_SYSTEM = "/usr/bin:/bin"

# What pip writes for each program of a package.
_SCRIPT = "#!{python}\nimport sys\nfrom {module} import {name}\nsys.exit({name}())\n"


def commands_of_the_page() -> list[str]:
    return re.findall(r"^\$ (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The checkout, as a newcomer has it."""
    copy = tmp_path / "checkout"
    copy.mkdir()
    ignored = shutil.ignore_patterns("__pycache__", "dropin.cache")
    for name in _COPIED:
        source = CHECKOUT / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            shutil.copy(source, copy)
    return copy


@pytest.fixture
def path(tmp_path: Path) -> str:
    """For programs of an environment that has everything but this package."""
    environment = tmp_path / "environment"
    environment.mkdir()
    python = new_python(environment)
    for program, module, name in (
        ("pip", "pip._internal.cli.main", "main"),
        ("twistd", "twisted.scripts.twistd", "run"),
    ):
        script = python.with_name(program)
        script.write_text(_SCRIPT.format(python=python, module=module, name=name))
        script.chmod(0o755)
    return f"{python.parent}{os.pathsep}{_SYSTEM}"


def run(command: str, folder: Path, path: str) -> subprocess.CompletedProcess[str]:
    # stdout and stderr apart: one has the points, the other the peaks.
    done = subprocess.run(
        shlex.split(command),
        cwd=folder,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=10 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def size_of_png(file: Path) -> tuple[int, int]:
    """Width and height in pixels."""
    data = file.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_the_commands_of_the_page(folder: Path, path: str, tmp_path: Path) -> None:
    install, serve, ask = commands_of_the_page()

    run(install, folder, path)
    processes = Processes(tmp_path)
    try:
        # The page's port may be taken where the tests run.
        listen = "--listen=udp:0:interface=127.0.0.1"
        server = processes.start(*shlex.split(serve), listen, PATH=path)
        port = server.wait_for(r"RemoteControlServer \(UDP\) starting on (\d+)\n")[1]
        assert "1069" in ask
        done = run(ask.replace("1069", port), folder, path)
    finally:
        processes.end()

    header, *points = done.stdout.splitlines()
    assert header == "time,dac (V),H1 (fA)"
    assert len(points) == 71
    found = re.search(r"H1: centre (\S+) V, width (\S+) mV, height (\S+) fA", done.stderr)
    assert found is not None, done.stderr
    center, width, height = map(float, found.groups())
    # As the page says.
    assert abs(center - 5.3477) < 0.1 * 0.0118
    assert abs(width - 11.8) < 1
    assert abs(height - 2000) < 20
    picture = folder / "peak.png"
    assert size_of_png(picture) == (1050, 675)
    assert 20_000 < picture.stat().st_size < 200_000


@pytest.fixture(params=["udp", "tcp"])
def endpoint(processes: Processes, request: pytest.FixtureRequest) -> str:
    """Of a simulated instrument."""
    listen = f"--listen={request.param}:0:interface=127.0.0.1"
    server = processes.twistd("pychron-qtegra", listen)
    port = server.wait_for(r"RemoteControlServer.* starting on (\d+)\n")[1]
    return f"{request.param}:127.0.0.1:{port}"


def test_peak_center(endpoint: str) -> None:
    argus = ArgusSpectrometer(QtegraMicrocontroller.at(endpoint))
    argus.set_integration_time(0.02)
    # 40Ar on H1; 36Ar on the CDD, which stands a little beside its place.
    for detector, expected in (("H1", 5.3477), ("CDD", 5.3470)):
        argus.magnet.set_dac(5.355)

        found = peak_center(argus, detector)

        assert argus.magnet.dac() == pytest.approx(found.peak.center)
        assert found.peak.center == pytest.approx(expected, abs=0.1 * found.peak.width)


@pytest_twisted.ensureDeferred
async def test_in_the_reactor(endpoint: str, reactor: Any) -> None:
    argus = ArgusSpectrometer(DeferredQtegraMicrocontroller.at(endpoint, reactor))
    await argus.set_integration_time(0.02)

    found = await peak_center(argus, "H1")

    assert found.peak.center == pytest.approx(5.3477, abs=0.1 * found.peak.width)


@pytest_twisted.ensureDeferred
async def test_a_scan_that_is_cancelled_after_a_large_move(endpoint: str, reactor: Any) -> None:
    argus = ArgusSpectrometer(DeferredQtegraMicrocontroller.at(endpoint, reactor))
    before = await argus.magnet.dac()

    def cancel_soon(_: object) -> None:
        reactor.callLater(0, scanning.cancel)

    scanning = scan(argus, 6.0, 7.0, 0.01, settle=0.05, progress=cancel_soon)
    with pytest.raises(CancelledError):
        await scanning

    assert await argus.magnet.dac() == before
    # Neither is the beam blanked nor the ion counter protected.
    assert await argus.source.y_symmetry() == 1.5
    assert await argus.ion_counters["CDD"].deflection() == 0.0
