"""What every request type answers about the gate: leases, outcomes, and what would be allowed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, cast

from twisted.internet.defer import Deferred

from pychron_comms.errors import InvalidArgumentsError
from pychron_comms.handlers.arguments import Choice, Number, Text
from pychron_comms.handlers.command import Values, command
from pychron_comms.handlers.replies import done, value
from pychron_comms.interfaces import Effect, ICall, IForetellsMoves, IHardware, Lease, Part
from pychron_comms.wire.context import RequestContext

#: Seconds that a lease may last; it can be renewed for ever.
LONGEST = 86400.0

_TARGET = Text("target", keys=("name",))


def no_manager(handler: object, values: Values) -> None:
    """For a command that touches no hardware."""


def owners(result: object) -> str:
    """A JSON list of objects with ``target``, ``owner``, ``since`` and ``until``; times in UTC."""
    return json.dumps(
        [
            {
                "target": lease.part.name,
                "owner": lease.owner,
                "since": _time(lease.since),
                "until": _time(lease.until),
            }
            for lease in cast(Iterable[Lease], result)
        ]
    )


class GateCommands:
    """The part of a handler that is about the gate; it touches no hardware itself."""

    hardware: IHardware

    def part(self, name: str) -> Part:
        """The ``Part`` of that name. Errors: 004."""
        raise NotImplementedError

    def prepare(self, data: str, sender: str) -> ICall:
        """As ``IRequestHandler.prepare``."""
        raise NotImplementedError

    @command(
        "Claim",
        arguments=(
            _TARGET,
            Number("seconds", unit="s", minimum=0.1, maximum=LONGEST),
            Choice("bound", choices=("connection",), default=None),
        ),
        reply=done,
        effect=Effect.IDEMPOTENT,
        manager=no_manager,
        takes_context=True,
        help="lease this type, a valve, an axis or a device for so long, for all programs of your "
        "computer, or renew it; with connection, not beyond the end of yours",
    )
    def claim(
        self,
        manager: None,
        sender: str,
        *,
        target: str,
        seconds: float,
        bound: str | None,
        context: RequestContext,
    ) -> Deferred[None] | None:
        if bound and not context.session:
            raise InvalidArgumentsError("Claim", f"{bound} (a datagram has none)")
        session = context.session if bound else ""
        return self.hardware.safeguards.claim(self.part(target), sender, seconds, session)

    @command(
        "Release",
        arguments=(_TARGET,),
        reply=done,
        effect=Effect.IDEMPOTENT,
        manager=no_manager,
        help="give a lease back",
    )
    def release(self, manager: None, sender: str, target: str) -> Deferred[None] | None:
        return self.hardware.safeguards.release(self.part(target), sender)

    @command(
        "Owners",
        reply=owners,
        effect=Effect.READ,
        manager=no_manager,
        help="every lease of the laboratory: who, since when and until when, as JSON",
    )
    def owners(self, manager: None, sender: str) -> object:
        return self.hardware.safeguards.owners()

    @command(
        "Override",
        arguments=(_TARGET, Text("reason"), Text("key", default="")),
        reply=done,
        effect=Effect.ACTUATE,
        manager=no_manager,
        # It makes safe: as long as anybody waits for it, it does not come too late.
        deadline=30.0,
        takes_context=True,
        help="in an emergency: end the lease of another and make safe; with the emergency key, "
        "or the certificate of an admin",
    )
    def override(
        self,
        manager: None,
        sender: str,
        *,
        target: str,
        reason: str,
        key: str,
        context: RequestContext,
    ) -> None:
        part = self.part(target)
        self.hardware.safeguards.override(part, sender, reason, key, context.role)

    @command(
        "Outcome",
        arguments=(Text("key"),),
        reply=value,
        effect=Effect.READ,
        manager=no_manager,
        help="what became of your command of that key: never seen, waiting, running, unknown, "
        "or done and its reply",
    )
    def outcome(self, manager: None, sender: str, key: str) -> str:
        return self.hardware.safeguards.outcome(sender, key)

    @command(
        "Check",
        arguments=(Text("command"),),
        reply=done,
        effect=Effect.READ,
        manager=no_manager,
        takes_context=True,
        help="OK where that command might begin just now, or what it would get, as far as can be "
        "told without the hardware; nothing is done",
    )
    def check(self, manager: None, sender: str, *, command: str, context: RequestContext) -> object:
        call = self.prepare(command, sender)
        call.context = context
        for move in call.moves:
            if move.target and IForetellsMoves.providedBy(move.manager):
                cast(Any, move.manager).foretell_move(move.target, move.value, sender)
        return self.hardware.safeguards.check(call)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
