"""A reader of what an owner publishes is told each thing once, and that something is missing."""

from __future__ import annotations

import json
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.watch.by_broker import Pictures
from pychron_comms.wire.grammar import event_line


def line(topic: str, number: int, **fields: Any) -> bytes:
    return event_line(topic, number, json.dumps({"seq": number, **fields}))


def picture(number: int, session: str = "s") -> bytes:
    return (
        line("hello", number, session=session)
        + line("snapshot", number, items=[])
        + line("live", number)
    )


def topics(lines: bytes) -> list[str]:
    return [each.partition(b";")[0].decode()[7:] for each in lines.split(b"\r\n") if each]


class PictureTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.pictures = Pictures()

    def told(self, *lines: bytes) -> list[str]:
        return topics(self.pictures.taken(b"".join(lines)))

    def test_the_first_picture_is_told_and_the_next_ones_are_not(self) -> None:
        self.assertEqual(self.told(picture(5)), ["hello", "snapshot", "live"])
        self.assertEqual(self.told(picture(5), picture(5)), ["hello", "hello"])

    def test_changes_are_told_in_any_case(self) -> None:
        self.assertEqual(self.told(line("change", 4, prev=3)), ["change"])
        self.told(picture(5))
        self.assertEqual(self.told(line("change", 6, prev=5)), ["change"])

    def test_what_the_picture_had_already_is_no_gap(self) -> None:
        self.told(picture(5))
        self.assertEqual(
            self.told(line("change", 5, prev=4), line("event", 6, prev=5)), ["change", "event"]
        )

    def test_what_is_missing_is_told_and_the_next_picture_is_whole(self) -> None:
        self.told(picture(5))
        self.assertEqual(self.told(line("change", 9, prev=8)), ["gap", "change"])
        self.assertEqual(self.told(picture(9)), ["hello", "snapshot", "live"])
        self.assertEqual(self.told(line("beat", 12, last=12)), ["gap", "beat"])

    def test_another_owner_is_another_stream(self) -> None:
        self.told(picture(5))
        self.assertEqual(self.told(picture(2, "t")), ["gap", "hello", "snapshot", "live"])

    def test_who_was_away_has_missed_something(self) -> None:
        self.pictures = Pictures(misses=True)
        self.assertEqual(self.told(picture(5)), ["gap", "hello", "snapshot", "live"])

    def test_what_is_no_stream_is_refused(self) -> None:
        for lines in (b"hello\r\n", b"@event=beat;seq=1 nonsense\r\n"):
            self.assertRaises(ValueError, self.pictures.taken, lines)
        error = self.assertRaises(ValueError, self.pictures.taken, b"x" * 90 + b"\r\n")
        self.assertEqual(str(error), f"no event of our kind: b'{'x' * 80}'")

    def test_a_gap_says_from_where_to_where(self) -> None:
        self.told(picture(5))
        gap = self.pictures.taken(line("change", 9, prev=8)).partition(b"\r\n")[0]
        self.assertEqual(gap, b'@event=gap;seq=9 {"from": 5, "to": 9}')
        self.told(picture(9))
        gap = self.pictures.taken(picture(2, "t")).partition(b"\r\n")[0]
        self.assertEqual(gap, b'@event=gap;seq=2 {"from": 9, "to": 2}')
        gap = Pictures(misses=True).taken(picture(5)).partition(b"\r\n")[0]
        self.assertEqual(gap, b'@event=gap;seq=5 {"from": 0, "to": 5}')

    def test_the_very_first_change_of_a_stream_may_be_missed_too(self) -> None:
        self.told(picture(0))
        self.assertEqual(self.told(line("change", 1, prev=0)), ["change"])
        self.assertEqual(self.told(picture(0, "t")), ["gap", "hello", "snapshot", "live"])
        self.assertEqual(self.told(line("change", 2, prev=1)), ["gap", "change"])
