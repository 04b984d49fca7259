"""Reads on the hop whose words are written once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pychron_comms.errors import OutcomeUnknownError, PychronCommunicationError, QueueFullError
from pychron_comms.transport.places import PENDING_SHARE
from pychron_comms.wire.context import PLAIN, RequestContext
from tests.doubles import Heard
from tests.repeater.test_endpoint import EndpointCase


class KnownReadTests(EndpointCase):
    """A read whose words are written already."""

    def ask_again(self, context: RequestContext = PLAIN) -> list[object]:
        """What is heard, which is nothing yet."""
        heard: list[object] = []
        reply: Any = self.repeater.known_read("System", "Read a").ask("10.0.0.1", context)
        reply.addCallbacks(heard.append, lambda failure: heard.append(failure.value))
        return heard

    def test_it_is_the_same_line(self) -> None:
        self.start()
        for context in (PLAIN, RequestContext(0.5, role="observe")):
            self.repeater.get_response("System", "Read a", "10.0.0.1", context)
            self.ask_again(context)
            first, again = self.processor.read()
            self.assertEqual(again.partition(";")[2], first.partition(";")[2])

    def test_its_reply_is_told_apart_from_others(self) -> None:
        self.start()
        heard = [self.ask_again(), self.ask_again()]
        self.processor.say(b"@id=2 two\r\n@id=1;len=3 \r\none")
        self.assertEqual(heard, [["one"], ["two"]])

    def test_a_listener_with_a_bug_harms_no_other(self) -> None:
        self.start()
        reply: Any = self.repeater.known_read("System", "Read a").ask("10.0.0.1", PLAIN)
        reply.addCallbacks(lambda text: 1 / 0, lambda failure: None)
        heard = self.ask_again()
        self.processor.say(b"@id=1 one\r\n@id=2 two\r\n")
        self.assertEqual(heard, [b"two"])
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_without_a_connection_it_was_never_sent(self) -> None:
        self.assertRaises(PychronCommunicationError, self.ask_again)

    def test_what_was_sent_and_not_answered_is_unknown(self) -> None:
        self.start()
        heard = self.ask_again()
        self.processor.drop()
        self.assertIsInstance(heard[0], OutcomeUnknownError)
        self.clock.advance(3)
        heard = self.ask_again(RequestContext(0.5))
        self.clock.pump([0.5] * 4)
        self.assertIsInstance(heard[0], OutcomeUnknownError)

    def ask_all(self, *commands: str, sender: str = "10.0.0.1") -> Heard:
        heard = Heard()
        reads = [self.repeater.known_read("System", each) for each in commands]
        self.repeater.ask_all(reads, sender, PLAIN, heard)  # type: ignore[arg-type]
        return heard

    def test_those_that_are_asked_together_are_what_each_would_be(self) -> None:
        self.start()
        for command in ("Read a", "Read b"):
            self.repeater.get_response("System", command, "10.0.0.1")
        self.ask_all("Read a", "Read b")
        lines = [line.partition(";")[::2] for line in self.processor.read()]
        self.assertEqual([name for name, _ in lines], [f"@id={each}" for each in range(1, 5)])
        self.assertEqual(lines[0][1], lines[2][1])
        self.assertEqual(lines[1][1], lines[3][1])

    def test_each_of_them_has_its_own_reply_however_they_come(self) -> None:
        self.start()
        heard, alone = self.ask_all("Read a", "Read b", "Read c"), self.ask_again()
        other = self.ask_all("Read d", "Read e")
        self.assertEqual(self.repeater.in_flight, 6)
        self.processor.say(b"@id=2 two\r\n@id=3 three\r\n@id=4 four\r\n@id=5 five\r\n")
        self.assertEqual((heard.told, alone), ([(1, b"two"), (2, b"three")], [b"four"]))
        self.processor.say(b"@id=1 one\r\n")
        self.processor.say(b"@id=6;len=4 \r\ns\nix")
        self.assertEqual(heard.told[2:], [(0, b"one")])
        self.assertEqual(other.told, [(0, b"five"), (1, "s\nix")])
        self.assertEqual(self.repeater.in_flight, 0)

    def test_those_that_are_answered_together_are_told_together(self) -> None:
        class Batches(Heard):
            def __init__(self) -> None:
                super().__init__()
                self.batches: list[tuple[int, int]] = []

            def replied(self, at: int, texts: Sequence[str | bytes]) -> None:
                super().replied(at, texts)
                self.batches.append((at, len(texts)))

        self.start()
        heard = Batches()
        reads: Any = [self.repeater.known_read("System", f"Read {each}") for each in "abcdef"]
        self.repeater.ask_all(reads, "10.0.0.1", PLAIN, heard)
        self.processor.say(b"".join(b"@id=%d x\r\n" % number for number in (1, 2, 3, 5, 6)))
        self.assertEqual(heard.batches, [(0, 3), (4, 2)])
        self.processor.say(b"@id=4 x\r\n")
        self.assertEqual(sorted(at for at, _ in heard.told), [0, 1, 2, 3, 4, 5])

    def test_what_is_not_answered_of_them_is_unknown(self) -> None:
        self.start()
        heard = self.ask_all("Read a", "Read b")
        self.processor.say(b"@id=1 one\r\n")
        self.processor.drop()
        (at, error) = heard.told[1]
        self.assertIsInstance(error, OutcomeUnknownError)
        self.assertEqual((at, str(error)[-6:]), (1, "Read b"))
        self.assertRaises(PychronCommunicationError, self.ask_all, "Read a")
        self.clock.advance(3)
        self.ask_again()
        late = self.ask_all("Read a", "Read b", "Read c")
        self.processor.say(b"@id=3 two\r\n")
        self.clock.pump([1.0] * 31)
        told = [(at, str(error)[-6:]) for at, error in late.told[1:]]
        self.assertEqual((late.told[0], told), ((1, b"two"), [(0, "Read a"), (2, "Read c")]))

    def test_all_of_them_have_room_or_none(self) -> None:
        self.start()
        for _ in range(PENDING_SHARE // 2 - 1):
            self.ask_all("Read a", "Read b")
        self.assertRaises(QueueFullError, self.ask_all, *["Read a"] * 3)
        self.ask_all("Read a", "Read b")
        self.assertRaises(QueueFullError, self.ask_again)
        self.ask_all("Read a", sender="10.0.0.2")

    def test_each_that_is_answered_gives_back_its_own_place_and_no_more(self) -> None:
        self.start()
        self.ask_again()
        self.ask_all(*["Read a"] * (PENDING_SHARE - 1))
        self.processor.say(b"@id=1 one\r\n@id=2 two\r\n@id=3 three\r\n")
        self.ask_all(*["Read a"] * 3)
        self.assertRaises(QueueFullError, self.ask_all, "Read a")

    def test_each_connection_is_told_of(self) -> None:
        came: list[bool] = []
        self.repeater.when_connected(lambda: came.append(True))
        self.start()
        self.processor.drop()
        self.clock.advance(3)
        self.assertEqual(len(came), 2)
