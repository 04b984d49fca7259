"""Many histories in real processes, one after the other, at one broker; each is written to a log.

Who is interrupted goes on where he was: what the log has is not run again.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import tempfile
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pychron_comms.safeguards.fence import unstopped
from tests.faults.model.keeping import Broken
from tests.faults.takeovers.histories import IN_PROCESSES, drawn
from tests.faults.takeovers.place import Place
from tests.faults.takeovers.promises import live_through
from tests.faults.takeovers.real import RealWorld
from tests.integration.brokers import Broker
from tests.integration.processes import Processes

#: Histories that the same processes live through, where none is broken.
_OF_ONE_PLACE = 10


def run(numbers: Iterable[int], log: Path) -> int:
    """How many broke a promise. Each history has a line in the log, as JSON."""
    done = {line["history"] for line in lines_of(log)}
    left = iter([number for number in numbers if number not in done])
    broken = 0
    with tempfile.TemporaryDirectory() as folder, broker_in(Path(folder)) as broker:
        for place_number in itertools.count():
            some = list(itertools.islice(left, _OF_ONE_PLACE))
            if not some:
                return broken
            own = Path(folder) / str(place_number)
            own.mkdir()
            rest = _in_one_place(own, broker, some, log)
            broken += rest is not None
            left = itertools.chain(rest or (), left)
    return broken


def _in_one_place(folder: Path, broker: Broker, numbers: list[int], log: Path) -> list[int] | None:
    """None where all is well; else those that are still to be run, in another place."""
    place = Place(Processes(folder), broker, f"line{numbers[0]}")
    left = list(numbers)
    result: dict[str, Any] = {}
    try:
        while left and "broken" not in result:
            result = live(place, left.pop(0))
            write(log, result)
    finally:
        try:
            place.close()
        except AssertionError as error:
            result["broken"] = f"a process logs a bug: {error}"
            write(log, result)
        if "broken" in result:
            keep_logs(folder, log, result["history"])
    return left if "broken" in result else None


def live(place: Place, number: int) -> dict[str, Any]:
    """What became of a history."""
    begun = unstopped()
    result: dict[str, Any] = {"history": number}
    world: RealWorld | None = None
    before = len(place.seen.ownerships), len(place.seen.told)
    try:
        world = live_through(drawn(number, IN_PROCESSES), RealWorld(place, number))
    except Broken as error:
        result["broken"] = str(error)
    except Exception:
        # A bug of the runner's, or of who drives it, is told as one.
        result["broken"] = traceback.format_exc()
    if world is not None:
        result["seen"] = {
            **world.faults,
            "commands": len(world.units),
            "asked": sum(len(each.asks) for each in world.units),
        }
        result["takes"] = world.takes
    result["obeyed"] = len(place.seen.told) - before[1]
    result["owners"] = len(place.seen.ownerships) - before[0]
    result["seconds"] = round(unstopped() - begun, 1)
    return result


@contextlib.contextmanager
def broker_in(folder: Path) -> Iterator[Broker]:
    processes = Processes(folder)
    try:
        yield Broker(processes)
    finally:
        processes.end()


def keep_logs(folder: Path, log: Path, number: int) -> None:
    """What the processes of a place said, beside the log."""
    kept = log.with_name(f"{log.name}.{number}")
    kept.mkdir(exist_ok=True)
    for file in [*folder.glob("process-*.log"), folder / "record"]:
        (kept / file.name).write_bytes(file.read_bytes())


def write(log: Path, result: dict[str, Any]) -> None:
    with log.open("a") as file:
        file.write(json.dumps(result) + "\n")


def lines_of(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def report(logs: Iterable[Path]) -> Iterator[str]:
    """What all of them have seen together."""
    seen: Counter[str] = Counter()
    takes: dict[str, list[float]] = {}
    lines = {line["history"]: line for log in logs for line in lines_of(log)}
    for line in lines.values():
        seen.update(line.get("seen", {}))
        seen["obeyed"] += line["obeyed"]
        seen["owners"] += line["owners"]
        seen["broken"] += "broken" in line
        for why, seconds in line.get("takes", ()):
            takes.setdefault(why, []).append(seconds)
    yield f"{len(lines):8d}  histories"
    for what, times in sorted(seen.items()):
        yield f"{times:8d}  {what}"
    for why, each in takes.items():
        each.sort()
        yield (
            f"{len(each):8d}  takeovers after a {why}: half within {each[len(each) // 2]:.1f} s, "
            f"all within {each[-1]:.1f} s"
        )
