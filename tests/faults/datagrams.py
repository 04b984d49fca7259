"""A relay of datagrams that drops, doubles and reorders them, by a seed."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from tests.faults.loops import LoopThread
from tests.faults.proxy import HOST

_Host = tuple[str, int]

_LARGEST = 65536


@dataclass(frozen=True)
class DatagramFaults:
    """How likely each fault is, for one datagram, either way.

    ``late`` seconds is how long one that is reordered is held back.
    """

    drop: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    late: float = 0.02


class DatagramProxy:
    """Each client has a socket of its own towards ``target``, as with any relay of addresses."""

    def __init__(self, target: _Host, faults: DatagramFaults, seed: int) -> None:
        self.injected: Counter[str] = Counter()
        self._target = target
        self._faults = faults
        self._random = random.Random(seed)
        self._ways: dict[_Host, socket.socket] = {}
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.bind((HOST, 0))
        self.address: _Host = self._near.getsockname()
        self._loop = LoopThread()
        self._loop.call(lambda: self._watch(self._near, self._upward))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call(self._stop)
        self._loop.close()

    def _upward(self) -> None:
        data, client = self._near.recvfrom(_LARGEST)
        way = self._ways.get(client)
        if way is None:
            way = self._ways[client] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            way.connect(self._target)
            self._watch(way, lambda: self._downward(way, client))
        self._meddle(lambda: way.send(data))

    def _downward(self, way: socket.socket, client: _Host) -> None:
        # Where nobody listens at the moment, a datagram is lost.
        with contextlib.suppress(ConnectionError):
            data = way.recv(_LARGEST)
            self._meddle(lambda: self._near.sendto(data, client))

    def _meddle(self, send: Callable[[], object]) -> None:
        if self._happens("drop", self._faults.drop):
            return
        if self._happens("duplicate", self._faults.duplicate):
            self._send(send)
        if self._happens("reorder", self._faults.reorder):
            asyncio.get_running_loop().call_later(self._faults.late, self._send, send)
        else:
            self._send(send)

    def _send(self, send: Callable[[], object]) -> None:
        with contextlib.suppress(ConnectionError):
            if self._near.fileno() >= 0:
                send()

    def _happens(self, kind: str, chance: float) -> bool:
        happens = self._random.random() < chance
        self.injected[kind] += happens
        return happens

    def _watch(self, source: socket.socket, receive: Callable[[], None]) -> None:
        source.setblocking(False)
        asyncio.get_running_loop().add_reader(source, receive)

    def _stop(self) -> None:
        for each in (self._near, *self._ways.values()):
            asyncio.get_running_loop().remove_reader(each)
            each.close()
