"""A simulated spectrometer on a clock that tests move, and what Qtegra replies to each line."""

from __future__ import annotations

from random import Random

from twisted.internet.task import Clock

from pychron_comms.config.table import Table
from pychron_comms.lab.simulated.spectrometer.instrument import SimulatedSpectrometer
from pychron_comms.lab.simulated.spectrometer.instrument_config import spectrometer_from_config

SPECTROMETER = """
kind = "argus-vi"
integration_time = 1.048
valves = ["Valve Ion Pump Set", "Ion Pump Set"]

[gains]
H1 = 1.01

[parameters]
Temp1 = 31.25
Tiny = 1.5e-9
Small = -1.25e-5
"Deflection Extra Plate Set" = 7

[cups]
Argon = ["Standard", "Sub1"]
Xenon = ["All"]

[tunings.tune1]
"Trap Current Set" = 200

[tunings."tune 2"]
"Ion Repeller Set" = -1
"""


def build_spectrometer(
    clock: Clock, extra: str = "", *, overlapping_moves: bool = False, seed: int = 1
) -> SimulatedSpectrometer:
    """The one above, with ``extra`` keys before the others."""
    table = Table.parse(extra + SPECTROMETER, "lab.toml")
    spectrometer = spectrometer_from_config(
        table, clock, Random(seed), overlapping_moves=overlapping_moves
    )
    table.finish()
    return spectrometer


INVALID = "Error: Invalid Command"

#: Lines and replies, in the order in which one client sends them to the spectrometer above.
EXCHANGES: tuple[tuple[str, str], ...] = (
    # tuning settings: the name ends at a blank
    ("GetTuningSettingsList", "tune1,tune 2"),
    ("SetTuningSettings tune1", "OK"),
    ("GetParameter Trap Current Set", "200"),
    ("SetParameter Trap Current Set,250", "OK"),
    ("SetTuningSettings nope", "Error: could not set tuning settings nope"),
    ("SetTuningSettings tune 2", "Error: could not set tuning settings tune"),
    # integration
    ("GetIntegrationTime", "1.048"),
    ("SetIntegrationTime 2.097152", "OK"),
    ("GetIntegrationTime", "2.097152"),
    ("SetIntegrationTime -1", "Error: could not set integration time to -1"),
    ("SetIntegrationTime 1.048", "OK"),
    # the beam
    ("BlankBeam True", "OK"),
    ("GetParameter Y-Symmetry Set", "-50"),
    ("BlankBeam tRUE", "OK"),
    ("BlankBeam False", "OK"),
    ("GetParameter Y-Symmetry Set", "1.5"),
    ("BlankBeam whatever", "OK"),
    # cups
    ("GetCupConfigurationList", "Argon\rXenon"),
    ("GetSubCupConfigurationList Argon", "Standard\rSub1"),
    ("GetActiveCupConfiguration", "Argon"),
    ("GetActiveSubCupConfiguration", "Standard"),
    (
        "GetSubCupParameters",
        "Deflection H2 Set,0;Deflection H1 Set,0;Deflection AX Set,0;Deflection L1 Set,0;"
        "Deflection L2 Set,0;Deflection CDD Set,0;CDD Supply Set,1730",
    ),
    ("ActivateCupConfiguration Argon Sub1", "OK"),
    ("GetActiveSubCupConfiguration", "Sub1"),
    (
        "ActivateCupConfiguration Argon Nope",
        "Error: could not set cup=Argon, sub cup to Nope ",
    ),
    ("ActivateCupConfiguration Neon All", "Error: could not set cup=Neon, sub cup to All "),
    # ion counters
    ("ActivateIonCounter CDD", "OK"),
    ("DeactivateIonCounter CDD", "OK"),
    ("ActivateIonCounter H1", "Could not activate H1."),
    ("DeactivateIonCounter Nope", "Could not activate Nope."),
    # valves
    ("Open Ion Pump Set", "OK"),
    ("GetValveState Ion Pump Set", "True"),
    ("Close Ion Pump Set", "OK"),
    ("GetValveState Ion Pump Set", "False"),
    ("Open Nope", "Error: could not set Nope to 1"),
    ("Close No pe", "Error: could not set No pe to 0"),
    ("GetValveState Nope", "Error"),
    # the magnet
    ("GetMagnetDAC", "5.35"),
    ("SetMagnetDAC 5.5", "OK"),
    ("GetMagnetDAC", "5.5"),
    ("GetMagnetMoving", "False"),
    ("SetMagnetDAC 7", "OK"),
    ("GetMagnetMoving", "True"),
    ("SetMagnetDAC 11", "Error: could not set Field Set to 11"),
    ("SetMass 40,Nope", "Error: Cup not recognized"),
    ("SetMass 39", "Error: Cup not recognized"),
    ("SetMass 39,", "Error: Cup not recognized"),
    ("SetMass 4000,AX", "Error: Could not change mass."),
    ("SetMass 0,AX", "Error: Could not change mass."),
    # the source
    ("GetHighVoltage", "4500"),
    ("GetHV", "4.5"),
    ("SetHV 4400.5", "OK"),
    ("GetHighVoltage", "4400.5"),
    ("GetHV", "4.4005"),
    ("SetHighVoltage 4500", "OK"),
    ("SetHV 4,600", "OK"),
    ("GetHV", "4.6"),
    ("SetHV 1e9", "Error: could not set Acceleration Reference Set to 1000000"),
    # detectors
    ("ProtectDetector H1,On", "OK"),
    ("GetDeflection H1", "2000"),
    ("ProtectDetector H1,oN", "OK"),
    ("ProtectDetector H1,Off", "OK"),
    ("GetDeflection H1", "0"),
    ("ProtectDetector Nope,On", "OK"),
    ("SetDeflection H1,100.25", "OK"),
    ("SetDeflection H1, 100", "OK"),
    ("GetDeflection H1", "100"),
    ("GetDeflection Extra Plate", "7"),
    ("SetDeflection Extra Plate,8", "OK"),
    ("GetDeflections H1,Extra Plate,Nope", "100,8,0"),
    ("GetDeflection Nope", INVALID),
    ("SetDeflection Nope,1", "Error: could not set Deflection Nope Set to 1"),
    ("GetIonCounterVoltage", "1730"),
    ("SetIonCounterVoltage 1700", "OK"),
    ("GetIonCounterVoltage", "1700"),
    ("GetGain H1", "1.01"),
    ("GetGain Nope", "0"),
    ("SetGain H1,1.02", "OK"),
    ("GetGain H1", "1.02"),
    ("SetGain Nope,1", "OK"),
    # any parameter
    ("GetParameter Temp1", "31.25"),
    ("GetParameter Tiny", "1.5E-09"),
    ("GetParameter Small", "-1.25E-05"),
    ("GetParameter Trap Current Readback", "250.125"),
    ("GetParameter Nope", INVALID),
    ("SetParameter Temp1,1e15", "OK"),
    ("GetParameter Temp1", "1E+15"),
    ("SetParameter Trap Current Readback,1", "Error: could not set Trap Current Readback to 1"),
    ("SetParameter No pe,1.50", "Error: could not set No pe to 1.5"),
    # what is no command
    ("", INVALID),
    ("getHV", INVALID),
    ("GetHV\rGetMagnetDAC", INVALID),
    ("GetHV\tnow", INVALID),
    ("PychronReady", INVALID),
    ("Help", INVALID),
    ('"GetHV"', INVALID),
    ("|GetHV", INVALID),
    ("SetYSymmetry 1", INVALID),
    ("SetZSymmetry 1", INVALID),
    ("SetExtractionLens 1", INVALID),
    ("SetSubCupConfiguration Sub1", INVALID),
    ("Reset", INVALID),
    ("GetExtractionSymmetry", INVALID),
)

#: Where the script breaks: no answer from it.
UNANSWERED = (
    "SetHV",
    "SetHV high",
    "SetHV 1e999",
    "SetHV 1_0",
    "SetHV  4500",
    "SetMagnetDAC NaN",
    "SetMass",
    "SetMass heavy,AX",
    "SetIntegrationTime",
    "SetTuningSettings",
    "BlankBeam",
    "GetSubCupConfigurationList",
    "GetSubCupConfigurationList Nope",
    "ActivateCupConfiguration Argon",
    "ActivateIonCounter",
    "ProtectDetector H1",
    "SetDeflection H1",
    "SetGain H1,x",
    "SetParameter Temp1",
    "SetIonCounterVoltage x",
)
