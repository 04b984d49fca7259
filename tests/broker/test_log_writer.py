"""A record is kept until the broker has it, and written again where that is not known."""

from __future__ import annotations

import json
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.channel import BrokerError
from pychron_comms.broker.log_writer import TOGETHER, LogWriter
from pychron_comms.broker.message import TAKEN
from pychron_comms.broker.names import JOURNAL, PROCESSORS
from tests.broker.doubles import PikaChannel

BEGIN = {"event": "begin", "n": 1, "at": "now", "sender": "me", "key": "k", "command": "Open A"}
END = {"event": "end", "n": 2, "of": 1, "at": "now", "reply": "OK"}


def record(number: int) -> dict[str, Any]:
    return {"event": "end", "n": number, "at": "now"}


class WriterCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.writer = LogWriter("line", self.clock)
        self.channel = self.join()

    def join(self) -> PikaChannel:
        channel = PikaChannel()
        wrapped = channel.wrapped()
        wrapped.confirm()
        channel.answer()
        self.writer.begin(wrapped)
        return channel

    def lose(self) -> None:
        self.channel.break_off()
        self.writer.end()

    def write(self, number: int, *, epoch: str = "1.a") -> None:
        """As a message of its own."""
        self.writer.write(record(number), epoch)
        self.clock.advance(TOGETHER)

    def numbers(self, channel: PikaChannel) -> list[int]:
        lines = b"\n".join(each.body for each in channel.published).splitlines()
        return [json.loads(line)["n"] for line in lines]

    def events(self) -> list[list[str]]:
        """Of each message that was written, with its topic."""
        return [
            [each.topic, *(json.loads(line)["event"] for line in each.body.splitlines())]
            for each in self.channel.published
        ]


class LogWriterTests(WriterCase):
    def test_it_goes_to_whoever_listens_and_to_the_log(self) -> None:
        self.write(1)
        (told,) = self.channel.published
        self.assertEqual((told.exchange, told.topic), (JOURNAL, "line.end"))

    def test_what_is_not_confirmed_is_written_again_first_of_all_and_in_its_order(self) -> None:
        for number in (1, 2, 3):
            self.write(number)
        self.channel.confirm(1)
        self.lose()
        # It was made while the broker was away.
        self.write(4, epoch="1.a")
        again = self.join()
        self.write(5, epoch="2.a")
        self.assertEqual(self.numbers(again), [2, 3, 4, 5])
        epochs = [(each.properties.headers or {})["epoch"] for each in again.published]
        self.assertEqual(epochs, ["1.a"] * 3 + ["2.a"])

    def test_what_is_confirmed_the_second_time_is_not_written_a_third_time(self) -> None:
        self.write(1)
        self.lose()
        again = self.join()
        again.confirm(1)
        self.assertEqual(self.join().published, [])

    def test_what_nobody_needs_is_told_once(self) -> None:
        self.writer.write({"event": "refused", "n": 0, "at": "now"}, "1.a")
        self.lose()
        self.writer.write({"event": "start", "n": 1, "at": "now"}, "1.a")
        self.assertEqual(self.join().published, [])

    def test_one_that_a_listeners_queue_refuses_is_written_to_the_log_alone(self) -> None:
        self.write(1)
        self.channel.reject(1)
        told = self.channel.published[-1]
        self.assertEqual((told.exchange, told.topic), (PROCESSORS, "line.memory"))
        self.channel.confirm(2)
        self.assertEqual(self.join().published, [])

    def test_one_that_the_log_refuses_too_waits_for_the_next_connection(self) -> None:
        self.write(1)
        self.channel.reject(1)
        self.channel.reject(2)
        self.assertEqual(len(self.channel.published), 2)
        self.assertEqual(self.numbers(self.join()), [1])

    def test_one_that_finds_no_log_waits_for_the_next_connection(self) -> None:
        self.write(1)
        self.channel.hand_back(0)
        self.channel.confirm(1)
        self.assertEqual(self.numbers(self.join()), [1])

    def test_there_is_room_for_so_many_and_the_oldest_are_given_up(self) -> None:
        self.writer = LogWriter("line", self.clock, room=3 * len(json.dumps(record(1))) - 6)
        for number in range(1, 6):
            self.write(number)
        self.assertEqual(self.numbers(self.join()), [3, 4, 5])

    def test_who_stops_hears_when_all_is_written(self) -> None:
        self.successResultOf(self.writer.written(1.0))
        self.write(1)
        self.writer.write(record(2), "1.a")
        written = self.writer.written(1.0)
        self.channel.confirm(1)
        self.assertNoResult(written)
        self.channel.confirm(2)
        self.successResultOf(written)

    def test_who_stops_waits_no_longer_than_he_says(self) -> None:
        self.write(1)
        written = self.writer.written(1.0)
        self.clock.advance(1.0)
        self.successResultOf(written)
        self.channel.confirm(1)


class TogetherTests(WriterCase):
    def setUp(self) -> None:
        super().setUp()
        self.lane = PikaChannel()
        self.taking = self.lane.wrapped()
        self.taking.confirm()
        self.lane.answer()

    def take(self) -> None:
        taken = self.writer.take(self.taking, {**BEGIN, "n": "x.1"}, "1.a")
        self.lane.confirm(1)
        self.successResultOf(taken)

    def test_that_a_command_is_taken_is_awaited(self) -> None:
        taken = self.writer.take(self.taking, {**BEGIN, "n": "x.1"}, "1.a")
        (told,) = self.lane.published
        self.assertEqual((told.exchange, told.topic), (PROCESSORS, "line.memory"))
        self.assertEqual((told.properties.type, told.properties.headers), (TAKEN, {"epoch": "1.a"}))
        self.assertNoResult(taken)
        self.lane.confirm(1)
        self.successResultOf(taken)

    def test_what_was_taken_is_told_with_its_end_and_with_others(self) -> None:
        self.take()
        self.writer.write(BEGIN, "1.a")
        self.writer.write(END, "1.a")
        self.clock.advance(TOGETHER / 2)
        self.writer.write(END, "1.a")
        self.assertEqual(self.events(), [])
        self.clock.advance(TOGETHER / 2)
        self.assertEqual(self.events(), [["line.end", "begin", "end", "end"]])

    def test_what_waits_no_longer_than_that_is_told_alone(self) -> None:
        self.take()
        self.writer.write(BEGIN, "1.a")
        self.clock.advance(TOGETHER)
        self.writer.write(END, "1.a")
        self.clock.advance(TOGETHER)
        self.assertEqual(self.events(), [["line.begin", "begin"], ["line.end", "end"]])

    def test_what_waits_is_no_larger_than_a_message_may_be(self) -> None:
        for _ in range(3):
            self.writer.write({**END, "reply": "x" * 40_000}, "1.a")
        self.assertEqual(self.events(), [["line.end", "end", "end"]])
        self.clock.advance(TOGETHER)
        self.assertEqual(len(self.events()), 2)

    def test_what_waits_is_told_before_what_comes_to_pass_behind_it(self) -> None:
        self.writer.write(END, "1.a")
        self.writer.write({"event": "claim", "n": 3, "at": "now"}, "1.a")
        self.assertEqual(self.events(), [["line.end", "end"], ["line.claim", "claim"]])

    def test_what_waited_when_the_broker_was_lost_is_in_its_place_by_the_next_connection(
        self,
    ) -> None:
        self.write(1)
        self.writer.write(record(2), "1.a")
        self.lose()
        self.assertEqual(self.numbers(self.join()), [1, 2])

    def test_a_begin_that_the_log_knows_nothing_of_does_not_wait(self) -> None:
        """It came by another road, or the broker did not take that it was taken."""
        for name in ("k", "l"):
            self.writer.write({**BEGIN, "key": name}, "1.a")
        self.assertEqual(self.events(), [["line.begin", "begin"]] * 2)
        taken = self.writer.take(self.taking, {**BEGIN, "key": "m"}, "1.a")
        self.lane.reject(1)
        self.failureResultOf(taken, BrokerError)
        self.channel.published.clear()
        self.writer.write({**BEGIN, "key": "m"}, "1.a")
        self.assertEqual(self.events(), [["line.begin", "begin"]])

    def test_it_may_wait_once(self) -> None:
        self.take()
        self.writer.write(BEGIN, "1.a")
        self.writer.write({**BEGIN, "n": 3}, "1.a")
        self.assertEqual(self.events(), [["line.begin", "begin", "begin"]])

    def test_a_refusal_is_never_told_again_and_so_by_itself(self) -> None:
        self.take()
        self.writer.write(BEGIN, "1.a")
        self.writer.write({"event": "refused", "n": 0, "at": "now", "sender": "me"}, "1.a")
        self.assertEqual(self.events(), [["line.begin", "begin"], ["line.refused", "refused"]])
        self.assertEqual(self.numbers(self.join()), [1])

    def test_records_of_two_epochs_are_two_messages(self) -> None:
        self.take()
        self.writer.write(BEGIN, "1.a")
        self.writer.write(END, "2.a")
        self.clock.advance(TOGETHER)
        headers = [each.properties.headers for each in self.channel.published]
        self.assertEqual(headers, [{"epoch": "1.a"}, {"epoch": "2.a"}])

    def test_what_waits_is_written_before_a_stop(self) -> None:
        self.take()
        self.writer.write(BEGIN, "1.a")
        self.assertNoResult(self.writer.written(1.0))
        self.assertEqual(self.events(), [["line.begin", "begin"]])
