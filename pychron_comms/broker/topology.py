"""Makes what is not there yet at a broker; what is there is left as it is.

A user who may not make anything finds it made by the policies' file.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.python.failure import Failure

from pychron_comms.broker.adapter import BrokerConnection
from pychron_comms.broker.channel import BrokerChannel, BrokerError, ChannelLostError
from pychron_comms.broker.names import EXCHANGES, Queue

#: Seconds between two times that all is bound again.
AGAIN = 10.0


class KeptBindings:
    """Bindings that are made again and again, by one channel.

    Nobody is told when one is taken away, or an exchange with all that it has: nothing would come
    any more, for ever. Where the exchange is gone the channel ends, and who begins anew makes it.
    """

    def __init__(self, channel: BrokerChannel, seconds: Callable[[], float]) -> None:
        self._channel = channel
        self._seconds = seconds
        self._due = seconds() + AGAIN
        self._kept: dict[tuple[str, str, str], None] = {}

    def keep(self, queue: str, exchange: str, topic: str) -> None:
        """One that was made."""
        self._kept[queue, exchange, topic] = None

    def look(self) -> None:
        """To be called now and then."""
        if self._seconds() < self._due:
            return
        self._due = self._seconds() + AGAIN
        for queue, exchange, topic in self._kept:
            bound = self._channel.ask(
                "queue_bind", queue=queue, exchange=exchange, routing_key=topic
            )
            bound.addErrback(_ended)


async def make_exchanges(connection: BrokerConnection) -> None:
    """All of them. Errors: ChannelLostError."""
    for name, kind in EXCHANGES.items():
        if await _lacks(connection, "exchange_declare", exchange=name):
            channel = await connection.channel()
            await channel.ask("exchange_declare", exchange=name, exchange_type=kind, durable=True)
            channel.close()


async def make_queue(connection: BrokerConnection, queue: Queue) -> None:
    """With its binding. Errors: ChannelLostError, also for one that is there and unlike it."""
    channel = await connection.channel()
    await channel.ask(
        "queue_declare",
        queue=queue.name,
        durable=not queue.is_exclusive,
        exclusive=queue.is_exclusive,
        arguments=dict(queue.arguments),
    )
    await bind(channel, queue.name, queue.exchange, queue.topic)
    channel.close()


async def bind(channel: BrokerChannel, queue: str, exchange: str, topic: str) -> None:
    """What is published there by that topic goes to this queue too."""
    await channel.ask("queue_bind", queue=queue, exchange=exchange, routing_key=topic)


def _ended(failure: Failure) -> None:
    """Whose channel it is knows."""
    failure.trap(BrokerError)


async def _lacks(connection: BrokerConnection, method: str, **names: str) -> bool:
    channel = await connection.channel()
    try:
        await channel.ask(method, passive=True, **names)
    except ChannelLostError as error:
        if not str(error).startswith("404"):
            raise
        return True
    channel.close()
    return False
