"""The processor's side of the lease by which its server says that the hardware is its own."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from pychron_comms.errors import MalformedRequestError, NotOwnerError
from pychron_comms.interfaces import IOwnedGate
from pychron_comms.safeguards.fence import LeasedFence, unstopped
from pychron_comms.safeguards.ownership import ALLOWANCE, LEASE, SAFE, Answer, Standing, Verb

_NO_WORD = "no word from the server in time"


class ServerLease:
    """Opens and shuts ``fence`` as the server says, and by itself when that says nothing.

    One process of a server is listened to at a time: another one when the connection of the first
    has ended, or has been silent for so long that every lease is over. ``process``: a name that no
    other process has. What is begun is begun by making safe, since nobody knows what the other
    processor left; what is lost is made safe while that may be.
    """

    _log = Logger()

    def __init__(
        self,
        process: str,
        clock: IReactorTime,
        seconds: Callable[[], float] = unstopped,
    ) -> None:
        self.fence = LeasedFence(SAFE, seconds)
        self._process = process
        self._clock = clock
        self._seconds = seconds
        self._gate: IOwnedGate | None = None
        # The server's process that is listened to, its connection, and when it asked last.
        self._instance = self._session = ""
        self._heard_at = 0.0
        self._released = False
        self._epochs = 0
        self._end: IDelayedCall | None = None
        self._askers: list[Deferred[str]] = []

    def guard(self, gate: IOwnedGate) -> None:
        """The gate behind the fence."""
        self._gate = gate

    def asked(self, words: str, session: str) -> str:
        """The answer to a question that came by that connection. Errors: 206."""
        try:
            instance, verb_word, *tokens = words.split()
            verb = Verb(verb_word)
        except ValueError:
            raise MalformedRequestError(f"Lease {words}") from None
        now = self._seconds()
        if self._released:
            return Answer(Standing.RELEASED).text
        if self._listens_to_another(instance, now):
            return Answer(Standing.HELD).text
        self._instance, self._session, self._heard_at = instance, session, now
        said_at = self._said_at(tokens[0], session) if tokens else None
        if said_at is not None:
            self._lease(verb, said_at + LEASE, now)
        standing = self._standing
        return Answer(standing, f"{self._process}/{session}/{now!r}").text

    def when_given_up(self) -> Deferred[str]:
        """Fires when this process owns the hardware no more, and never will again."""
        waiting: Deferred[str] = Deferred()
        if self._released:
            waiting.callback(Standing.RELEASED.value)
        else:
            self._askers.append(waiting)
        return waiting

    def session_ended(self, session: str) -> None:
        """A connection is gone: its server's next process may ask now."""
        if session == self._session:
            self._session = ""

    def give_up(self) -> None:
        """The hardware is made safe, and nothing runs: it may be another's at once."""
        self._stop_watching()
        self._released = True
        self.fence.end("it stops")
        askers, self._askers = self._askers, []
        for asker in askers:
            asker.callback(Standing.RELEASED.value)

    def stop(self) -> None:
        """It ends without a word: the server waits until the lease has run out."""
        self._stop_watching()

    @property
    def _standing(self) -> Standing:
        left = self.fence.left
        if left > 0:
            return Standing.OWNS
        return Standing.LAPSED if left > -ALLOWANCE else Standing.FREE

    def _listens_to_another(self, instance: str, now: float) -> bool:
        return (
            instance != self._instance
            and bool(self._session)
            and now - self._heard_at < LEASE + ALLOWANCE
        )

    def _said_at(self, token: str, session: str) -> float | None:
        """When this process said so over this connection; None for what is no token of its own."""
        said, _, at = token.rpartition("/")
        if said != f"{self._process}/{session}":
            return None
        try:
            said_at = float(at)
        except ValueError:
            return None
        return said_at if said_at <= self._seconds() else None

    def _lease(self, verb: Verb, until: float, now: float) -> None:
        if verb is Verb.RENEW:
            self.fence.renew(until)
        elif verb is Verb.OPEN and self._standing is Standing.FREE and until > now:
            self._epochs += 1
            self.fence.open(f"{self._process}-{self._epochs}", until)
            self._log.info("owns the hardware, as its server says")
            if self._gate is not None:
                self._gate.make_all_safe("the takeover")
            self._watch()

    def _watch(self) -> None:
        """Look again when the lease is over, as it stands now."""
        self._stop_watching()
        self._end = self._clock.callLater(max(self.fence.left, 0.0), self._look)

    def _look(self) -> None:
        if self.fence.is_open:
            self._watch()
            return
        self._log.error("does not own the hardware any more: {why}", why=_NO_WORD)
        self.fence.shut(_NO_WORD)
        if self._gate is not None:
            self._gate.give_up(NotOwnerError(_NO_WORD))

    def _stop_watching(self) -> None:
        if self._end is not None and self._end.active():
            self._end.cancel()
