"""The script that counts what one request takes."""

from __future__ import annotations

from benchmarks import calls


def test_it_counts_one_request_of_each_kind() -> None:
    found = calls.counts(calls.HERE)
    assert found.keys() == calls.BASELINE.keys()
    for counts in found.values():
        assert counts["calls"] >= counts["distinct"] >= counts["modules"] > 1
    made = [found[command]["objects"] for command in calls.BASELINE]
    # Of what acts others than its asker want to hear the reply.
    assert ["Waiting" in each for each in made] == [True, False]
    assert ["WaitingResponse" in each for each in made] == [False, True]
