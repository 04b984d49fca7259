"""Several processors behind one server: each request type goes to the one that owns it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from twisted.internet.defer import Deferred, fail, gatherResults
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from pychron_comms.errors import (
    CommandError,
    OutcomeUnknownError,
    PychronCommunicationError,
    error_from_line,
)
from pychron_comms.interfaces import ICommandRepeater, IKnownRead
from pychron_comms.repeater.questions import OUTCOME, key_asked_for
from pychron_comms.repeater.trail import Line, Trail
from pychron_comms.wire.context import PLAIN, RequestContext
from pychron_comms.wire.quoting import quoted

#: Seconds in which a processor says what became of a key.
PATIENCE = 3.0

#: What it says of one that it does not know.
_NEVER_SEEN = "never seen"

#: What is said where only one that cannot be asked could know it.
_UNKNOWN = "unknown"


class Way(Protocol):
    """Where a route leads."""

    @property
    def name(self) -> str:
        """The processor's; empty where there is none just now."""

    @property
    def repeater(self) -> ICommandRepeater:
        """The way to it. Errors: 011 where there is none just now."""

    @property
    def members(self) -> Sequence[str]:
        """The names of all processors that it can lead to."""

    @property
    def blind(self) -> str:
        """Why a key that is not known may have been run all the same; empty where it cannot."""


class FixedWay(NamedTuple):
    """To one processor, always."""

    name: str
    repeater: ICommandRepeater
    blind: str = ""

    @property
    def members(self) -> Sequence[str]:
        return (self.name,)


class _Question(NamedTuple):
    """What became of a sender's key."""

    request_type: str
    key: str
    sender: str

    async def ask(self, repeater: ICommandRepeater) -> str:
        """What that processor says. Errors: any, where it does not tell."""
        question = f"{OUTCOME} {quoted(self.key)}"
        within = RequestContext(within=PATIENCE)
        said = await repeater.get_response(self.request_type, question, self.sender, within)
        error = error_from_line(said)
        if error is not None:
            raise error
        return said

    async def answer(self, repeater: ICommandRepeater | None) -> str:
        """The same; ``never seen`` where it does not tell."""
        if repeater is None:
            return _NEVER_SEEN
        try:
            return await self.ask(repeater)
        except CommandError:
            return _NEVER_SEEN


class _Keyed(NamedTuple):
    """A command with a key."""

    request_type: str
    data: str
    sender: str
    context: RequestContext

    def ask(self, repeater: ICommandRepeater) -> Deferred[str]:
        return repeater.get_response(*self)

    async def is_known_to(self, repeater: ICommandRepeater) -> bool:
        """Whether that processor has had it. Errors: any, where it does not tell."""
        about = _Question(self.request_type, self.context.key, self.sender)
        return await about.ask(repeater) != _NEVER_SEEN

    async def is_surely_known_to(self, repeater: ICommandRepeater) -> bool:
        """The same; False where that processor does not tell."""
        try:
            return await self.is_known_to(repeater)
        except CommandError:
            return False


@implementer(ICommandRepeater)
class RoutingRepeater:
    """Chooses the way of a request's type, or ``default``; ``change`` changes all of them at once.

    What was sent before a change ends where it was sent, and runs nowhere else: the copy of a plain
    command that still runs there gets its reply, a later one 201, and what has a key is answered by
    the processor that knows the key, or with 201. ``processors`` are all that something was sent
    to, by their names, as long as they can be told of it.
    """

    def __init__(
        self,
        default: Way,
        routes: Mapping[str, Way],
        processors: Mapping[str, ICommandRepeater],
        clock: IReactorTime,
    ) -> None:
        self._default = default
        self._routes = dict(routes)
        self._processors = processors
        self._clock = clock
        self._trail = Trail(clock)
        # Keys of which it is found out where they went, and who waits for that.
        self._deciding: dict[tuple[str, str], list[Deferred[None]]] = {}
        # Who had a type before; the empty one stands for all that have no route.
        self._left: dict[str, list[str]] = {}

    def change(self, default: Way, routes: Mapping[str, Way]) -> None:
        """New commands go these ways from now on."""
        for request_type in {"", *self._routes, *routes}:
            before = self._routes.get(request_type, self._default)
            after = routes.get(request_type, default)
            if before.members != after.members:
                left = [*self._left.get(request_type, ()), *before.members]
                self._left[request_type] = list(dict.fromkeys(left))
        self._default = default
        self._routes = dict(routes)

    def keys_known(self, at: str, digests: Iterable[str]) -> None:
        """The processor of that name knows the keys that these stand for, from before."""
        self._trail.keys_known(at, digests)

    def get_response(
        self, request_type: str, data: str, sender: str, context: RequestContext = PLAIN
    ) -> Deferred[str]:
        way = self._routes.get(request_type, self._default)
        try:
            if context.safe:
                # Done twice it does no harm, and it waits for nothing.
                return way.repeater.get_response(request_type, data, sender, context)
            if OUTCOME in data and (key := key_asked_for(data)):
                question = _Question(request_type, key, sender)
                return self._outcome(way, question, data, context)
            if context.key:
                return self._keyed(way, _Keyed(request_type, data, sender, context))
            if context.ask:
                return self._plain(way, Line(sender, request_type, data), context)
            return way.repeater.get_response(request_type, data, sender, context)
        except CommandError:
            return fail()

    def known_read(self, request_type: str, data: str) -> IKnownRead | None:
        if OUTCOME in data:
            # Who is asked depends on who asks.
            return None
        way = self._routes.get(request_type, self._default)
        try:
            return way.repeater.known_read(request_type, data)
        except PychronCommunicationError:
            return None

    def asker_gone(self, response: Deferred[str]) -> None:
        if not self._trail.is_joined(response):
            for repeater in self._processors.values():
                repeater.asker_gone(response)

    def session_ended(self, session: str, sender: str) -> None:
        for repeater in self._processors.values():
            repeater.session_ended(session, sender)

    def reply_taken(self, ask: str) -> None:
        self._trail.reply_taken(ask)
        for repeater in self._processors.values():
            repeater.reply_taken(ask)

    def test_connection(self) -> Deferred[None]:
        """A round trip to every processor that has a route; the first failure is its own."""
        try:
            repeaters = dict.fromkeys(
                way.repeater for way in (self._default, *self._routes.values())
            )
        except PychronCommunicationError:
            return fail()
        tests = gatherResults([each.test_connection() for each in repeaters], consumeErrors=True)
        return tests.addCallbacks(lambda results: None, lambda failure: failure.value.subFailure)

    def _plain(self, way: Way, line: Line, context: RequestContext) -> Deferred[str]:
        sent = self._trail.find(line)
        if (
            sent is not None
            and sent.to != way.name
            and sent.is_meant_by(context, self._clock.seconds())
        ):
            if sent.under_way:
                return self._trail.join(sent)
            raise OutcomeUnknownError(f"{line.text} was asked of {sent.to} a moment ago")
        response = way.repeater.get_response(line.request_type, line.text, line.sender, context)
        self._trail.line_sent(line, context.ask, way.name, response)
        return response

    def _keyed(self, way: Way, command: _Keyed) -> Deferred[str]:
        name = command.sender, command.context.key
        if name in self._deciding:
            # Where the same key goes is not known yet: then it is looked at anew.
            turn: Deferred[None] = Deferred()
            self._deciding[name].append(turn)
            return turn.addCallback(lambda _: self.get_response(*command))
        went = self._trail.where_key_went(*name)
        if went and went != way.name:
            return Deferred.fromCoroutine(self._answered_by(went, command))
        if not went and way.blind:
            raise OutcomeUnknownError(f"{command.data}, perhaps, has run: {way.blind}")
        former = () if went else tuple(self._former(command.request_type, way))
        if former:
            return Deferred.fromCoroutine(self._found_or_sent(command, former))
        return self._send(way, command)

    def _send(self, way: Way, command: _Keyed) -> Deferred[str]:
        response = command.ask(way.repeater)
        self._trail.key_sent(command.sender, command.context.key, way.name, response)
        return response

    def _outcome(
        self, way: Way, question: _Question, data: str, context: RequestContext
    ) -> Deferred[str]:
        """As with a key: of the processor that may know it."""
        went = self._trail.where_key_went(question.sender, question.key)
        former = () if went else tuple(self._former(question.request_type, way))
        if went not in {"", way.name}:
            return Deferred.fromCoroutine(self._outcome_elsewhere(went, question))
        if not former and (went or not way.blind):
            return way.repeater.get_response(question.request_type, data, question.sender, context)
        return Deferred.fromCoroutine(self._outcome_of_before(former, question))

    async def _outcome_elsewhere(self, name: str, question: _Question) -> str:
        said = await question.answer(self._processors.get(name))
        return _UNKNOWN if said == _NEVER_SEEN else said

    async def _outcome_of_before(self, former: Iterable[str], question: _Question) -> str:
        """What an earlier process may have sent to one of ``former``. Errors: as of the way."""
        for name in former:
            said = await question.answer(self._processors.get(name))
            if said != _NEVER_SEEN:
                return said
        way = self._routes.get(question.request_type, self._default)
        said = await question.ask(way.repeater)
        return _UNKNOWN if said == _NEVER_SEEN and way.blind else said

    async def _answered_by(self, name: str, command: _Keyed) -> str:
        """The reply to a command that this process sent to another processor. Errors: 201."""
        repeater = self._processors.get(name)
        why = "it is asked no more"
        if repeater is not None:
            try:
                if await command.is_known_to(repeater):
                    return await command.ask(repeater)
                why = "it has not seen it yet"
            except CommandError as error:
                why = str(error)
        raise OutcomeUnknownError(f"{command.data} was sent to {name}: {why}")

    async def _found_or_sent(self, command: _Keyed, former: Iterable[str]) -> str:
        """The reply to a command that an earlier process may have sent to one of ``former``."""
        name = command.sender, command.context.key
        turns = self._deciding[name] = []
        try:
            response = await self._found(command, former)
        finally:
            del self._deciding[name]
            for turn in turns:
                turn.callback(None)
        return await response[0]

    async def _found(self, command: _Keyed, former: Iterable[str]) -> list[Deferred[str]]:
        """Its response, in a list so that it is not waited for; sent where the route leads now."""
        for name in former:
            repeater = self._processors.get(name)
            if repeater is not None and await command.is_surely_known_to(repeater):
                return [self._send(FixedWay(name, repeater), command)]
        way = self._routes.get(command.request_type, self._default)
        return [self._send(way, command)]

    def _former(self, request_type: str, way: Way) -> Iterator[str]:
        """Those that may have had commands of that type before, and can be asked."""
        left = list(self._left.get(request_type, ()))
        if request_type not in self._routes:
            left += self._left.get("", ())
        for name in dict.fromkeys(left):
            if name != way.name and name in self._processors:
                yield name
