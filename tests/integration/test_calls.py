"""The script that counts what one request takes."""

from __future__ import annotations

from benchmarks import calls


def test_it_counts_one_request_of_each_kind() -> None:
    found = calls.counts(calls.HERE)
    assert found.keys() == calls.BASELINE.keys()
    for counts in found.values():
        assert counts["calls"] >= counts["distinct"] >= counts["modules"] > 1
        assert "Waiting" in counts["objects"]
