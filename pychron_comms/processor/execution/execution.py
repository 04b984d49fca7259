"""One command that acts, from the gate to its end: what may become of it, and what has.

====================  =======  ======  =======  =======  =========  =========  =======
state                 take     end     lose     expire   overtake   forget     refuse
====================  =======  ======  =======  =======  =========  =========  =======
waiting               begun    -       -        expired  overtaken  forgotten  refused
begun                 -        ended   unknown  no       no         no         no
unknown               -        ended   no       no       no         no         no
ended                 -        -       no       no       no         no         no
expired, overtaken,   no       -       no       no       no         no         no
forgotten, refused
====================  =======  ======  =======  =======  =========  =========  =======

*no*: it came too late, and changes nothing. *-*: whoever says so has a bug. A command is begun in
the moment in which its manager's thread takes it, and not before: until then it can be prevented.
*unknown* is what has begun and whose asker was told 201; it may end all the same.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

from pychron_comms.errors import ExpiredError, OutcomeUnknownError
from pychron_comms.interfaces import ICall
from pychron_comms.interfaces.identity_enum import IdentityEnum
from pychron_comms.safeguards.access import AccessRules
from pychron_comms.safeguards.holds import Hold
from pychron_comms.safeguards.interlocks import Interlocks

Run = Callable[[], str | Deferred[str]]


class Record(Protocol):
    """Writes down what becomes of a command that its manager is told of."""

    def seal(self, told: Callable[[Exception | None], None]) -> None:
        """``told`` is when its begin is written, with those of others, or its error (214)."""

    def begin(self) -> None:
        """Its manager is told of it next. Errors: 214, and then it must not be."""

    def goes_on(self) -> None:
        """Its manager has been told of it, and takes its time."""

    def end(self, outcome: str | Failure) -> None:
        """Its manager has done with it."""

    def prevented(self, error: Exception) -> None:
        """Its begin is written, and its manager was kept from taking it."""

    def when_written(self, done: Callable[[], object]) -> None:
        """``done`` is called when its end is written, or could not be."""


class State(IdentityEnum):
    """What has become of a command."""

    WAITING = "waiting"
    BEGUN = "begun"
    ENDED = "ended"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    OVERTAKEN = "overtaken"
    FORGOTTEN = "forgotten"
    REFUSED = "refused"


class Event(IdentityEnum):
    """What happens to a command."""

    #: Its manager's thread takes it.
    TAKE = "take"
    #: Its manager has done with it.
    END = "end"
    #: Its time is over, or its manager was told to give it up.
    LOSE = "lose"
    #: Its time is over.
    EXPIRE = "expire"
    #: Another makes safe what it would act on.
    OVERTAKE = "overtake"
    #: Nobody waits for it any more.
    FORGET = "forget"
    #: A rule, the journal, or the stop is in its way.
    REFUSE = "refuse"


_TOO_LATE = dict.fromkeys((Event.LOSE, Event.EXPIRE, Event.OVERTAKE, Event.FORGET, Event.REFUSE))
_PREVENTED: Mapping[Event, State | None] = {Event.TAKE: None, **_TOO_LATE}

#: The next state, None where nothing changes; what is not here must not happen.
MOVES: Mapping[State, Mapping[Event, State | None]] = {
    State.WAITING: {
        Event.TAKE: State.BEGUN,
        Event.EXPIRE: State.EXPIRED,
        Event.OVERTAKE: State.OVERTAKEN,
        Event.FORGET: State.FORGOTTEN,
        Event.REFUSE: State.REFUSED,
    },
    State.BEGUN: {**_TOO_LATE, Event.END: State.ENDED, Event.LOSE: State.UNKNOWN},
    State.UNKNOWN: {**_TOO_LATE, Event.END: State.ENDED},
    State.ENDED: _TOO_LATE,
    State.EXPIRED: _PREVENTED,
    State.OVERTAKEN: _PREVENTED,
    State.FORGOTTEN: _PREVENTED,
    State.REFUSED: _PREVENTED,
}

_BEGUN = frozenset({State.BEGUN, State.UNKNOWN, State.ENDED})


class IllegalMoveError(Exception):
    """Something happened to a command that cannot happen to it: a bug."""


class Execution:
    """Holds a command to what must be true when it begins, and has its begin and end written down.

    Its manager's thread says ``take``, the reactor's all the rest; of ``take`` and ``prevent``
    exactly one wins.
    """

    __slots__ = (
        "_access",
        "_call",
        "_clearing",
        "_clock",
        "_error",
        "_hold",
        "_interlocks",
        "_is_written",
        "_lock",
        "_record",
        "_until",
        "state",
    )

    def __init__(
        self,
        call: ICall,
        record: Record,
        access: AccessRules,
        interlocks: Interlocks,
        clock: IReactorTime,
    ) -> None:
        self._call = call
        self._record = record
        self._access = access
        self._interlocks = interlocks
        self._clock = clock
        # When it may be taken at the latest.
        self._until = math.inf
        self._lock = threading.Lock()
        self._is_written = False
        self._error: Exception | None = None
        self._clearing: Deferred[None] | None = None
        self._hold: Hold | None = None
        self.state = State.WAITING

    @property
    def begun(self) -> bool:
        """Whether its manager has taken it."""
        return self.state in _BEGUN

    @property
    def prevented(self) -> bool:
        """Whether it was kept from beginning, and never will."""
        return self._error is not None

    @property
    def is_sealed(self) -> bool:
        """Whether its begin is written, or it was begun without."""
        return self._is_written

    @property
    def is_guarded(self) -> bool:
        """Whether there is an interlock for it."""
        return self._interlocks.guard(self._call)

    # -- before it begins

    def seal(self, told: Callable[[], object]) -> None:
        """``told`` is when its begin is written, so that it may be handed over at once.

        Or when that could not be (214), and then it is ``prevented``.
        """
        self._record.seal(partial(self._sealed, told))

    def may_begin(self) -> None:
        """Errors: what has prevented it."""
        if self._error is not None:
            raise self._error

    def when_written(self, done: Callable[[], object]) -> None:
        """``done`` is called when its end is written, or could not be."""
        self._record.when_written(done)

    def check_again(self) -> None:
        """It has waited, and who may do what can have changed since. Errors: 012, 204, 208."""
        try:
            self._access.check(self._call)
        except Exception as error:
            self.prevent(Event.REFUSE, error)
            raise

    def clear(self, seconds: float) -> Deferred[None] | None:
        """None where no interlock is for it; else fires when all are fulfilled, and are kept so.

        They are kept until its end, and no longer than ``seconds``. Errors: 207, and what prevents
        it meanwhile.
        """
        if not self._interlocks.guard(self._call):
            return None
        hold = self._interlocks.hold(self._call, seconds)
        self._clearing = hold.addCallbacks(self._held, self._not_held)
        return self._clearing

    def clear_again(self) -> Deferred[None]:
        """As ``clear``, of one that has waited since with all kept for it."""
        self._clearing = self._interlocks.test_held(self._call).addErrback(self._not_held)
        return self._clearing

    def prevent(self, event: Event, error: Exception) -> bool:
        """It fails with ``error`` where it has not begun; whether that is so."""
        if not self._move(event, error):
            return False
        if self._is_written:
            self._record.prevented(error)
        if self._hold is not None:
            self._hold.release()
        if self._clearing is not None:
            self._clearing.cancel()
        return True

    def hand_over(self, run: Run, until: float = math.inf) -> str | Deferred[str]:
        """What ``run`` gives, which says ``take`` in the manager's thread, by then at the latest.

        Errors: 202, 214, what prevents it, and what ``run`` raises.
        """
        self._until = until
        try:
            self._record.begin()
        except Exception as error:
            self.prevent(Event.REFUSE, error)
            raise
        self._is_written = True
        try:
            result = run()
        except Exception:
            self._ended(Failure())
            raise
        if isinstance(result, str):
            self._ended(result)
            return result
        if not result.called:
            self._record.goes_on()
        return result.addBoth(self._ended)

    def take(self) -> None:
        """It begins now; in any thread. Errors: what has prevented it; 202, where it is late."""
        # Where this process has stood still since the hand-over, the thread goes on before the
        # timers do.
        if self._clock.seconds() > self._until:
            raise ExpiredError(self._call.name)
        if not self._move(Event.TAKE):
            assert self._error is not None
            raise self._error

    # -- afterwards

    def lose(self) -> None:
        """Its asker is told 201."""
        self._move(Event.LOSE)

    def _ended(self, outcome: str | Failure) -> str | Failure:
        if self._error is not None:
            return outcome  # it was prevented, and that is written down
        if self.state is State.WAITING and isinstance(outcome, Failure):
            # It never came to its manager.
            self.prevent(Event.REFUSE, cast(Exception, outcome.value))
            return outcome
        if self._hold is not None:
            self._hold.release()
        if isinstance(outcome, Failure) and outcome.check(CancelledError):
            self._move(Event.LOSE)
            self._record.end(Failure(OutcomeUnknownError(f"{self._call.name} was given up")))
        else:
            self._move(Event.END)
            self._record.end(outcome)
        return outcome

    def _sealed(self, told: Callable[[], object], error: Exception | None) -> None:
        if error is not None:
            self.prevent(Event.REFUSE, error)
        # Where it was prevented meanwhile, its record knows.
        self._is_written = self._error is None
        told()

    def _held(self, hold: Hold) -> None:
        self._hold = hold

    def _not_held(self, failure: Failure) -> Failure:
        if self._error is not None:
            return Failure(self._error)
        self.prevent(Event.REFUSE, cast(Exception, failure.value))
        return failure

    def _move(self, event: Event, error: Exception | None = None) -> bool:
        """Whether that changes anything; ``error`` is what prevents it then."""
        with self._lock:
            try:
                state = MOVES[self.state][event]
            except KeyError:
                raise IllegalMoveError(f"{self._call.name}: {event} while {self.state}") from None
            if state is None:
                return False
            self.state = state
            self._error = error
            return True
