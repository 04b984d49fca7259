"""The request type ``Alarms``: what a person may ask and do about alarms, on any open listener."""

from __future__ import annotations

import json

from twisted.internet.defer import Deferred

from pychron_comms.alarms.board import AlarmBoard
from pychron_comms.alarms.notifiers.service import Notifiers
from pychron_comms.config.nearest import did_you_mean
from pychron_comms.errors import InvalidCommandError, NotPermittedError
from pychron_comms.handlers.arguments import Number, Text
from pychron_comms.handlers.command import command, declared_commands
from pychron_comms.handlers.gate_commands import no_manager
from pychron_comms.handlers.replies import done, value
from pychron_comms.interfaces import Effect
from pychron_comms.safeguards.roles import Roles
from pychron_comms.wire.context import OBSERVE, RequestContext, least_role
from pychron_comms.wire.grammar import parse_command

#: The request type.
ALARMS = "Alarms"

#: Seconds for which an alarm may be shelved, so that it is not forgotten there.
LONGEST = 7 * 86400.0

_NAME = Text("name")
_BY = Text("by")


class AlarmCommands:
    """Answers in the server, which has the alarms: no processor is asked.

    ``by`` is the name of who does it, as the journal and all who watch will see it.
    """

    def __init__(self, board: AlarmBoard, notifiers: Notifiers, roles: Roles) -> None:
        self._board = board
        self._notifiers = notifiers
        self._roles = roles
        self._commands = declared_commands(type(self))

    def answer(self, data: str, sender: str, context: RequestContext) -> str | Deferred[str]:
        """The reply. Errors: 003, 004, 013, 206, 208, 214, 216."""
        self._roles.admit(sender)
        name, arguments = parse_command(data)
        spec = self._commands.get(name)
        if spec is None:
            raise InvalidCommandError(name, f"{did_you_mean(name, self._commands)} (see Help)")
        values = spec.values(name, arguments)
        if not spec.effect.reads:
            self._check(name, sender, context)
        result = spec.method(self, None, sender, **values)
        return (
            result.addCallback(spec.reply) if isinstance(result, Deferred) else spec.reply(result)
        )

    def _check(self, name: str, sender: str, context: RequestContext) -> None:
        if least_role(self._roles.role_of(sender), context.role) == OBSERVE:
            raise NotPermittedError(f"{name}; {sender} may only look")

    @command(
        "Help",
        reply=value,
        effect=Effect.READ,
        manager=no_manager,
        help="what may be asked and done about alarms",
    )
    def help(self, manager: None, sender: str) -> str:
        usages = [f"{spec.usage}: {spec.help}" for spec in self._commands.values()]
        return " -- ".join(usages)

    @command(
        "List",
        reply=value,
        effect=Effect.READ,
        manager=no_manager,
        help="every alarm as it stands, as JSON",
    )
    def list_alarms(self, manager: None, sender: str) -> str:
        return json.dumps([{"name": each.name, **each.shown()} for each in self._board])

    @command(
        "Acknowledge",
        arguments=(_NAME, _BY),
        reply=value,
        effect=Effect.IDEMPOTENT,
        manager=no_manager,
        help="somebody has seen it; one alarm, or all of one rule; the reply is how many those are",
    )
    def acknowledge(self, manager: None, sender: str, *, name: str, by: str) -> Deferred[int]:
        return self._board.acknowledge(name, by, sender)

    @command(
        "Shelve",
        arguments=(
            _NAME,
            Number("seconds", unit="s", minimum=1.0, maximum=LONGEST),
            _BY,
            Text("why", default=""),
        ),
        reply=value,
        effect=Effect.IDEMPOTENT,
        manager=no_manager,
        help="nobody is told of it for so long; the reply is how many alarms those are",
    )
    def shelve(
        self, manager: None, sender: str, *, name: str, seconds: float, by: str, why: str
    ) -> Deferred[int]:
        return self._board.shelve(name, seconds, by, why, sender)

    @command(
        "Unshelve",
        arguments=(_NAME, _BY),
        reply=value,
        effect=Effect.IDEMPOTENT,
        manager=no_manager,
        help="the end of that, before its time",
    )
    def unshelve(self, manager: None, sender: str, *, name: str, by: str) -> Deferred[int]:
        return self._board.unshelve(name, by, sender)

    @command(
        "Test",
        arguments=(_NAME,),
        reply=done,
        effect=Effect.ACTUATE,
        manager=no_manager,
        help="send a message by that notifier, now; OK when it has gone",
    )
    def test(self, manager: None, sender: str, *, name: str) -> Deferred[object]:
        return self._notifiers.test(name)
