"""Rules that are kept while nobody commands."""

from __future__ import annotations

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.config.table import ConfigError
from pychron_comms.interfaces import Part
from pychron_comms.safeguards.interlocks import Broken
from pychron_comms.safeguards.kept_rules import PATIENCE, PERIOD, KeptRules
from pychron_comms.safeguards.rules import Rule
from tests.guarded_laboratory import LaboratoryCase

PART = Part("System:V", object(), "V")
FALSE = Broken("V only if A is closed, and it says True", told=True)
UNKNOWN = Broken("V only if A is closed, which cannot be told", told=False)


class KeptRulesCase(SynchronousTestCase):
    #: How it stands at the start.
    first: Broken | None = None

    def setUp(self) -> None:
        self.clock = Clock()
        self.broken = self.first
        self.asked = 0
        self.may_act = True
        self.made_safe: list[tuple[Part, str]] = []
        self.tripped: list[str] = []
        rule = Rule("V", lambda call: False, [], "", kept=[PART])
        self.rules = KeptRules(
            [rule, rule._replace(kept=())],
            self.ask,
            lambda part, why: self.made_safe.append((part, why)),
            self.clock,
            lambda: self.may_act,
            tripped=lambda rule: self.tripped.append(rule.command),
        )
        self.rules.start()
        self.addCleanup(self.rules.stop)

    def ask(self, rule: Rule) -> Deferred[Broken | None]:
        self.asked += 1
        return succeed(self.broken)

    def stands(self, broken: Broken | None, seconds: float = PERIOD) -> int:
        """How often it was made safe while it stood so."""
        before, self.broken = len(self.made_safe), broken
        self.clock.pump([PERIOD / 2] * round(2 * seconds / PERIOD))
        return len(self.made_safe) - before


class KeptRulesTests(KeptRulesCase):
    def test_what_it_guards_is_made_safe(self) -> None:
        self.assertEqual(self.stands(None, 5), 0)
        self.assertEqual(self.stands(FALSE), 1)
        self.assertEqual(self.made_safe, [(PART, FALSE.why)])

    def test_once_for_each_time_that_it_breaks(self) -> None:
        for _ in range(2):
            self.assertEqual(self.stands(FALSE, 30), 1)
            self.assertEqual(self.stands(None), 0)
        self.assertEqual(self.tripped, ["V", "V"])

    def test_what_cannot_be_told_is_given_some_time(self) -> None:
        self.stands(None)
        self.assertEqual(self.stands(UNKNOWN, PATIENCE - PERIOD), 0)
        self.assertEqual(self.stands(None), 0)
        self.assertEqual(self.stands(UNKNOWN, PATIENCE - PERIOD), 0)
        self.assertEqual(self.stands(UNKNOWN, 3 * PERIOD), 1)

    def test_that_is_as_long_as_it_says_and_not_a_look_longer(self) -> None:
        for _ in range(2):
            self.assertEqual(self.stands(None), 0)
            # The first of these looks begins it.
            self.assertEqual(self.stands(UNKNOWN, PATIENCE), 0)
            self.assertEqual(self.stands(UNKNOWN), 1)
            self.assertEqual(self.stands(UNKNOWN, 2 * PATIENCE), 0)

    def test_one_that_is_told_to_be_broken_meanwhile_is_acted_on_at_once(self) -> None:
        self.stands(None)
        self.assertEqual(self.stands(UNKNOWN, 2 * PERIOD), 0)
        self.assertEqual(self.stands(FALSE), 1)
        self.assertEqual(self.stands(UNKNOWN, 2 * PATIENCE), 0)

    def test_others_are_not_asked(self) -> None:
        self.stands(None, 3)
        self.assertEqual(self.asked, 4)

    def test_who_does_not_own_the_hardware_leaves_it_alone(self) -> None:
        self.may_act = False
        self.assertEqual(self.stands(FALSE, 3), 0)
        self.may_act = True
        self.assertEqual(self.stands(FALSE, 3), 1)

    def test_at_the_stop_it_ends(self) -> None:
        self.rules.stop()
        self.assertEqual(self.stands(FALSE, 3), 0)

    def test_one_that_is_slow_is_asked_once_at_a_time(self) -> None:
        slow: Deferred[Broken | None] = Deferred()
        self.rules._test = lambda rule: slow  # type: ignore[method-assign]
        self.stands(None, 5)
        self.rules.stop()
        slow.callback(FALSE)
        self.assertEqual(self.made_safe, [])


class SilentTests(KeptRulesCase):
    """Each test takes 4 s to tell that it tells nothing, as of an instrument that hangs."""

    def ask(self, rule: Rule) -> Deferred[Broken | None]:
        if self.broken is None:
            return super().ask(rule)
        later: Deferred[Broken | None] = Deferred()
        self.clock.callLater(4.0, later.callback, self.broken)
        return later

    def test_what_it_takes_to_find_that_out_counts_too(self) -> None:
        self.assertEqual(self.stands(None), 0)
        self.assertEqual(self.stands(UNKNOWN, PATIENCE), 0)
        self.assertEqual(self.stands(UNKNOWN, PERIOD), 1)
        self.assertEqual(self.made_safe, [(PART, UNKNOWN.why)])
        # Once, however long it lasts.
        self.assertEqual(self.stands(UNKNOWN, 2 * PATIENCE), 0)

    def test_one_answer_ends_the_silence(self) -> None:
        self.assertEqual(self.stands(None), 0)
        self.assertEqual(self.stands(UNKNOWN, PATIENCE / 2), 0)
        self.assertEqual(self.stands(None, 6), 0)
        self.assertEqual(self.stands(UNKNOWN, PATIENCE), 0)


class BrokenAtTheStartTests(KeptRulesCase):
    first = FALSE

    def test_that_is_acted_on(self) -> None:
        self.assertEqual(len(self.made_safe), 1)


class UnknownAtTheStartTests(KeptRulesCase):
    first = UNKNOWN

    def test_what_was_never_told_breaks_nothing(self) -> None:
        self.assertEqual(self.stands(UNKNOWN, 10 * PATIENCE), 0)


RULE = """
[[interlock]]
command = "%s"
only_if = ["System|GetIndicatorState A is False"]
reason = "air"
make_safe = true
"""


class LaboratoryTests(LaboratoryCase):
    def test_a_valve_closes_when_what_it_needs_is_gone(self) -> None:
        self.start(RULE % "System|Open V")
        self.assertEqual(self.reply("System|Open V"), "OK")
        self.assertEqual(self.reply("System|Open A"), "OK")
        self.clock.pump([0.2] * 10)
        self.assertEqual(self.reply("System|GetIndicatorState V"), "False")
        self.assertEqual(self.reply("System|GetIndicatorState A"), "True")
        self.assertIn('interlock_trips_total{rule="System|Open V"} 1.0', self.metrics.text())

    def test_it_closes_too_where_the_driver_that_should_tell_has_a_bug(self) -> None:
        self.start(
            RULE.replace("System|GetIndicatorState A is False", "Hardware|Read slow is 1")
            % "System|Open V"
        )
        self.slow.readings.pop().callback(1)
        opened = self.ask("System|Open V")
        self.slow.readings.pop().callback(1)
        self.clock.pump([0.1] * 5)
        self.assertEqual(self.successResultOf(opened), "OK")
        for _ in range(round(PATIENCE / PERIOD) + 2):
            self.clock.pump([PERIOD / 2] * 2)
            while self.slow.readings:
                self.slow.readings.pop().errback(OSError("bang"))
        self.assertTrue(self.flushLoggedErrors(OSError))
        self.assertEqual(self.reply("System|GetIndicatorState V"), "False")

    def test_what_nothing_makes_safe_is_refused(self) -> None:
        error = str(self.assertRaises(ConfigError, self.start, RULE % "Hardware|Set message"))
        self.assertIn("make_safe: nothing is known to make Hardware:message safe", error)
