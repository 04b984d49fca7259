"""A lease that is renewed beside a block, on a clock that the tests move."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.client.answers import UnexpectedReplyError
from pychron_comms.client.extraction_line import ExtractionLine
from pychron_comms.client.laser import PychronLaserManager
from pychron_comms.client.lease import Lease, Owner, ThreadTicker, Work, parse_owners
from pychron_comms.client.outcome import NoReplyError
from pychron_comms.errors import LeasedError, NotPermittedError, error_from_line
from tests.asking import Answer, ScriptedCommunicator
from tests.client_doubles import ScriptedChannel, ScriptedNetwork

LEASED = error_from_line("ERROR 204 : A is leased to 10.0.0.7")
assert LEASED is not None
SILENCE = NoReplyError("tcp:lab:1067", "Claim A 12", "no reply within 2 s")


class ClockTicker:
    """Ticks when the test moves the clock."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def start(self, work: Work, seconds: float) -> None:
        self.call = self.clock.callLater(seconds, self._tick, work)

    def stop(self) -> None:
        if self.call.active():
            self.call.cancel()

    def _tick(self, work: Work) -> None:
        seconds = work()
        if seconds is not None:
            self.start(work, seconds)


class LeaseCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()

    def lease(self, *claims: Answer, release: Answer = "OK") -> Lease:
        self.server = ScriptedCommunicator({"Claim": list(claims), "Release": release})
        ticker = ClockTicker(self.clock)
        return Lease(
            self.server.ask,
            "A",
            12,
            clock=self.clock.seconds,
            ticker=ticker,
        )

    def pass_time(self, seconds: float) -> None:
        self.clock.pump([0.25] * int(seconds * 4))


class LeaseTests(LeaseCase):
    def test_is_claimed_renewed_at_a_third_of_its_time_and_released(self) -> None:
        with self.lease("OK") as lease:
            self.assertEqual(self.server.asked, ["Claim A 12"])
            self.pass_time(3.75)
            self.assertEqual(len(self.server.asked), 1)
            self.pass_time(8.25)
            self.assertEqual(self.server.asked, ["Claim A 12"] * 4)
            lease.check()
        self.assertEqual(self.server.asked[-1], "Release A")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_anothers_is_not_entered(self) -> None:
        with self.assertRaises(LeasedError), self.lease(LEASED):
            self.fail("the block has run")
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.server.asked, ["Claim A 12"])

    def test_a_renewal_that_is_refused_loses_it_at_once(self) -> None:
        refused = NotPermittedError("no more")
        with self.assertRaises(NotPermittedError), self.lease("OK", refused) as lease:
            self.assertFalse(lease.lost)
            self.pass_time(4)
            self.assertTrue(lease.lost)
            self.assertRaises(NotPermittedError, lease.check)
            self.pass_time(20)
            self.assertEqual(len(self.server.asked), 2)
        self.assertNotIn("Release A", self.server.asked)

    def test_a_renewal_without_a_reply_is_tried_again_at_once_and_again(self) -> None:
        with self.lease("OK", SILENCE, SILENCE, "OK") as lease:
            self.pass_time(6)
            self.assertEqual(len(self.server.asked), 4)
            self.assertFalse(lease.lost)
            self.pass_time(12)
            lease.check()

    def test_so_is_one_that_the_server_could_not_pass_on(self) -> None:
        """Its processor is started again, or is slow: the lease is as it was."""
        lines = [f"ERROR {code} : as it is" for code in ("011", *range(201, 204), 209, 214, 217)]
        for error in map(error_from_line, lines):
            assert error is not None
            with self.lease("OK", error, "OK") as lease:
                self.pass_time(5)
                self.assertEqual((len(self.server.asked), lease.lost), (3, False))
            with self.assertRaises(type(error)), self.lease("OK", error) as lease:
                self.pass_time(12)
                self.assertTrue(lease.lost)

    def test_without_a_reply_for_its_whole_time_it_is_lost(self) -> None:
        lost: list[bool] = []
        with self.assertRaises(NoReplyError), self.lease("OK", SILENCE) as lease:
            for seconds in (11.75, 0.25):
                self.pass_time(seconds)
                lost.append(lease.lost)
            self.assertRaises(NoReplyError, lease.check)
        self.assertEqual(lost, [False, True])

    def test_an_error_of_the_block_comes_out_whatever_the_release_says(self) -> None:
        for release in ("OK", LEASED):
            with self.assertRaises(ZeroDivisionError), self.lease("OK", release=release):
                _ = 1 / 0
            self.assertEqual(self.server.asked[-1], "Release A")

    def test_a_release_that_fails_is_told(self) -> None:
        with self.assertRaises(LeasedError), self.lease("OK", release=LEASED):
            pass

    def test_a_target_may_bear_a_type(self) -> None:
        server = ScriptedCommunicator({"System|Claim A 12": "OK", "System|Release A": "OK"})
        with Lease(server.ask, "System|A", 12, ticker=ClockTicker(self.clock)):
            pass
        self.assertEqual(server.asked, ["System|Claim A 12", "System|Release A"])

    def test_no_time_at_all_is_refused(self) -> None:
        for seconds in (0, -1, float("nan"), float("inf")):
            error = self.assertRaises(ValueError, Lease, self.fail, "A", seconds)
            self.assertEqual(str(error), f"seconds={seconds}: expected a number above 0")


class ThreadTests(SynchronousTestCase):
    def test_works_in_a_daemon_thread_until_it_is_stopped_or_done(self) -> None:
        ran: list[bool] = []
        done = threading.Event()

        def work() -> float | None:
            ran.append(threading.current_thread().daemon)
            self.assertEqual(threading.current_thread().name, "lease")
            if len(ran) < 3:
                return 0.0
            done.set()
            return None

        ticker = ThreadTicker()
        ticker.start(work, 0.0)
        self.assertTrue(done.wait(10))
        ticker.stop()
        self.assertEqual(ran, [True] * 3)

    def test_stopping_does_not_wait_for_the_next_time(self) -> None:
        ticker = ThreadTicker()
        ticker.start(lambda: self.fail("too early"), 3600.0)
        ticker.stop()


class OwnerTests(SynchronousTestCase):
    def test_are_read_with_their_times(self) -> None:
        reply = (
            '[{"target": "A", "owner": "10.0.0.7", "since": "2026-01-02T03:04:05.250+00:00",'
            ' "until": null}, {"target": "CO2", "owner": "co2-pc",'
            ' "since": "2026-01-02T03:04:05+00:00", "until": "2026-01-02T03:05:05+00:00"}]'
        )
        since = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
        self.assertEqual(
            parse_owners(reply),
            [
                Owner("A", "10.0.0.7", since.replace(microsecond=250_000), None),
                Owner("CO2", "co2-pc", since, since.replace(minute=5)),
            ],
        )
        for bad in ("OK", "{}x", "[1]", '[{"target": "A"}]'):
            self.assertRaises(UnexpectedReplyError, parse_owners, bad)


class ClientTests(SynchronousTestCase):
    def test_a_communicator_leases_and_tells_owners(self) -> None:
        network = ScriptedNetwork(
            ScriptedChannel(
                *(b"@id=1 OK\r\n", 0.1, b"@id=2 []\r\n", 0.1, b"@id=3 []\r\n"),
                *(0.1, b"@id=4 OK\r\n"),
            )
        )
        asker = network.communicator(form="tagged")
        with asker.lease("CO2", 3600):
            self.assertEqual(asker.owners(), [])
            self.assertEqual(asker.owners("System"), [])
        sent = [line.partition(" ")[2] for line in network.opened[0].lines]
        self.assertEqual(sent, ["Claim CO2 3600\r", "Owners\r", "System|Owners\r", "Release CO2\r"])

    def test_a_valve_is_claimed_by_its_name(self) -> None:
        server = ScriptedCommunicator({"Claim": "OK", "Release": "OK"})
        with ExtractionLine(server).claimed("A", 3600):
            self.assertEqual(server.asked, ["Claim A 3600"])
        self.assertEqual(server.asked[-1], "Release A")

    def test_a_laser_is_claimed_by_the_name_of_its_type_or_by_a_part(self) -> None:
        server = ScriptedCommunicator(
            {"Describe": '{"type": "CO2", "commands": []}', "Claim": "OK", "Release": "OK"}
        )
        with PychronLaserManager(server).claimed(3600):
            pass
        with PychronLaserManager(server).claimed(60.5, "x"):
            pass
        self.assertEqual(
            server.asked,
            ["Describe", "Claim CO2 3600", "Release CO2", "Claim x 60.5", "Release x"],
        )
        strange = PychronLaserManager(ScriptedCommunicator({"Describe": "OK"}))
        error = self.assertRaises(UnexpectedReplyError, strange.claimed, 60)
        self.assertEqual(str(error), "outcome unknown: Describe was answered 'OK'")

    def test_an_instrument_checks_without_acting(self) -> None:
        server = ScriptedCommunicator({"Check": ["OK", NotPermittedError("for observers")]})
        line = ExtractionLine(server)
        line.check("Open A")
        self.assertRaises(NotPermittedError, line.check, "Open A")
        self.assertEqual(server.asked, ["Check Open A"] * 2)
