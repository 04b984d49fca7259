"""Times as a person says and reads them."""

from __future__ import annotations

import os
import time
from unittest import mock
from zoneinfo import ZoneInfo

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.journal.facts import code_of, facts_of, target_of
from pychron_comms.journal.moments import local, moment, seconds_of, told, zone_named

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = 1772446445.116  # 2026-03-02T10:14:05.116Z


class Moments(SynchronousTestCase):
    def test_may_be_so_long_ago(self) -> None:
        for text, seconds in (("90s", 90), ("1h", 3600), ("1.5h", 5400), ("2d", 172_800)):
            self.assertEqual(moment(text, MONDAY), MONDAY - seconds)

    def test_are_in_the_zone_where_none_is_said(self) -> None:
        self.assertAlmostEqual(moment("2026-03-02T11:14:05.116", 0, BERLIN), MONDAY, 3)
        self.assertAlmostEqual(moment("2026-03-02T10:14:05.116Z", 0, BERLIN), MONDAY, 3)

    def test_that_are_none_are_a_mistake(self) -> None:
        with self.assertRaises(ValueError) as caught:
            moment("teatime", 0)
        self.assertIn("teatime: no time such as", str(caught.exception))

    def test_are_read_back_from_records(self) -> None:
        self.assertEqual(seconds_of("2026-03-02T10:14:05.116000Z"), MONDAY)

    def test_are_told_with_their_zone(self) -> None:
        at = "2026-03-02T10:14:05.116000Z"

        self.assertEqual(told(at, BERLIN), "2026-03-02 11:14:05.116 +01:00")
        self.assertEqual(told("2026-07-02T10:14:05Z", BERLIN), "2026-07-02 12:14:05.000 +02:00")
        self.assertEqual(told("teatime"), "teatime")

    def test_are_local_unless_another_zone_is_named(self) -> None:
        self.addCleanup(time.tzset)
        self.enterContext(mock.patch.dict(os.environ, {"TZ": "America/Phoenix"}))
        time.tzset()

        self.assertEqual(told("2026-03-02T10:14:05.116Z"), "2026-03-02 03:14:05.116 -07:00")
        self.assertAlmostEqual(moment("2026-03-02T03:14:05.116", 0), MONDAY, 3)

    def test_of_this_computer_are_told_in_its_own_zone(self) -> None:
        self.addCleanup(time.tzset)
        self.enterContext(mock.patch.dict(os.environ, {"TZ": "America/Phoenix"}))
        time.tzset()

        self.assertEqual(local(MONDAY), "2026-03-02 03:14:05")

    def test_zones_that_are_none_are_a_mistake(self) -> None:
        self.assertIsNone(zone_named("local"))
        self.assertEqual(zone_named("Europe/Berlin"), BERLIN)
        for name in ("Nowhere", "../etc/passwd", ""):
            error = self.assertRaises(ValueError, zone_named, name)
            why = f"{name}: no zone such as local, UTC or Europe/Berlin"
            self.assertEqual(str(error), why)


class Words(SynchronousTestCase):
    def test_of_a_command_name_its_part(self) -> None:
        for command, target in (
            ("Open A", "A"),
            ("Set heater 100", "heater"),
            ("Set heater 100 slowly", "heater"),
            ('Open "A"', "A"),
            ("StopDrive", ""),
            ('{"command": "Open", "name": "A"}', "A"),
            ("{broken", ""),
            ("[1]", ""),
            ("Open X", "X"),
            ("Open 'XX',", "XX"),
            ('{"command": "Help"}', ""),
            ('{"command": "Set", "name": [1], "to": 5}', "5"),
            ("", ""),
        ):
            self.assertEqual(target_of(command), target)

    def test_of_a_reply_are_fine_or_an_error(self) -> None:
        for reply, code in (
            ("OK", 0),
            ("ERROR 204 : leased", 204),
            ("ERROR: no", -1),
            ("failed: no", -1),
            (None, None),
        ):
            self.assertEqual(code_of(reply), code)

    def test_who_did_it_is_who_asked_or_whose_it_was_or_who_said_so(self) -> None:
        for said in (
            {"sender": "Anna", "owner": "Ben", "by": "Cleo"},
            {"sender": "", "owner": "Anna", "by": "Cleo"},
            {"by": "Anna"},
        ):
            at = {"at": "2026-03-02T10:14:05.116000Z", "event": "lapse"}
            self.assertEqual(facts_of(at | said).who, "Anna")

    def test_a_command_has_its_key_and_so_has_its_end(self) -> None:
        at = {"at": "2026-03-02T10:14:05.116000Z", "event": "begin"}
        self.assertEqual([facts_of(at | said).key for said in ({"key": "k"}, {})], ["k", ""])
        end = {"at": "2026-03-02T10:14:07.116000Z", "event": "end", "reply": "OK"}
        facts = facts_of(end, facts_of(at | {"key": "k"}))
        self.assertEqual((facts.key, facts.event, facts.seconds), ("k", "end", 2.0))

    def test_an_alarms_part_has_its_own_name_or_a_devices_whole_one(self) -> None:
        for item, subject in (
            ("System/valve/A", ("System", "A")),
            ("System/line/valve/A", ("System", "A")),
            ("device/gc/pumps/IG", ("device", "gc/pumps/IG")),
            ("road", ("road", "")),
        ):
            at = {"at": "2026-03-02T10:14:05.116000Z", "event": "alarm", "item": item}
            facts = facts_of(at)
            self.assertEqual((facts.type, facts.target), subject)
