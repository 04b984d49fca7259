"""Tagged replies as they come to one who asks one command at a time: whole, late, and in pieces."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.link.conversation import TaggedConversation
from pychron_comms.client.link.deadline import Deadline
from tests.client_doubles import Event, ScriptedChannel


class ConversationCase(SynchronousTestCase):
    def talk(self, *events: Event, datagrams: bool = False) -> TaggedConversation:
        self.channel = ScriptedChannel(*events, datagrams=datagrams)
        return TaggedConversation(self.channel)  # type: ignore[arg-type]

    def deadline(self) -> Deadline:
        return Deadline(2.0, self.channel.clock.seconds)

    def read(self, number: int, *events: Event, datagrams: bool = False) -> str:
        return self.talk(*events, datagrams=datagrams).read(number, self.deadline())

    def assert_wrong(self, why: str, number: int, *events: Event, datagrams: bool = False) -> None:
        error = self.assertRaises(ValueError, self.read, number, *events, datagrams=datagrams)
        self.assertEqual(str(error), why)


class ReadingTests(ConversationCase):
    def test_a_reply_may_come_in_pieces(self) -> None:
        self.assertEqual(self.read(3, b"@id=3 O", b"K", b"\r\n"), "OK")

    def test_those_to_earlier_commands_are_passed_over(self) -> None:
        self.assertEqual(self.read(3, b"@id=1 a\r\n", b"@id=2 b\r\n@id=3 c\r\n"), "c")
        self.assertEqual(self.read(3, b"@id=1 a\r\n@i", b"d=3 c\r\n"), "c")

    def test_one_to_what_was_never_sent_is_garbage(self) -> None:
        why = "a reply to command 4, which was never sent"
        self.assert_wrong(why, 3, b"@id=4 a\r\n")
        self.assert_wrong(why, 3, b"@id=3 a\r\n@id=4 a\r\n")

    def test_two_to_one_command_are_garbage(self) -> None:
        why = "two replies to one command: 'a' and 'b'"
        self.assert_wrong(why, 3, b"@id=3 a\r\n@id=3 b\r\n")

    def test_a_connection_that_ends(self) -> None:
        error = self.assertRaises(ConnectionError, self.read, 3, b"")
        self.assertEqual(str(error), "closed by the server without a reply")
        self.assert_wrong("the connection ended inside the reply", 3, b"@id=3 O", b"")

    def test_silence(self) -> None:
        self.assertRaises(TimeoutError, self.read, 3)
        self.assertRaises(TimeoutError, self.read, 3, b"@id=2 late\r\n")
        self.assertEqual(self.channel.clock.seconds(), 2.0)

    def test_each_datagram_is_whole(self) -> None:
        """What one lacks, the next does not bring."""
        told = self.read(3, b"@id=3 O", b"@id=3 OK\r\n", datagrams=True)
        self.assertEqual(told, "OK")

    def test_an_empty_datagram_ends_nothing(self) -> None:
        self.assertEqual(self.read(3, b"", b"@id=3 OK\r\n", datagrams=True), "OK")


class GoingOnTests(ConversationCase):
    def test_nothing_has_come(self) -> None:
        self.assertTrue(self.talk().goes_on(7))

    def test_late_replies_are_nobodys(self) -> None:
        talk = self.talk(b"@id=7 late\r\n", b"@id=6 later\r\n@i", 1.0, b"d=8 OK\r\n")
        self.assertTrue(talk.goes_on(7))
        self.assertEqual(talk.read(8, self.deadline()), "OK")

    def test_a_first_command_that_is_late_too(self) -> None:
        self.assertTrue(self.talk(b"@id=1 late\r\n").goes_on(1))

    def test_an_end_or_garbage(self) -> None:
        for said in (b"", b"@id=8 never sent\r\n", b"hello\r\n", OSError("reset")):
            self.assertFalse(self.talk(said).goes_on(7))
        self.assertFalse(self.talk(b"@id=7 late\r\n", b"").goes_on(7))

    def test_an_empty_datagram_ends_nothing(self) -> None:
        talk = self.talk(b"", b"@id=7 late\r\n", datagrams=True)
        self.assertTrue(talk.goes_on(7))
        self.assertEqual(self.channel.events, [])


class OutlivingTests(ConversationCase):
    def outlives(self, *events: Event) -> bool:
        return self.talk(*events).outlives_a_reply(7, self.deadline())

    def test_a_connection_that_stays_open(self) -> None:
        self.assertTrue(self.outlives())
        self.assertTrue(self.outlives(b"@id=7 late\r\n"))
        self.assertTrue(self.outlives(0.5, b""))

    def test_one_that_does_not(self) -> None:
        for said in (b"", b"@id=8 never sent\r\n", b"hello\r\n", OSError("reset")):
            self.assertFalse(self.outlives(said))
