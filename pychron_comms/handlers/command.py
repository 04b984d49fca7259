"""A command is declared once: its words, arguments, effect, moves and reply.

From the declaration come the parsing, the errors, ``Help`` and ``Describe``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from pychron_comms.handlers.arguments import Argument
from pychron_comms.handlers.call import Call
from pychron_comms.handlers.moves import Moves, Values, mover
from pychron_comms.handlers.replies import Reply
from pychron_comms.handlers.spec import DEADLINE, Check, CommandSpec, FindManager, ServesHardware
from pychron_comms.interfaces import Effect, IForetells, Source

__all__ = [
    "DEADLINE",
    "Call",
    "Check",
    "CommandSpec",
    "FindManager",
    "ServesHardware",
    "Values",
    "command",
    "declared_commands",
    "foretold",
]

Method = TypeVar("Method", bound=Callable[..., object])

_DECLARED = "_declared_command"


def command(
    *names: str,
    arguments: tuple[Argument, ...] = (),
    reply: Reply,
    effect: Effect,
    help: str,  # noqa: A002
    manager: FindManager | None = None,
    safe: bool | Callable[[Values], bool] = False,
    target: str = "",
    moves: Moves | None = None,
    check: Check | None = None,
    deadline: float = DEADLINE,
    takes_context: bool = False,
    told_by: Source | None = None,
) -> Callable[[Method], Method]:
    """Declare a handler's method to be the command of these words; the first is the one shown.

    ``moves``, in the notation of ``handlers.moves``, says what ``target`` alone cannot: several
    parts, and the values that they are moved to.
    """
    known = {argument.name for argument in arguments}
    simple = f"{{{target}}}" if target in known else target

    def declare(method: Method) -> Method:
        spec = CommandSpec(
            names=names,
            arguments=arguments,
            method=method,
            reply=reply,
            effect=effect,
            manager=manager or _handlers_manager,
            safe=safe,
            target=target,
            moves=mover(simple if moves is None else moves, known),
            check=check,
            deadline=deadline,
            help=help,
            takes_context=takes_context,
            told_by=told_by,
        )
        setattr(method, _DECLARED, spec)
        return method

    return declare


def foretold(method: str) -> Check:
    """Asks a manager that knows, before it is called, what its method would refuse."""

    def check(manager: object, values: Values) -> None:
        if IForetells.providedBy(manager):
            manager.foretell(method, *values.values())

    return check


def declared_commands(handler: type) -> dict[str, CommandSpec]:
    """Every command that a class and its bases declare, by each of its words, sorted."""
    table = {}
    for base in reversed(handler.__mro__):
        for method in vars(base).values():
            spec = getattr(method, _DECLARED, None)
            if spec is not None:
                table.update(dict.fromkeys(spec.names, spec))
    return dict(sorted(table.items()))


def _handlers_manager(handler: ServesHardware, values: Values) -> object:
    return handler.manager
