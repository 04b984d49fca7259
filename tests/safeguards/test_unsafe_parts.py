"""A part that could not be made safe is tried again, until it is or somebody has it in hand."""

from __future__ import annotations

from twisted.internet.defer import Deferred, fail, succeed

from pychron_comms.errors import CommandError, ValveActuationError
from pychron_comms.interfaces import Part, Severity
from pychron_comms.processor.state.assembly import lease_readings
from pychron_comms.safeguards.lease_records import LeaseRecords
from pychron_comms.safeguards.unsafe_parts import FIRST, MOST
from tests.doubles import ScriptedCall
from tests.safeguards.lease_case import ME, OTHER, LeaseCase


class FailingCase(LeaseCase):
    """A valve that does not close until it ``works``."""

    works = False
    error: CommandError = ValveActuationError("A", "close")

    def make_safe(self, part: Part, why: str) -> Deferred[object]:
        self.made_safe.append((part.name, why))
        if self.works:
            return succeed(None)
        return fail(self.error)

    def lapse(self, part: Part) -> None:
        self.leases.claim(part, ME, 10)
        self.clock.advance(10)


class TriedAgainTests(FailingCase):
    """On 4964d53 the part was left as it was after one failure, also by the next process."""

    def test_with_pauses_that_grow(self) -> None:
        self.lapse(self.valve)
        self.assertEqual(len(self.made_safe), 1)
        pause, tries = FIRST, 1
        for _ in range(10):
            self.clock.advance(pause - 0.01)
            self.assertEqual(len(self.made_safe), tries)
            self.clock.advance(0.01)
            tries += 1
            self.assertEqual(len(self.made_safe), tries)
            pause = min(2 * pause, MOST)
        self.assertEqual(self.made_safe[-1], ("System:A", f"the lapse of {ME}'s lease"))
        # Told once, however often it fails.
        self.assertEqual(len(self.flushLoggedErrors(ValveActuationError)), 1)
        self.assertEqual(self.events(), ["claim", "lapse", "unsafe"])
        *_, unsafe = self.journal.records()
        self.assertEqual(unsafe["error"], "Valve A failed to actuate close")
        self.assertEqual(unsafe["why"], f"the lapse of {ME}'s lease")

    def test_until_it_is_safe(self) -> None:
        self.lapse(self.valve)
        self.works = True
        self.clock.advance(FIRST)
        self.assertEqual(self.events(), ["claim", "lapse", "unsafe", "safe"])
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(list(self.leases.carried()), [])
        self.flushLoggedErrors(ValveActuationError)

    def test_it_is_seen_meanwhile(self) -> None:
        self.lapse(self.valve)
        (reading,) = lease_readings(self.leases, self.unsafe)
        self.assertEqual((reading.path, reading.severity), ("unsafe/System:A", Severity.MAJOR))
        self.assertEqual(
            reading.reason,
            f"not made safe after the lapse of {ME}'s lease: Valve A failed to actuate close",
        )
        self.works = True
        self.clock.advance(FIRST)
        self.assertEqual(list(lease_readings(self.leases, self.unsafe)), [])
        self.flushLoggedErrors(ValveActuationError)

    def test_the_next_process_tries_again(self) -> None:
        self.lapse(self.valve)
        self.leases.stop()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.flushLoggedErrors(ValveActuationError)
        self.made_safe.clear()
        self.works = True
        records = LeaseRecords()
        for record in self.journal.recall():
            records.take(record)
        self.leases = self.new_leases()
        self.leases.recall(records, lambda name: self.valve)
        self.assertEqual(len(self.made_safe), 1)
        self.assertEqual(self.events()[-1], "safe")

    def test_it_is_carried_over(self) -> None:
        self.lapse(self.valve)
        self.assertEqual(
            list(self.leases.carried()),
            [{"event": "unsafe", "part": "System:A", "why": f"the lapse of {ME}'s lease"}],
        )
        self.flushLoggedErrors(ValveActuationError)

    def test_anew_with_the_next_reason(self) -> None:
        self.lapse(self.valve)
        self.clock.pump([FIRST, 2 * FIRST])
        self.leases.override(self.valve, OTHER, "smoke")
        self.assertEqual(self.made_safe[-1], ("System:A", f"{OTHER}'s override"))
        self.clock.advance(FIRST)
        self.assertEqual(len(self.made_safe), 5)
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        self.flushLoggedErrors(ValveActuationError)


class TakenOverTests(FailingCase):
    def begins(self, manager: object, target: str, *, safe: bool = False) -> None:
        call = ScriptedCall("Open", manager=manager, target=target, sender=OTHER, safe=safe)
        self.unsafe.ended(call, "OK")

    def left(self) -> bool:
        """Whether it is tried no more."""
        self.flushLoggedErrors(ValveActuationError)
        return not self.clock.getDelayedCalls()

    def test_by_who_moves_it(self) -> None:
        self.lapse(self.valve)
        self.begins(self.line, "A")
        self.assertTrue(self.left())
        *_, safe = self.journal.records()
        self.assertEqual((safe["event"], safe["reply"]), ("safe", f"left to {OTHER}: Open"))

    def test_not_by_who_moves_another(self) -> None:
        self.lapse(self.valve)
        self.begins(self.line, "B")
        self.begins(self.laser, "A")
        self.assertFalse(self.left())

    def test_nor_by_who_fails_to_or_makes_safe(self) -> None:
        self.lapse(self.valve)
        call = ScriptedCall("Open", manager=self.line, target="A", sender=OTHER)
        self.unsafe.ended(call, "ERROR 015 : stuck")
        self.begins(self.line, "A", safe=True)
        self.assertFalse(self.left())

    def test_a_lasers_light_by_who_commands_the_light(self) -> None:
        self.lapse(self.all_laser)
        self.begins(self.laser, "stage/x")
        self.assertFalse(self.left())
        self.begins(self.laser, "output/power")
        self.assertTrue(self.left())

    def test_from_its_beginning(self) -> None:
        self.lapse(self.stage)
        call = ScriptedCall("SetX", manager=self.laser, target="stage/x", sender=OTHER)
        self.unsafe.goes_on(call)
        self.assertTrue(self.left())


class SeveralTests(LeaseCase):
    def test_of_several_at_a_time_the_last_tells(self) -> None:
        results: list[Deferred[object]] = [Deferred(), Deferred()]
        waiting = iter(results)
        self.patch(self, "make_safe", lambda part, why: next(waiting))
        self.leases = self.new_leases()
        self.unsafe.add(self.valve, "the lapse of one")
        self.unsafe.add(self.valve, "the lapse of another")
        results[0].errback(ValveActuationError("A", "close"))
        self.assertEqual(self.unsafe.troubles(), [])
        results[1].callback(None)
        self.assertEqual((self.events(), self.clock.getDelayedCalls()), (["safe"], []))
