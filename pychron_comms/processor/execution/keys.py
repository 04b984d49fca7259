"""The commands of each sender, remembered by the keys that it gave them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple

from pychron_comms.errors import MalformedRequestError
from pychron_comms.processor.execution.entry import Ended, Entry, State
from pychron_comms.processor.execution.shares import Kept, Shares

#: Seconds that a key is remembered after its command's end.
KEEP = 3600.0

#: Bytes for all commands that were run, and for all that were refused; and for each sender's.
ROOM = 100_000_000
REFUSED_ROOM = 8_000_000
REFUSED_SHARE = 400_000

#: Characters of a key.
KEY_LENGTH = 128

# Characters of a request whose digest may be remembered.
_SHORT = 256

#: The event of what is carried over of a key.
KEY = "key"

NEVER_SEEN = "never seen"


class KnownKey(NamedTuple):
    """How a key's command ended, and what stands for its request."""

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
        self.keep = keep
        self._open: dict[tuple[str, str], Entry] = {}
        self._run: Shares[str, KnownKey] = Shares(room)
        self._refused: Shares[str, KnownKey] = Shares(REFUSED_ROOM, REFUSED_SHARE)

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

    def names(self) -> Iterator[tuple[str, str]]:
        """The sender and the key of each that is known."""
        yield from self._open
        for shares in (self._run, self._refused):
            yield from ((sender, key) for sender, key, _, _ in shares)

    def opened(self, entry: Entry) -> None:
        self._open[entry.request["sender"], entry.request["key"]] = entry

    def ended(self, request: Mapping[str, str], ended: Ended, now: float) -> None:
        sender, key = request["sender"], request["key"]
        self._open.pop((sender, key), None)
        if not ended.refused:
            self._refused.forget(sender, key)
        shares = self._refused if ended.refused else self._run
        known = KnownKey(ended, _digest(request))
        shares.keep(sender, key, known, texts=known.texts(key), until=now + self.keep, now=now)

    def carried(self, now: float) -> Iterator[tuple[dict[str, Any], float]]:
        """What a later process must know of those that were run, and for how many seconds.

        Of those that are known now, told as they are when it is their turn.
        """
        return (
            (
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
            for sender, key, (ended, request), until in self._run
        )

    def recall(self, kept: Kept[str, KnownKey]) -> None:
        """What earlier processes ran."""
        self._run.fill(kept)

    def _known(self, sender: str, key: str, now: float) -> KnownKey | None:
        if len(key) > KEY_LENGTH:
            raise MalformedRequestError(f"a key of more than {KEY_LENGTH} characters")
        return self._run.get(sender, key, now) or self._refused.get(sender, key, now)


def known_as_carried(record: Mapping[str, Any]) -> KnownKey:
    """What ``carried`` told of a key."""
    ended = _ended(record["state"], record["reply"])
    return KnownKey(ended, bytes.fromhex(record["request"]))


@lru_cache(maxsize=1024)
def _ended(state: str, reply: str) -> Ended:
    # Most replies are alike, and there may be a hundred thousand.
    return Ended(State(state), reply)


def known_as_written(record: Mapping[str, Any], ended: Ended) -> KnownKey:
    """What the record of its begin says of a key's command, which ended so."""
    return KnownKey(ended, _digest(record))


def _digest(request: Mapping[str, Any]) -> bytes:
    """Stands for a request, however long it is."""
    text = f"{request['type']}|{request['command']}"
    return _digest_of_short(text) if len(text) <= _SHORT else _digest_of(text)


def _digest_of(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


# A laboratory says the same again and again; a start reads it a hundred thousand times.
_digest_of_short = lru_cache(maxsize=1024)(_digest_of)


def _of_another(key: str) -> MalformedRequestError:
    return MalformedRequestError(f"key={key} was another command's")
