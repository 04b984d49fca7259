"""Plain commands one after another, each on a wire of its own."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime

from pychron_comms.client.link.asking import Asking
from pychron_comms.client.link.dialect import NO_KEYS, QUIET, Dialect
from pychron_comms.client.link.replies import PlainReply
from pychron_comms.client.link.wires import Dialer, Wire
from pychron_comms.transport.tls.refusals import IdentityRefusedError


class PlainExchange:
    """One wire on which one command is sent; ``reply`` fires with its text."""

    def __init__(self, dialect: Dialect, clock: IReactorTime) -> None:
        self._clock = clock
        self._taking = PlainReply(dialect.frame, dialect.closes)
        self._silence: IDelayedCall | None = None
        self.wire: Wire | None = None
        self.reply: Deferred[str] = Deferred()

    def received(self, data: bytes) -> None:
        self._stop_waiting()
        if self.reply.called:
            return
        taking = self._taking
        whole = self.wire is not None and self.wire.datagrams
        self._try(lambda: taking.datagram(data) if whole else taking.feed(data))
        if taking.may_be_whole and not self.reply.called:
            self._silence = self._clock.callLater(QUIET, self._try, taking.taken)

    def lost(self, error: Exception | None) -> None:
        self._stop_waiting()
        if self.reply.called:
            return
        if error is None:
            self._try(self._taking.ended)
        else:
            self.reply.errback(error)

    def _try(self, take: Callable[[], str | None]) -> None:
        try:
            text = take()
        except (OSError, ValueError) as error:
            self.reply.errback(error)
        else:
            if text is not None:
                self.reply.callback(text)

    def _stop_waiting(self) -> None:
        if self._silence is not None and self._silence.active():
            self._silence.cancel()

    def close(self) -> None:
        self._stop_waiting()
        if self.wire is not None:
            self.wire.abort()


class PlainQueue:
    """Keeps the order of commands; ``replied`` is called at each reply."""

    def __init__(
        self, dialer: Dialer, dialect: Dialect, clock: IReactorTime, replied: Callable[[], None]
    ) -> None:
        self._dialer = dialer
        self._dialect = dialect
        self._clock = clock
        self._replied = replied
        self._waiting: deque[Asking] = deque()
        self._current: Asking | None = None
        self._works = False

    @property
    def pending(self) -> int:
        """Commands that wait for their turn."""
        return len(self._waiting)

    def send(self, asking: Asking) -> None:
        if asking.key:
            # Without its key the command might run a second time.
            asking.failed(ValueError(NO_KEYS))
            return
        self._waiting.append(asking)
        if not self._works:
            self._works = True
            Deferred.fromCoroutine(self._work())

    def end(self, error: Exception) -> None:
        """Fail what waits, and the command that is being asked."""
        waiting, self._waiting = self._waiting, deque()
        current = self._current
        for asking in waiting:
            asking.failed(error)
        if current is not None and not current.is_over:
            current.failed(error)
            current.on_giving_up(current)

    async def _work(self) -> None:
        while self._waiting:
            asking = self._current = self._waiting.popleft()
            if asking.is_over:
                continue
            step = Deferred.fromCoroutine(self._exchange(asking))
            asking.on_giving_up = _canceller(step)
            await step
        self._current = None
        self._works = False

    async def _exchange(self, asking: Asking) -> None:
        exchange = PlainExchange(self._dialect, self._clock)
        try:
            exchange.wire = await self._dialer.dial(exchange)
            exchange.wire.write(self._dialect.plain(asking.command))
            asking.sent(self._clock.seconds())
            text = await exchange.reply
            self._replied()
            asking.answered(text)
        except CancelledError:
            pass  # Given up, which its asker has been told.
        except Exception as error:
            refused = isinstance(error, (ConnectionRefusedError, IdentityRefusedError))
            asking.failed(error, not_delivered=refused)
        finally:
            exchange.close()


def _canceller(step: Deferred[None]) -> Callable[[Asking], None]:
    return lambda _: step.cancel()
