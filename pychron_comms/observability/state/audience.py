"""All who read a stream in one form: told in rounds, so that no command waits behind them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import starmap

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall

from pychron_comms.observability.state import messages
from pychron_comms.observability.state.messages import Batch, Form, gathered
from pychron_comms.observability.state.stream import Change, StateStream
from pychron_comms.observability.state.subscription import Subscription

#: Seconds between two rounds, at least: what changes meanwhile is told together.
APART = 0.025

#: Readers that are told in one turn of the reactor: commands come between.
AT_ONCE = 16

#: The part of the time that all readers may take; to keep to it, rounds are up to so many seconds
#: apart, but for who has so many changes to tell.
SHARE = 0.05
RARELY = 0.5
MANY = 500

#: Seconds for which who comes anew is told of the same picture, while nothing changes.
_PICTURE = 0.1


class Audience:
    """``form`` is how a message is written, ``beat`` seconds between two signs of life.

    A round begins when something has changed, ``apart`` seconds after the one before or later: with
    0, in the next turn of the reactor. It tells each reader that reads what has changed until it
    began, ``AT_ONCE`` of them in a turn. Readers of the same patterns that were told the same until
    then get the same bytes, made once. Who comes anew is also told of the last ``events``.
    """

    def __init__(
        self,
        stream: StateStream,
        form: Form,
        clock: IReactorTime,
        *,
        beat: float,
        apart: float = APART,
        events: int = 0,
    ) -> None:
        self._stream = stream
        self._form = form
        self._clock = clock
        self._apart = apart
        self._events = events
        self._readers: dict[Subscription, None] = {}
        # Those that this round has not told all yet.
        self._round: OrderedDict[Subscription, None] = OrderedDict()
        self._upto = 0
        self._spent = 0.0
        # When the next round may begin, and whether it does so before its time.
        self._next = 0.0
        self._hurries = False
        self._timer: IDelayedCall | None = None
        self._batches: dict[tuple[tuple[str, ...], int, int], Batch | None] = {}
        self._pictures: dict[tuple[str, ...], bytes] = {}
        self._picture_of: tuple[int, float] = 0, 0.0
        self._beat_lines: dict[int, bytes] = {}
        self._beats_due = self._beats = False
        self._beating = LoopingCall(self._beat)
        self._beating.clock = clock
        self._seconds_of_beat = beat

    def __len__(self) -> int:
        return len(self._readers)

    # -- who reads

    def add(self, reader: Subscription) -> None:
        if not self._readers:
            self._stream.subscribe(self)
            self._beating.start(self._seconds_of_beat, now=False)
        self._readers[reader] = None
        self._stream.readers += 1

    def remove(self, reader: Subscription) -> None:
        if reader not in self._readers:
            return
        del self._readers[reader]
        self._round.pop(reader, None)
        self._stream.readers -= 1
        if not self._readers:
            self._stream.unsubscribe(self)
            self._beating.stop()
            self._stop()

    def go_on(self, reader: Subscription) -> None:
        if self._round:
            self._round[reader] = None
        else:
            self._plan()

    # -- what they are told

    def greeting(self, reader: Subscription, session: str, number: int) -> Iterator[bytes]:
        stream = self._stream
        missed = stream.since(number) if session == stream.session else None
        reader.seen = reader.last = stream.number
        if missed is None:
            gap = b""
            if session:
                stream.gaps += 1
                gap = self._form(*messages.gap(stream, number))
            return iter([self._form(*messages.hello(stream)) + gap + self._picture(reader)])
        wanted = [change for change in missed if reader.wants(change.what.path)]
        return self._replay(Batch(stream, wanted, number, self._form, replayed=True))

    def batch(self, reader: Subscription) -> Batch | None:
        key = reader.patterns, reader.seen, reader.last
        if key not in self._batches:
            self._batches[key] = self._batch_of(reader)
        batch = self._batches[key]
        self._stream.squashed += 0 if batch is None else batch.squashed
        return batch

    def beat(self, last: int) -> bytes:
        beat = self._beat_lines.get(last)
        if beat is None:
            beat = self._beat_lines[last] = self._form(*messages.beat(self._stream, last))
        return beat

    def _batch_of(self, reader: Subscription) -> Batch | None:
        changes = self._stream.since(reader.seen)
        if changes is None:
            return None
        wanted, squashed = gathered(changes[: self._upto - reader.seen], reader.wants)
        return Batch(self._stream, wanted, reader.last, self._form, squashed=squashed)

    def _replay(self, batch: Batch) -> Iterator[bytes]:
        # As it is now: what changes until then is told afterwards.
        hello, live = messages.hello(self._stream), messages.live(self._stream)
        yield self._form(*hello)
        yield from batch
        yield self._form(*live)

    def _picture(self, reader: Subscription) -> bytes:
        """How all that it wants stands."""
        number, now = self._stream.number, self._clock.seconds()
        of_number, made = self._picture_of
        if of_number != number or now - made > _PICTURE:
            self._pictures.clear()
            self._picture_of = number, now
        picture = self._pictures.get(reader.patterns)
        if picture is None:
            last = [
                event
                for event in self._stream.last_events(self._events)
                if reader.wants(event.what.path)
            ]
            parts = [
                *starmap(self._form, messages.snapshot(self._stream, reader.wants)),
                *Batch(self._stream, last, 0, self._form, replayed=True),
                self._form(*messages.live(self._stream)),
            ]
            picture = self._pictures[reader.patterns] = b"".join(parts)
        return picture

    # -- when

    def changed(self, changes: Sequence[Change]) -> None:
        if self._timer is None:
            self._plan()
        elif self._is_full and not self._hurries:
            self._hurries = True
            self._timer.reset(0)

    def _beat(self) -> None:
        self._beats_due = True
        self._plan()

    @property
    def _is_full(self) -> bool:
        """Whether one more change would make a round long."""
        return self._stream.number - self._upto >= MANY

    def _plan(self) -> None:
        """Have a round, where none is on its way."""
        if self._timer is None and self._readers:
            wait = 0.0 if self._is_full else max(0.0, self._next - self._clock.seconds())
            self._timer = self._clock.callLater(wait, self._turn)

    def _begin_round(self) -> None:
        self._upto = self._stream.number
        self._spent = 0.0
        self._hurries = False
        self._batches.clear()
        self._beat_lines.clear()
        self._beats, self._beats_due = self._beats_due, False
        self._round = OrderedDict.fromkeys(self._readers)

    def _turn(self) -> None:
        """Tell some of them, in one turn of the reactor."""
        self._timer = None
        begun = self._clock.seconds()
        if not self._round:
            self._begin_round()
        for _ in range(min(AT_ONCE, len(self._round))):
            if self._round:
                reader, _ = self._round.popitem(last=False)
                if reader.tell(self._upto, beats=self._beats):
                    self._round[reader] = None
        now = self._clock.seconds()
        self._spent += now - begun
        if self._round:
            self._timer = self._clock.callLater(0, self._turn)
            return
        self._next = now + min(max(self._apart, self._spent / SHARE), RARELY) * bool(self._apart)
        if self._upto != self._stream.number or self._beats_due:
            self._plan()

    def _stop(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        self._round.clear()
        self._batches.clear()
        self._pictures.clear()
