"""Which unit test reaches which lines, and how long it takes: kept until one of them changes."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
import time
import unittest
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from itertools import accumulate
from pathlib import Path
from types import ModuleType

import coverage
import hypothesis
from twisted.trial.reporter import TestResult
from twisted.trial.runner import TestLoader
from twisted.trial.unittest import SynchronousTestCase

from tests.mutants.forks import Forks
from tests.mutants.mutants import ROOT, Lines

_FOLDER = ROOT / "build" / "mutants" / "reach"
# What takes processes and sockets is no unit test.
NOT_PASSED = 1
#: Seconds of the processor.
ENOUGH = 10.0
_LEFT_OUT = ("integration", "faults", "mutants")


#: By test: its seconds of the processor, and by path the lines that it reached.
_Learnt = Mapping[str, tuple[float, Mapping[str, Sequence[int]]]]


@dataclass
class Reach:
    """By path of the code and line: the names of the tests."""

    tests: dict[str, SynchronousTestCase] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict)

    def of(self, path: str, lines: Lines) -> list[str]:
        """Those that reach any of these lines: its own first, then its room's, and the quickest.

        What thousands of tests reach is tried with those that take ``ENOUGH`` seconds together.
        """
        here = self.lines.get(path, {})
        found = {name for line in range(lines.first, lines.last + 1) for name in here.get(line, ())}
        room, own = f"tests.{path.split('/')[1]}.", f".test_{Path(path).stem}."

        def rank(name: str) -> tuple[bool, bool, float, str]:
            others = not name.startswith(room)
            return others or own not in name, others, self.seconds[name], name

        ordered = sorted(found, key=rank)
        sums = accumulate(self.seconds[name] for name in ordered)
        return [name for name, before in zip(ordered, sums, strict=True) if before <= ENOUGH] or (
            ordered[:1]
        )

    def add(self, learnt: _Learnt) -> None:
        for name, (seconds, files) in learnt.items():
            self.seconds[name] = seconds
            for path, lines in files.items():
                here = self.lines.setdefault(path, {})
                for line in lines:
                    here.setdefault(line, []).append(name)


def learn(jobs: int) -> Reach:
    """Of every unit test. Ends this program where one of them fails as the code is."""
    # Nothing is drawn anew, and nothing is too slow.
    hypothesis.settings.register_profile(
        "mutants",
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    hypothesis.settings.load_profile("mutants")
    reach = Reach()
    modules = {str(path.relative_to(ROOT)): _tests(path) for path in _test_files()}
    forks = Forks(jobs)
    for path, tests in modules.items():
        reach.tests |= tests
        if _known(path) is None:
            forks.start(path, partial(_cover, path, tests))
    for path, end in forks.ends():
        if end:
            sys.exit(f"The tests of {path} fail without a mutant ({end}).")
    for path in modules:
        reach.add(_known(path) or {})
    return reach


def _kept(path: str) -> Path:
    return _FOLDER / f"{path}.json"


def _known(path: str) -> _Learnt | None:
    """What was learnt of the tests of this file; None where something they reached has changed."""
    if not (kept := _kept(path)).exists():
        return None
    learnt = json.loads(kept.read_text("utf-8"))
    if any(_digest(each) != digest for each, digest in learnt["digests"].items()):
        return None
    tests: _Learnt = learnt["tests"]
    return tests


def _cover(path: str, tests: Mapping[str, SynchronousTestCase]) -> int:
    said = os.dup(2)
    os.dup2(0, 2)
    sources = [str(ROOT / "pychron_comms"), str(ROOT / "tests")]
    cover = coverage.Coverage(source=sources, data_file=None, config_file=False)
    cover.start()
    learnt: dict[str, tuple[float, dict[str, list[int]]]] = {}
    failed = []
    for name, test in tests.items():
        cover.switch_context(name)
        start = time.process_time()
        if not passes(test):
            failed.append(name)
        learnt[name] = time.process_time() - start, {}
    cover.stop()
    if failed:
        os.write(said, "\n".join([*failed, ""]).encode())
        return NOT_PASSED
    data = cover.get_data()
    files = {os.path.relpath(each, ROOT): each for each in data.measured_files()}
    # What is measured is all that there is. This tool itself says nothing of the tests, nor do
    # others that these do not use.
    files = {each: at for each, at in files.items() if not each.startswith("tests/mutants/")}
    files = {each: at for each, at in files.items() if not _is_test(each) or data.lines(at)}
    for relative, each in files.items():
        for line, names in data.contexts_by_lineno(each).items():
            for name in names if relative.startswith("pychron_comms") else ():
                if name in learnt:
                    learnt[name][1].setdefault(relative, []).append(line)
    digests = {each: _digest(each) for each in [path, *files]}
    _kept(path).parent.mkdir(parents=True, exist_ok=True)
    _kept(path).write_text(json.dumps({"digests": digests, "tests": learnt}), "utf-8")
    return 0


def _is_test(path: str) -> bool:
    return path.startswith("tests/") and Path(path).name.startswith("test_")


def passes(test: SynchronousTestCase) -> bool:
    result = TestResult()
    test.run(result)
    return bool(result.wasSuccessful())


def _test_files() -> list[Path]:
    here = ROOT / "tests"
    rooms = (path for path in here.iterdir() if path.is_dir() and path.name not in _LEFT_OUT)
    return sorted(path for room in rooms for path in room.rglob("test_*.py"))


@cache
def _digest(path: str) -> str:
    file = ROOT / path
    return hashlib.sha256(file.read_bytes()).hexdigest()[:32] if file.exists() else ""


def _tests(path: Path) -> dict[str, SynchronousTestCase]:
    name = str(path.relative_to(ROOT).with_suffix("")).replace("/", ".")
    module = importlib.import_module(name)
    return {case.id(): case for case in _cases(module)}


def _cases(module: ModuleType) -> Iterator[SynchronousTestCase]:
    suites: list[object] = [TestLoader().loadModule(module)]
    while suites:
        each = suites.pop()
        if isinstance(each, unittest.TestSuite):
            suites.extend(each)
        elif isinstance(each, SynchronousTestCase) and type(each).__module__ == module.__name__:
            yield each
