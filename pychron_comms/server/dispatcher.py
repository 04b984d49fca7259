"""What a listener does with a request, whatever transport it came by."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NoReturn, Protocol

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from pychron_comms.errors import (
    IS_TYPE,
    KNOWN_BY,
    AnotherLaboratoryError,
    CommandError,
    ExpiredError,
    InvalidCommandError,
    MalformedRequestError,
    NotPermittedError,
)
from pychron_comms.interfaces import ICommandRepeater, IKnownRead, Replies, ReplyToCome
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.safeguards.hosts import EVERYBODY, HostRule
from pychron_comms.server.command_log import Asked, ServedCommandLog
from pychron_comms.server.launcher import Launcher
from pychron_comms.server.resend.command_catalogue import CommandCatalogue, Nature
from pychron_comms.server.resend.delivery import Delivery, DeliveryReports, Outcome
from pychron_comms.wire.context import (
    OBSERVE,
    PLAIN,
    SAFE,
    RequestContext,
    asked_by,
    context_of,
    least_role,
)
from pychron_comms.wire.grammar import Request, Tags, decode, parse_request, write_request
from pychron_comms.wire.line_table import LineTable

#: The request type of a listener whose clients write ``Type|command``.
OPEN = "*"

#: Reads of a listener that are known by their words, half of them of one sender: twice what a
#: laboratory polls. Those of the usual nine listeners take 1.5 MiB at most.
READS = 256

_HELP = "Help"

#: How a processor elsewhere says that it has no such command.
_NO_COMMAND = f"ERROR {InvalidCommandError.code:03d}"
_TYPED_BY_PEOPLE = frozenset({"help", "?", "quit", "exit", "bye", "logout"})
_TYPE_HELP = "; Help lists the types; to leave telnet, press Ctrl-] and type quit"

#: Answers the commands of a type of the server's own: the command, who asks, on which terms.
OwnType = Callable[[str, str, RequestContext], str | Deferred[str]]

#: The one command whose effect may be bound to the connection that it came by.
_CLAIM = re.compile(r'Claim[\s,]|.*"Claim"')


_SAFE = {Nature.MAKES_SAFE, Nature.MAKES_SAFE_SO}

#: Bytes of a line that may be remembered with its meaning.
_SHORT = 256


def _parse(line: bytes) -> Request | None:
    try:
        return parse_request(decode(line))
    except MalformedRequestError:
        return None


_parsed = lru_cache(1024)(_parse)


#: Why a command is not begun whose client could not know that it still would be.
GONE = "who asked had gone while the server stood still"


class Client(Protocol):
    """Who asked, as far as the dispatcher knows it."""

    @property
    def session(self) -> str:
        """The name of its connection, for what must not outlive it; empty where it has none."""

    @property
    def ask(self) -> str:
        """The name of the request that is answered now, as ``RequestContext`` has it."""

    @property
    def lain(self) -> float:
        """Seconds that the request which is answered now may have lain here, unread."""

    @property
    def has_gone(self) -> bool:
        """Whether it surely had, while the request that is answered now lay here for long."""

    def refusal(self, command: str) -> CommandError | None:
        """Why the request that is answered now must not be passed on; None where it may be."""

    def named(self, context: RequestContext) -> RequestContext:
        """The same, and what a copy of the request that is answered now is told by."""

    def watch(self, ask: str, response: Deferred[str]) -> None:
        """Told of a command that acts; ``ask`` is empty where its copies are its own affair."""


class Passing:
    """A client of which only one request is known, as if by a connection of its own.

    A copy joins it while it runs; after its reply, which is taken for read, the same is meant anew.
    """

    session = ""
    lain = 0.0
    has_gone = False

    def __init__(self, reports: DeliveryReports) -> None:
        self._reports = reports
        self.ask = f"{reports.connection_name()}.1"

    def refusal(self, command: str) -> CommandError | None:
        """It is there."""
        return None

    def named(self, context: RequestContext) -> RequestContext:
        return asked_by(context, self.ask, 0.0)

    def watch(self, ask: str, response: Deferred[str]) -> None:
        """Nobody can tell when it has gone."""
        delivery = Delivery(self._reports, ask, response)
        response.addBoth(self._replied, delivery)

    def _replied(self, outcome: Outcome, delivery: Delivery) -> Outcome:
        delivery.delivered()
        return outcome


def _help_of_types(types: Collection[str]) -> str:
    listed = " ".join(sorted(types))
    return f"request types: {listed} -- write Type|command; System|Help lists a type's commands"


class RequestDispatcher:
    """Gives each request its type and hands it to the repeater.

    Three commands are the server's own and are never repeated: ``PychronReady``, answered by a
    round trip to the processor, ``RemoteLaunch`` and ``Metrics``; where all types are served,
    ``Help`` without one lists ``types``. So are the commands of ``own_types``. ``role`` is the most
    that anybody may do here, one of ``ROLES``; empty for no limit. ``places``: where which type is
    served, this one and others. ``name`` is the laboratory's, for who says which one he means.
    """

    def __init__(
        self,
        request_type: str,
        repeater: ICommandRepeater,
        catalogue: CommandCatalogue,
        reports: DeliveryReports,
        *,
        launcher: Launcher,
        hosts: HostRule = EVERYBODY,
        role: str = "",
        metrics: Metrics,
        stream: StateStream,
        types: Collection[str] = (),
        own_types: Mapping[str, OwnType] = MappingProxyType({}),
        places: Mapping[str, str] = MappingProxyType({}),
        name: str = "",
        log: ServedCommandLog | None = None,
    ) -> None:
        self._log = log
        #: Reads by their words. Another listener may give the same words another meaning.
        self.known_reads: LineTable[IKnownRead] = LineTable(READS, READS // 2)
        self.stream = stream
        self.request_type = request_type
        self._one_type = "" if request_type == OPEN else request_type
        self._repeater = repeater
        self._catalogue = catalogue
        self.reports = reports
        # None where all may ask, as mostly: then nothing is to be looked at for each request.
        self._hosts = None if hosts.admits_everybody else hosts
        self._role = role
        self._launcher = launcher
        self._own_types = own_types
        self._types = types
        self._places = places
        self._name = name
        self._own: dict[str, Callable[[], str | Deferred[str]]] = {
            "PychronReady": self._pychron_ready,
            "Metrics": metrics.text,
        }
        if request_type == OPEN:
            self._own[_HELP] = lambda: _help_of_types(types)

    def admit(self, sender: str) -> None:
        """Errors: 013 for one that may not ask."""
        if self._hosts is not None:
            self._hosts.admit(sender)

    def answer(
        self, request: Request, sender: str, client: Client
    ) -> str | Deferred[str] | ReplyToCome:
        """The text of the reply. Errors: 013, 201, 202, 206, 208, 218, and the repeater's."""
        tags, named_type, command = request
        if self._hosts is not None:
            self._hosts.admit(sender)
        if "lab" in tags and tags["lab"] != self._name:
            raise AnotherLaboratoryError(tags["lab"])
        if command == "RemoteLaunch":
            return self._launcher.launch(sender, self._context(tags).role)
        own = self._own.get(command)
        if own is not None and not (named_type and command == _HELP):
            return own()
        # Mostly a listener has one type, and nobody names it.
        request_type = "" if named_type else self._one_type
        request_type = request_type or self._type(named_type, command)
        of_own_type = self._own_types.get(request_type)
        if of_own_type is not None:
            return of_own_type(command, sender, self._context(tags))
        context = self._context(tags) if tags or self._role else PLAIN
        if context.within is not None:
            # It counts from when it came, where this process has stood still since.
            context = context._replace(within=context.within - client.lain)
        nature = self._catalogue.nature(request_type, command, sender)
        if nature is Nature.READS:
            return self._read(request_type, request, sender, context)
        if self._log is not None:
            context = context._replace(trace=client.ask)
        asked = Asked(request_type, command, sender, context, bool(tags))
        response = self._act(asked, nature, client)
        if nature is Nature.UNKNOWN and request_type == self.request_type:
            response.addCallbacks(self._reply_with_places, self._with_places)
        if self._log is not None:
            self._log.watch(response, asked)
        return response

    def _read(
        self, request_type: str, request: Request, sender: str, context: RequestContext
    ) -> str | Deferred[str] | ReplyToCome:
        _, named_type, command = request
        read = None if context.key else self._repeater.known_read(request_type, command)
        if read is None:
            # No read is remembered by its key, so none is looked for where it went before.
            unkeyed = context._replace(key="") if context.key else context
            return self._repeater.get_response(request_type, command, sender, unkeyed)
        # Until a type has described itself, each command is a reason to ask it to.
        known = self.known_reads
        if self._catalogue.is_certain_of(request_type) and known.seen_before(named_type, command):
            # The next time, these words are known to read.
            known.keep(write_request(command, named_type).encode(), read, sender)
        return read.ask(sender, context)

    def _act(self, asked: Asked, nature: Nature, client: Client) -> Deferred[str]:
        """What may act, or of which nothing is known. Errors: 201, 202, those of the repeater."""
        request_type, command, sender, context, is_tagged = asked
        if nature in _SAFE:
            context = SAFE if context is PLAIN else context._replace(safe=True)
        if nature is Nature.MAKES_SAFE:
            # Never a copy, and done whoever has gone.
            return self._repeater.get_response(request_type, command, sender, context)
        if "Claim" in command and _CLAIM.match(command):
            context = context._replace(session=client.session)
        elif not is_tagged and self._role != OBSERVE:
            # Who puts tags on a command sees to its copies by itself. What makes safe is done for
            # whoever has gone.
            refusal = None if context.safe else client.refusal(command)
            if refusal is not None:
                raise refusal
            context = client.named(context)
        elif is_tagged and not (context.key or context.safe) and client.has_gone:
            # Who puts a key on it may ask for it again, and finds it done.
            raise ExpiredError(f"{command}: {GONE}")
        response = self._repeater.get_response(request_type, command, sender, context)
        client.watch(context.ask, response)
        return response

    def ask_again(
        self, read: IKnownRead, sender: str, tags: Tags
    ) -> str | Deferred[str] | ReplyToCome:
        """As ``answer``, of one of ``known_reads``."""
        if self._hosts is not None:
            self._hosts.admit(sender)
        return read.ask(sender, self._context(tags) if tags or self._role else PLAIN)

    def ask_all(
        self, reads: Sequence[IKnownRead], sender: str, tags: Tags, replies: Replies
    ) -> None:
        """As ``ask_again`` of each; they have one way, and ``tags`` are the first one's."""
        if self._hosts is not None:
            self._hosts.admit(sender)
        context = self._context(tags) if tags or self._role else PLAIN
        reads[0].way.ask_all(reads, sender, context, replies)

    def may_make_safe(self, lines: bytes) -> bool:
        """Whether any of these lines may be a command that makes safe; quickly."""
        return self._catalogue.may_make_safe(lines)

    def makes_safe(self, line: bytes) -> bool:
        """Whether a line is a command that makes safe, as far as is known."""
        if not self._catalogue.may_make_safe(line):
            return False
        return self._known_nature(line) in _SAFE

    def only_reads(self, line: bytes) -> bool:
        """Whether a line is a command that changes nothing, as far as is known."""
        return len(line) <= _SHORT and self._known_nature(line) is Nature.READS

    def _known_nature(self, line: bytes) -> Nature | None:
        request = _parsed(line) if len(line) <= _SHORT else _parse(line)
        if request is None:
            return None
        _, named_type, command = request
        if self.request_type != OPEN:
            named_type = self.request_type
        return self._catalogue.known_nature(named_type, command)

    def session_ended(self, session: str, sender: str) -> None:
        """A client's connection is gone, to which something was bound."""
        self._repeater.session_ended(session, sender)

    def _with_places(self, failure: Failure) -> NoReturn:
        """Where those types are served that have the command which is none here."""
        error = failure.value
        assert isinstance(error, Exception)
        if isinstance(error, InvalidCommandError):
            error.text = self._placed(str(error))
        raise error

    def _reply_with_places(self, reply: str) -> str:
        """The same, where a processor elsewhere says it."""
        return self._placed(reply) if reply.startswith(_NO_COMMAND) else reply

    def _placed(self, text: str) -> str:
        for names in (KNOWN_BY, IS_TYPE):
            said, found, types = text.partition(names)
            if found:
                return f"{said}{found}{', '.join(map(self._served, types.split(', ')))}"
        return text

    def _served(self, request_type: str) -> str:
        place = self._places.get(request_type) or self._places.get(OPEN)
        return f"{request_type} ({place})" if request_type and place else request_type

    def _type(self, named: str, command: str) -> str:
        if self.request_type == OPEN:
            if not named:
                hint = _TYPE_HELP if command.lower() in _TYPED_BY_PEOPLE else ""
                example = self._typed_example(command)
                raise MalformedRequestError(f"Type|command is wanted here, as in {example}{hint}")
            return named
        if named and named != self.request_type:
            # An open listener serves what there is, and no other.
            anywhere = self._places.get(OPEN) if named in self._types else None
            place = self._places.get(named) or anywhere
            instead = f", and {named} at {place}" if place else ""
            raise NotPermittedError(
                f"{named} commands; here {self.request_type} is served{instead}"
            )
        return self.request_type

    def _typed_example(self, command: str) -> str:
        """What may be meant by a command without a type."""
        first, _, rest = command.partition(" ")
        rest = rest.strip()
        if first == _HELP and rest and " " not in rest:
            return f"{rest}|{_HELP}"
        return f"{first}|{rest}" if rest and first in self._types else f"System|{command}"

    def _context(self, tags: Tags) -> RequestContext:
        said = context_of(tags)
        return RequestContext(said.within, said.key, least_role(said.role, self._role))

    def _pychron_ready(self) -> Deferred[str]:
        return self._repeater.test_connection().addCallback(lambda _: "OK")
