"""The bytes of a record are those that JSON's own writer makes of it, whatever it says."""

from __future__ import annotations

import hashlib
import hmac
import http
import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from pychron_comms.errors import JournalError
from pychron_comms.journal.chain import GENESIS, Chain
from pychron_comms.journal.record import event_of, time_text
from tests.journal.journal_case import MONDAY
from tests.properties import holds, json_values

_FORM: dict[str, Any] = {"separators": (",", ":"), "allow_nan": False, "default": str}


class _Text(str):
    """What is a text, and something more."""

    __slots__ = ()


_texts = st.text() | st.text(st.characters(categories=["Cs", "Cc", "Lu", "Po"]))
_others = st.sampled_from([http.HTTPStatus.OK, _Text('"µ\n'), Path("/lab.toml"), 1 << 70, b"\xff"])
_fields = st.dictionaries(_texts, _texts | json_values | _others, max_size=6)
_events = st.lists(st.tuples(st.sampled_from(["begin", "end", 'a "word"']), _fields), max_size=4)


def plain_line(values: dict[str, Any], previous: str, secret: bytes) -> tuple[bytes, str]:
    """The line of a record and its hash, as the documentation has it. Errors: as of ``json``."""
    try:
        body = json.dumps(values, ensure_ascii=False, **_FORM).encode()
    except UnicodeEncodeError:
        body = json.dumps(values, **_FORM).encode()
    message = previous.encode() + body
    made = hmac.new(secret, message, "sha256") if secret else hashlib.sha256(message)
    return body[:-1] + f',"hash":"{made.hexdigest()}"}}\n'.encode(), made.hexdigest()


class BytesTests(SynchronousTestCase):
    @holds
    @given(_events, st.sampled_from([b"", b"open sesame"]), st.floats(0.0, 4e9))
    def test_are_those_of_json_and_of_the_hash_before(
        self, told: list[tuple[str, dict[str, Any]]], secret: bytes, at: float
    ) -> None:
        lines, events, previous = [], [], GENESIS
        for name, fields in told:
            for own in ("n", "at", "event", "hash"):
                fields.pop(own, None)
            values = {"n": len(lines) + 1, "at": time_text(at), "event": name, **fields}
            try:
                line, digest = plain_line(values, previous, secret)
            except (ValueError, TypeError) as error:
                refused = self.assertRaises(JournalError, event_of, time_text(at), name, fields)
                self.assertEqual(str(refused), f"journal: {error}")
                continue
            previous = digest
            lines.append(line)
            events.append(event_of(time_text(at), name, fields))
        self.assertEqual(Chain(secret).seal(events), (lines, len(lines), previous))

    def test_of_what_is_nested_too_deep_there_are_none(self) -> None:
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        self.assertRaises(JournalError, event_of, time_text(MONDAY), "begin", {"deep": deep})
