"""Rules that ask by what it is known where a part stands."""

from __future__ import annotations

import json
from types import SimpleNamespace

from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from pychron_comms.config.table import ConfigError
from pychron_comms.interfaces import IKnowsProof, Source
from pychron_comms.safeguards.proof import check_proof
from tests.guarded_laboratory import LaboratoryCase

#: B is moved by a relay that tells of itself alone, C by a box whose switches are at the valve.
REAL = """
[instrument.relays]
description = "ncd-proxr"
link = "serial:///dev/ttyUSB7"
[instrument.box]
description = "arduino-valves"
link = "serial:///dev/ttyUSB8"
[[extraction_line.valve]]
name = "Relay"
instrument = "relays.relay(1, 3)"
[[extraction_line.valve]]
name = "Switched"
instrument = "box.valve(5)"
"""


def rule(condition: str, proof: str) -> str:
    return (
        f"{REAL}\n[[interlock]]\ncommand = 'System|Open A'\nonly_if = ['{condition}']\n"
        f"proof = '{proof}'\n"
    )


class ProofTests(LaboratoryCase):
    def refused(self, condition: str, proof: str) -> str:
        """What a start says of such a rule; empty where it takes it."""
        try:
            self.start(rule(condition, proof))
        except ConfigError as error:
            return str(error)
        return ""

    def test_a_part_whose_switch_tells_is_proven_by_that(self) -> None:
        for valve in ("V", "Switched"):
            self.assertEqual(
                self.refused(f"System|GetIndicatorState {valve} is False", "indicator"), ""
            )

    def test_a_relay_is_not_the_valve(self) -> None:
        condition = "System|GetIndicatorState Relay is False"
        self.assertEqual(self.refused(condition, "coil"), "")
        said = self.refused(condition, "indicator")
        self.assertRegex(
            said, r'interlock\[\d+\]\.proof: .* knows it by "coil", and "indicator" is'
        )

    def test_what_was_last_told_proves_nothing(self) -> None:
        condition = "System|GetValveState V is False"
        self.assertEqual(self.refused(condition, "commanded"), "")
        self.assertIn('knows it by "commanded"', self.refused(condition, "coil"))

    def test_what_does_not_tell_by_what_it_knows(self) -> None:
        said = self.refused("Hardware|Read message is none", "coil")
        self.assertIn("does not tell by what it knows", said)

    def test_a_number_is_measured(self) -> None:
        self.assertEqual(self.refused("Hardware|Read bakeout_setpoint < 30", "indicator"), "")

    def test_such_a_rule_holds_as_others_do(self) -> None:
        self.start(rule("System|GetIndicatorState V is False", "indicator"))
        self.assertEqual(self.reply("System|Open A"), "OK")
        self.reply("System|Close A")
        self.assertEqual(self.reply("System|Open V"), "OK")
        self.assertIn("only if", self.reply("System|Open A"))

    def test_describe_says_what_each_valve_rests_on(self) -> None:
        self.start(REAL)
        described = json.loads(self.reply("System|Describe GetIndicatorState"))
        self.assertEqual(described["proofs"]["V"], "indicator")
        self.assertEqual(described["proofs"]["Relay"], "coil")
        self.assertEqual(described["proofs"]["Switched"], "indicator")
        described = json.loads(self.reply("System|Describe GetValveState"))
        self.assertEqual(set(described["proofs"].values()), {"commanded"})
        self.assertNotIn("proofs", json.loads(self.reply("System|Describe Open")))


@implementer(IKnowsProof)
class Failing:
    """Its switch has been found broken: from then on its relay is all that tells."""

    source = Source.INDICATOR

    def proofs(self) -> dict[str, Source]:
        return {"": self.source}


class ManagerTests(SynchronousTestCase):
    def test_proof_is_looked_at_each_time(self) -> None:
        manager = Failing()
        call = SimpleNamespace(manager=manager, name="Read")
        check_proof(call, Source.INDICATOR)
        for source in (Source.READBACK, Source.ASSUMED, Source.MANUAL):
            manager.source = source
            self.assertRaises(ValueError, check_proof, call, Source.INDICATOR)
