"""What Qtegra's remote control script makes of one line: its command, the reply, the errors.

The facts are those of the script for Qtegra that NMGRL publishes, version 19.10, seen from outside.
Words are parted by single blanks and their case counts; names that hold blanks are joined again
where the script does so.
"""

from __future__ import annotations

from twisted.internet.interfaces import IReactorTime

from pychron_comms.errors import CommandError
from pychron_comms.interfaces import ISpectrometer
from pychron_comms.lab.simulated.spectrometer.parameters import ParameterError
from pychron_comms.qtegra import formatting as texts
from pychron_comms.qtegra.arguments import Command, Reply, Unanswered
from pychron_comms.qtegra.beam_commands import BeamCommands
from pychron_comms.qtegra.detector_commands import DetectorCommands
from pychron_comms.qtegra.parameter_commands import ParameterCommands


class ParseAndExecute:
    """Runs lines on a spectrometer.

    What the script cannot read, and so leaves without an answer, is answered
    ``Error: Invalid Command``. With a ``faithful_clock`` the script's faults are kept: it is
    silence; an ion counter is switched on by both of its commands, and the reply comes a second
    later by that clock; a far move of the magnet is acknowledged whatever becomes of it;
    ``GetParameters`` never answers.
    """

    def __init__(
        self,
        spectrometer: ISpectrometer,
        *,
        tagged: bool = True,
        faithful_clock: IReactorTime | None = None,
    ) -> None:
        self._faithful = faithful_clock is not None
        self._commands: dict[str, Command] = {}
        for part in (ParameterCommands, DetectorCommands, BeamCommands):
            self._commands.update(part(spectrometer, tagged, faithful_clock).table())

    def __call__(self, line: str, sender: str = "") -> Reply:
        """The reply to one line; never raises for what a client may send."""
        command, *words = line.strip().split(" ")
        run = self._commands.get(command)
        if run is None:
            return texts.INVALID
        try:
            return run(words)
        except Unanswered:
            return None if self._faithful else texts.INVALID
        except ParameterError as error:
            return texts.could_not_set(error.name, error.value)
        except CommandError:
            return texts.INVALID
