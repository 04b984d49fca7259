"""The chain of hashes: each record's hash covers the hash before it, and so all records before."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, NamedTuple

from pychron_comms.journal.record import body_of, line_of

#: Stands for the hash of the record before the first.
GENESIS = "0" * 64


class Sealed(NamedTuple):
    """A record that may be written: its number, its bytes with the newline, and its hash."""

    number: int
    line: bytes
    hash: str


def hash_of(body: bytes, previous: str, secret: bytes) -> str:
    """SHA-256, in hex, of the previous hash (as hex) and the body; HMAC-SHA256 with a secret."""
    message = previous.encode() + body
    if secret:
        return hmac.digest(secret, message, "sha256").hex()
    return hashlib.sha256(message).hexdigest()


class Chain:
    """``number`` and ``hash`` of the last record that was written."""

    def __init__(self, secret: bytes) -> None:
        self.number = 0
        self.hash = GENESIS
        self._secret = secret

    def seal(self, at: float, event: str, fields: Mapping[str, Any]) -> Sealed:
        """The next record. ValueError or TypeError for fields that JSON cannot say."""
        number = self.number + 1
        body = body_of(number, at, event, fields)
        digest = hash_of(body, self.hash, self._secret)
        return Sealed(number, line_of(body, digest), digest)

    def advance(self, number: int, digest: str) -> None:
        """That record has been written."""
        self.number = number
        self.hash = digest
