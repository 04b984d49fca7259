"""The soak, in small."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from dataclasses import replace
from pathlib import Path

from tests.faults.accounts import SUCCESS, Accounts
from tests.faults.soak import Result, soak
from tests.faults.soak_clients import Ground
from tests.faults.soak_faults import EVERY_FAULT

EVERY_CLIENT = ("valve_client", "laser_client", "tagged_client", "careful_client", "keyed_client")


def test_ten_seconds_with_fifty_clients_lose_and_double_nothing(tmp_path: Path) -> None:
    result = soak(tmp_path, clients=50, seconds=10, seed=1)

    assert result.is_sound, result.table()
    assert result.actuated >= result.kinds[SUCCESS], result.table()
    assert set(result.injected) >= EVERY_FAULT, result.table()
    assert set(result.successes) == set(EVERY_CLIENT), result.table()


SOUND = Result(
    clients=1,
    keyed=0,
    seconds=1.0,
    latencies=[0.1, 0.2],
    injected=Counter({"reset": 2}),
    kinds=Counter({SUCCESS: 2, "011": 1}),
    successes=Counter({"valve_client": 2}),
    actuated=2,
    lost=[],
    doubled=[],
    misdelivered=[],
    begun_all_the_same=[],
)


def test_what_is_lost_doubled_or_misdelivered_fails_a_soak() -> None:
    assert SOUND.is_sound
    assert not replace(SOUND, lost=["1-83dcefb7"]).is_sound
    assert not replace(SOUND, doubled=["1-83dcefb7"]).is_sound
    assert not replace(SOUND, misdelivered=[("1-83dcefb7", "2-1ad5be0d")]).is_sound
    assert not replace(SOUND, begun_all_the_same=["1-83dcefb7"]).is_sound


def test_the_table_tells_all() -> None:
    table = {}
    for line in SOUND.table().splitlines():
        name, count = line.rsplit(maxsplit=1)
        table[name] = count
    assert table["commands"] == "3"
    assert table["fault: reset"] == "2"
    assert table["reply: ERROR 011"] == "1"
    assert table["lost"] == table["doubled"] == table["misdelivered"] == "0"


def test_a_copy_is_doubled_unless_its_part_was_changed_in_between() -> None:
    ground = Ground(Accounts(), ("a", "b"), random.Random(1), asyncio.Event(), 0.0)
    ground.parts |= {"1": "a", "2": "a", "3": "b", "4": "a"}
    ground.keyed.add("4")
    assert ground.doubled(["1", "3", "1"]) == ["1"]
    assert ground.doubled(["1", "2", "1"]) == []
    assert ground.doubled(["4", "2", "4"]) == ["4"]
