"""Lines as Qtegra's clients send them, run on a simulated instrument."""

from __future__ import annotations

from functools import cache
from random import Random

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from pychron_comms.config.table import Table
from pychron_comms.lab.simulated.spectrometer.instrument_config import spectrometer_from_config
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.answers import carried, decode
from pychron_comms.qtegra.script import ParseAndExecute
from pychron_comms.qtegra.words import WORDS as COMMANDS
from tests.faults.fuzz.choices import Choices

#: What a fuzzer would take long to find by itself.
WORDS = (
    *(b"GetData", b"SetMagnetDAC 7", b"SetMass 39.962,AX", b"SetHV 4500", b"GetParameters a,b"),
    *(b"SetParameter Y-Symmetry Set,1.5", b"ProtectDetector CDD,On", b"BlankBeam True"),
    *(b"ActivateIonCounter CDD", b"SetDeflection H1,100", b"SetIntegrationTime 1.048"),
    *(b"ActivateCupConfiguration Argon Standard", b"1,000.5E-3", b"1e999", b"-0", b" "),
)

# Of one input, so that it ends soon.
_LINES = 8

_SECONDS = (0.0, 0.01, 0.3, 2.5)


def fuzz(data: bytes) -> None:
    choices = Choices(data)
    script = choices.one_of(_scripts())
    seconds = choices.one_of(_SECONDS)
    word = f"{choices.one_of(script.words)} " if choices.number(2) else ""
    for line in choices.rest().split(b"\n")[:_LINES]:
        script.run(word + decode(line))
        script.clock.advance(seconds)
        script.check()


class _Script:
    """The script and its instrument, which goes on from one input to the next."""

    def __init__(self, faithful: bool) -> None:
        self.clock = Clock()
        self._faithful = faithful
        self._failures: list[Failure] = []
        clock = self.clock if faithful else None
        instrument = spectrometer_from_config(
            Table({}, "fuzz"), self.clock, Random(1), overlapping_moves=faithful
        )
        self.words = sorted(COMMANDS)
        self._execute = ParseAndExecute(instrument, faithful_clock=clock)

    def run(self, line: str) -> None:
        assert line.isascii()
        carried(line).encode()
        _check_number(line)
        reply = self._execute(line)
        if reply is None or isinstance(reply, str):
            self._assert_reply(reply)
        else:
            later = Deferred.fromCoroutine(reply).addCallback(self._assert_reply)
            later.addErrback(self._failures.append)

    def check(self) -> None:
        """Raise what has gone wrong in a reply that came later."""
        if self._failures:
            self._failures.pop().raiseException()

    def _assert_reply(self, reply: str | None) -> None:
        assert reply is not None or self._faithful
        if reply is not None:
            reply.encode()
            assert "\n" not in reply


def _check_number(text: str) -> None:
    try:
        value = texts.parse_number(text)
    except ValueError:
        return
    assert texts.parse_number(texts.number(value)) == float(f"{value:.15g}")


@cache
def _scripts() -> list[_Script]:
    return [_Script(False), _Script(True)]
