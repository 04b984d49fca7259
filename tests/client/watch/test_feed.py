"""What a watch makes of a server's lines, over several connections and lives of the server."""

from __future__ import annotations

from dataclasses import replace

from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.link.endpoint import parse_address
from pychron_comms.client.watch.feed import Feed
from pychron_comms.client.watch.notices import Gap, Happened, Live, Lost, Notice
from pychron_comms.errors import InvalidCommandError, NotPermittedError
from pychron_comms.observability.state.stream import KEPT
from tests.client.watch.telling import Teller, event
from tests.observability.state.test_stream import valve

LAB = parse_address("tcp:lab:1061")


class FeedCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.server = Teller()
        self.server.stream.publish(valve("A"))
        self.server.stream.publish(valve("B"))
        self.feed = Feed(LAB, ["System/valve/*", "command"])

    def connect(self) -> list[Notice]:
        return self.hear(self.server.connect(self.feed.begin()))

    def hear(self, data: bytes) -> list[Notice]:
        return list(self.feed.received(data))


class TellingTests(FeedCase):
    def test_how_all_stands_and_then_each_change(self) -> None:
        self.assertEqual(self.connect(), [valve("A"), valve("B"), Live()])
        self.server.stream.publish(valve("A", is_open=True))
        self.server.stream.happened("command", command="Open A", reply="OK")
        told = self.hear(self.server.said())
        happened = Happened("command", 100.0, {"command": "Open A", "reply": "OK"})
        self.assertEqual(told, [valve("A", is_open=True), happened])
        self.assertEqual(self.feed.items["System/valve/A"], valve("A", is_open=True))

    def test_lines_may_come_in_any_pieces(self) -> None:
        data = self.server.connect(self.feed.begin())
        told = [each for i in range(len(data)) for each in self.hear(data[i : i + 1])]
        self.assertEqual(told, [valve("A"), valve("B"), Live()])

    def test_a_path_may_hold_blanks(self) -> None:
        self.feed = Feed(LAB, ["road/commands waiting"])
        for path in ("road/commands waiting", "road/commands-waiting"):
            self.server.stream.publish(replace(valve(), path=path))
            self.server.stream.happened(path)
        told = [getattr(each, "path", each) for each in self.connect()]
        self.assertEqual(told, ["road/commands waiting", Live()])
        self.server.stream.happened("road/commands-waiting")
        self.assertEqual(self.hear(self.server.said()), [])

    def test_what_is_no_more_is_told_and_forgotten(self) -> None:
        self.connect()
        self.server.stream.withdraw("System/valve/A")
        (item,) = self.hear(self.server.said())
        self.assertTrue(getattr(item, "is_gone", False))
        self.assertEqual(list(self.feed.items), ["System/valve/B"])

    def test_topics_of_later_servers_are_passed_over(self) -> None:
        self.assertEqual(self.hear(event("weather", 3, sky="blue")), [])


class ComingBackTests(FeedCase):
    def test_gets_what_it_missed(self) -> None:
        self.connect()
        self.assertEqual(list(self.feed.lost("cut")), [Lost("cut")])
        self.server.stream.publish(valve("A", is_open=True))
        self.assertEqual(self.connect(), [valve("A", is_open=True), Live()])

    def test_a_loss_is_told_once(self) -> None:
        self.connect()
        told = [*self.feed.lost("cut"), *self.feed.lost("refused")]
        self.assertEqual(told, [Lost("cut")])
        self.connect()
        self.assertEqual(list(self.feed.lost("cut")), [Lost("cut")])

    def test_another_life_of_the_server_is_a_gap_and_what_it_lacks_is_gone(self) -> None:
        self.connect()
        self.server = Teller("s2")
        self.server.stream.publish(valve("B"))
        gap, item, gone, live = self.connect()
        self.assertEqual((gap, item, live), (Gap(), valve("B"), Live()))
        self.assertEqual(gone, valve("A").withdrawn())
        self.assertEqual(list(self.feed.items), ["System/valve/B"])

    def test_a_life_without_any_of_them_leaves_none(self) -> None:
        self.connect()
        self.server = Teller("s2")
        told = self.connect()
        self.assertEqual((told[0], told[-1], len(told)), (Gap(), Live(), 4))
        self.assertEqual(self.feed.items, {})

    def test_what_is_not_kept_any_more_is_a_gap(self) -> None:
        self.connect()
        for number in range(KEPT + 1):
            self.server.stream.publish(valve("A", is_open=number % 2 == 0))
        self.assertEqual(self.connect()[0], Gap())

    def test_a_snapshot_that_was_cut_is_begun_again(self) -> None:
        data = self.server.connect(self.feed.begin())
        self.hear(data[: data.index(b"@event=live")])
        list(self.feed.lost("cut"))
        self.assertEqual(self.connect(), [valve("A"), valve("B"), Live()])

    def test_what_a_cut_one_told_and_the_next_one_lacks_is_gone(self) -> None:
        data = self.server.connect(self.feed.begin())
        self.hear(data[: data.index(b"@event=live")])
        self.server = Teller("s2")
        self.server.stream.publish(valve("B"))
        told = self.connect()
        self.assertEqual(told, [valve("B"), valve("A").withdrawn(), Live()])
        self.assertEqual(set(self.feed.items), {valve("B").path})


class RefusalTests(FeedCase):
    def test_a_server_that_refuses(self) -> None:
        line = b"@id=1 ERROR 208 : not permitted: no\r\n"
        self.assertRaises(NotPermittedError, self.hear, line)

    def test_one_that_refuses_for_the_moment_is_called_again(self) -> None:
        for line in (b"ERROR 215 : too many connections: x", b"@id=1 ERROR 209 : shutting down: x"):
            error = self.assertRaises(ConnectionError, self.hear, line + b"\r\n")
            self.assertIn(line.partition(b" : ")[2].decode().strip(), str(error))

    def test_one_that_knows_no_tags(self) -> None:
        error = self.assertRaises(InvalidCommandError, self.hear, b"OK\r\n")
        told = "invalid command: Subscribe (this server tells of no changes)"
        self.assertEqual(str(error), told)
        self.assertRaises(InvalidCommandError, self.hear, b"ERROR 003 : invalid command: x\r\n")

    def test_garbage(self) -> None:
        for line in (
            b"@event=change;seq=1 {}",
            b"@event=change;seq=1 []",
            b"@event=event;seq=1 {}",
            b"@event=live {}",
            b"@event=live;seq=x {}",
            b"@event=live;seq=1 {",
            b"@event=hello;seq=1 3",
            b"@event= {}",
            b"@ {}",
        ):
            with self.subTest(line):
                self.feed.begin()
                self.assertRaises(ValueError, self.hear, line + b"\r\n")

    def test_garbage_is_shown_by_its_beginning(self) -> None:
        line = b"@event=event;seq=1 " + b'{"x": "' + b"y" * 90 + b'"}'
        error = self.assertRaises(ValueError, self.hear, line + b"\r\n")
        self.assertEqual(str(error), f"no event of our kind: {line[:80]!r}")

    def test_patterns_that_cannot_be(self) -> None:
        for patterns in ([], [""], ["a\nb"], ["a"] * 100, ["*a" * 9]):
            self.assertRaises(ValueError, Feed, LAB, patterns)
        error = self.assertRaises(ValueError, Feed, LAB, ["*", " "])
        self.assertEqual(str(error), "a pattern is a path with * and ?, as in System/valve/*")
        error = self.assertRaises(ValueError, Feed, parse_address("udp:lab:1061"), ["*"])
        why = "'udp:lab:1061': changes are told over a connection, not datagrams"
        self.assertEqual(str(error), why)

    def test_what_is_gone_was_perhaps_never_told(self) -> None:
        self.hear(self.server.connect(self.feed.begin()))
        gone = valve("never seen").withdrawn()
        change = event("change", 9, **gone.as_json(), prev=8)
        self.assertEqual(self.hear(change), [gone])
