"""Of what is not begun no other datagram with the same line is, that is under way already."""

from __future__ import annotations

from typing import Any

from pychron_comms.errors import InvalidValveError
from pychron_comms.handlers.factories import own_commands
from pychron_comms.server.datagrams import PASSED_ON, TWINS, RecentLines
from pychron_comms.server.resend import evidence
from pychron_comms.server.resend.delivery import LAIN
from pychron_comms.wire.copies import KEEP_DATAGRAM
from tests.server.datagram_case import DatagramCase


class TwinTests(DatagramCase):
    def test_what_acts_and_lay_there_for_long_is_not_begun(self) -> None:
        self.declared = own_commands()
        handler, transport = self.handler()
        watch: Any = self.reports.watch
        watch.may_have_lain = LAIN + 0.01
        handler.datagramReceived(b"Open A\r", self.address)
        self.assertTrue(transport.written[0][0].startswith(b"ERROR 202"))
        self.assertEqual(self.repeater.requests, [])
        handler.datagramReceived(b"Close A\r", self.address)
        handler.datagramReceived(b"@id=1;key=k Open A\r", self.address)
        watch.may_have_lain = LAIN
        handler.datagramReceived(b"Open B\r", self.address)
        self.assertEqual(self.commands(), ["Close A", "Open A", "Open B"])

    def test_the_time_of_its_sender_counts_meanwhile(self) -> None:
        handler, _ = self.handler()
        watch: Any = self.reports.watch
        watch.may_have_lain = 1.5
        handler.datagramReceived(b"@id=1;within=2 Open A\r", self.address)
        self.assertEqual(self.repeater.context[-1].within, 0.5)
        watch.may_have_lain = 0.0
        handler.datagramReceived(b"@id=2;within=2 Open A\r", self.address)
        self.assertEqual(self.repeater.context[-1].within, 2.0)

    def test_what_came_just_now_is_though_the_server_stood_still(self) -> None:
        """What lay there is read in the half second after it went on, and so is what comes then."""
        self.declared = own_commands()
        handler, _ = self.handler()
        watch: Any = self.reports.watch
        watch.may_have_lain = LAIN + 0.01
        since = LAIN
        self.patch(evidence, "seconds_since_datagram", lambda _: since)
        handler.datagramReceived(b"Open A\r", self.address)
        since = LAIN + 0.01
        handler.datagramReceived(b"Open B\r", self.address)
        self.assertEqual(self.commands(), ["Open A"])

    def test_nor_is_its_twin_that_comes_later(self) -> None:
        """Its sender was told that it is not done, and then it was."""
        handler, transport = self.handler()
        watch: Any = self.reports.watch
        watch.may_have_lain = LAIN + 0.01
        handler.datagramReceived(b"Open A\r", self.address)
        watch.may_have_lain = 0.0
        self.clock.advance(KEEP_DATAGRAM - 0.1)
        handler.datagramReceived(b"Open A\r", self.address)
        self.assertTrue(transport.written[1][0].startswith(b"ERROR 202"))
        for line, address in ((b"Open B\r", self.address), (b"Open A\r", ("10.0.0.9", 5))):
            handler.datagramReceived(line, address)
        self.clock.advance(0.1)
        handler.datagramReceived(b"Open A\r", self.address)
        self.assertEqual(self.commands(), ["Open B", "Open A", "Open A"])

    def test_where_one_like_it_was_passed_on_before_nobody_knows_what_is_begun(self) -> None:
        """The first was on its way to the processor when the server stood still."""
        handler, transport = self.handler()
        watch: Any = self.reports.watch
        handler.datagramReceived(b"Open A\r", self.address)
        self.clock.advance(PASSED_ON - 0.1)
        watch.may_have_lain = LAIN + 0.01
        handler.datagramReceived(b"Open A\r", self.address)
        handler.datagramReceived(b"Open A\r", ("10.0.0.9", 5))
        watch.may_have_lain = 0.0
        # Nor is of its copies that come later.
        self.clock.advance(KEEP_DATAGRAM - 0.1)
        handler.datagramReceived(b"Open A\r", self.address)
        codes = [datagram[:9] for datagram, _ in transport.written]
        self.assertEqual(codes, [b"ERROR 201", b"ERROR 202", b"ERROR 201"])
        self.assertIn(b"and a copy of it had come before", transport.written[0][0])
        self.clock.advance(0.1)
        handler.datagramReceived(b"Open A\r", self.address)
        self.assertEqual(self.commands(), ["Open A", "Open A"])

    def test_after_a_minute_it_is_known_again(self) -> None:
        handler, transport = self.handler()
        watch: Any = self.reports.watch
        handler.datagramReceived(b"Open A\r", self.address)
        self.clock.advance(PASSED_ON)
        watch.may_have_lain = LAIN + 0.01
        handler.datagramReceived(b"Open A\r", self.address)
        self.assertTrue(transport.written[0][0].startswith(b"ERROR 202"))

    def test_what_was_refused_a_processor_knows_by_itself(self) -> None:
        self.declared = own_commands()
        handler, _ = self.handler()
        handler.datagramReceived(b"Open Z\r", self.address)
        self.repeater.waiting[-1].errback(InvalidValveError("Z"))
        handler.datagramReceived(b"Open Z\r", self.address)
        self.assertEqual(self.commands(), ["Open Z", "Open Z"])

    def test_of_the_twins_a_bounded_number_is_known(self) -> None:
        not_begun = RecentLines(self.clock, KEEP_DATAGRAM)
        for number in range(TWINS + 1):
            not_begun.add(("10.0.0.1", b"%d" % number))
        self.assertNotIn(("10.0.0.1", b"0"), not_begun)
        self.assertIn(("10.0.0.1", b"1"), not_begun)
        self.assertIn(("10.0.0.1", b"%d" % TWINS), not_begun)
        self.clock.advance(KEEP_DATAGRAM)
        not_begun.add(("10.0.0.1", b"a"))
        self.assertEqual(len(not_begun._until), 1)

    def test_one_that_is_not_begun_again_is_known_from_then_on(self) -> None:
        not_begun = RecentLines(self.clock, KEEP_DATAGRAM)
        twins = [("10.0.0.1", each) for each in (b"a", b"b")]
        for each in twins:
            not_begun.add(each)
        self.clock.advance(KEEP_DATAGRAM / 2)
        not_begun.add(twins[0])
        self.clock.advance(KEEP_DATAGRAM / 2)
        self.assertEqual([each in not_begun for each in twins], [True, False])
        not_begun.add(("10.0.0.2", b"c"))
        self.assertEqual(len(not_begun._until), 2)
        self.clock.advance(KEEP_DATAGRAM / 2)
        self.assertNotIn(twins[0], not_begun)
        self.assertIn(("10.0.0.2", b"c"), not_begun)
