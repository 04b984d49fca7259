"""Every target: a short run under atheris, random inputs without it, and no growth."""

from __future__ import annotations

import gc
import importlib.util
import random
import re
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import properties
from tests.draws import drawn
from tests.faults.fuzz.targets import NAMES, corpus, target
from tests.integration.processes import run_to_the_end

_ROOT = Path(__file__).parents[2]
_RUNS = drawn(5_000)

# What memory may grow by, in bytes, while the same inputs are repeated.
_GROWTH = 64 * 1024
_INPUTS = 500
_REPEATS = 4

every_target = pytest.mark.parametrize("name", NAMES)


@every_target
def test_inputs_that_once_broke_it_no_longer_do(name: str) -> None:
    fuzz = target(name).fuzz
    files = corpus(name)
    assert files
    for file in files:
        fuzz(file.read_bytes())


@every_target
def test_any_input_meets_only_declared_errors(name: str) -> None:
    chosen = target(name)
    pieces = st.lists(st.one_of(st.binary(max_size=8), st.sampled_from(chosen.words)), max_size=8)

    @properties.holds_in(300)
    @given(st.binary(min_size=1, max_size=12), pieces)
    def holds(decisions: bytes, data: list[bytes]) -> None:
        chosen.fuzz(decisions + b"".join(data))

    holds()


@every_target
def test_memory_does_not_grow(name: str) -> None:
    chosen = target(name)
    source = random.Random(name)
    inputs = [
        source.randbytes(12) + b"".join(source.choices(chosen.words, k=3)) for _ in range(_INPUTS)
    ]
    sizes = []
    tracemalloc.start()
    try:
        for _ in range(1 + _REPEATS):
            for each in inputs:
                chosen.fuzz(each)
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    # The first round fills what is kept once for all.
    assert sizes[-1] - sizes[1] < _GROWTH, sizes


@pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris is not there (it is on Linux, with pip install '.[fuzz]')",
)
@every_target
def test_atheris_finds_nothing_in_a_short_run(name: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.faults.fuzz", name, "--runs", str(_RUNS)]
    ended = run_to_the_end(*command, folder=tmp_path, PYTHONPATH=str(_ROOT))
    assert ended.returncode == 0, ended.stdout
    assert re.search(rf"{name}: {_RUNS} inputs, \d+/s, no finding", ended.stdout), ended.stdout
