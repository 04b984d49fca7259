"""Which managers are watched, and by which names."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.processor.state.assembly import watched_managers


class Handler:
    """Has what it is given, and nothing else."""

    def __init__(self, **parts: object) -> None:
        vars(self).update(parts)


class WatchedManagersTests(SynchronousTestCase):
    runs = object()

    def watched(self, *handlers: Any, **devices: object) -> dict[str, object]:
        hardware: Any = SimpleNamespace(
            manager={"runs": self.runs}.__getitem__, devices=lambda: devices
        )
        return watched_managers({str(each): each for each in handlers}, hardware)

    def test_each_has_its_request_type_and_devices_their_own_names(self) -> None:
        line, gauge = object(), object()
        handler = Handler(manager=line, request_type="System")
        self.assertEqual(
            self.watched(handler, gauge=gauge),
            {"System": line, "runs": self.runs, "device/gauge": gauge},
        )

    def test_what_has_no_manager_or_no_type_that_people_know_is_none(self) -> None:
        others = (
            Handler(),
            Handler(request_type="Alarms"),
            Handler(manager=None, request_type="Alarms"),
            Handler(manager=object()),
            Handler(manager=object(), request_type=""),
        )
        self.assertEqual(self.watched(*others), {"runs": self.runs})

    def test_one_of_two_types_is_watched_once_by_the_first(self) -> None:
        line = object()
        handlers = [Handler(manager=line, request_type=name) for name in ("A", "B")]
        self.assertEqual(self.watched(*handlers), {"A": line, "runs": self.runs})
