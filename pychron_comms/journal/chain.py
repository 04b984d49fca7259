"""The chain of hashes: each record's hash covers the hash before it, and so all records before."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from pychron_comms.journal.record import BODY, LINE, Event

#: Stands for the hash of the record before the first.
GENESIS = "0" * 64


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

    def seal(self, events: Iterable[Event]) -> tuple[list[bytes], int, str]:
        """The lines of the next records, and the number and the hash of the last.

        They are in the chain only once its own number and hash are set to these.
        """
        lines = []
        number, digest = self.number, self.hash
        for event in events:
            number += 1
            digest = hash_of(BODY % (number, event), digest, self._secret)
            lines.append(LINE % (number, event, digest.encode()))
        return lines, number, digest
