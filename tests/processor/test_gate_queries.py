"""What becomes of hardware whose owner is gone, and who may overrule an owner."""

from __future__ import annotations

import pathlib
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer
from zope.interface.verify import verifyObject

from pychron_comms.config.table import ConfigError, Table
from pychron_comms.errors import (
    InvalidValveError,
    ValveActuationError,
    error_line,
)
from pychron_comms.interfaces import IMakesSafe, ISafeguards, Part
from pychron_comms.lab.simulated.extraction_line.config import extraction_line_from_config
from pychron_comms.lab.simulated.extraction_line.line import SimulatedExtractionLine, ValveSpec
from pychron_comms.lab.simulated.extraction_line.vacuum import Vacuum
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.repeater.local import LocalRepeater
from pychron_comms.safeguards.safe_state import safe_actions
from pychron_comms.server.dispatcher import Passing, RequestDispatcher
from pychron_comms.server.launcher import Launcher
from pychron_comms.wire.context import RequestContext
from pychron_comms.wire.grammar import parse_request
from tests.doubles import UnaskedCatalogue, reports_to
from tests.guarded_laboratory import ME, OTHER, LaboratoryCase


class LapseTests(LaboratoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.start()

    def claim(self, line: str) -> None:
        self.assertEqual(self.reply(line, context=RequestContext(session="one")), "OK")

    def lapse(self) -> None:
        self.gate.session_ended("one")
        self.clock.pump([0.1] * 5)

    def test_the_laser_is_off_and_stands_still(self) -> None:
        self.claim("CO2|Claim CO2 60 connection")
        for line in ("CO2|Enable", "CO2|SetLaserPower 40", "CO2|SetXY 20 20"):
            self.assertEqual(self.reply(line), "OK")
        self.assertEqual(self.reply("CO2|GetDriveMoving"), "True")
        self.lapse()
        self.assertEqual(self.reply("CO2|ReadLaserPower"), "0.0")
        self.assertEqual(self.reply("CO2|GetDriveMoving"), "False")
        self.assertNotEqual(self.reply("CO2|SetLaserPower 40"), "OK")

    def test_of_a_stage_only_the_stage(self) -> None:
        self.claim("CO2|Claim x 60 connection")
        for line in ("CO2|Enable", "CO2|SetLaserPower 40", "CO2|SetX 20"):
            self.reply(line)
        self.lapse()
        self.assertEqual(self.reply("CO2|GetDriveMoving"), "False")
        self.assertGreater(float(self.reply("CO2|ReadLaserPower")), 1.0)

    def test_a_valve_is_closed(self) -> None:
        self.claim("System|Claim A 60 connection")
        self.reply("System|Open A")
        self.reply("System|Open V")
        self.lapse()
        self.assertEqual(self.reply("System|GetIndicatorState A"), "False")
        self.assertEqual(self.reply("System|GetIndicatorState V"), "True")

    def test_of_the_whole_line_only_what_declares_a_position(self) -> None:
        self.claim("System|Claim System 60 connection")
        self.reply("System|Open A")
        self.reply("System|Open D")
        self.lapse()
        self.assertEqual(self.reply("System|GetIndicatorState D"), "False")
        self.assertEqual(self.reply("System|GetIndicatorState A"), "True")

    def test_what_waited_to_act_on_it_is_dropped(self) -> None:
        self.claim("System|Claim System 60 connection")
        self.ask("System|Open B")
        waiting = self.ask("System|Open A")
        self.lapse()
        self.assertIn("ERROR 210", self.successResultOf(waiting))
        self.assertEqual(self.reply("System|GetValveState A"), "False")

    def test_it_is_written_down_with_what_came_of_it(self) -> None:
        self.claim("System|Claim A 60 connection")
        self.reply("System|Open A")
        self.lapse()
        self.assertEqual(
            self.events("event", "part", "reply")[-2:],
            [["lapse", "System:A", None], ["safe", "System:A", "OK"]],
        )

    def test_a_valve_that_is_stuck_is_told_of(self) -> None:
        self.start(
            "\n".join(('[[extraction_line.valve]]\nname = "S"\nopen = true\nstuck = true', ""))
        )
        self.claim("System|Claim S 60 connection")
        self.lapse()
        self.assertEqual(
            self.events("event", "error")[-1], ["unsafe", "Valve S failed to actuate close"]
        )
        self.assertEqual(len(self.flushLoggedErrors(ValveActuationError)), 1)

    def test_a_lease_that_runs_out_does_the_same(self) -> None:
        self.reply("System|Claim A 5")
        self.reply("System|Open A")
        self.clock.pump([0.5] * 10)
        self.assertEqual(self.reply("System|GetIndicatorState A"), "False")

    def test_leases_are_held_again_after_a_kill(self) -> None:
        self.reply("CO2|Claim stage 60")
        self.reply("System|Claim A 60")
        self.start()
        self.assertEqual(
            [lease.part.name for lease in self.gate._leases.leases()], ["CO2:stage", "System:A"]
        )
        self.assertIn("ERROR 204", self.reply("System|Open A", OTHER))
        self.assertEqual(self.reply("System|Open A"), "OK")

    def test_one_on_what_is_no_longer_served_is_passed_over(self) -> None:
        for part in ("Nope:A", "test:A", "System:nothing"):
            self.journal.write("claim", {"part": part, "sender": ME, "seconds": 60, "bound": False})
        self.start()
        self.assertEqual(self.gate._leases.leases(), [])


class InTimeTests(LaboratoryCase):
    """What touches no hardware has its time, too."""

    def setUp(self) -> None:
        super().setUp()
        self.start()

    def test_a_claim_that_comes_after_its_time_leases_nothing(self) -> None:
        for late in (RequestContext(within=0.0), RequestContext(age=5.0)):
            reply = self.reply("System|Claim A 60", context=late)
            self.assertEqual(reply, "ERROR 202 : expired before it was begun: Claim")
        self.assertEqual(self.reply("System|Owners"), "[]")

    def test_of_one_that_the_disk_keeps_its_asker_is_told_in_time(self) -> None:
        """It goes on, and whoever asks is told what has come of it."""
        written: Deferred[None] = Deferred()
        self.patch(self.gate._audit, "write", lambda event, **fields: written)
        short = self.ask("System|Claim A 60", context=RequestContext(within=1.0))
        plain = self.ask("System|Claim V 60")
        self.clock.advance(0.9)
        self.assertNoResult(short)
        self.clock.advance(0.1)
        self.assertEqual(
            self.successResultOf(short), "ERROR 201 : outcome unknown: Claim did not end in 1 s"
        )
        self.clock.advance(4.0)
        self.assertIn("ERROR 201", self.successResultOf(plain))
        written.callback(None)
        self.assertEqual(self.reply("System|Open A", OTHER)[:9], "ERROR 204")


class OverrideTests(LaboratoryCase):
    def setUp(self) -> None:
        super().setUp()
        secret = pathlib.Path(self.mktemp())
        secret.write_text("open sesame\n")
        secret.chmod(0o600)
        self.start(
            f'\n[access]\nemergency_key = "{secret}"\n'
            '[access.roles]\nchief = "admin"\n"*" = "operate"\n'
        )
        self.reply("System|Claim A 60")
        self.reply("System|Open A")

    def test_the_emergency_key_ends_a_lease_makes_safe_and_is_written_down(self) -> None:
        line = 'System|Override A "fire alarm" "open sesame"'
        self.assertEqual(self.reply(line, OTHER), "OK")
        self.assertEqual(self.reply("System|GetIndicatorState A", OTHER), "False")
        self.assertEqual(self.reply("System|Open A", OTHER), "OK")
        self.assertIn(["override", ME, OTHER, "fire alarm"], self.wrote())

    def test_the_key_itself_is_not_written_down(self) -> None:
        self.reply('System|Override A fire "open sesame"', OTHER)
        self.assertNotIn("sesame", str(list(self.journal.records())))

    def test_another_key_does_nothing(self) -> None:
        for key in ('"open sesam"', "x", "é"):
            self.assertEqual(
                self.reply(f"System|Override A fire {key}", OTHER),
                "ERROR 208 : not permitted: Override; the emergency key is another, "
                "or there is none",
                msg=key,
            )
            self.clock.advance(5)
        self.assertEqual(self.reply("System|GetIndicatorState A"), "True")
        refused = [each for each in self.events("event", "sender", "command") if "refused" in each]
        self.assertEqual(refused, [["refused", OTHER, "Override System:A"]] * 3)

    def test_who_guesses_is_not_heard_for_a_moment(self) -> None:
        self.ask("System|Override A fire x", OTHER)
        reply = self.reply('System|Override A fire "open sesame"', OTHER)
        self.assertIn("a key was wrong, and none is heard for 1 s", reply)
        self.assertEqual(self.reply("System|GetIndicatorState A"), "True")

    def test_it_makes_safe_and_does_not_come_too_late(self) -> None:
        line = 'System|Override A "fire alarm" "open sesame"'
        self.assertEqual(self.reply(line, OTHER, RequestContext(age=29.0)), "OK")
        self.assertEqual(self.reply("System|GetIndicatorState A", OTHER), "False")

    def test_an_admin_needs_none_and_others_with_certificates_do(self) -> None:
        self.assertIn("ERROR 208", self.reply("System|Override A fire", "bob@10.0.0.3"))
        self.assertEqual(self.reply("System|Override A fire", "chief@10.0.0.3"), "OK")
        self.assertIn(["override", ME, "chief@10.0.0.3", "fire"], self.wrote())

    def test_an_admin_is_none_where_less_is_allowed(self) -> None:
        operating = RequestContext(role="operate")
        line = "System|Override A fire"
        self.assertIn("ERROR 208", self.reply(line, "chief@10.0.0.3", operating))
        self.assertEqual(self.reply(f'{line} "open sesame"', OTHER, operating), "OK")

    def wrote(self) -> list[list[Any]]:
        return self.events("event", "owner", "sender", "reason")


class ReadOnlyListenerTests(LaboratoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.start()
        repeater = LocalRepeater(self.gate)
        self.reports = reports_to(repeater, self.clock)
        launcher = Launcher(["true"], None)  # type: ignore[arg-type]
        self.dispatcher = RequestDispatcher(
            "System",
            repeater,
            UnaskedCatalogue(repeater, self.clock),
            self.reports,
            launcher=launcher,
            role="observe",
            stream=StateStream("s1", lambda: 0.0),
            metrics=Metrics(),
        )

    def at_listener(self, line: str) -> str:
        reply: Any = maybeDeferred(
            self.dispatcher.answer, parse_request(line), ME, Passing(self.reports)
        )
        reply.addErrback(lambda failure: error_line(failure.value))
        self.clock.pump([0.1] * 5)
        return self.successResultOf(reply)

    def test_everything_can_be_read(self) -> None:
        self.assertEqual(self.at_listener("GetValveState A"), "False")
        self.assertEqual(self.at_listener("@role=admin GetValveState A"), "False")
        self.assertEqual(self.at_listener("Owners"), "[]")
        self.assertEqual(self.at_listener("PychronReady"), "OK")

    def test_nothing_can_be_done(self) -> None:
        for line in (
            "Open A",
            "Close A",
            "@key=k Open A",
            "@role=admin Open A",
            "Claim A 60",
            "Override A fire",
            "SystemLock pychron on",
            "RemoteLaunch",
        ):
            self.assertIn("ERROR 208 : not permitted: ", self.at_listener(line), msg=line)
        self.assertEqual(self.at_listener("GetValveState A"), "False")
        self.assertIn("ERROR 208", self.at_listener("Check Open A"))
        self.assertNotIn(["begin"], self.events("event"))


class SafeguardsTests(LaboratoryCase):
    def test_it_provides_what_handlers_ask(self) -> None:
        self.start()
        verifyObject(ISafeguards, self.gate._hardware.safeguards)


class SafeActionTests(LaboratoryCase):
    def setUp(self) -> None:
        super().setUp()
        self.start()
        hardware = self.gate._hardware
        self.laser, self.line = hardware.manager("co2"), hardware.manager("extraction_line")

    def actions(self, manager: object, target: str) -> list[str]:
        actions = safe_actions(Part("x", manager, target))
        return [getattr(action, "__name__", repr(action)) for action in actions]

    def test_a_laser_is_disabled_and_its_stage_stopped(self) -> None:
        self.assertEqual(self.actions(self.laser, ""), ["disable", "stop_drive"])
        self.assertEqual(self.actions(self.laser, "output"), ["disable"])
        self.assertEqual(self.actions(self.laser, "stage"), ["stop_drive"])
        self.assertEqual(self.actions(self.laser, "stage/x"), ["stop_drive"])
        self.assertEqual(self.actions(self.laser, "camera"), [])

    def test_who_knows_its_own_safe_state_is_asked_for_it(self) -> None:
        (action,) = self.actions(self.line, "A")
        self.assertIn("make_safe", action)

    def test_a_line_that_does_not_has_its_valve_closed(self) -> None:
        verifyObject(IMakesSafe, self.line)
        from pychron_comms.interfaces import IExtractionLineManager  # noqa: PLC0415

        @implementer(IExtractionLineManager)
        class Plain:
            closed: list[tuple[str, str]] = []  # noqa: RUF012

            def close_valve(self, name: str, sender: str) -> None:
                self.closed.append((name, sender))

        plain = Plain()
        (action,) = safe_actions(Part("x", plain, "A"))
        action()
        self.assertEqual(plain.closed, [("A", "safe state")])
        self.assertEqual(safe_actions(Part("x", plain, "")), [])

    def test_nothing_is_known_of_a_device(self) -> None:
        self.assertEqual(self.actions(self.slow, ""), [])


class SafePositionTests(SynchronousTestCase):
    """The simulated line brings its valves where they are declared to be safe."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.line = SimulatedExtractionLine(
            self.clock,
            [
                ValveSpec(name="plain", open=True),
                ValveSpec(name="shut", open=True, safe=False, owner=OTHER, interlocks=("plain",)),
                ValveSpec(name="vent", safe=True, interlocks=("shut",), owner=OTHER),
                ValveSpec(name="locked", open=True, safe=False, locked=True),
            ],
            Vacuum(self.clock, (), {}),
        )

    def make_safe(self, target: str) -> Deferred[None]:
        return Deferred.fromCoroutine(self.line.make_safe(target))

    def open_ones(self) -> list[str]:
        return [valve.name for valve in self.line.valves() if valve.open]

    def made_safe(self, target: str) -> None:
        done = self.make_safe(target)
        self.clock.pump([0.05] * 10)
        self.successResultOf(done)

    def test_a_valve_that_declares_nothing_is_closed(self) -> None:
        done = self.make_safe("plain")
        self.assertNoResult(done)
        self.clock.advance(0.15)
        self.successResultOf(done)
        self.assertNotIn("plain", self.open_ones())

    def test_no_owner_and_no_interlock_hinders_a_closing(self) -> None:
        self.made_safe("shut")
        self.assertEqual(self.open_ones(), ["plain", "locked"])

    def test_one_that_is_safe_when_open_is_opened(self) -> None:
        self.made_safe("shut")
        self.made_safe("vent")
        self.assertIn("vent", self.open_ones())

    def test_its_interlock_still_hinders_an_opening(self) -> None:
        self.failureResultOf(self.make_safe("vent"), ValveActuationError)
        self.assertNotIn("vent", self.open_ones())

    def test_of_all_each_goes_where_it_is_declared_closings_first(self) -> None:
        self.made_safe("")
        self.assertEqual(self.open_ones(), ["plain", "vent", "locked"])

    def test_a_software_locked_valve_stays_and_no_error_tells(self) -> None:
        self.made_safe("locked")
        self.assertIn("locked", self.open_ones())

    def test_an_opening_valve_is_turned_back(self) -> None:
        self.made_safe("plain")
        opening = self.line.open_valve("plain", ME)
        self.clock.advance(0.1)
        self.made_safe("plain")
        assert opening is not None
        self.failureResultOf(opening, ValveActuationError)
        self.assertNotIn("plain", self.open_ones())

    def test_one_that_is_stuck_does_not_keep_the_others(self) -> None:
        line = self.line = SimulatedExtractionLine(
            self.clock,
            [
                ValveSpec(name="A", open=True, stuck=True, safe=False),
                ValveSpec(name="B", open=True, safe=False),
                ValveSpec(name="C", safe=True),
            ],
            Vacuum(self.clock, (), {}),
        )
        done = self.make_safe("")
        self.clock.pump([0.05] * 10)
        self.failureResultOf(done, ValveActuationError)
        self.assertEqual([valve.open for valve in line.valves()], [True, False, True])

    def test_a_valve_that_is_not_there_is_005(self) -> None:
        self.failureResultOf(self.make_safe("Z"), InvalidValveError)

    def read(self, safe: str) -> bool | None:
        text = f'[[valve]]\nname = "A"\n{safe}'
        line, _ = extraction_line_from_config(Table.parse(text, "lab.toml"), self.clock)
        return line._specs["A"].safe

    def test_its_declaration_is_read(self) -> None:
        self.assertIs(self.read(""), None)
        self.assertIs(self.read('safe = "closed"'), False)
        self.assertIs(self.read('safe = "open"'), True)
        for wrong in ('safe = "shut"', "safe = true", 'safe = ""'):
            error = self.assertRaises(ConfigError, self.read, wrong)
            self.assertIn("valve[0].safe: expected one of closed, open", str(error))
