"""Properties of a message that RabbitMQ takes as they are, and that pika cannot read."""

from __future__ import annotations

import struct

from pika import BasicProperties

_LONG = struct.Struct(">I")
_NAME = b"\x01a"


def _nested(depth: int) -> bytes:
    table = b""
    for _ in range(depth):
        table = _NAME + b"F" + _LONG.pack(len(table)) + table
    return table


#: Tables of headers: a time that no calendar has, and tables in each other, too many to follow.
TABLES = (_NAME + b"T" + struct.pack(">Q", 2**62), _nested(3000))


class Unreadable(BasicProperties):
    """Of a request, with such a table."""

    def __init__(self, table: bytes) -> None:
        super().__init__(type="pychron.request")
        self._table = table

    def encode(self) -> list[bytes]:
        kind = self.type.encode()
        flags = struct.pack(">H", self.FLAG_HEADERS | self.FLAG_TYPE)
        return [flags, _LONG.pack(len(self._table)), self._table, bytes([len(kind)]), kind]
