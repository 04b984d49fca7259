"""A client for programs on a plain asyncio loop; no reactor is needed.

The words, and the errors, are those of the blocking ``Communicator``, which does the work in a
thread of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from pychron_comms.client.communicator import Communicator, context_of
from pychron_comms.client.lease import Owner
from pychron_comms.client.link.endpoint import parse_address
from pychron_comms.client.outcome import UnsettledError
from pychron_comms.client.settling import Outcome
from pychron_comms.errors import CommandError

if TYPE_CHECKING:
    from pychron_comms.client.watch.asyncio_watch import AsyncioWatch

T = TypeVar("T")


class AsyncioCommunicator:
    """``async with AsyncioCommunicator("tcp:127.0.0.1:1061") as lab: await lab.ask("Open A")``.

    The arguments are the ``Communicator``'s. Commands go one after the other, each with its own
    time from when its turn comes; for commands that shall not wait for each other there is one
    communicator each. A command whose task is cancelled before its turn is not sent. One that has
    its turn goes on to its end, and its reply is lost: what became of it is asked with the key that
    was given (``outcome``).
    """

    def __init__(self, endpoint: str, **arguments: Any) -> None:
        """Raises ValueError as ``Communicator`` does."""
        self._communicator = Communicator(endpoint, **arguments)
        self._address = parse_address(endpoint)
        self._tls = context_of(self._address, arguments.get("tls"))
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pychron-comms")

    async def ask(self, command: str, timeout: float | None = None, key: str = "") -> str:
        """As ``Communicator.ask``."""
        return await self._run(partial(self._communicator.ask, command, timeout, key))

    async def tell(self, command: str) -> None:
        """As ``Communicator.tell``."""
        await self._run(partial(self._communicator.tell, command))

    async def outcome(self, key: str, request_type: str = "") -> Outcome:
        """As ``Communicator.outcome``."""
        return await self._run(partial(self._communicator.outcome, key, request_type))

    async def settle(self, error: UnsettledError, timeout: float | None = None) -> str:
        """As ``Communicator.settle``."""
        return await self._run(partial(self._communicator.settle, error, timeout))

    async def check(self, command: str) -> None:
        """As ``Communicator.check``."""
        await self._run(partial(self._communicator.check, command))

    async def owners(self, request_type: str = "") -> list[Owner]:
        """As ``Communicator.owners``."""
        return await self._run(partial(self._communicator.owners, request_type))

    def watch(self, *patterns: str) -> AsyncioWatch:
        """``async for`` over what ``Communicator.watch`` tells."""
        # Brings a part of Twisted along, though no reactor.
        from pychron_comms.client.watch.asyncio_watch import AsyncioWatch  # noqa: PLC0415

        return AsyncioWatch(self._address, patterns, self._tls)

    async def close(self) -> None:
        """Close the connection, after what has its turn; nothing can be asked afterwards."""
        await self._run(self._communicator.close)
        self._thread.shutdown(wait=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except CommandError as error:
            # The frames of the other thread say nothing to who asked.
            raise error.with_traceback(None) from None
