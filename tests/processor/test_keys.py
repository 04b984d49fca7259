"""Each sender's keys, in a room that nobody else can fill."""

from __future__ import annotations

import tracemalloc

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import MalformedRequestError
from pychron_comms.processor.execution.entry import Ended, State
from pychron_comms.processor.execution.keys import (
    KEEP,
    KEY_LENGTH,
    REFUSED_ROOM,
    REFUSED_SHARE,
    KeyMemory,
)
from pychron_comms.processor.execution.shares import OVERHEAD

ME, OBSERVER = "10.0.0.1", "10.0.0.2"


class KeyMemoryCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.now = 0.0
        self.keys = KeyMemory()

    def request(self, key: str, sender: str = ME, command: str = "Open A") -> dict[str, str]:
        return {"type": "System", "command": command, "sender": sender, "key": key}

    def run_one(self, key: str, sender: str = ME, reply: str = "OK") -> None:
        self.keys.ended(self.request(key, sender), Ended(State.DONE, reply), self.now)

    def refuse(self, key: str, sender: str = OBSERVER, reply: str = "ERROR 208 : no") -> None:
        request = self.request(key, sender)
        self.keys.ended(request, Ended(State.DONE, reply, refused=True), self.now)

    def known(self, *keys: str) -> list[str]:
        return [key for key in keys if self.keys.find(self.request(key), self.now) is not None]


class TimeTests(KeyMemoryCase):
    def test_a_key_is_known_for_its_time_and_no_longer(self) -> None:
        self.run_one("k")
        self.now = KEEP - 0.1
        self.assertEqual(self.known("k"), ["k"])
        self.now = KEEP
        self.assertEqual(self.known("k"), [])
        self.assertEqual(self.keys.outcome(ME, "k", self.now), "never seen")

    def test_what_is_over_takes_no_room(self) -> None:
        for key in "ab":
            self.run_one(key)
        self.now = KEEP
        self.run_one("c")
        self.assertEqual(self.keys.kept, 1)

    def test_a_key_that_comes_again_after_its_time_is_among_the_newest(self) -> None:
        self.keys = KeyMemory(room=2.5 * OVERHEAD)
        self.run_one("a")
        self.now = 10
        self.run_one("b")
        self.now = KEEP
        self.assertEqual(self.known("a"), [])
        self.run_one("a")
        self.run_one("c")
        self.assertEqual(self.known(*"abc"), ["a", "c"])


class RoomTests(KeyMemoryCase):
    def test_the_oldest_of_a_sender_is_forgotten_where_there_is_no_room(self) -> None:
        self.keys = KeyMemory(room=3.5 * OVERHEAD)
        for key in "abcd":
            self.run_one(key)
        self.assertEqual(self.known(*"abcd"), ["b", "c", "d"])

    def test_who_has_most_makes_room(self) -> None:
        self.keys = KeyMemory(room=20.5 * OVERHEAD)
        self.run_one("mine")
        for number in range(1000):
            self.run_one(f"{number}", "10.0.0.9")
        self.assertEqual(self.known("mine"), ["mine"])
        self.assertEqual(self.keys.kept, 20)

    def test_a_long_reply_takes_the_room_of_its_sender(self) -> None:
        self.keys = KeyMemory(room=100 * OVERHEAD)
        self.run_one("mine")
        for number in range(50):
            self.run_one(f"{number}", "10.0.0.9", reply="x" * 30 * OVERHEAD)
        self.assertEqual(self.known("mine"), ["mine"])
        self.assertLess(self.keys.size, 100 * OVERHEAD)

    def test_refusals_push_out_nothing_that_was_run(self) -> None:
        """Finding B7 of issue 12: on f156da4 these pushed everybody's keys out."""
        self.keys = KeyMemory(room=20 * OVERHEAD)
        self.run_one("mine")
        for number in range(1000):
            self.refuse(f"{number}", ME if number % 2 else OBSERVER)
        self.assertEqual(self.known("mine"), ["mine"])

    def test_refusals_of_one_sender_push_out_nobody_elses(self) -> None:
        self.refuse("mine", ME)
        for number in range(5000):
            self.refuse(f"{number}")
        self.assertEqual(self.keys.outcome(ME, "mine", self.now), "done ERROR 208 : no")
        self.assertLess(self.keys.size, REFUSED_SHARE + 2 * OVERHEAD)

    def test_refusals_of_many_senders_take_no_more_than_their_room(self) -> None:
        for number in range(20_000):
            self.refuse("k", f"10.0.{number // 250}.{number % 250}")
        self.assertLessEqual(self.keys.size, REFUSED_ROOM)
        self.assertGreater(self.keys.size, REFUSED_ROOM - 2 * OVERHEAD)

    def test_the_memory_that_is_taken_is_what_is_counted(self) -> None:
        """Finding D14 of issue 12: 850 MiB on f156da4 from refused commands of 64 KB."""
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for number in range(3000):
            self.refuse(
                f"key-{number:100}", f"10.0.0.{number % 100}", "ERROR 208 : " + "x" * number
            )
            self.run_one(f"key-{number:100}", f"10.0.0.{number % 100}")
        taken, _ = tracemalloc.get_traced_memory()
        self.assertLess(taken, self.keys.size * 1.1)

    def test_what_was_refused_is_not_remembered_in_place_of_what_was_run(self) -> None:
        self.run_one("k")
        self.refuse("k", ME)
        self.assertEqual(self.keys.outcome(ME, "k", self.now), "done OK")

    def test_what_is_run_after_a_refusal_was_forgotten_is_what_counts(self) -> None:
        self.refuse("k", ME)
        self.run_one("k")
        self.assertEqual(self.keys.outcome(ME, "k", self.now), "done OK")
        self.assertEqual(self.keys.kept, 1)

    def test_a_long_command_is_known_by_its_digest(self) -> None:
        request = self.request("k", ME, "Open A" + " " * 60_000)
        self.keys.ended(request, Ended(State.DONE, "OK"), self.now)
        self.assertLess(self.keys.size, 2 * OVERHEAD)
        self.assertIsNotNone(self.keys.find(request, self.now))
        request["command"] += " "
        self.assertRaises(MalformedRequestError, self.keys.find, request, self.now)

    def test_its_digest_is_that_of_other_versions_which_a_journal_may_have(self) -> None:
        for command, digest in (
            ("Open A", "2cff11ddfdc3cadc7bce0a95822e296e"),
            ("\udce9", "f86822cc840ba163ce33f10c3a1fd4cf"),
        ):
            self.keys.ended(self.request("k", command=command), Ended(State.DONE, "OK"), self.now)
            ((record, _),) = self.keys.carried(self.now)
            self.assertEqual(record["request"], digest)

    def test_many_long_commands_take_no_room_beside_that(self) -> None:
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for number in range(200):
            self.keys.ended(
                self.request("k", ME, f"{number}" + " " * 60_000), Ended(State.DONE, "OK"), self.now
            )
        taken, _ = tracemalloc.get_traced_memory()
        self.assertLess(taken, 1 << 20)

    def test_a_key_that_is_too_long_is_not_looked_for(self) -> None:
        long = "k" * (KEY_LENGTH + 1)
        self.assertRaises(MalformedRequestError, self.keys.outcome, ME, long, self.now)
