"""The far end of the hop: a line protocol that takes ``Type|command`` to the gate."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, connectionDone
from twisted.python.failure import Failure

from pychron_comms.errors import CommandError, MalformedRequestError
from pychron_comms.interfaces import IHardwareGate, IKnownRead, Replies, ReplyToCome
from pychron_comms.observability.metrics import Metrics
from pychron_comms.observability.state.stream import StateStream
from pychron_comms.processor.lateness import Lateness, on_the_way
from pychron_comms.processor.owner import Owner
from pychron_comms.transport.backlog import Instead
from pychron_comms.transport.connections import HELD, Connections
from pychron_comms.transport.fair_backlog import NOT_NOW, FairBacklog
from pychron_comms.transport.line_protocol import CommandLineReceiver
from pychron_comms.transport.peer_identity import LOCAL_SENDER, host_of, name_of
from pychron_comms.transport.turns import SLICE
from pychron_comms.wire.context import PLAIN, RequestContext, context_of
from pychron_comms.wire.grammar import Request, Tags, parse_line, split_words

#: The tags of nearly every request of a server's.
_USUAL = frozenset({"id", "from", "sent"})

# How a server's line begins that is of one of its clients, or of none; and its word that replies
# were read.
_FROM = re.compile(rb"@id=\d+;from=([^;\s]*)")
_TAKEN = re.compile(rb"@id=\d+ Taken ")

#: Goes of a millisecond, after which what makes safe would have its turn too late.
SOON = 20

#: Peers whose clock is ours.
_HERE = frozenset({LOCAL_SENDER, "127.0.0.1", "::1"})


def _sender_of(line: bytes) -> bytes | None:
    """For whom a server asks; None for what must keep its place among all lines."""
    found = _FROM.match(line)
    return None if found is None else found[1]


class CommandProcessor(CommandLineReceiver):
    """Takes requests from a server, or from a person at telnet.

    The tag ``from`` is believed of peers in ``trusted``, by their address or the name of their
    certificate; elsewhere the peer itself is the sender.
    Six commands are about the road itself, have no type, and are for those who are trusted:
    ``Forget ID`` (nobody waits for the reply to that request any more), ``Gone SESSION`` (a client
    of the server has gone), ``Taken ASK [ASK...]`` (its clients have read the replies to these),
    ``Subscribe PATTERN...`` (how things stand, as event lines), ``Journal QUESTION`` (the newest
    records that fit) and ``Metrics``. Where two processors can drive the same hardware, there are
    also those of ``Owner``.
    """

    # What waits is looked at once more, which takes half as long as to run it. Of a server's lines,
    # which are many clients', so many may act at once as one has in flight, with a journal.
    _long_enough = 0.01

    def __init__(
        self,
        gate: IHardwareGate,
        trusted: frozenset[str],
        session: str,
        connections: Connections,
        *,
        metrics: Metrics,
        stream: StateStream,
        owner: Owner | None = None,
    ) -> None:
        super().__init__(connections)
        self._owner = owner
        self._stream = stream
        self._gate = gate
        self._trusted = trusted
        self._session = session
        self._is_trusted = self._is_here = False
        self._lateness = Lateness()
        self._waiting: dict[str, Deferred[str]] = {}
        self._words: dict[str, Callable[[str], str | Deferred[str]]] = {
            "Forget": self._forget,
            "Gone": self._gone,
            "Taken": self._taken,
            "Subscribe": self._subscribe,
            "Metrics": lambda rest: metrics.text(),
            "Journal": gate.search,
        }

    def connectionMade(self) -> None:
        super().connectionMade()
        self._know_peer()

    def handshakeCompleted(self) -> None:
        super().handshakeCompleted()
        self._know_peer()

    def answer(self, request: Request) -> str | Deferred[str]:
        tags, request_type, command = request
        trusted = self._is_trusted
        if not request_type:
            return self._answer_typeless(command, trusted)
        sender = tags.get("from", self.sender) if trusted else self.sender
        terms = self._terms(tags, trusted)
        response = self._gate.process_server_request(request_type, command, sender, terms)
        if not isinstance(response, str):
            self.expect(tags.get("id", ""), response)
        return response

    def ask_again(self, read: IKnownRead, tags: Tags) -> str | Deferred[str] | ReplyToCome:
        response = read.ask(*self._asker(tags))
        if isinstance(response, Deferred):
            self.expect(tags.get("id", ""), response)
        return response

    def ask_all(self, reads: Sequence[IKnownRead], tags: Tags, replies: Replies) -> None:
        self._gate.ask_all(reads, *self._asker(tags), replies)

    def _asker(self, tags: Tags) -> tuple[str, RequestContext]:
        """Who asks for a known read, and on which terms."""
        # With words that are known come at most an id, who asks, when that was, and by which
        # connection, which is nothing to a read.
        sender, sent = tags.get("from"), tags.get("sent")
        prompt = sent is None or not self._age(sent)
        return sender or self.sender, PLAIN if sender and prompt else self._terms(tags, True)

    @property
    def worth(self) -> int:
        # The leases of a server's clients would end with it.
        return HELD if self._is_trusted else super().worth

    def expect(self, identifier: str, reply: Deferred[str]) -> None:
        # It may be forgotten while it is not there.
        if identifier:
            self._waiting[identifier] = reply
            reply.addBoth(self._answered_by_gate, identifier)

    def makes_safe(self, line: bytes) -> bool:
        """What makes safe is taken while the processor stops, and goes ahead of what waits."""
        return self._gate.makes_safe(*_asked(line))

    def only_reads(self, line: bytes) -> bool:
        return self._gate.only_reads(*_asked(line))

    def goes_ahead(self, line: bytes) -> bool:
        # What a server knows of replies may tell whether a command that waits here is a copy.
        return _TAKEN.match(line) is not None or super().goes_ahead(line)

    def go_ahead(self, line: bytes) -> Instead:
        # A server passes on a thousand at a time of whoever floods it with what makes safe.
        return super().go_ahead(line) if _TAKEN.match(line) else NOT_NOW

    def _take(self, lines: list[bytes | None]) -> None:
        super()._take(lines)
        self._let_go_ahead(SLICE)

    def work(self, most: int) -> None:
        super().work(most)
        self._let_go_ahead(most)
        self.go_on()

    def _let_go_ahead(self, most: int) -> None:
        """Of what waits so many lines that may, unless all have their turn soon: they are done
        twice where they go ahead."""
        backlog = self._backlog
        if isinstance(backlog, FairBacklog) and not self._is_soon(len(backlog)):
            with self._connections.cork:
                backlog.go_ahead(most)

    def _is_soon(self, lines: int) -> bool:
        """Whether so many lines that wait here will be worked off in a few goes, one after the
        other."""
        others = self._connections.turns.waiting - self._has_turn
        # One line alone may fill a go, and who knows how many.
        is_short = self._slice > 1 and lines <= SOON * self._slice
        return is_short and not others and self.pressure.may_begin

    def new_backlog(self) -> FairBacklog:
        return FairBacklog(self._look, super().go_ahead, _sender_of)

    def readConnectionLost(self) -> None:
        # A dead peer looks no different, and replies that it waits for must not hold this up.
        self._gate.session_ended(self._session)
        super().readConnectionLost()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        if self._owner is not None:
            self._owner.lease.session_ended(self._session)
        self._gate.session_ended(self._session)
        for response in list(self._waiting.values()):
            self._gate.asker_gone(response)

    def _terms(self, tags: Tags, trusted: bool) -> RequestContext:
        age = self._age(tags.get("sent"), tags.get("left")) if trusted else 0.0
        from_server = trusted and "from" in tags
        if from_server and not age and tags.keys() <= _USUAL:
            return PLAIN
        context = context_of(tags)
        # A server that names no connection asks for one who has none.
        session = "" if from_server else self._session
        if context.session and trusted:
            session = f"{self._session}/{context.session}"
        if not from_server:
            context = context._replace(ask="", silent=0.0, trace="")
        return context._replace(session=session, age=age) if session or age else context

    def _age(self, sent: str | None, left: str | None = None) -> float:
        """Seconds since a server has sent it: by our clock, or by one of another computer."""
        if sent is not None and self._is_here:
            return on_the_way(sent, self._clock.seconds())
        return 0.0 if left is None else self._lateness.age(left, self._clock.seconds())

    def _know_peer(self) -> None:
        host = host_of(self.sender)
        self._is_here = host in _HERE
        names = {self.sender, host, name_of(self.sender)}
        self._is_trusted = not names.isdisjoint(self._trusted)
        # What others say gets the full way, which tells whose word it is.
        self.known_reads = self._gate.reads if self._is_trusted else None

    def _answered_by_gate(self, outcome: str | Failure, number: str) -> str | Failure:
        self._waiting.pop(number, None)
        return outcome

    def _answer_typeless(self, command: str, trusted: bool) -> str | Deferred[str]:
        word, _, rest = command.partition(" ")
        if self._owner is not None and trusted:
            said = self._owner.answer(word, rest, self._gate, (self.sender, self._session))
            if said is not None:
                return said
        act = self._words.get(word)
        if act is None or not trusted:
            raise MalformedRequestError(f"Type|command is wanted, as in System|{command}")
        return act(rest)

    def _forget(self, number: str) -> str:
        response = self._waiting.get(number)
        if response is not None:
            self._gate.asker_gone(response)
        return "OK"

    def _gone(self, session: str) -> str:
        self._gate.session_ended(f"{self._session}/{session}")
        return "OK"

    def _subscribe(self, patterns: str) -> str:
        return self.follow(self._stream, patterns)

    def _taken(self, asks: str) -> str:
        for ask in asks.split():
            self._gate.reply_taken(ask)
        return "OK"


class CommandProcessorFactory(Factory):
    """Builds a ``CommandProcessor`` for each connection.

    ``trusted`` are the senders whose tag ``from`` is believed: IP addresses, ``local`` for unix
    sockets, and names of certificates.
    """

    noisy = False

    def __init__(
        self,
        gate: IHardwareGate,
        trusted: frozenset[str],
        connections: Connections,
        *,
        metrics: Metrics,
        stream: StateStream,
        owner: Owner | None = None,
    ) -> None:
        self._gate = gate
        self._owner = owner
        self._stream = stream
        self._metrics = metrics
        self._trusted = trusted
        self._connections = connections
        self._numbers = itertools.count(1)

    def logPrefix(self) -> str:
        return "CommandProcessor"

    def buildProtocol(self, addr: IAddress | None) -> CommandProcessor:
        session = f"connection-{next(self._numbers)}"
        return CommandProcessor(
            self._gate,
            self._trusted,
            session,
            self._connections,
            metrics=self._metrics,
            stream=self._stream,
            owner=self._owner,
        )


def _asked(line: bytes) -> tuple[str, str]:
    """The type and the command of a line; both empty where it is none."""
    try:
        _, request_type, command = parse_line(line, *split_words(line))
    except CommandError:
        return "", ""
    return request_type, command
