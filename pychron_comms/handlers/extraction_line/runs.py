"""Commands of the data-collection program: runs, the system lock, scripts."""

from __future__ import annotations

from pychron_comms.handlers.arguments import Boolean, Text
from pychron_comms.handlers.base import BaseHandler
from pychron_comms.handlers.command import FindManager, command, foretold
from pychron_comms.handlers.gate_commands import no_manager
from pychron_comms.handlers.replies import done, value
from pychron_comms.interfaces import Effect, IRunReport, IScriptRunner

_TEXT = Text("text", keys=("name", "value"), default="")


def named_manager(name: str) -> FindManager:
    """Finds the manager of that name. Errors: 007."""
    return lambda handler, values: handler.hardware.manager(name)


class RunHandler(BaseHandler):
    """A series of runs, or whoever asks for it, holds the system lock."""

    @command(
        "StartRun",
        arguments=(_TEXT,),
        reply=done,
        effect=Effect.ACTUATE,
        manager=named_manager("runs"),
        moves="run=True",
        help="note that a run begins: its id, sample, power or temperature",
    )
    def start_run(self, manager: IRunReport, sender: str, text: str) -> object:
        return manager.start_run(text, sender)

    @command(
        "CompleteRun",
        arguments=(_TEXT,),
        reply=done,
        effect=Effect.ACTUATE,
        manager=named_manager("runs"),
        moves="run=False",
        help="note that the run has ended, or was cancelled",
    )
    def complete_run(self, manager: IRunReport, sender: str, text: str) -> object:
        return manager.complete_run(text, sender)

    @command(
        "StartMultRuns",
        arguments=(_TEXT,),
        reply=done,
        effect=Effect.ACTUATE,
        manager=named_manager("runs"),
        moves="series=True",
        help="take the system lock for a series of runs, and note how many",
    )
    def start_mult_runs(self, manager: IRunReport, sender: str, text: str) -> object:
        self.hardware.safeguards.system_lock.lock(sender)
        return manager.start_mult_runs(text, sender)

    @command(
        "CompleteMultRuns",
        arguments=(_TEXT,),
        reply=done,
        effect=Effect.ACTUATE,
        manager=named_manager("runs"),
        moves="series=False",
        help="note that the series has ended, and give the system lock back",
    )
    def complete_mult_runs(self, manager: IRunReport, sender: str, text: str) -> object:
        self.hardware.safeguards.system_lock.unlock(sender)
        return manager.complete_mult_runs(text, sender)

    @command(
        "SystemLock",
        arguments=(Text("name"), Boolean("on", keys=("value",))),
        reply=done,
        effect=Effect.IDEMPOTENT,
        manager=no_manager,
        help="On takes the system lock for your computer, Off gives it back; any name will do",
    )
    def system_lock(self, manager: None, sender: str, name: str, on: bool) -> None:
        if on:
            self.hardware.safeguards.system_lock.lock(sender)
        else:
            self.hardware.safeguards.system_lock.unlock(sender)

    @command(
        "PychronScript",
        arguments=(Text("name", keys=("value",)),),
        reply=value,
        effect=Effect.ACTUATE,
        manager=named_manager("scripts"),
        moves="{name}=True",
        check=foretold("execute_script"),
        help="start a script, and answer with the identifier of this run of it",
    )
    def pychron_script(self, manager: IScriptRunner, sender: str, name: str) -> object:
        return manager.execute_script(name)

    @command(
        "ScriptState",
        arguments=(Text("identifier", keys=("name", "value")),),
        reply=value,
        effect=Effect.READ,
        manager=named_manager("scripts"),
        help="Running or Complete, of what PychronScript answered",
    )
    def script_state(self, manager: IScriptRunner, sender: str, identifier: str) -> object:
        return manager.get_script_state(identifier)
