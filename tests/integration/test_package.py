"""What is installed, tried where nothing of the checkout can be seen."""

from __future__ import annotations

import re
import shutil
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.integration.clients import ConnectingClient
from tests.integration.laboratories import ANY_PORT, server_address
from tests.integration.processes import TWISTD, Processes, run_to_the_end

CHECKOUT = Path(__file__).parents[2]

_RUN_TWISTD = "from twisted.scripts.twistd import run; run()"
_SOURCES = ("pychron_comms", "twisted")
_METADATA = ("setup.cfg", "pyproject.toml", "README.md")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout as it is when it is fresh: a copy, so that a build leaves nothing in it."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in _SOURCES:
        ignored = shutil.ignore_patterns("__pycache__", "dropin.cache")
        shutil.copytree(CHECKOUT / name, folder / name, ignore=ignored)
    for name in _METADATA:
        shutil.copy(CHECKOUT / name, folder)
    shutil.copytree(CHECKOUT / "tests", folder / "tests")
    return folder


@pytest.fixture(scope="module")
def wheel(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built by pip, which brings the setuptools that pyproject.toml asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    arguments = ("-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, sources)
    built = run_to_the_end(sys.executable, *arguments, folder=folder)
    assert built.returncode == 0, built.stdout
    return next(folder.glob("pychron_comms-*.whl"))


def new_python(folder: Path, *wanted: str | Path) -> Path:
    """An interpreter that has what we depend on, and of ours only what is ``wanted``.

    Twisted and the rest are taken from the present environment by a path file, so that nothing is
    downloaded; an editable install there stays unseen, because its own path file is not read.
    """
    made = run_to_the_end(sys.executable, "-m", "venv", "--without-pip", folder, folder=folder)
    assert made.returncode == 0, made.stdout
    python = folder / "bin" / "python"
    if wanted:
        pip = (sys.executable, "-m", "pip", "--python", python)
        done = run_to_the_end(*pip, "install", "--quiet", "--no-deps", *wanted, folder=folder)
        assert done.returncode == 0, done.stdout
    present = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    packages = next(folder.glob("lib/python*/site-packages"))
    (packages / "dependencies.pth").write_text("\n".join(sorted(present)))
    return python


@pytest.fixture(scope="module")
def with_wheel(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An interpreter with the wheel installed."""
    return new_python(tmp_path_factory.mktemp("with_wheel"), wheel)


def names_in(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def twistd_help(*twistd: str | Path, folder: Path, **environment: str) -> str:
    # Wide enough that no line is broken.
    ended = run_to_the_end(*twistd, "--help", folder=folder, COLUMNS="200", **environment)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def assert_lists_both_services(text: str) -> None:
    for service, verb in (("pychron-server", "Take"), ("pychron-processor", "Own")):
        found = re.findall(rf"^ +{service} +(\S.*)$", text, re.MULTILINE)
        assert len(found) == 1, text
        assert re.fullmatch(rf"{verb} .+\.", found[0]), found[0]


def test_the_wheel_holds_the_package_its_data_and_the_plugin(sources: Path, wheel: Path) -> None:
    names = names_in(wheel)

    assert {
        "pychron_comms/__main__.py",
        "pychron_comms/py.typed",
        "pychron_comms/lab/default.toml",
        "twisted/plugins/pychron_comms_plugins.py",
    }.issubset(names)
    ours = sources.glob("pychron_comms/**/*.py")
    missing = {path.relative_to(sources).as_posix() for path in ours}.difference(names)
    assert not missing


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    names = names_in(wheel)

    assert {name.partition("/")[0].partition("-")[0] for name in names} == {
        "pychron_comms",
        "twisted",
    }
    assert [name for name in names if name.startswith("twisted/")] == [
        "twisted/plugins/pychron_comms_plugins.py"
    ]
    assert not [name for name in names if "test" in name.lower()]


def test_twistd_lists_both_services_from_the_wheel(with_wheel: Path, tmp_path: Path) -> None:
    assert_lists_both_services(twistd_help(with_wheel, "-c", _RUN_TWISTD, folder=tmp_path))


def test_the_wheel_is_what_is_imported(with_wheel: Path, tmp_path: Path) -> None:
    code = "import pychron_comms; print(pychron_comms.__file__)"
    ended = run_to_the_end(with_wheel, "-c", code, folder=tmp_path)

    assert ended.stdout.startswith(str(with_wheel.parents[1]))


def test_the_server_of_the_wheel_answers(with_wheel: Path, processes: Processes) -> None:
    options = ("-n", "--pidfile=", "pychron-server", f"--listen=System={ANY_PORT}")
    server = processes.start(with_wheel, "-c", _RUN_TWISTD, *options)
    client = ConnectingClient(server_address(server))

    assert client.ask("Open A") == "OK"
    assert client.ask("GetIndicatorState A") == "True"


def test_twistd_lists_both_services_from_an_editable_install(sources: Path, tmp_path: Path) -> None:
    folder = tmp_path / "environment"
    folder.mkdir()
    python = new_python(folder, "--editable", sources)

    assert_lists_both_services(twistd_help(python, "-c", _RUN_TWISTD, folder=tmp_path))


def test_twistd_lists_both_services_where_the_tests_run(tmp_path: Path) -> None:
    assert_lists_both_services(twistd_help(TWISTD, folder=tmp_path))


def test_twistd_lists_both_services_in_the_checkout(sources: Path, tmp_path: Path) -> None:
    python = new_python(tmp_path)

    assert_lists_both_services(twistd_help(python, "-c", _RUN_TWISTD, folder=sources))
    elsewhere = twistd_help(python, "-c", _RUN_TWISTD, folder=tmp_path)
    assert "pychron" not in elsewhere


def test_the_version_is_the_packages_own(wheel: Path) -> None:
    code = "import pychron_comms; print(pychron_comms.__version__)"
    ended = run_to_the_end(sys.executable, "-c", code, folder=CHECKOUT)

    assert wheel.name.split("-")[1] == ended.stdout.strip()
