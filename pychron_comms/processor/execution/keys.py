"""The commands of each sender, remembered by the keys that it gave them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from pychron_comms.errors import MalformedRequestError
from pychron_comms.processor.execution.entry import Ended, Entry, State
from pychron_comms.processor.execution.shares import Shares

#: Seconds that a key is remembered after its command's end.
KEEP = 3600.0

#: Bytes for all commands that were run, and for all that were refused; and for each sender's.
ROOM = 100_000_000
REFUSED_ROOM = 8_000_000
REFUSED_SHARE = 400_000

#: Characters of a key.
KEY_LENGTH = 128

#: The event of what is carried over of a key.
KEY = "key"

NEVER_SEEN = "never seen"


class _Known(NamedTuple):
    ended: Ended
    request: bytes

    def texts(self, key: str) -> int:
        """Characters that it takes."""
        return len(key) + len(self.ended.reply)


class KeyMemory:
    """Knows each key's command while it runs, and for ``keep`` seconds after its end.

    Those that were refused have a room of their own, so that refusals push out nothing that was
    run.
    """

    def __init__(self, keep: float = KEEP, room: float = ROOM) -> None:
        self._keep = keep
        self._open: dict[tuple[str, str], Entry] = {}
        self._run: Shares[str, _Known] = Shares(room)
        self._refused: Shares[str, _Known] = Shares(REFUSED_ROOM, REFUSED_SHARE)

    @property
    def running(self) -> int:
        """Keys whose commands have not ended."""
        return len(self._open)

    @property
    def kept(self) -> int:
        """Keys whose commands have."""
        return len(self._run) + len(self._refused)

    @property
    def size(self) -> int:
        """Bytes that they take."""
        return self._run.size + self._refused.size

    def find(self, request: Mapping[str, str], now: float) -> Entry | Ended | None:
        """The command that this request asks again. Errors: 206 where the key was another's."""
        sender, key = request["sender"], request["key"]
        entry = self._open.get((sender, key))
        if entry is not None:
            if entry.request != request:
                raise _of_another(key)
            return entry
        known = self._known(sender, key, now)
        if known is None:
            return None
        if known.request != _digest(request):
            raise _of_another(key)
        return known.ended

    def outcome(self, sender: str, key: str, now: float) -> str:
        """As ``ISafeguards.outcome``. Errors: 206 for a key that is too long."""
        entry = self._open.get((sender, key))
        if entry is not None:
            return entry.state.value
        known = self._known(sender, key, now)
        if known is None:
            return NEVER_SEEN
        state, reply, _ = known.ended
        return f"done {reply}" if state is State.DONE else state.value

    def opened(self, entry: Entry) -> None:
        self._open[entry.request["sender"], entry.request["key"]] = entry

    def ended(self, request: Mapping[str, str], ended: Ended, now: float) -> None:
        sender, key = request["sender"], request["key"]
        self._open.pop((sender, key), None)
        if not ended.refused:
            self._refused.forget(sender, key)
        shares = self._refused if ended.refused else self._run
        known = _Known(ended, _digest(request))
        shares.keep(sender, key, known, texts=known.texts(key), until=now + self._keep, now=now)

    def carried(self, now: float) -> Iterator[tuple[dict[str, Any], float]]:
        """What a later process must know of those that were run, and for how many seconds."""
        for sender, key, (ended, request), until in self._run:
            yield (
                {
                    "event": KEY,
                    "sender": sender,
                    "key": key,
                    "request": request.hex(),
                    "state": ended.state.value,
                    "reply": ended.reply,
                },
                until - now,
            )

    def recall(self, record: Mapping[str, Any], left: float, now: float) -> None:
        """What ``carried`` told, for so many seconds more."""
        ended = Ended(State(record["state"]), record["reply"])
        known = _Known(ended, bytes.fromhex(record["request"]))
        sender, key = record["sender"], record["key"]
        self._run.keep(sender, key, known, texts=known.texts(key), until=now + left, now=now)

    def _known(self, sender: str, key: str, now: float) -> _Known | None:
        if len(key) > KEY_LENGTH:
            raise MalformedRequestError(f"a key of more than {KEY_LENGTH} characters")
        return self._run.get(sender, key, now) or self._refused.get(sender, key, now)


def _digest(request: Mapping[str, str]) -> bytes:
    """Stands for a request, however long it is."""
    text = f"{request['type']}|{request['command']}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _of_another(key: str) -> MalformedRequestError:
    return MalformedRequestError(f"key={key} was another command's")
