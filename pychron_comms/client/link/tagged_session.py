"""Many commands at once on one wire, with replies matched by number."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from pychron_comms.client.link.asking import Asking
from pychron_comms.client.link.dialect import PROBE, PROBE_REST, Dialect
from pychron_comms.client.link.numbering import Numbering
from pychron_comms.client.link.replies import TaggedReplies
from pychron_comms.client.link.timekeeper import Timekeeper
from pychron_comms.client.link.wires import Dialer, Wire
from pychron_comms.client.outcome import ClientError
from pychron_comms.errors import CommandError
from pychron_comms.transport.tls.refusals import IdentityRefusedError

#: Commands that are written at once while replies are handed out. One by one, each would cost a
#: system call; all together, the server would stand idle until the last reply is handed out.
HANDFUL = 16

_Ending = Callable[["TaggedSession"], None]


class TaggedSession:
    """One wire, from ``dial`` until it takes no more commands, which ``ending`` is told.

    ``pending`` are the commands that wait for their replies, by number.
    """

    def __init__(
        self, dialect: Dialect, numbering: Numbering, clock: IReactorTime, ending: _Ending
    ) -> None:
        self._dialect = dialect
        self._numbering = numbering
        self._clock = clock
        self._ending = ending
        self._replies = TaggedReplies()
        self.pending: dict[int, Asking] = {}
        self._batch: list[bytes] | None = None
        self._heard_at = 0.0
        self._wire: Wire | None = None
        self.is_over = False

    async def dial(self, dialer: Dialer) -> None:
        self._wire = await dialer.dial(self)

    async def answers_probe(self, server: str, seconds: float) -> bool:
        """Whether the server knows tags, and does not close the connection after a reply."""
        probe = Asking(server, PROBE, seconds, Timekeeper(self._clock))
        result = probe.result
        line = self._dialect.probe(self._numbering.advance())
        self._write(probe, line, self._clock.seconds())
        try:
            await result
        except ClientError:
            return False
        except CommandError:
            pass  # The server says with the number that it is not ready.
        await deferLater(self._clock, PROBE_REST)
        return not self.is_over

    def send(self, asking: Asking) -> None:
        number = self._numbering.advance()
        key = asking.key or self._numbering.key()
        now = self._clock.seconds()
        asking.key = key
        line = self._dialect.tagged(number, key, asking.end - now, asking.command)
        self._write(asking, line, now)

    def end(self, error: Exception) -> None:
        """Fail what waits, and close the wire."""
        self._fail_all(error)
        self._wired().close()

    # -- what its wire tells it

    def received(self, data: bytes) -> None:
        self._heard_at = self._clock.seconds()
        wire = self._wired()
        if not wire.datagrams:
            self._batch = []
        try:
            self._take(data)
        except ValueError as error:
            self._fail_all(error)
            wire.abort()
        self._write_batch()
        self._batch = None
        if self.is_over and not self.pending:
            wire.close()

    def lost(self, error: Exception | None) -> None:
        self._fail_all(error or ConnectionError("closed by the server"))

    def _take(self, data: bytes) -> None:
        replies = self._replies
        found = replies.datagram(data) if self._wired().datagrams else replies.feed(data)
        for number, text in found:
            asking = self.pending.pop(number, None)
            if asking is not None:
                asking.answered(text)
            elif number > self._numbering.last:
                raise ValueError(f"a reply to command {number}, which was never sent")

    def _write(self, asking: Asking, line: bytes, now: float) -> None:
        """At once, or in handfuls while replies are handed out."""
        asking.number = self._numbering.last
        if self._batch is not None:
            self._batch.append(line)
            if len(self._batch) == HANDFUL:
                self._write_batch()
        else:
            try:
                self._wired().write(line)
            except OSError as error:
                asking.failed(error)
                return
        self.pending[asking.number] = asking
        asking.on_giving_up = self._given_up
        asking.sent(now)

    def _write_batch(self) -> None:
        if self._batch:
            self._wired().write_now(b"".join(self._batch))
            self._batch.clear()

    def _given_up(self, asking: Asking) -> None:
        """Its late reply is nobody's. Where nothing else has come, the wire may be dead."""
        self.pending.pop(asking.number, None)
        if asking.expired and self._heard_at < (asking.sent_at or 0.0):
            self._take_no_more()
        if self.is_over and not self.pending:
            self._wired().close()

    def _fail_all(self, error: Exception) -> None:
        self._take_no_more()
        pending, self.pending = self.pending, {}
        refused = isinstance(error, IdentityRefusedError) or (
            isinstance(error, ConnectionRefusedError) and len(pending) == 1
        )
        for asking in pending.values():
            asking.failed(error, not_delivered=refused)

    def _take_no_more(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._ending(self)

    def _wired(self) -> Wire:
        assert self._wire is not None
        return self._wire
