"""The lines of one subscription to notices, over as many connections as it takes. Does no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pychron_comms.client.link.endpoint import Address
from pychron_comms.client.link.replies import REPLY_LIMIT
from pychron_comms.client.outcome import error_of
from pychron_comms.client.watch.notices import Gap, Happened, Item, Live, Lost, Notice
from pychron_comms.errors import (
    InvalidCommandError,
    QueueFullError,
    ShuttingDownError,
    TooManyConnectionsError,
)
from pychron_comms.observability.state.items import item_from_json
from pychron_comms.observability.state.patterns import matcher
from pychron_comms.wire.grammar import parse_reply, payload_length
from pychron_comms.wire.replies import ReplyDecoder

#: Seconds without a byte after which a server is lost: it says something every second.
PATIENCE = 3.0

#: Seconds before a server that is lost is called again.
PAUSE = 1.0

#: What a server refuses for the moment only.
_LATER = (QueueFullError, ShuttingDownError, TooManyConnectionsError)

#: What belongs to the stream, and not to the item.
_OF_THE_STREAM = frozenset({"seq", "prev", "replayed"})


class Feed:
    """Says what to send on each new connection, and what the bytes that come mean.

    ``items`` are all that fit, as they were told last. After a lost connection it asks for what it
    has missed. Raises ValueError for patterns that cannot be, and for a server of datagrams.
    """

    def __init__(self, address: Address, patterns: Sequence[str]) -> None:
        if address.kind == "udp":
            raise ValueError(f"{address.text!r}: changes are told over a connection, not datagrams")
        if not all(pattern.strip() and pattern.isprintable() for pattern in patterns):
            raise ValueError("a pattern is a path with * and ?, as in System/valve/*")
        self._wants = matcher(patterns)
        self._server = address.text
        # On the line a blank parts patterns: any one character stands for it.
        self._patterns = [pattern.replace(" ", "?") for pattern in patterns]
        self.items: dict[str, Item] = {}
        self._session = ""
        # Where to go on; empty until all has been told once.
        self._place = ""
        # The paths of the snapshot that comes just now; None where what was missed comes instead.
        self._snapshot: set[str] | None = None
        self._told_lost = False
        self._decoder = ReplyDecoder(payload_length, REPLY_LIMIT)

    def begin(self) -> bytes:
        """What to send on a new connection."""
        self._decoder = ReplyDecoder(payload_length, REPLY_LIMIT)
        self._snapshot = None if self._place else set()
        place = f" from={self._place}" if self._place else ""
        return f"@id=1 {self._command}{place}\r\n".encode()

    def received(self, data: bytes) -> Iterator[Notice]:
        """What these bytes tell.

        ValueError for what no server of ours says, ConnectionError where it refuses for the moment,
        a CommandError where it refuses for good.
        """
        for line, payload in self._decoder.feed(data):
            tags, text = parse_reply(line, payload)
            if "event" in tags:
                try:
                    yield from self._heard(tags["event"], int(tags["seq"]), json.loads(text))
                except (KeyError, TypeError, AttributeError):
                    raise ValueError(f"no event of our kind: {line[:80]!r}") from None
            else:
                self._replied("id" in tags, text)

    def lost(self, reason: str) -> Iterator[Notice]:
        """The connection is gone, or cannot be made. Told once, until all is live again."""
        if not self._told_lost:
            self._told_lost = True
            yield Lost(reason)

    @property
    def _command(self) -> str:
        return f"Subscribe {' '.join(self._patterns)}"

    def _replied(self, tagged: bool, text: str) -> None:
        error = error_of(self._server, self._command, text, "")
        if isinstance(error, _LATER):
            raise ConnectionError(str(error))
        if error is not None:
            raise error
        if not tagged:
            raise InvalidCommandError("Subscribe (this server tells of no changes)")

    def _heard(self, topic: str, number: int, fields: Mapping[str, Any]) -> Iterator[Notice]:
        if topic == "hello":
            self._session = str(fields["session"])
        elif topic == "gap":
            self._snapshot = set()
            yield Gap()
        elif topic == "snapshot":
            for each in fields["items"]:
                yield from self._take(each)
        elif topic == "live":
            yield from self._go_live(number)
        elif topic == "change":
            self._went_on(number)
            yield from self._take(fields)
        elif topic == "event":
            self._went_on(number)
            if self._wants(fields["path"]):
                yield _happened(fields)

    def _take(self, fields: Mapping[str, Any]) -> Iterator[Item]:
        item = item_from_json({k: v for k, v in fields.items() if k not in _OF_THE_STREAM})
        if not self._wants(item.path):
            return
        if self._snapshot is not None:
            self._snapshot.add(item.path)
        if item.is_gone:
            self.items.pop(item.path, None)
        else:
            self.items[item.path] = item
        yield item

    def _go_live(self, number: int) -> Iterator[Notice]:
        if self._snapshot is not None:
            for path in self.items.keys() - self._snapshot:
                yield self.items.pop(path).withdrawn()
        self._snapshot = None
        self._told_lost = False
        self._place = f"{self._session}:{number}"
        yield Live()

    def _went_on(self, number: int) -> None:
        self._place = f"{self._session}:{number}"


def _happened(fields: Mapping[str, Any]) -> Happened:
    rest = {name: value for name, value in fields.items() if name not in _OF_THE_STREAM}
    return Happened(str(rest.pop("path")), float(rest.pop("t")), rest)
