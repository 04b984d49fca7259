"""The way of a command to the hardware."""

# zope.interface methods take no self.
# mypy: disable-error-code="misc"

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface
from zope.interface.interface import InterfaceClass

from pychron_comms.interfaces.commands import IRequestHandler
from pychron_comms.interfaces.later import Replies, ReplyToCome
from pychron_comms.interfaces.managers import IDevice
from pychron_comms.interfaces.safeguards import ISafeguards
from pychron_comms.wire.context import PLAIN, RequestContext
from pychron_comms.wire.line_table import LineTable


class IRequestHandlerFactory(Interface):
    """Adds request types to the road. Found as a ``twisted.plugin`` of this interface."""

    request_types: Sequence[str] = Attribute("The type and its aliases; case counts.")

    def build(hardware: IHardware) -> IRequestHandler:
        """A handler for the managers of an ``IHardware``.

        Raise ManagerUnavailableError (007) where the hardware lacks what the type needs.
        """


class IHardware(Interface):
    """The managers that one processor owns, by name."""

    safeguards: ISafeguards = Attribute("The laboratory's ``ISafeguards``.")

    def manager(name: str) -> object:
        """The manager of that name. Errors: 007."""

    def device(name: str) -> IDevice:
        """The device of that name. Errors: 008."""

    def devices() -> Mapping[str, IDevice]:
        """All of them, by the names that commands use."""

    def device_providing(interface: InterfaceClass) -> IDevice:
        """The first ``IDevice`` that provides ``interface``, such as ``IChiller``. Errors: 008."""

    def start() -> None:
        """Begin to work; called once, when the processor starts."""

    def stop() -> None:
        """End it; called once, when nothing is asked any more."""

    def making_safe() -> Sequence[tuple[object, Callable[[], object]]]:
        """Each manager that must be made safe when the processor stops, and what to call for it."""


class IAsksAgain(Interface):
    """Where known reads lead: those that come together are asked together."""

    def ask_all(
        reads: Sequence[Any], sender: str, context: RequestContext, replies: Replies
    ) -> None:
        """Ask these, whose ``way`` this is, as each by its own ``ask``, in their order.

        Nothing lies between them: who asks, the time and all that only commands change are the same
        for all. Errors: what refuses all of them, raised before any is asked.
        """


class IKnownRead(Interface):
    """A read whose words have been understood, to be asked again and again."""

    command: str = Attribute("Its text, without a request type.")
    way: IAsksAgain = Attribute("Where it leads.")

    def ask(sender: str, context: RequestContext) -> str | Deferred[str] | ReplyToCome:
        """What ``process_server_request`` or ``get_response`` would give for the same text now.

        The errors too, which may be raised.
        """


class IHardwareGate(IAsksAgain):
    """The one way to the hardware, whichever road a request came."""

    reads: LineTable[IKnownRead] = Attribute("Reads by ``Type|command``, once each was asked.")

    def process_server_request(
        request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> str | Deferred[str]:
        """Run the command ``data`` for ``sender``, on these context.

        The text of the reply where it is known at once, else a Deferred of it. Errors: any
        ``CommandError``, raised or as the Deferred's failure.
        """

    def makes_safe(request_type: str, data: str) -> bool:
        """Whether that is a command that makes safe; no for one that cannot be read."""

    def only_reads(request_type: str, data: str) -> bool:
        """Whether that is a command that changes nothing; no for one that cannot be read."""

    def asker_gone(response: Deferred[str]) -> None:
        """Nobody waits for this response any more: its command is not begun if it still waits.

        The response comes all the same: with 202 for a command that was not begun.
        """

    def session_ended(session: str) -> None:
        """A connection is gone, and with it what was bound to it."""

    def reply_taken(ask: str) -> None:
        """The reply to the command of that ``ask`` was read: who asks the same again means it."""

    def search(question: str) -> Deferred[str]:
        """The newest records of the journal that fit; JSON both, as ``journal.search`` has it.

        ``null`` where none is kept. Errors: 203 where others search, 214 where it cannot be read.
        """


class IOwnedGate(IHardwareGate):
    """A gate to hardware that may be another's at another time."""

    def give_up(error: Exception) -> None:
        """The hardware is not this process's own any more, or not for sure.

        What has not begun fails with ``error``, and the hardware is made safe while that may be.
        """

    def make_all_safe(why: str) -> None:
        """Begin to put out what must not stay on when nobody is in command."""

    def known_keys() -> Iterable[tuple[str, str]]:
        """The sender and the key of each command whose key is known."""


class ICommandRepeater(Interface):
    """Takes a command to the processor that owns its hardware."""

    def known_read(request_type: str, data: str) -> IKnownRead | None:
        """A command that is known to read, for who will ask it again; None where that is no use."""

    def get_response(
        request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[str]:
        """The processor's reply to ``request_type|data``.

        Nothing is ever sent twice. Errors: 011 never sent, 201 sent and outcome unknown.
        """

    def asker_gone(response: Deferred[str]) -> None:
        """Nobody waits any more for a response that ``get_response`` gave, as with the gate."""

    def session_ended(session: str, sender: str) -> None:
        """A connection of that client's is gone, and with it what was bound to it."""

    def reply_taken(ask: str) -> None:
        """The client has read the reply to the command of that ``ask``, as with the gate."""

    def test_connection() -> Deferred[None]:
        """A round trip to the processor. Errors: 011, 201."""
