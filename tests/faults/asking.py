"""How a test asks for actuations, and what comes back."""

from __future__ import annotations

import contextlib
import re
import time

from tests.faults.accounts import Accounts
from tests.integration.clients import Address, connect

_REPLY = re.compile(rb"@id=(\d+) ([^\r\n]*)\r\n")


def ask_together(
    accounts: Accounts,
    address: Address,
    devices: list[str],
    patience: float,
    tags: str = "",
    *,
    before: str = "",
) -> list[str]:
    """Ask for one new value of each device, all at once on one connection, with ids.

    The kinds of reply, in order, as the ``accounts`` call them; none for one that has not come in
    ``patience`` seconds. ``tags`` are put behind the id, as in ``;within=1``; ``before`` is put
    before the command, as in ``Counting|``.
    """
    values = [accounts.new_value() for _ in devices]
    pairs = zip(devices, values, strict=True)
    lines = [
        f"@id={n}{tags} {before}Count {device} {value}\n" for n, (device, value) in enumerate(pairs)
    ]
    data = _exchange(address, "".join(lines).encode(), len(values), patience)
    found: dict[int, str] = {}
    for number, text in _REPLY.findall(data):
        # A second reply to the same id is not taken.
        found.setdefault(int(number), text.decode("utf-8", errors="replace"))
    # A reply that bears an id which was never given, or given already.
    strangers = [text for number, text in found.items() if number >= len(values)]
    assert not strangers, strangers
    return [accounts.answered(value, found.get(number)) for number, value in enumerate(values)]


def _exchange(address: Address, data: bytes, count: int, patience: float) -> bytes:
    """What comes back, up to so many replies, or in so many seconds."""
    received = b""
    end = time.monotonic() + patience
    with contextlib.suppress(OSError), connect(address, patience) as connection:
        connection.sendall(data)
        while _answered(received) < count and (left := end - time.monotonic()) > 0:
            connection.settimeout(left)
            more = connection.recv(65536)
            if not more:
                break
            received += more
    return received


def _answered(received: bytes) -> int:
    return len({number for number, _ in _REPLY.findall(received)})
