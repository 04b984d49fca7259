"""A command of one request, and who knows the commands of a request type."""

# zope.interface methods take no self.
# mypy: disable-error-code="misc"

from __future__ import annotations

import enum
from collections.abc import Callable, Hashable
from typing import NamedTuple

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from pychron_comms.interfaces.later import Later
from pychron_comms.wire.context import RequestContext


class Effect(enum.Enum):
    """What running a command twice would do."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    ACTUATE = "actuate"

    def __init__(self, value: str) -> None:
        #: Whether it changes nothing; asked of each read, where ``is Effect.READ`` takes longer.
        self.reads = value == "read"


#: Whether a command makes safe, as ``Describe`` tells: with all its values, some, or none.
ALWAYS, SOMETIMES, NEVER = "always", "sometimes", "never"


class Part(NamedTuple):
    """Something that can be leased: a manager, or a part of it as ``ICall.target`` names it.

    ``name`` is what people call it, as in ``CO2`` or ``System:A``.
    """

    name: str
    manager: object
    target: str


class InTerms(NamedTuple):
    """A value in other terms than its part's own, as a hole tells a place and a mass a field.

    Only from another in the same terms can it be told apart.
    """

    terms: str
    value: object


class Move(NamedTuple):
    """One part that a command moves: ``target`` of ``manager``, all of it where that is empty.

    ``value`` is what it is moved to, converted, so that no spelling of it matters; None where the
    command does not say, and an ``InTerms`` where it says it otherwise.
    """

    manager: object
    target: str
    value: object = None


class ICall(Interface):
    """A command of one request, checked and converted, not yet run."""

    name: str = Attribute("The command word.")
    effect: Effect = Attribute("What running it twice would do.")
    safe: bool = Attribute("Whether it makes hardware safe and so passes the queue.")
    deadline: float = Attribute("Seconds from its arrival until it must have ended.")
    manager: object = Attribute("Who owns the hardware it is for; None where it touches none.")
    target: str = Attribute("The part of the manager it acts on; empty for the whole.")
    moves: tuple[Move, ...] = Attribute(
        "The parts that it moves, whatever it is called; what rules, leases and queues look at."
    )
    sender: str = Attribute("The address of who asked.")
    context: RequestContext = Attribute(
        "What was said beside it; PLAIN until the gate says otherwise."
    )
    question: Hashable = Attribute(
        "What it reads: one answer serves all whose questions are equal. None where it acts."
    )

    def same_act(other: ICall) -> bool:
        """Whether both do the same for the same sender, so that doing it once may serve both."""

    def run() -> Later[object]:
        """Call the manager and return what it returns. Called at most once where it acts.

        Where it makes safe, once more when something that had begun before has ended after it.
        """

    def reply(result: object) -> str:
        """The text of the reply to what the manager returned. Errors: 010 for no answer."""


class IRepeatableCall(ICall):
    """One that depends on its text alone, so that what the text means can be remembered."""

    def again(sender: str, context: RequestContext) -> IRepeatableCall:
        """The same, as ``prepare`` would give it now for this sender, with that context.

        It is this call itself where it reads and nothing about it is another: a read may run more
        than once.
        Errors: as those of ``prepare``.
        """


class IRequestHandler(Interface):
    """Knows the commands of one request type."""

    def prepare(data: str, sender: str) -> ICall:
        """Find the command, check and convert its arguments; return an ``ICall``.

        Runs no hardware. Errors: 003 unknown command, 004 arguments, 206 malformed, 008 and 016
        for a device that is not there.
        """

    def handle(call: ICall) -> str | Deferred[str]:
        """Run a prepared call in the reactor's thread: the text of its reply, later.

        A call for a manager that blocks is run in that manager's thread instead, by its own
        ``run`` and ``reply``.
        """


class IDescribedHandler(IRequestHandler):
    """One whose commands can be told apart without running them."""

    def knows(word: str) -> bool:
        """Whether it has a command of that word."""

    def part(name: str) -> Part:
        """The ``Part`` of that name; the request type's own name is all of it. Errors: 004."""

    def moves_of(text: str) -> tuple[Move, ...]:
        """What a command moves: a word and, perhaps, arguments; those left out may be any.

        Nothing where it makes safe, which is never held back. Errors: 003, 004 also for one that
        acts on no hardware, 206; ValueError.
        """

    def matcher(text: str) -> Callable[[ICall], bool]:
        """Tells the calls that may move what ``text`` moves, to where it does.

        Errors: as ``moves_of``.
        """
