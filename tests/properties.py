"""What the property tests share: settings without clocks, and bytes cut into segments."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from tests.draws import drawn


def holds_in(examples: int) -> settings:
    """The same examples on every run and every machine; no time limit, and a machine that is busy
    with other things is no reason to fail."""
    return settings(
        deadline=None,
        derandomize=True,
        max_examples=drawn(examples),
        suppress_health_check=[HealthCheck.too_slow],
    )


holds = holds_in(200)

#: Where to cut a stream; positions past its end count round.
cuts = st.lists(st.integers(min_value=0, max_value=4096), max_size=8)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def segments(data: bytes, positions: list[int]) -> list[bytes]:
    """The data in pieces, some of them perhaps empty."""
    ends = sorted(position % (len(data) + 1) for position in positions)
    return [data[start:end] for start, end in pairwise([0, *ends, len(data)])]


def one_by_one(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]
