"""The commands for what runs on a laser by itself: patterns, traces, degassing."""

from __future__ import annotations

from pychron_comms.handlers.arguments import Number, Text
from pychron_comms.handlers.command import command, foretold
from pychron_comms.handlers.replies import done, state, words
from pychron_comms.interfaces import Effect, ILaserManager


class _PatternName(Text):
    """A pattern's name; clients name it by its file."""

    def convert(self, value: object) -> str:
        return str(super().convert(value)).removesuffix(".lp")


class PatternCommands:
    """The part of a laser's handler for what is begun, polled and perhaps stopped."""

    @command(
        "GetPatternNames",
        "GetJogProcedures",
        reply=words,
        effect=Effect.READ,
        help="the names of the patterns",
    )
    def get_pattern_names(self, manager: ILaserManager, sender: str) -> object:
        return manager.get_pattern_names()

    @command(
        "DoPattern",
        "DoJog",
        arguments=(
            _PatternName("name", keys=("value",)),
            Number("duration", unit="s", minimum=0, default=None),
        ),
        reply=done,
        effect=Effect.ACTUATE,
        target="stage",
        moves="stage=pattern:{name}",
        check=foretold("execute_pattern"),
        help="begin a pattern, for its own time or another; poll IsPatterning",
    )
    def do_pattern(
        self, manager: ILaserManager, sender: str, name: str, duration: float | None
    ) -> object:
        return manager.execute_pattern(name, duration)

    @command(
        "IsPatterning", "IsJogging", reply=state, effect=Effect.READ, help="whether a pattern runs"
    )
    def is_patterning(self, manager: ILaserManager, sender: str) -> object:
        return manager.is_patterning()

    @command(
        "AbortPattern",
        "AbortJog",
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage",
        safe=True,
        help="end the pattern",
    )
    def abort_pattern(self, manager: ILaserManager, sender: str) -> object:
        return manager.stop_pattern()

    @command(
        "TracePath",
        arguments=(Number("value", minimum=0), Text("name"), Text("kind", default="continuous")),
        reply=done,
        effect=Effect.ACTUATE,
        target="stage",
        moves=("stage=path:{name}", "output/power"),
        check=foretold("trace_path"),
        help="begin to trace a path at a power or velocity; poll IsTracing",
    )
    def trace_path(
        self, manager: ILaserManager, sender: str, value: float, name: str, kind: str
    ) -> object:
        return manager.trace_path(value, name, kind)

    @command("IsTracing", reply=state, effect=Effect.READ, help="whether a path is traced")
    def is_tracing(self, manager: ILaserManager, sender: str) -> object:
        return manager.is_tracing()

    @command(
        "StopTrace",
        reply=done,
        effect=Effect.IDEMPOTENT,
        target="stage",
        safe=True,
        help="stop tracing a path",
    )
    def stop_trace(self, manager: ILaserManager, sender: str) -> object:
        return manager.stop_trace()

    @command(
        "MachineVisionDegas",
        arguments=(Number("lumens", minimum=0), Number("duration", unit="s", minimum=0)),
        reply=done,
        effect=Effect.ACTUATE,
        moves=("output/power", "camera"),
        help="begin to degas at a brightness that the camera sees",
    )
    def machine_vision_degas(
        self, manager: ILaserManager, sender: str, lumens: float, duration: float
    ) -> object:
        return manager.machine_vision_degas(lumens, duration)
