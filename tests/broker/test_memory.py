"""What a standby knows of what was done."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.memory import SharedJournal, SharedMemory
from pychron_comms.broker.message import CLAIM, RECORD, TAKEN, Message
from pychron_comms.journal.memory import MemoryJournal

AT = "2026-03-02T10:14:05.116000Z"


def record(kind: str, epoch: str = "1.a", **fields: Any) -> Message:
    body = json.dumps({"at": AT, **fields}).encode()
    return Message(kind, body, headers={"epoch": epoch})


def command(key: str, **fields: Any) -> dict[str, Any]:
    return {"sender": "me", "type": "System", "command": "Open A", "key": key, **fields}


class MemoryTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.memory = SharedMemory()

    def take(self, *messages: Message) -> list[dict[str, Any]]:
        for message in messages:
            self.memory.take(message)
        return [dict(each) for each in self.memory.records()]

    def test_one_that_was_taken_and_no_more_may_have_begun(self) -> None:
        (only,) = self.take(record(TAKEN, event="begin", n="x.1", **command("k")))
        self.assertEqual((only["event"], only["key"]), ("begin", "k"))

    def test_the_journals_own_records_take_its_place(self) -> None:
        records = self.take(
            record(TAKEN, event="begin", n="x.1", **command("k")),
            record(RECORD, event="begin", n=7, **command("k")),
            record(RECORD, event="end", n=8, of=7, reply="OK"),
        )
        self.assertEqual([each["event"] for each in records], ["begin", "end"])
        self.assertEqual(records[0]["n"], records[1]["of"])

    def test_a_message_may_have_several_records_and_each_counts_once(self) -> None:
        begun = record(RECORD, event="begin", n=7, **command("k"))
        ended = record(RECORD, event="end", n=8, of=7, reply="OK")
        both = begun._replace(body=begun.body + b"\n" + ended.body)
        records = self.take(both, begun, ended, both)
        self.assertEqual([each["event"] for each in records], ["begin", "end"])

    def test_what_was_refused_is_told_by_itself_in_its_order(self) -> None:
        self.take(
            Message(CLAIM, b"1.a"),
            Message(CLAIM, b"2.b"),
            record(RECORD, "2.b", event="refused", n=0, **command("k")),
            record(RECORD, "2.b", event="begin", n=1, **command('"refused"')),
            record(RECORD, "1.a", event="refused", n=0, **command("l")),
            Message(RECORD, b'"refused"', headers={"epoch": "2.b"}),
        )
        self.assertEqual([each["key"] for each in self.memory.refusals()], ["l", "k"])

    def test_numbers_of_two_processes_are_two(self) -> None:
        records = self.take(
            record(RECORD, "1.a", event="begin", n=1, **command("k")),
            record(RECORD, "2.b", event="begin", n=1, **command("l")),
        )
        self.assertEqual(len({each["n"] for each in records}), 2)

    def test_one_that_was_refused_has_not_begun(self) -> None:
        records = self.take(
            record(TAKEN, event="begin", n="x.1", **command("k")),
            record(RECORD, event="refused", n=0, reply="ERROR 207 : interlock", **command("k")),
        )
        self.assertEqual(records, [])

    def test_one_that_is_asked_again_has_not_begun_again(self) -> None:
        records = self.take(
            record(TAKEN, event="begin", n="x.1", **command("k")),
            record(RECORD, event="begin", n=7, **command("k")),
            record(RECORD, event="end", n=8, of=7, reply="OK"),
            record(TAKEN, event="begin", n="x.2", **command("k")),
        )
        self.assertEqual([each["event"] for each in records], ["begin", "end"])

    def test_leases_are_known_and_what_is_no_record_is_passed_over(self) -> None:
        records = self.take(
            record(RECORD, event="claim", n=1, part="CO2", sender="me", until=1.0),
            Message(RECORD, b"hello"),
            Message(RECORD, b"[]"),
            Message(TAKEN, b'{"event":"begin"}'),
            Message("pychron.other", b""),
        )
        self.assertEqual([each["event"] for each in records], ["claim"])

    def test_what_comes_twice_counts_once_and_where_it_came_first(self) -> None:
        """Told again since its confirmation was lost, or the log is read from its beginning."""
        begun = record(RECORD, event="begin", n=7, **command("k"))
        refused = record(RECORD, event="refused", n=0, reply="ERROR 207 : no", **command("m"))
        records = self.take(
            begun,
            record(TAKEN, event="begin", n="x.1", **command("m")),
            refused,
            record(TAKEN, event="begin", n="x.2", **command("m")),
            begun,
            refused,
        )
        self.assertEqual([each["key"] for each in records], ["k", "m"])

    def test_what_was_known_is_known_where_the_log_was_deleted(self) -> None:
        self.take(record(RECORD, event="begin", n=7, **command("k")), Message(CLAIM, b"1.a"))
        # The next one has nothing of it.
        records = self.take(
            Message(CLAIM, b"2.b"), record(RECORD, "2.b", event="begin", n=1, **command("m"))
        )
        self.assertEqual([each["key"] for each in records], ["k", "m"])
        self.assertTrue(self.memory.others_since("1.b"))

    def test_a_record_that_is_told_late_belongs_to_its_own_epoch(self) -> None:
        lease = {"event": "claim", "part": "CO2", "until": 1.0}
        self.take(Message(CLAIM, b"1.a"), record(TAKEN, event="begin", n="x.1", **command("k")))
        records = self.take(
            Message(CLAIM, b"2.b"),
            record(RECORD, "2.b", n=1, sender="the second", **lease),
            record(TAKEN, "2.b", event="begin", n="x.2", **command("k")),
            record(RECORD, event="begin", n=7, **command("k")),
            record(RECORD, event="end", n=8, of=7, reply="OK"),
            record(RECORD, n=6, sender="the first", **lease),
        )
        told = [(each["event"], each.get("sender")) for each in records]
        self.assertEqual(
            told,
            [("begin", "me"), ("end", None), ("claim", "the first"), ("claim", "the second")],
        )

    def test_what_one_owner_refuses_another_may_have_begun(self) -> None:
        records = self.take(
            Message(CLAIM, b"1.a"),
            record(TAKEN, event="begin", n="x.1", **command("k")),
            Message(CLAIM, b"2.b"),
            record(TAKEN, "2.b", event="begin", n="x.2", **command("k")),
            record(RECORD, "2.b", event="refused", n=0, reply="ERROR 207 : no", **command("k")),
        )
        self.assertEqual([each["n"] for each in records], ["a/x.1"])

    def test_an_end_is_known_by_its_process_whichever_epoch_that_has_reached(self) -> None:
        begun, ended = self.take(
            Message(CLAIM, b"1.a"),
            record(RECORD, "1.a", event="begin", n=7, **command("k")),
            Message(CLAIM, b"2.a"),
            record(RECORD, "2.a", event="end", n=8, of=7, reply="OK"),
        )
        self.assertEqual(begun["n"], ended["of"])

    def test_the_oldest_make_room(self) -> None:
        claims = [record(RECORD, event="claim", n=n, part="CO2") for n in range(10)]
        self.memory = SharedMemory(room=3 * len(claims[0].body))
        self.assertEqual([each["n"] for each in self.take(*claims)], [7, 8, 9])

    def test_all_before_a_claim_was_read_when_the_claim_is(self) -> None:
        read = self.memory.read_to("2.b")
        self.take(Message(CLAIM, b"1.a"))
        self.assertNoResult(read)
        self.take(Message(CLAIM, b"2.b"))
        self.successResultOf(read)
        self.assertEqual(self.memory.next_epoch("", "c"), "3.c")

    def test_a_name_is_never_used_again_also_where_the_log_is_gone(self) -> None:
        self.take(Message(CLAIM, b"5.a"))
        self.assertEqual(self.memory.next_epoch("5.a", "a"), "6.a")
        self.assertFalse(self.memory.others_since("5.a"))

    def test_it_is_known_who_claimed_since(self) -> None:
        self.take(Message(CLAIM, b"1.a"), Message(CLAIM, b"2.b"), Message(CLAIM, b"3.a"))
        self.assertTrue(self.memory.others_since("1.a"))
        self.take(Message(CLAIM, b"4.a"))
        self.assertFalse(self.memory.others_since("3.a"))

    def test_a_claim_that_is_none_of_ours_counts_for_nothing(self) -> None:
        self.take(Message(CLAIM, b"\xff"), Message(CLAIM, b"99999999999999999999.x"))
        self.assertEqual(self.memory.next_epoch("", "c"), "1.c")


class SharedJournalTests(SynchronousTestCase):
    def test_others_are_told_what_was_written_and_theirs_is_recalled(self) -> None:
        told: list[dict[str, Any]] = []
        others = SharedMemory()
        for event, text in (("begin", "Open C"), ("refused", "Open D")):
            others.take(record(RECORD, event=event, command=text))
        journal = SharedJournal(
            MemoryJournal(), lambda each: told.append(dict(each)), others, lambda: AT
        )
        number = journal.write("begin", {"command": "Open A"})
        outcomes: list[object] = []
        journal.write_soon("end", {"of": number, "reply": "OK"}, outcomes.append)
        self.assertEqual(outcomes, [number + 1])
        journal.refused({"command": "Open B", "reply": "ERROR 207 : no"})
        self.assertEqual([each["event"] for each in told], ["begin", "end", "refused"])
        self.assertEqual(told[0]["n"], number)
        self.assertEqual([*journal.recall()][-1]["command"], "Open C")
        refused = [each["command"] for each in journal.refusals()]
        self.assertEqual(refused, ["Open B", "Open D"])
        later = datetime.fromisoformat(AT).timestamp() + 0.001
        self.assertEqual([each["command"] for each in journal.refusals(later)], ["Open B"])
        self.assertEqual(len([*journal.records()]), 3)
