"""One part has one rule and one lease, whichever words move it."""

from __future__ import annotations

from pychron_comms.qtegra.answers import carried
from tests.guarded_laboratory import ME, OTHER, LaboratoryCase

NEVER = "Hardware|Read message is never"


def rules(*commands: str) -> str:
    return "".join(
        f"\n[[interlock]]\ncommand = '{command}'\nonly_if = ['{NEVER}']\n" for command in commands
    )


class InterlockTests(LaboratoryCase):
    def check(self, rule: str, held: tuple[str, ...], free: tuple[str, ...]) -> None:
        self.start(rules(rule))
        for line in held:
            self.assertIn(f"ERROR 207 : interlock: {rule} only", self.reply(line), msg=line)
        for line in free:
            self.assertNotIn("ERROR 207", self.reply(line), msg=line)

    def test_the_high_voltage_by_each_of_its_words(self) -> None:
        self.check(
            "Spectrometer|SetHV",
            (
                "Spectrometer|SetHV 3000",
                "Spectrometer|SetHighVoltage 3000",
                'Spectrometer|{"command": "SetHV", "value": 3000}',
                "Spectrometer|SetParameter Acceleration Reference Set,3",
                "Spectrometer|Qtegra SetHV 3000",
                # What the server sends for a line at port 1062.
                f"Spectrometer|{carried('SetHV 3000')}",
                f"Spectrometer|{carried('SetParameter Acceleration Reference Set,3')}",
            ),
            ("Spectrometer|SetMagnetDAC 5", "Spectrometer|GetHV", "Spectrometer|Qtegra GetHV"),
        )

    def test_one_voltage_in_kilovolts_too(self) -> None:
        self.check(
            "Spectrometer|SetHV 4500.1",
            ("Spectrometer|SetParameter Acceleration Reference Set,4.5001",),
            ("Spectrometer|SetHV 4500", "Spectrometer|Qtegra SetHV 4500.2"),
        )

    def test_a_rule_may_be_for_a_line_of_qtegras(self) -> None:
        self.check(
            "Spectrometer|Qtegra SetHV 3000",
            ("Spectrometer|SetHV 3000.0", "Spectrometer|Qtegra SetHighVoltage 3000"),
            ("Spectrometer|SetHV 3001",),
        )

    def test_a_number_in_each_of_its_spellings(self) -> None:
        self.check(
            "Hardware|Set bakeout_setpoint 100",
            (
                "Hardware|Set bakeout_setpoint 100",
                "Hardware|Set bakeout_setpoint 100.0",
                "Hardware|Set bakeout_setpoint 1e2",
                'Hardware|{"command": "Set", "device": "bakeout_setpoint", "value": "100.00"}',
                "System|Set bakeout_setpoint 100.0",
                "CO2|Set bakeout_setpoint,100.0",
            ),
            ("Hardware|Set bakeout_setpoint 101", "Hardware|Set message 100"),
        )

    def test_a_flag_by_each_of_its_words(self) -> None:
        self.check(
            "System|Open FooFlag",
            ("System|Open FooFlag", "Hardware|Set FooFlag 1", "CO2|Set FooFlag 1.0"),
            ("Hardware|Set FooFlag 0", "System|Close FooFlag", "System|Ping FooFlag"),
        )
        self.check(
            "Hardware|Set FooFlag 1",
            ("System|Open FooFlag", "Extractionline|Open FooFlag"),
            ("System|Open A",),
        )

    def test_the_power_of_a_laser(self) -> None:
        self.check(
            "CO2|SetLaserPower",
            ("CO2|SetLaserPower 5", "CO2|SetLaserOutput 5 watts", "CO2|TracePath 1 l1"),
            ("CO2|Enable", "CO2|SetLaserPower 0", "CO2|SetXY 1,1", "Diode|SetLaserPower 5"),
        )

    def test_a_hole_is_told_from_another_but_not_from_a_place(self) -> None:
        self.check(
            "CO2|GoToHole 5",
            ("CO2|GoToHole 5", "CO2|SetX 1", "CO2|GoToPoint p1", "CO2|TracePath 1 l1"),
            ("CO2|GoToHole 6", "CO2|Enable", "CO2|SetLight 5", "CO2|StopDrive"),
        )

    def test_what_makes_safe_is_never_held_back(self) -> None:
        self.check("CO2|Disable", (), ("CO2|Disable", "CO2|Enable"))


class LeaseTests(LaboratoryCase):
    def refused(self, part: str, *lines: str) -> None:
        request_type = part.partition(":")[0]
        self.start()
        self.assertEqual(self.reply(f"{request_type}|Claim {part.partition(':')[2]} 60", ME), "OK")
        for line in lines:
            self.assertEqual(
                self.reply(line, OTHER), f"ERROR 204 : {part} is leased to {ME}", msg=line
            )

    def test_a_leased_magnet(self) -> None:
        self.refused(
            "Spectrometer:magnet",
            "Spectrometer|SetMagnetDAC 3",
            "Spectrometer|SetMass 39",
            "Spectrometer|SetParameter Field Set,3.0",
            "Spectrometer|Open Field Set",
            "Spectrometer|Qtegra SetParameter Field Set,3.0",
            "Spectrometer|Qtegra SetTuningSettings tune1",
        )

    def test_the_leased_output_of_a_laser(self) -> None:
        self.refused(
            "CO2:output",
            "CO2|Enable",
            "CO2|SetLaserPower 5",
            "CO2|TracePath 10 l1",
            "CO2|MachineVisionDegas 10 5",
        )

    def test_a_flag(self) -> None:
        self.refused(
            "System:FooFlag",
            "System|Open FooFlag",
            "CO2|Set FooFlag 1",
            "UV|Ping FooFlag",
        )

    def test_the_beam(self) -> None:
        self.refused("Spectrometer:beam", "Spectrometer|SetParameter Y-Symmetry Set,-50")
