"""The wire to one or several instruments: one exchange at a time, what makes safe first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.python.failure import Failure

from pychron_comms.instruments.description import AnyExchange, Limits, Wire
from pychron_comms.instruments.fields import Value
from pychron_comms.instruments.incoming import Incoming
from pychron_comms.instruments.jobs import Asker, Ended, Job, NotAskedError, WaitingJobs, untold
from pychron_comms.instruments.pattern import GarbledError
from pychron_comms.instruments.talk import (
    Asking,
    Fields,
    Message,
    NoAnswerError,
    RefusedError,
    question,
    understood,
)

#: Within how many times ``first_byte`` an answer that comes piece by piece must be whole.
WHOLE = 10


class Connection(Protocol):
    """The bytes' way."""

    def write(self, data: bytes) -> None:
        """Send."""

    def reset(self) -> None:
        """Forget what is under way. A connection that can be made anew ends and comes again."""


class Bus:
    """Asks over one connection at a time, which comes and goes.

    After an answer that did not come, was garbled, or that nobody asked for, nothing is asked for
    ``late`` seconds: so no late answer, and no second one, is taken for that of the next question.
    That holds over connections too: what is behind a converter answers by whichever there is.
    Where each answer says which question it is for, one that did not come is followed by no such
    quiet; a connection that is silent twice in a row is made anew.

    What makes safe (``urgent``) passes all that waits; while the bus is quiet it is sent at once,
    unheard, and once more when it may be asked.
    """

    def __init__(self, wire: Wire, clock: IReactorTime) -> None:
        #: Why nothing can be asked; empty while it can.
        self.trouble = "not connected yet"
        #: Called when the connection has come, for the first time or again.
        self.on_connect: list[Callable[[], None]] = []
        #: The same, but for a connection that was ended here, and came again at once.
        self.on_return: list[Callable[[], None]] = []
        self._wire = wire
        self._clock = clock
        self._connection: Connection | None = None
        self._waiting = WaitingJobs(clock, self._too_long)
        self._job: Job | None = None
        self._begun = 0.0
        self._talk: Asking | None = None
        self._message: Message | None = None
        self._incoming = Incoming(wire)
        self._timer: IDelayedCall | None = None
        self._due = 0.0
        self._late = 0.0
        self._quiet_until = 0.0
        self._next_call: IDelayedCall | None = None
        self._missed = False
        #: What was sent in this quiet.
        self._unheard: set[bytes] = set()
        self._silent = False

    @property
    def unasked(self) -> int:
        """How often something came that was the answer to nothing."""
        return self._incoming.unasked

    def ask(
        self,
        exchange: AnyExchange,
        values: Mapping[str, Value],
        *,
        urgent: bool = False,
        shared: bool = False,
        still: Callable[[], bool] = lambda: True,
        ended: Ended = untold,
    ) -> Deferred[Fields]:
        """What the fields of the answer are, later.

        ``shared``: it only reads. Who asks the same while it waits for the bus has the same answer.
        ``still``: whether it shall be sent, asked when its turn has come; WithdrawnError where not.
        ``ended``: told once of each question, however many have its answer.

        Errors: NotAskedError, NoAnswerError, GarbledError, RefusedError; ValueError for values
        that do not fit.
        """
        if self._connection is None and not urgent:
            failure = Failure(NotAskedError(self.trouble))
            ended(failure, None)
            return fail(failure)
        asker = Asker(exchange, values, Deferred())
        same = self._question(exchange, values) if shared else b""
        if not self._waiting.join(asker, same):
            patience = self._wire.limits.lock
            job = self._waiting.add(asker, same, still, ended, urgent=urgent, patience=patience)
            if urgent and self._missed:
                self._send_unheard(job)
            self._next()
        return asker.done

    def _question(self, exchange: AnyExchange, values: Mapping[str, Value]) -> bytes:
        try:
            return question(self._wire, exchange, values)
        except ValueError:
            # It is told when it is asked.
            return b""

    # -- what the connection tells

    def allow(self, limits: Limits) -> None:
        """Be as patient as another instrument on the wire needs, too."""
        self._wire = replace(self._wire, limits=self._wire.limits.together(limits))

    def connected(self, connection: Connection, *, renewed: bool = False) -> None:
        """It may be used; after a missed answer not before that can no longer come.

        ``renewed``: it is in place of one that was ended here, and came at once.
        """
        self._connection = connection
        self.trouble = ""
        self._keep_quiet(self._wire.limits.late if self._missed else 0.0)
        for each in self.on_connect if renewed else [*self.on_return, *self.on_connect]:
            each()
        if self._missed:
            self._send_all_unheard()
        self._next()

    def disconnected(self, why: str) -> None:
        """What was asked has failed; what makes safe waits a while for the next connection."""
        self._connection = None
        self._missed = self._missed or self._owes_an_answer
        self._unheard.clear()
        self._incoming.forget()
        self.trouble = why
        self._end_job(Failure(NoAnswerError(f"connection ended: {why}")))
        self._waiting.fail_others(NotAskedError(why))

    def received(self, data: bytes) -> None:
        self._incoming.add(data)
        if self._message is None or self._message.ends is None:
            if not self._incoming.pass_over():
                self._out_of_step()
            return
        try:
            answer = self._incoming.answer(self._message.ends)
        except GarbledError:
            self._recover(Failure())
            return
        if answer is not None:
            self._advance(answer)
        elif self._incoming:
            self._wait(min(self._wire.limits.between_bytes, self._late - self._clock.seconds()))
        else:
            self._wait(self._due - self._clock.seconds())

    @property
    def _owes_an_answer(self) -> bool:
        """Whether something was asked, and what comes late would be taken for another's answer."""
        ends = self._message.ends if self._message is not None else None
        return ends is not None and not ends.numbered

    def _out_of_step(self) -> None:
        """More of it may come, and would be taken for the answer to what is asked next."""
        if not self._missed:
            self._missed = True
            self._keep_quiet(self._wire.limits.late)
            self._next()

    # -- one job after the other

    def _keep_quiet(self, seconds: float) -> None:
        self._quiet_until = max(self._quiet_until, self._clock.seconds() + seconds)

    def _next(self) -> None:
        if self._job is not None or self._connection is None or self._next_call is not None:
            return
        wait = self._quiet_until - self._clock.seconds()
        if wait > 0:
            self._next_call = self._clock.callLater(wait, self._quiet_ended)
            return
        self._missed = False
        self._unheard.clear()
        job = self._waiting.next()
        if job is not None:
            self._begin(job)

    def _quiet_ended(self) -> None:
        self._next_call = None
        self._next()

    def _begin(self, job: Job) -> None:
        self._job, self._begun = job, self._clock.seconds()
        self._talk = job.begun(self._wire)
        self._advance(None)

    def _advance(self, answer: bytes | None) -> None:
        """The next message of the job, or its end."""
        assert self._talk is not None
        self._stop_timer()
        if answer is not None:
            self._silent = False
        try:
            while True:
                message = next(self._talk) if answer is None else self._talk.send(answer)
                self._send(message)
                if message.ends is not None:
                    return
                answer = None
        except StopIteration as end:
            self._answered(end.value)
        except (RefusedError, NoAnswerError):
            self._end_job(Failure())
        except GarbledError:
            self._recover(Failure())
        except ValueError:
            self._end_job(Failure())

    def _answered(self, reply: bytes) -> None:
        """Each who asked takes its own part of the reply."""
        assert self._job is not None
        try:
            parts = [
                (each.done, understood(each.exchange, reply, each.values))
                for each in self._job.askers
            ]
        except GarbledError:
            self._recover(Failure())
            return
        self._end_job(parts)

    def _send(self, message: Message) -> None:
        assert self._connection is not None
        self._message = message
        self._connection.write(message.data)
        if message.ends is not None:
            first_byte = self._wire.limits.first_byte
            self._due = self._clock.seconds() + first_byte
            self._late = self._clock.seconds() + WHOLE * first_byte
            self._wait(first_byte)

    def _wait(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self._clock.callLater(max(0.0, seconds), self._missed_answer)

    def _missed_answer(self) -> None:
        self._timer = None
        part = "part of an answer" if self._incoming else "no answer"
        failure = Failure(NoAnswerError(f"{part} in time"))
        assert self._message is not None
        assert self._message.ends is not None
        if self._message.ends.numbered and not self._incoming and not self._silent:
            self._silent = True
            self._end_job(failure)
        else:
            self._recover(failure)

    def _recover(self, failure: Failure) -> None:
        """What may still come must not be the answer to what is asked next."""
        assert self._connection is not None
        self._missed = True
        self._incoming.forget()
        self._keep_quiet(self._wire.limits.late)
        connection = self._connection
        if self._wire.recover:
            connection.write(self._wire.recover)
        self._end_job(failure)
        self._send_all_unheard()
        connection.reset()

    def _send_all_unheard(self) -> None:
        for job in self._waiting.urgent:
            self._send_unheard(job)

    def _send_unheard(self, job: Job) -> None:
        """What makes safe does not wait for quiet; whether it was done is asked afterwards.

        It is answered in the quiet, which is as long for that; so the same is sent once in it.
        """
        if self._connection is None:
            return
        for message in _first_message(job.begun(self._wire)):
            job.unheard = True
            if message.data in self._unheard:
                continue
            self._unheard.add(message.data)
            self._connection.write(message.data)
            if message.ends is not None and not message.ends.numbered:
                self._keep_quiet(self._wire.limits.late)

    def _end_job(self, result: list[tuple[Deferred[Fields], Fields]] | Failure) -> None:
        self._stop_timer()
        job, self._job, self._talk, self._message = self._job, None, None, None
        if job is None:
            return
        self._keep_quiet(self._wire.limits.idle)
        seconds = self._clock.seconds() - self._begun
        if isinstance(result, Failure):
            job.fail(result, seconds)
        else:
            job.ended(None, seconds)
            for done, fields in result:
                done.callback(fields)
        self._next()

    def _too_long(self, job: Job) -> None:
        why = self.trouble or "the bus was too long in use"
        job.fail(NoAnswerError(f"sent unheard; {why}") if job.unheard else NotAskedError(why))

    def _stop_timer(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()


def _first_message(dialogue: Asking) -> list[Message]:
    try:
        return [next(dialogue)]
    except (StopIteration, ValueError):
        return []
