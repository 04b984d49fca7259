"""A record is kept until the broker has it, and written again where that is not known."""

from __future__ import annotations

import json

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.broker.log_writer import LogWriter
from pychron_comms.broker.message import RECORD, Message
from pychron_comms.broker.names import JOURNAL, PROCESSORS
from tests.broker.doubles import PikaChannel


def record(number: int, epoch: str = "1.a") -> Message:
    return Message(RECORD, json.dumps({"n": number}).encode(), headers={"epoch": epoch})


class LogWriterTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.writer = LogWriter("line")
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

    def write(self, number: int, *, epoch: str = "1.a", needed: bool = True) -> None:
        self.writer.write("end", record(number, epoch), needed=needed)

    def numbers(self, channel: PikaChannel) -> list[int]:
        return [json.loads(each.body)["n"] for each in channel.published]

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
        self.write(1, needed=False)
        self.lose()
        self.write(2, needed=False)
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
        self.writer = LogWriter("line", room=3 * len(record(1).body))
        for number in range(1, 6):
            self.write(number)
        self.assertEqual(self.numbers(self.join()), [3, 4, 5])

    def test_who_stops_hears_when_all_is_written(self) -> None:
        self.successResultOf(self.writer.written(self.clock, 1.0))
        self.write(1)
        self.write(2)
        written = self.writer.written(self.clock, 1.0)
        self.channel.confirm(1)
        self.assertNoResult(written)
        self.channel.confirm(2)
        self.successResultOf(written)

    def test_who_stops_waits_no_longer_than_he_says(self) -> None:
        self.write(1)
        written = self.writer.written(self.clock, 1.0)
        self.clock.advance(1.0)
        self.successResultOf(written)
        self.channel.confirm(1)
