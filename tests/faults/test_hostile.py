"""Hostile clients beside good ones, in small: no promise is broken, and memory stays bounded.

What the good ones' replies take is no matter of these tests, which run on busy machines: ``make
soak`` looks at that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.faults.hostile.flooding import MEMORY, PROMPTLY, Outcome, flood
from tests.faults.hostile.floods import FLOODS, four_computers_at, may_forge
from tests.faults.hostile.laboratory import FEW, FloodedLaboratory
from tests.integration.clients import Wire
from tests.integration.processes import Processes

_linux = pytest.mark.skipif(sys.platform != "linux", reason="has memory and addresses as Linux")


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FloodedLaboratory]:
    processes = Processes(tmp_path_factory.mktemp("flooded"))
    try:
        yield FloodedLaboratory(processes)
    finally:
        processes.end()


@_linux
@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_breaks_no_promise_to_the_others(laboratory: FloodedLaboratory, name: str) -> None:
    if name == "forged datagrams" and not may_forge():
        pytest.skip("only root may forge")

    outcome = flood(laboratory, name, seconds=1.0, share=0.2)

    assert not outcome.unsound, outcome
    assert outcome.keeps_memory, outcome
    assert outcome.asked >= 4


@_linux
def test_four_computers_that_fill_a_listener_keep_no_other_out(
    laboratory: FloodedLaboratory,
) -> None:
    """The fifth got 215, whatever it came for."""
    there = laboratory.ports.narrow
    with four_computers_at(there):
        for _ in range(2 * FEW):
            with Wire(there) as wire:
                assert wire.ask("Disable") == "OK"


KEPT = Outcome("nothing", 4, p50=0.001, p99=0.002, work=0.001, server=1, processor=1, unsound=())


def test_bounds_are_for_both_processes_and_for_the_slowest_replies() -> None:
    assert KEPT.keeps_memory
    assert not replace(KEPT, server=MEMORY).keeps_memory
    assert not replace(KEPT, processor=MEMORY).keeps_memory
    assert KEPT.is_prompt(1.0)
    assert replace(KEPT, p99=PROMPTLY).is_prompt(1.0)
    late = replace(KEPT, p99=PROMPTLY, work=PROMPTLY)
    assert not late.is_prompt(1.0)
    assert late.is_prompt(2.0)
